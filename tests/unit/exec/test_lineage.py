"""Descendants and what they carry of their origin."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Generator

import pytest

from codex_rpc.exec import lineage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="descendants are found by /proc")


@contextlib.contextmanager
def started(
    *argv: str, env: dict[str, str] | None = None
) -> Generator[subprocess.Popen[bytes], None, None]:
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE) as child:
        try:
            yield child
        finally:
            child.kill()


def start_tagged(*argv: str) -> tuple[int, subprocess.Popen[bytes]]:
    """A process that had its children tagged before it became the command."""
    tag = lineage.TagSequence().next()
    code = (
        "import os, sys; from codex_rpc.exec.lineage import tag_children; "
        f"tag_children({tag}); os.execvp(sys.argv[1], sys.argv[1:])"
    )
    return tag, subprocess.Popen([sys.executable, "-c", code, *argv], stdout=subprocess.PIPE)


def test_both_ways_to_list_children_agree() -> None:
    with started("sleep", "1000") as child:
        listed = lineage.listed_children(os.getpid())
        scanned = lineage.scanned_children(os.getpid())

    assert child.pid in listed
    assert sorted(listed) == sorted(scanned)


def test_tag_is_read_from_a_process_that_cleared_its_environment_and_from_a_zombie() -> None:
    tag, child = start_tagged("bash", "-c", "env -i sleep 1000 & echo $!; wait")
    with child:
        assert child.stdout
        grandchild = int(child.stdout.readline())
        assert lineage.descendants_of(child.pid) == [grandchild]
        assert lineage.tag_of(grandchild) == tag
        os.kill(grandchild, 9)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert lineage.tag_of(child.pid) == tag


def test_descendants_are_found_at_any_depth() -> None:
    script = "echo $$; bash -c 'echo $$; sleep 1000 & echo $!; wait'; :"
    with started("bash", "-c", script) as child:
        assert child.stdout
        outer, inner, deepest = (int(child.stdout.readline()) for _ in range(3))
        try:
            assert outer == child.pid
            assert lineage.descendants_of(outer) == [inner, deepest]
        finally:
            os.kill(inner, 9)
            os.kill(deepest, 9)


def test_every_sequence_knows_its_own_tags_only() -> None:
    mine, other = lineage.TagSequence(), lineage.TagSequence()
    tags = [mine.next(), mine.next()]

    assert len(set(tags)) == 2
    assert all(map(mine.gave, tags))
    assert not any(map(other.gave, tags))
    assert not mine.gave(-1)
    assert not mine.gave(None)


def test_a_process_that_is_gone_has_neither_tags_nor_children() -> None:
    child = subprocess.Popen(["true"])
    child.wait()

    assert lineage.tag_of(child.pid) is None
    assert lineage.descendants_of(child.pid) == []
