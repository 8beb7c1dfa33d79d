import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest

from codex_rpc.config.edits import edit_of
from codex_rpc.config.key_path import split_key_path
from codex_rpc.config.loader import ConfigLoader, Override
from codex_rpc.config.writer import Written, write_user_config
from codex_rpc.errors import ConfigError, ConfigWriteError

TEXT = """\
# What I like
model = "old" # so far
notify = ["a", # first
  "b"]

[tools] # which ones
x = 1 # one
y = { z = 2 }

[projects."/a.b"]
trust_level = "untrusted"

[[skills.config]] # the first
name = "s"
enabled = false
"""


class Home:
    """A folder with a `config.toml`, and how it is changed."""

    def __init__(self, folder: Path, text: str | None = TEXT, *overrides: Override) -> None:
        self.loader = ConfigLoader(folder / "home", overrides, folder / "none.toml")
        if text is not None:
            (folder / "home").mkdir()
            self.file.write_text(text)

    @property
    def file(self) -> Path:
        return self.loader.user_file

    def write(
        self,
        key: str,
        value: Any,
        strategy: Literal["replace", "upsert"] = "replace",
        version: str | None = None,
    ) -> Written:
        return write_user_config(self.loader, [edit_of(key, value, strategy)], version)

    def table(self) -> dict[str, Any]:
        return tomllib.loads(self.file.read_text())


def test_only_what_is_changed_is_rewritten(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write("model", "new")
    home.write('projects."/a.b".trust_level', "trusted")
    home.write("tools.x", 3)
    expected = TEXT.replace('"old"', '"new"').replace("untrusted", "trusted")
    assert home.file.read_text() == expected.replace("x = 1", "x = 3")


@pytest.mark.parametrize(
    ("key", "value", "strategy", "expected"),
    [
        ("tools", {"x": 5, "w": []}, "upsert", {"x": 5, "w": [], "y": {"z": 2}}),
        ("tools", {"x": 5, "w": []}, "replace", {"x": 5, "w": []}),
        ("tools", {"y": {"a": 1}}, "upsert", {"x": 1, "y": {"z": 2, "a": 1}}),
        ("tools.y", {"a": {"b": 1}}, "replace", {"x": 1, "y": {"a": {"b": 1}}}),
        ("tools.y.z", None, "replace", {"x": 1, "y": {}}),
        ("tools.y", 1.5, "upsert", {"x": 1, "y": 1.5}),
        ("tools.x.deep", "v", "replace", {"x": {"deep": "v"}, "y": {"z": 2}}),
        ("tools.new.er", True, "replace", {"x": 1, "y": {"z": 2}, "new": {"er": True}}),
        ("tools.no.such", None, "replace", {"x": 1, "y": {"z": 2}}),
    ],
)
def test_a_table_is_merged_or_replaced(
    tmp_path: Path,
    key: str,
    value: Any,
    strategy: Literal["replace", "upsert"],
    expected: dict[str, Any],
) -> None:
    home = Home(tmp_path)
    home.write(key, value, strategy)
    assert home.table() == {**tomllib.loads(TEXT), "tools": expected}
    assert "# What I like" in home.file.read_text()
    assert "[tools] # which ones" in home.file.read_text()


def test_arrays_of_tables_are_written_as_such(tmp_path: Path) -> None:
    home = Home(tmp_path)
    skills = [{"name": "s", "enabled": True}, {"path": "/t", "enabled": False}]
    home.write("skills.config", skills)
    assert home.table()["skills"] == {"config": skills}
    assert home.file.read_text().count("[[skills.config]]") == 2


def test_a_new_key_stands_before_the_tables(tmp_path: Path) -> None:
    home = Home(tmp_path, "[tools]\nx = 1\n")
    home.write("model", "new")
    home.write("mcp_servers.a", {"command": "true", "env": {"A": "b"}})
    assert home.table() == {
        "model": "new",
        "tools": {"x": 1},
        "mcp_servers": {"a": {"command": "true", "env": {"A": "b"}}},
    }


@pytest.mark.parametrize(
    "text",
    [
        "a.b = 1\na.c = 2\n[d]\n",
        "[a.b]\nx = 1\n[d]\n[a.c]\ny = 2\n",
        "a = {b = {c = 1}}",
        "\r\n# crlf\r\nmodel = 'x'\r\n[a]\r\nb = 1\r\n",
        "[[a.d]]\nx = 1\n[a.b]\n",
        "",
        "\n\n",
        "# only a comment",
        "a.b.c = 1\na.d.e = 2\n[f]\na.b.g = 3\n",
        "[a]\nb.c = 1\nd.e = 2\nb.f = 3\n",
    ],
)
def test_every_form_of_a_table_can_be_written_into(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path, text)
    expected = tomllib.loads(text)
    home.write("a.b.new", "v")
    inner = expected.setdefault("a", {})
    inner["b"] = {**inner["b"], "new": "v"} if isinstance(inner.get("b"), dict) else {"new": "v"}
    assert home.table() == expected
    home.write("model", "m")
    assert home.table() == {**expected, "model": "m"}
    home.write("a", None)
    expected.pop("a")
    assert home.table() == {**expected, "model": "m"}


def test_tables_too_scattered_to_edit_lose_their_own_comments_at_most(tmp_path: Path) -> None:
    home = Home(tmp_path, "# top\na.b = 1 # lost\na.c = 2\n[d] # kept\n")
    home.write("a.b.new", "v")
    assert home.table() == {"a": {"b": {"new": "v"}, "c": 2}, "d": {}}
    assert "# top" in home.file.read_text()
    assert "# kept" in home.file.read_text()


def test_a_change_that_would_harm_other_parts_is_refused(tmp_path: Path) -> None:
    """What the library that edits makes of this file would no longer say what was asked for."""
    text = '[[d.d]]\na = "x"\nd = 1.5\n# com\n[c."e.f".c]\n# com\n[d.d.c]\n'
    home = Home(tmp_path, text)
    with pytest.raises(ConfigWriteError, match="without changing other parts"):
        home.write("d.c.d", [{"a": 1}, {"b": 2}])
    assert home.file.read_text() == text


def test_a_file_and_its_folder_are_made_for_the_user_alone(tmp_path: Path) -> None:
    home = Home(tmp_path, None)
    home.write("model", "new")
    assert home.table() == {"model": "new"}
    assert oct(home.file.stat().st_mode)[-3:] == "600"
    assert oct(home.file.parent.stat().st_mode)[-3:] == "700"


def test_a_link_and_the_files_mode_are_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    dotfile = home.file.rename(tmp_path / "dotfile.toml")
    dotfile.chmod(0o640)
    home.file.symlink_to(dotfile)
    home.write("model", "new")
    assert home.file.is_symlink()
    assert 'model = "new"' in dotfile.read_text()
    assert oct(dotfile.stat().st_mode)[-3:] == "640"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dotfile.toml", "home"]


def test_who_has_seen_an_older_version_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = home.write("model", "a").version
    home.write("model", "b", version=first)
    with pytest.raises(ConfigWriteError, match="modified since") as refused:
        home.write("model", "c", version=first)
    assert refused.value.details == {"config_write_error_code": "configVersionConflict"}
    assert home.table()["model"] == "b"


def test_a_version_is_that_of_the_layer_that_is_shown(tmp_path: Path) -> None:
    home = Home(tmp_path, 'model_instructions_file = "x.md"\n')
    (home.file.parent / "x.md").write_text("")
    written = home.write("model", "a")
    assert home.loader.load_layers().stack.layers[1].version == written.version


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("model", 3, "Invalid configuration: model: expected a string"),
        ("model.x", 3, "Invalid configuration: model: expected a string"),
        ("approval_policy", "maybe", "Invalid configuration: approval_policy: unknown value"),
        ("projects", 3, "Invalid configuration: projects: expected a table"),
        ("tools", {"x": [1, None]}, "invalid value: invalid type: null, expected any valid TOML"),
        ("tools.x", 2**63, "invalid value: integer `9223372036854775808` is out of range"),
        ("tools.x", "\ud800", "invalid value: no valid Unicode"),
        ("profile", "x", "`profile` is a legacy config selector"),
        ("profiles.x.model", "x", "`profiles` is a legacy config selector"),
        (" ", 1, "keyPath must not be empty"),
        ("a..b", 1, "keyPath segments must not be empty"),
        ('a"b', 1, "invalid quoted keyPath segment"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    tmp_path: Path, key: str, value: Any, complaint: str
) -> None:
    home = Home(tmp_path)
    with pytest.raises(ConfigWriteError) as refused:
        home.write(key, value)
    assert str(refused.value).startswith(complaint)
    assert refused.value.details == {"config_write_error_code": "configValidationError"}
    assert home.file.read_text() == TEXT


def test_a_value_may_not_be_bottomless(tmp_path: Path) -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]
    with pytest.raises(ConfigWriteError, match="nested too deeply"):
        Home(tmp_path).write("tools.x", value)


def test_a_file_that_is_no_toml_is_left_as_it_is(tmp_path: Path) -> None:
    home = Home(tmp_path, "model = \n")
    with pytest.raises(ConfigError, match=r"config\.toml:1:9: "):
        home.write("model", "x")
    assert home.file.read_text() == "model = \n"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path, None)
    home.file.parent.write_text("no folder")
    with pytest.raises(ConfigError, match=r"cannot (read|write) .*config\.toml: "):
        home.write("model", "x")


def test_a_value_that_something_else_overrides_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path, TEXT, ("model", "flag"), ("tools.q", 1))
    overridden = home.write("model", "new").overridden
    assert overridden is not None
    assert (overridden.layer.source.type, overridden.value) == ("sessionFlags", "flag")
    assert home.write("tools", {"x": 2}, "upsert").overridden is None
    assert home.write("model", "flag").overridden is None
    assert home.write("service_tier", None).overridden is None


def test_the_last_of_several_changes_of_a_key_counts(tmp_path: Path) -> None:
    home = Home(tmp_path)
    edits = [edit_of("model", model, "replace") for model in ("a", "b")]
    written = write_user_config(home.loader, edits)
    assert (home.table()["model"], written.overridden) == ("b", None)


def test_a_last_line_without_an_end_is_not_run_together_with_more(tmp_path: Path) -> None:
    home = Home(tmp_path, "b = 1\nc.d = true")
    edits = [edit_of("a.x", 1, "replace"), edit_of("e", 2, "replace")]
    write_user_config(home.loader, edits)
    assert home.table() == {"b": 1, "c": {"d": True}, "a": {"x": 1}, "e": 2}


def test_changes_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)

    def write(number: int) -> Written:
        return home.write(f"unknown.k{number}", number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(16)))
    assert home.table()["unknown"] == {f"k{number}": number for number in range(16)}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("model", ("model",)),
        ("a.b.c", ("a", "b", "c")),
        ('projects."/a.b".trust_level', ("projects", "/a.b", "trust_level")),
        ("projects./home/me.trust_level", ("projects", "/home/me", "trust_level")),
        (r'a."b\"c\\d"', ("a", 'b"c\\d')),
        ('"a"', ("a",)),
    ],
)
def test_a_dotted_key_is_taken_apart(text: str, parts: tuple[str, ...]) -> None:
    assert split_key_path(text) == parts


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", '""', 'a."', 'a."b"c', 'b"c"'])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ConfigWriteError):
        split_key_path(text)
