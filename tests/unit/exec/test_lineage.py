"""Descendants and what they carry of their origin."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

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


def test_both_ways_to_list_children_agree() -> None:
    with started("sleep", "1000") as child:
        listed = list(lineage._listed_children(os.getpid()))  # pyright: ignore[reportPrivateUsage]
        scanned = list(lineage._scanned_children(os.getpid()))  # pyright: ignore[reportPrivateUsage]

    assert child.pid in listed
    assert sorted(listed) == sorted(scanned)


def test_tag_is_read_from_a_process_that_cleared_its_environment_and_from_a_zombie() -> None:
    tag = lineage.TagSequence().next()
    with contextlib.ExitStack() as stack:
        with lineage.tagging_children(tag):
            script = "env -i sleep 1000 & echo $!; wait"
            child = stack.enter_context(started("bash", "-c", script))
        assert child.stdout
        grandchild = int(child.stdout.readline())
        assert lineage.descendants_of(child.pid) == [grandchild]
        assert tag in lineage.tags_of(grandchild)
        os.kill(grandchild, 9)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert tag in lineage.tags_of(child.pid)


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


def test_tag_is_not_left_on_this_process() -> None:
    before = lineage.tags_of(os.getpid())

    with lineage.tagging_children(lineage.TagSequence().next()):
        assert lineage.tags_of(os.getpid()) != before

    assert lineage.tags_of(os.getpid()) == before


def test_what_another_thread_starts_meanwhile_is_not_tagged() -> None:
    tag = lineage.TagSequence().next()
    with ThreadPoolExecutor(1) as other, contextlib.ExitStack() as stack:
        with lineage.tagging_children(tag):
            ours = stack.enter_context(started("sleep", "1000"))
            stranger = other.submit(subprocess.Popen[bytes], ["sleep", "1000"]).result()
        stack.enter_context(stranger)
        stack.callback(stranger.kill)

        assert tag in lineage.tags_of(ours.pid)
        assert tag not in lineage.tags_of(stranger.pid)


def test_tag_is_read_from_the_environment() -> None:
    tag = lineage.TagSequence().next()
    env = {"PATH": os.environ["PATH"], lineage.TAG_VARIABLE: str(tag)}
    with started("bash", "-c", "echo ready; kill -STOP $$", env=env) as child:
        assert child.stdout
        child.stdout.readline()
        assert tag in lineage.tags_of(child.pid)


def test_every_sequence_knows_its_own_tags_only() -> None:
    mine, other = lineage.TagSequence(), lineage.TagSequence()
    tags = [mine.next(), mine.next()]

    assert len(set(tags)) == 2
    assert all(map(mine.gave, tags))
    assert not any(map(other.gave, tags))
    assert not mine.gave(-1)


def test_a_process_that_is_gone_has_neither_tags_nor_children() -> None:
    child = subprocess.Popen(["true"])
    child.wait()

    assert lineage.tags_of(child.pid) == set()
    assert lineage.descendants_of(child.pid) == []
