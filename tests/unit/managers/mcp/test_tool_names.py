"""What tools are called towards the model."""

import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.managers.mcp.tool_names import RawName, flat_name_of, name_tools
from codex_rpc.model.tool_names import LONGEST


def test_plain_names_stay_as_they_are() -> None:
    (names,) = name_tools([("files", "read_file")]).names
    assert names.namespace == "mcp__files"
    assert names.name == "read_file"
    assert names.flat_name == "mcp__files__read_file"


def test_characters_that_models_do_not_take_become_underscores() -> None:
    (names,) = name_tools([("my-files", "read.file/now ä")]).names
    assert names.namespace == "mcp__my_files"
    assert names.name == "read_file_now__"
    assert names.flat_name == "mcp__my-files__read_file_now__"


def test_a_long_flat_name_ends_with_the_digest_of_all_of_it() -> None:
    raw = f"mcp__server__{'x' * 80}"
    digest = hashlib.sha1(raw.encode(), usedforsecurity=False).hexdigest()
    assert flat_name_of("server", "x" * 80) == "mcp__server__xxxxxxxxxxx" + digest


def test_names_that_would_be_the_same_are_told_apart_whatever_their_order() -> None:
    tools = [("s", "get-sum"), ("s", "get_sum"), ("s", "other")]
    forwards = {names.raw: names.name for names in name_tools(tools).names}
    backwards = {names.raw: names.name for names in name_tools(reversed(tools)).names}
    assert forwards == backwards
    assert len(set(forwards.values())) == 3
    assert forwards["s", "other"] == "other"
    assert all(name.startswith("get_sum_") for raw, name in forwards.items() if raw[1] != "other")


def test_a_tool_that_is_listed_twice_is_offered_once_with_a_warning() -> None:
    named = name_tools([("s", "a"), ("s", "a"), ("s", "")])
    assert len(named.names) == 1
    assert named.warnings == (
        "MCP tool `a` of `s` is left out: another tool has its name",
        "MCP tool `` of `s` is left out: it has no name",
    )


NAMES = st.text(max_size=90) | st.sampled_from(["a-b", "a_b", "a.b", "A", "a"])


@given(st.lists(st.tuples(NAMES, NAMES), max_size=30))
def test_names_are_unique_short_and_of_characters_that_models_take(tools: list[RawName]) -> None:
    names = name_tools(tools).names
    assert len({(one.namespace, one.name) for one in names}) == len(names)
    assert len({one.flat_name for one in names}) == len(names)
    for one in names:
        assert re.fullmatch(r"[A-Za-z0-9_]+", one.namespace)
        assert re.fullmatch(r"[A-Za-z0-9_]+", one.name)
        assert re.fullmatch(r"[A-Za-z0-9_-]+", one.flat_name)
        assert max(map(len, (one.namespace, one.name, one.flat_name))) <= LONGEST
