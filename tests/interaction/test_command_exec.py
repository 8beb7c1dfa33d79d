"""`command/exec*`: commands of the client's own."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, running_app
from tests.support.peer import Message, Peer, RefusedError
from tests.support.processes import gone, runs

FREE = {"sandboxPolicy": {"type": "dangerFullAccess"}}


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sh(script: str, **params: Any) -> dict[str, Any]:
    return {"command": ["sh", "-c", script], **FREE, **params}


async def run(peer: Peer, script: str, **params: Any) -> tuple[int, str, str]:
    result = await peer.call("command/exec", sh(script, **params))
    return result["exitCode"], result["stdout"], result["stderr"]


def streamed(peer: Peer, name: str, stream: str = "stdout") -> bytes:
    return b"".join(
        base64.b64decode(message["params"]["deltaBase64"])
        for message in peer.messages
        if message.get("method") == "command/exec/outputDelta"
        and (message["params"]["processId"], message["params"]["stream"]) == (name, stream)
    )


async def shown(peer: Peer, name: str, text: bytes) -> None:
    """Wait until the command has said so."""
    while text not in streamed(peer, name):
        await peer.next("command/exec/outputDelta")


async def test_a_command_is_answered_with_what_it_said(app: App) -> None:
    peer = await app.connect()
    assert await run(peer, "echo out; echo err >&2; exit 3") == (3, "out\n", "err\n")
    assert await run(peer, "kill -9 $$") == (137, "", "")
    assert await run(peer, "pwd", cwd=str(app.project)) == (0, f"{app.project}\n", "")


async def test_the_client_sets_and_removes_variables(app: App) -> None:
    peer = await app.connect()
    assert await run(peer, "echo $HOME-$X", env={"HOME": None, "X": "1"}) == (0, "-1\n", "")


async def test_a_command_that_takes_too_long_is_killed(app: App) -> None:
    peer = await app.connect()
    script = "trap '' TERM; echo $$; while :; do sleep 1; done"
    code, stdout, _ = await run(peer, script, timeoutMs=300)
    assert code == 124
    await gone(int(stdout))
    assert (await run(peer, "sleep 1000", timeoutMs=0))[0] == 124
    assert await run(peer, "sleep 0.01", disableTimeout=True) == (0, "", "")


async def test_only_so_much_output_is_passed_on(app: App) -> None:
    peer = await app.connect()
    script = "printf abcdefghij; printf 0123456789 >&2"
    assert await run(peer, script, outputBytesCap=4) == (0, "abcd", "0123")
    assert await run(peer, script, outputBytesCap=0) == (0, "", "")
    much = "head -c 3000000 /dev/zero | tr '\\0' x"
    assert len((await run(peer, much))[1]) == 1024 * 1024
    assert len((await run(peer, much, disableOutputCap=True))[1]) == 3_000_000


async def test_output_is_streamed_before_the_answer(app: App) -> None:
    peer = await app.connect()
    params = {"processId": "p", "streamStdoutStderr": True}
    assert await run(peer, r"printf 'a\377'; echo err >&2", **params) == (0, "", "")
    assert streamed(peer, "p") == b"a\xff"
    assert streamed(peer, "p", "stderr") == b"err\n"


async def test_a_stream_says_when_no_more_of_it_comes(app: App) -> None:
    peer = await app.connect()
    params = {"processId": "p", "streamStdoutStderr": True, "outputBytesCap": 4}
    await run(peer, "printf 0123456789; sleep 0.1; printf more", **params)
    [delta] = [m["params"] for m in peer.messages if m.get("method") == "command/exec/outputDelta"]
    assert delta == {
        "processId": "p",
        "stream": "stdout",
        "deltaBase64": encoded(b"0123"),
        "capReached": True,
    }


async def test_input_comes_in_the_order_it_was_sent(app: App) -> None:
    peer = await app.connect()
    running = await peer.request("command/exec", sh("cat", processId="p", streamStdin=True))
    pieces = [bytes([65 + at]) * 100_000 for at in range(5)]
    for piece in pieces:
        write = {"processId": "p", "deltaBase64": encoded(piece)}
        await peer.request("command/exec/write", write)
    last = {"processId": "p", "deltaBase64": encoded(b"x"), "closeStdin": True}
    assert await peer.call("command/exec/write", last) == {}
    result = await peer.response(running)
    assert result["stdout"] == (b"".join(pieces) + b"x").decode()


async def test_a_terminal_is_typed_to_and_resized(app: App) -> None:
    peer = await app.connect()
    size = {"rows": 10, "cols": 20}
    script = "stty -echo; stty size; read line; stty size; cat; exit 5"
    running = await peer.request("command/exec", sh(script, processId="t", tty=True, size=size))
    await shown(peer, "t", b"10 20\r\n")
    resize = {"processId": "t", "size": {"rows": 30, "cols": 40}}
    assert await peer.call("command/exec/resize", resize) == {}
    await peer.call("command/exec/write", {"processId": "t", "deltaBase64": encoded(b"\n")})
    await shown(peer, "t", b"30 40\r\n")
    await peer.call("command/exec/write", {"processId": "t", "closeStdin": True})
    assert await peer.response(running) == {"exitCode": 5, "stdout": "", "stderr": ""}


async def test_a_terminal_has_the_usual_size_if_none_is_given(app: App) -> None:
    peer = await app.connect()
    await run(peer, "stty size", processId="t", tty=True)
    assert streamed(peer, "t") == b"24 80\r\n"


async def test_a_command_is_killed_when_the_client_says_so(app: App) -> None:
    peer = await app.connect()
    script = "trap '' TERM; setsid sleep 1000 & echo $!; wait"
    params = {"processId": "p", "streamStdoutStderr": True, "disableTimeout": True}
    running = await peer.request("command/exec", sh(script, **params))
    await shown(peer, "p", b"\n")
    assert await peer.call("command/exec/terminate", {"processId": "p"}) == {}
    assert (await peer.response(running))["exitCode"] == 137
    await gone(int(streamed(peer, "p")))


async def test_commands_end_with_their_connection(app: App) -> None:
    peer = await app.connect()
    params = {"processId": "p", "streamStdoutStderr": True, "disableTimeout": True}
    await peer.request("command/exec", sh("echo $$; exec sleep 1000", **params))
    await shown(peer, "p", b"\n")
    pid = int(streamed(peer, "p"))
    assert runs(pid)
    peer.sending.close()
    await gone(pid)


async def test_names_are_the_connections_own(app: App) -> None:
    one, other = await app.connect(), await app.connect()
    await one.request("command/exec", sh("sleep 1000", processId="p", disableTimeout=True))
    assert await run(other, "echo mine", processId="p") == (0, "mine\n", "")
    assert await one.call("command/exec/terminate", {"processId": "p"}) == {}
    with pytest.raises(RefusedError, match="no active command/exec"):
        await other.call("command/exec/terminate", {"processId": "p"})


async def test_a_name_is_free_again_when_its_command_has_ended(app: App) -> None:
    peer = await app.connect()
    assert await run(peer, "true", processId="p") == (0, "", "")
    assert await run(peer, "true", processId="p") == (0, "", "")


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"command": []}, -32600, "command must not be empty"),
        (
            {"timeoutMs": -1},
            -32602,
            "command/exec timeoutMs must be non-negative, got -1",
        ),
        (
            {"timeoutMs": 1, "disableTimeout": True},
            -32602,
            "command/exec cannot set both timeoutMs and disableTimeout",
        ),
        (
            {"outputBytesCap": 1, "disableOutputCap": True},
            -32602,
            "command/exec cannot set both outputBytesCap and disableOutputCap",
        ),
        *(
            (
                {how: True},
                -32600,
                "command/exec tty or streaming requires a client-supplied processId",
            )
            for how in ("tty", "streamStdin", "streamStdoutStderr")
        ),
        ({"size": {"rows": 1, "cols": 1}}, -32602, "command/exec size requires tty: true"),
        (
            {"size": {"rows": 0, "cols": 1}, "tty": True, "processId": "p"},
            -32602,
            "command/exec size rows and cols must be greater than 0",
        ),
        (
            {"command": ["no-such-program"]},
            -32603,
            "failed to spawn command: command not found: no-such-program",
        ),
        (
            {"cwd": "/no/such/folder"},
            -32603,
            (
                "failed to spawn command: cannot use working directory /no/such/folder: "
                "No such file or directory"
            ),
        ),
        (
            {"sandboxPolicy": {"type": "none"}},
            -32600,
            (
                "Invalid request: unknown variant `none`, expected one of `dangerFullAccess`, "
                "`readOnly`, `externalSandbox`, `workspaceWrite`"
            ),
        ),
    ],
)
async def test_what_makes_no_sense_is_refused(
    app: App, params: dict[str, Any], code: int, message: str
) -> None:
    peer = await app.connect()
    with pytest.raises(RefusedError) as refused:
        await peer.call("command/exec", {"command": ["true"], **FREE, **params})
    assert (refused.value.code, refused.value.message) == (code, message)


@pytest.mark.parametrize(
    ("method", "params", "code", "message"),
    [
        ("write", {"deltaBase64": "!!"}, -32602, "invalid deltaBase64: "),
        ("write", {}, -32602, "command/exec/write requires deltaBase64 or closeStdin"),
        (
            "write",
            {"deltaBase64": "eA=="},
            -32600,
            "stdin streaming is not enabled for this command/exec",
        ),
        (
            "resize",
            {"size": {"rows": 1, "cols": 1}},
            -32600,
            "failed to resize PTY: process is not attached to a PTY",
        ),
        (
            "resize",
            {"size": {"rows": 0, "cols": 1}},
            -32602,
            "command/exec size rows and cols must be greater than 0",
        ),
        *(
            (
                method,
                {**more, "processId": 'a "b"'},
                -32600,
                r'no active command/exec for process id "a \"b\""',
            )
            for method, more in (
                ("write", {"closeStdin": True}),
                ("terminate", {}),
                ("resize", {"size": {"rows": 1, "cols": 1}}),
            )
        ),
    ],
)
async def test_what_a_command_cannot_do_is_refused(
    app: App, method: str, params: Message, code: int, message: str
) -> None:
    peer = await app.connect()
    await peer.request("command/exec", sh("sleep 1000", processId="p", disableTimeout=True))
    with pytest.raises(RefusedError) as refused:
        await peer.call(f"command/exec/{method}", {"processId": "p", **params})
    assert refused.value.code == code
    assert refused.value.message.startswith(message)


async def test_a_name_that_is_taken_is_refused(app: App) -> None:
    peer = await app.connect()
    await peer.request("command/exec", sh("sleep 1000", processId="p", disableTimeout=True))
    with pytest.raises(RefusedError) as refused:
        await run(peer, "true", processId="p")
    assert refused.value.message == 'duplicate active command/exec process id: "p"'
    assert refused.value.code == -32600


async def test_input_after_its_end_is_refused(app: App) -> None:
    peer = await app.connect()
    script = sh("cat; sleep 1000", processId="p", streamStdin=True, disableTimeout=True)
    await peer.request("command/exec", script)
    await peer.call("command/exec/write", {"processId": "p", "closeStdin": True})
    with pytest.raises(RefusedError, match="stdin is already closed"):
        await peer.call("command/exec/write", {"processId": "p", "deltaBase64": "eA=="})
    assert await peer.call("command/exec/write", {"processId": "p", "closeStdin": True}) == {}


@pytest.mark.parametrize("policy", [None, {"type": "readOnly"}, {"type": "workspaceWrite"}])
async def test_a_policy_that_cannot_be_held_is_refused(app: App, policy: Message | None) -> None:
    """Never silently without a sandbox; the configuration's policy counts if none is given."""
    peer = await app.connect()
    with pytest.raises(RefusedError, match="cannot be held to its sandbox policy") as refused:
        await run(peer, f"touch {app.project}/made", sandboxPolicy=policy)
    assert refused.value.data == {"kind": "notSupported", "path": "sandboxPolicy"}
    assert not (app.project / "made").exists()


async def test_a_command_is_held_to_the_policy(tmp_path: Path) -> None:
    async with running_app(tmp_path, sandbox=None) as app:
        peer = await app.connect()
        try:
            code, stdout, stderr = await run(
                peer,
                "echo in; touch made",
                cwd=str(app.project),
                sandboxPolicy={"type": "readOnly"},
            )
        except RefusedError as refused:
            pytest.skip(refused.message)
        assert (code != 0, stdout) == (True, "in\n")
        assert "Read-only file system" in stderr or "denied" in stderr
        assert not (app.project / "made").exists()
        policy = {"type": "workspaceWrite"}
        assert (await run(peer, "touch made", cwd=str(app.project), sandboxPolicy=policy))[0] == 0
        assert (app.project / "made").exists()
