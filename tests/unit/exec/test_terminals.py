"""Terminals: what they keep, and which one makes room for another."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from codex_rpc.errors import StdinClosedError, TerminalNotFoundError
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.process_spec import ProcessSpec, Stdin
from codex_rpc.exec.terminals import (
    MAX_TERMINALS,
    PROTECTED_TERMINALS,
    UNREAD_BYTES,
    Terminal,
    TerminalTable,
)

WAIT_SECONDS = 10.0


@asynccontextmanager
async def running(script: str, stdin: Stdin = "null") -> AsyncGenerator[Terminal]:
    spec = ProcessSpec(["/bin/sh", "-c", script], Path("/"), {"PATH": "/bin:/usr/bin"}, stdin=stdin)
    with anyio.fail_after(WAIT_SECONDS):
        async with ProcessRunner() as processes:
            terminal = Terminal(1000, await processes.start(spec), tty=stdin == "terminal")
            try:
                yield terminal
            finally:
                await terminal.end()


async def to_the_end(terminal: Terminal) -> bytes:
    read = b""
    while (chunk := await terminal.read()) is not None:
        read += chunk
    return read


async def test_what_was_read_is_kept_until_it_is_taken() -> None:
    async with running("echo one; echo two") as terminal:
        assert await to_the_end(terminal) == b"one\ntwo\n"
        unread = terminal.take()
        assert (unread.text, unread.total_bytes, unread.total_lines) == ("one\ntwo\n", 8, 2)
        assert terminal.take().text == ""


async def test_of_more_than_is_kept_the_middle_is_lost() -> None:
    async with running("echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last") as it:
        await to_the_end(it)
        unread = it.take()
        assert unread.total_bytes == 3_000_012
        assert unread.total_lines == 3
        assert len(unread.text) < UNREAD_BYTES + 100
        assert unread.text.startswith("first\nxxx")
        assert unread.text.endswith("xxx\nlast\n")


async def test_the_end_is_set_when_nothing_is_left() -> None:
    async with running("exit 3") as terminal:
        await to_the_end(terminal)
        assert not terminal.ended.is_set()
        await terminal.end()
        assert terminal.ended.is_set()
        assert terminal.exit is not None
        assert terminal.exit.exit_code == 3


async def test_a_terminal_that_nobody_reads_can_be_killed() -> None:
    async with running("trap '' TERM HUP; yes", "terminal") as terminal:
        await terminal.kill()
        await terminal.end()
        assert terminal.exit is not None
        assert terminal.exit.signal == 9


async def test_a_command_that_has_ended_takes_no_input() -> None:
    async with running("true", "terminal") as terminal:
        await to_the_end(terminal)
        with pytest.raises(StdinClosedError):
            await terminal.write(b"x")


# --- the table ---------------------------------------------------------------------------------


class Standing(Terminal):
    """A terminal of the table only, which may have ended."""

    def __init__(self, number: int, *, over: bool = False) -> None:
        self.number = number
        self.ended = anyio.Event()
        if over:
            self.ended.set()


def table_of(*terminals: Terminal) -> TerminalTable:
    table = TerminalTable()
    for terminal in terminals:
        table.add(terminal)
    return table


def test_numbers_are_reserved_and_given_back() -> None:
    table = TerminalTable()
    with table.reserved() as one, table.reserved() as other:
        assert one != other
        assert 1_000 <= one < 100_000
    assert len(table) == 0


def test_a_number_is_nobodys_after_its_terminal_was_removed() -> None:
    terminal = Standing(1000)
    table = table_of(terminal)
    assert table.find(1000) is terminal
    table.remove(terminal)
    table.remove(terminal)
    with pytest.raises(TerminalNotFoundError, match="Unknown process id 1000"):
        table.find(1000)


def test_nothing_is_given_up_while_there_is_room() -> None:
    assert table_of(*map(Standing, range(MAX_TERMINALS))).surplus() is None


def test_the_one_not_used_for_longest_is_given_up() -> None:
    table = table_of(*map(Standing, range(MAX_TERMINALS + 1)))
    table.find(0)
    surplus = table.surplus()
    assert surplus is not None
    assert surplus.number == 1


def test_one_that_has_ended_is_given_up_first() -> None:
    table = table_of(*(Standing(n, over=n in (7, 9)) for n in range(MAX_TERMINALS + 1)))
    surplus = table.surplus()
    assert surplus is not None
    assert surplus.number == 7


def test_those_used_last_are_protected_even_if_they_have_ended() -> None:
    first = MAX_TERMINALS + 1 - PROTECTED_TERMINALS
    table = table_of(*(Standing(n, over=n >= first) for n in range(MAX_TERMINALS + 1)))
    surplus = table.surplus()
    assert surplus is not None
    assert surplus.number == 0
