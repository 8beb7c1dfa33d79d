"""`exec_command` and `write_stdin`: terminals that the model opens and comes back to."""

import os
import signal
from pathlib import Path

import anyio
import pytest

from codex_rpc.protocol.notifications import (
    CommandExecutionOutputDeltaNotification,
    ItemCompletedNotification,
    TerminalInteractionNotification,
    TurnCompletedNotification,
    WarningNotification,
)
from codex_rpc.protocol.response_items import FunctionCallItem
from tests.support.processes import gone, runs
from tests.support.terminals import (
    SOON,
    Terminals,
    number_in,
    opens,
    terminal_session,
    types,
    types_to_last,
)

GIGABYTE_SECONDS = 50.0


def body(output: str) -> str:
    return output.partition("\nOutput:\n")[2]


async def told_of(terminals: Terminals, call: FunctionCallItem) -> str:
    await terminals.play([call])
    return terminals.told()[-1]


async def test_a_command_that_ends_in_time_is_told_whole(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        output = await told_of(terminals, opens("echo out; echo err >&2; exit 3"))
        chunk, wall, state, tokens, *_ = output.splitlines()
        assert chunk.startswith("Chunk ID: ")
        assert len(chunk) == len("Chunk ID: ") + 6
        assert wall.startswith("Wall time: ")
        assert wall.endswith(" seconds")
        assert (state, tokens) == ("Process exited with code 3", "Original token count: 2")
        assert body(output) == "out\nerr\n"
        [item] = terminals.commands()
        assert (item.status, item.exit_code, item.source) == ("failed", 3, "unifiedExecStartup")
        assert item.aggregated_output == "out\nerr\n"
        assert item.process_id is not None
        assert 1_000 <= int(item.process_id) < 100_000
        assert item.id == "c1"


async def test_a_command_that_still_runs_is_told_with_its_number(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        turn_id = await terminals.play(
            [opens("echo first; read line; echo got $line; exit 4", tty=True, yield_time_ms=SOON)],
            types_to_last("hello\n", yield_time_ms=5_000),
        )
        first, second = terminals.told()
        assert body(first) == "first\r\n"
        assert "Process exited with code 4" in second
        assert "got hello\r\n" in body(second)
        [item] = terminals.commands()
        assert item.process_id == str(number_in(first))
        assert item.exit_code == 4
        [typed] = terminals.live.of(TerminalInteractionNotification)
        assert (typed.turn_id, typed.item_id, typed.process_id, typed.stdin) == (
            turn_id,
            "c1",
            item.process_id,
            "hello\n",
        )


async def test_the_end_of_a_command_is_told_once(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        await terminals.play(
            [opens("sleep 0.5; echo late", yield_time_ms=SOON)],
            types_to_last(call_id="w1"),
            types_to_last(call_id="w2"),
        )
        first, second, third = terminals.told()
        assert "Process exited with code 0" in second
        assert body(second) == "late\n"
        assert third == f"write_stdin failed: Unknown process id {number_in(first)}"


async def test_a_command_in_the_background_is_completed_after_its_turn(tmp_path: Path) -> None:
    """Its item keeps the id of the turn that started it."""
    async with terminal_session(tmp_path) as terminals:
        gate = tmp_path / "gate"
        os.mkfifo(gate)
        turn_id = await terminals.play(
            [opens(f"echo before; cat {gate}; exit 5", yield_time_ms=SOON)]
        )
        assert terminals.commands() == []
        gate.write_text("after\n")
        [item] = await terminals.ended()
        assert (item.exit_code, item.aggregated_output) == (5, "before\nafter\n")
        events = terminals.live.events
        over = next(
            at for at, event in enumerate(events) if isinstance(event, TurnCompletedNotification)
        )
        [ended] = [event for event in events[over:] if isinstance(event, ItemCompletedNotification)]
        assert ended.turn_id == turn_id
        shown = terminals.live.of(CommandExecutionOutputDeltaNotification)
        assert "".join(piece.delta for piece in shown) == "before\nafter\n"


async def test_the_next_turn_reads_what_came_in_between(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        await terminals.play([opens("sleep 0.4; echo between; exit 6", yield_time_ms=SOON)])
        await terminals.ended()
        await terminals.play(types_to_last())
        assert "Process exited with code 6" in terminals.told()[-1]
        assert body(terminals.told()[-1]) == "between\n"


async def test_an_interrupt_kills_the_command_that_is_waited_for(tmp_path: Path) -> None:
    """Users complain of the command in flight, which goes on; those in the background stay."""
    async with terminal_session(tmp_path) as terminals:
        kept, killed = tmp_path / "kept", tmp_path / "killed"
        await terminals.play([opens(f"echo $$ > {kept}; exec sleep 1000", yield_time_ms=SOON)])
        script = f"trap '' TERM; setsid sleep 1000 & echo $! > {killed}; echo x; wait"
        terminals.steps.append([opens(script, "c2")])
        submitted = await terminals.live.say("Go")
        await terminals.live.eventually(
            lambda: (
                "c2"
                in [e.item_id for e in terminals.live.of(CommandExecutionOutputDeltaNotification)]
            )
        )
        terminals.live.session.interrupt()
        assert (await terminals.live.end_of(submitted.turn_id)).status == "interrupted"
        [item] = terminals.commands()
        assert (item.id, item.status, item.aggregated_output) == ("c2", "failed", "x\n")
        await gone(int(killed.read_text()))
        [running] = terminals.live.session.terminals.running()
        assert running.item.id == "c1"
        assert runs(int(kept.read_text()))


async def test_an_interrupt_while_polling_leaves_the_terminal(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        await terminals.play([opens("sleep 1000", yield_time_ms=SOON)])
        terminals.steps.append(types_to_last())
        submitted = await terminals.live.say("Go")
        await terminals.live.eventually(
            lambda: bool(terminals.live.of(TerminalInteractionNotification))
        )
        terminals.live.session.interrupt()
        assert (await terminals.live.end_of(submitted.turn_id)).status == "interrupted"
        assert len(terminals.live.session.terminals.running()) == 1


async def test_the_end_of_the_session_ends_its_terminals(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    async with terminal_session(tmp_path) as terminals:
        await terminals.play(
            [
                opens(
                    f"trap '' TERM HUP; echo $$ > {pid}; while :; do sleep 1; done",
                    tty=True,
                    yield_time_ms=SOON,
                )
            ]
        )
        assert runs(int(pid.read_text()))
    assert not runs(int(pid.read_text()))
    [item] = terminals.commands()
    assert item.status == "failed"


# --- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("{}", "cmd"),
        ('{"cmd": 3}', "cmd"),
        ('{"cmd": "true", "yield_time_ms": "soon"}', "yield_time_ms"),
        ('{"cmd": "true", "yield_time_ms": -5}', "yield_time_ms"),
        ('{"cmd": "true", "max_output_tokens": -1}', "max_output_tokens"),
        ('{"cmd": "true", "sandbox_permissions": "all"}', "sandbox_permissions"),
        ('{"cmd": "a\\u0000b"}', "NUL"),
        ("[", "arguments"),
    ],
)
async def test_arguments_that_make_no_sense_are_refused(
    tmp_path: Path, arguments: str, words: str
) -> None:
    async with terminal_session(tmp_path) as terminals:
        call = FunctionCallItem(name="exec_command", arguments=arguments, call_id="c1")
        output = await told_of(terminals, call)
        assert output.startswith("failed to parse function arguments: ")
        assert words in output
        assert terminals.commands() == []


@pytest.mark.parametrize("number", [-1, 0, 4242, 10**12])
async def test_an_unknown_number_is_refused(tmp_path: Path, number: int) -> None:
    async with terminal_session(tmp_path) as terminals:
        output = await told_of(terminals, types(number, "x"))
        assert output == f"write_stdin failed: Unknown process id {number}"


async def test_a_command_without_a_terminal_has_no_input(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        await terminals.play([opens("cat; sleep 1000", yield_time_ms=SOON)], types_to_last("x\n"))
        assert terminals.told()[-1] == (
            "write_stdin failed: stdin is closed for this session; "
            "rerun exec_command with tty=true to keep stdin open"
        )
        assert len(terminals.live.session.terminals.running()) == 1


async def test_typing_to_a_command_that_has_ended_tells_its_end(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        await terminals.play([opens("sleep 0.4; exit 7", tty=True, yield_time_ms=SOON)])
        await terminals.ended()
        await terminals.play(types_to_last("x\n"))
        assert "Process exited with code 7" in terminals.told()[-1]


async def test_typing_more_than_is_read_gives_up(tmp_path: Path) -> None:
    """A terminal whose program reads nothing takes only so much."""
    async with terminal_session(tmp_path) as terminals:
        await terminals.play(
            [opens("stty raw -echo; sleep 1000", tty=True, yield_time_ms=SOON)],
            types_to_last("x" * 1_000_000, yield_time_ms=SOON),
        )
        assert terminals.told()[-1] == "write_stdin failed: the process does not read its input"


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        output = await told_of(terminals, opens("true", workdir="nowhere"))
        assert "cannot use working directory" in output
        [item] = terminals.commands()
        assert (item.status, item.exit_code) == ("failed", -1)
        assert terminals.live.session.terminals.running() == []


async def test_an_unknown_shell_is_the_users_own(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        assert body(await told_of(terminals, opens("echo $0", shell="/bin/nosuch"))) == "/bin/sh\n"
        assert body(await told_of(terminals, opens("echo $0", "c2", shell="bash"))).endswith(
            "/bash\n"
        )


async def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        output = await told_of(terminals, opens(r"printf 'a\377\000\303'"))
        assert body(output) == "a\ufffd\0\ufffd"
        [item] = terminals.commands()
        assert item.aggregated_output == "a\ufffd\0\ufffd"


async def test_long_output_is_shortened_in_the_middle(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        output = await told_of(terminals, opens("seq 1 2000", max_output_tokens=50))
        assert "Original token count: 2224\n" in output
        assert body(output).startswith("Total output lines: 2000\n\n1\n2\n")
        assert output.endswith("\n1999\n2000\n")
        assert len(output) < 500
        [item] = terminals.commands()
        assert item.aggregated_output == "".join(f"{n}\n" for n in range(1, 2001))


async def test_a_gigabyte_of_output_is_read_without_being_kept(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        await terminals.play([opens("yes | head -c 1000000000", yield_time_ms=SOON)])
        with anyio.fail_after(GIGABYTE_SECONDS):
            while "Process running" in terminals.told()[-1]:
                await terminals.play(types_to_last(call_id=f"w{len(terminals.told())}"))
        assert "Process exited with code 0" in terminals.told()[-1]
        assert max(map(len, terminals.told())) < 50_000
        [item] = terminals.commands()
        assert item.aggregated_output is not None
        assert "bytes omitted" in item.aggregated_output
        assert len(item.aggregated_output) < 1_100_000
        shown = terminals.live.of(CommandExecutionOutputDeltaNotification)
        assert sum(len(piece.delta) for piece in shown) < 100_000_000


async def test_a_killed_command_is_told_by_its_signal(tmp_path: Path) -> None:
    async with terminal_session(tmp_path) as terminals:
        pid = tmp_path / "pid"
        await terminals.play([opens(f"echo $$ > {pid}; exec sleep 1000", yield_time_ms=SOON)])
        os.kill(int(pid.read_text()), signal.SIGKILL)
        [item] = await terminals.ended()
        assert (item.status, item.exit_code) == ("failed", 137)
        await terminals.play(types_to_last())
        assert "Process exited with code 137" in terminals.told()[-1]


async def test_one_terminal_too_many_ends_the_one_that_was_not_used_for_longest(
    tmp_path: Path,
) -> None:
    async with terminal_session(tmp_path) as terminals:
        for batch in range(7):
            calls = [
                opens("exec sleep 1000", f"c{batch}-{at}", yield_time_ms=SOON) for at in range(10)
            ]
            await terminals.play(calls)
        assert len(terminals.told()) == 70
        running = terminals.live.session.terminals.running()
        assert len(running) == 64
        ended = {item.id for item in terminals.commands()}
        assert ended <= {f"c0-{at}" for at in range(10)}
        assert len(ended) == 6
        [warning] = terminals.live.of(WarningNotification)
        assert "60 terminals" in warning.message
