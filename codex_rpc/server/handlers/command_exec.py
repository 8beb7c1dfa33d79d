"""`command/exec*`: commands of the client's own. Nobody is asked: the client is the user's."""

import base64
import binascii
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from codex_rpc.errors import (
    CommandConfinementError,
    CommandParamsError,
    CommandStartError,
    EmptyParamError,
    InvalidRequestError,
    SandboxError,
    SpawnError,
    StdinClosedError,
)
from codex_rpc.exec.exec_text import exit_code_for_model
from codex_rpc.exec.process_spec import Output, OutputStream, ProcessSpec, TerminalSize
from codex_rpc.exec.running_process import RunningProcess
from codex_rpc.exec.sandbox.port import Confinement
from codex_rpc.protocol.command_exec import (
    CommandExecOutputDeltaNotification,
    CommandExecParams,
    CommandExecResizeParams,
    CommandExecResizeResponse,
    CommandExecResponse,
    CommandExecTerminalSize,
    CommandExecTerminateParams,
    CommandExecTerminateResponse,
    CommandExecWriteParams,
    CommandExecWriteResponse,
)
from codex_rpc.protocol.policies import ReadOnlyPolicy, SandboxPolicy, WorkspaceWritePolicy
from codex_rpc.server.client import Client
from codex_rpc.server.client_commands import CappedStream, ClientCommand
from codex_rpc.server.context import RequestContext
from codex_rpc.threads.spawn import default_sandbox_policy
from codex_rpc.tools.commands.environment import CommandEnvironment

DEFAULT_TIMEOUT_MS = 10_000
DEFAULT_OUTPUT_BYTES = 1024 * 1024


async def run(context: RequestContext, params: CommandExecParams) -> CommandExecResponse:
    _check(params)
    with context.client.commands.added(params.process_id) as command:
        cwd = Path.cwd() / (params.cwd or "")
        threads = context.server.threads
        config = threads.config.load((), cwd)
        environment = await threads.command_environment(config)
        policy = params.sandbox_policy or default_sandbox_policy(config, cwd)
        run = _Run(params, context.client, command, environment)
        return await run.to_the_end(_spec(params, cwd, environment), policy)


async def write(
    context: RequestContext, params: CommandExecWriteParams
) -> CommandExecWriteResponse:
    if params.delta_base64 is None and not params.close_stdin:
        raise CommandParamsError("command/exec/write requires deltaBase64 or closeStdin")
    data = _decoded(params.delta_base64 or "")
    command = context.client.commands.find(params.process_id)
    process = await command.running(params.process_id)
    if not command.takes_input:
        raise InvalidRequestError("stdin streaming is not enabled for this command/exec")
    async with command.writing:
        if data:
            await _write(command, process, data)
        if params.close_stdin and not command.stdin_closed:
            command.stdin_closed = not command.is_terminal
            process.close_stdin()
    return CommandExecWriteResponse()


async def resize(
    context: RequestContext, params: CommandExecResizeParams
) -> CommandExecResizeResponse:
    _check_size(params.size)
    command = context.client.commands.find(params.process_id)
    process = await command.running(params.process_id)
    if not command.is_terminal:
        raise InvalidRequestError("failed to resize PTY: process is not attached to a PTY")
    process.resize(_size(params.size))
    return CommandExecResizeResponse()


async def terminate(
    context: RequestContext, params: CommandExecTerminateParams
) -> CommandExecTerminateResponse:
    process = await context.client.commands.find(params.process_id).running(params.process_id)
    await process.kill()
    return CommandExecTerminateResponse()


# --- running it --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Run:
    """One command on its way."""

    params: CommandExecParams
    client: Client
    command: ClientCommand
    environment: CommandEnvironment
    streams: dict[OutputStream, CappedStream] = field(init=False)

    def __post_init__(self) -> None:
        given = self.params.output_bytes_cap
        cap = DEFAULT_OUTPUT_BYTES if given is None else given
        if self.params.disable_output_cap:
            self.streams = {"stdout": CappedStream(None), "stderr": CappedStream(None)}
        else:
            self.streams = {"stdout": CappedStream(cap), "stderr": CappedStream(cap)}

    async def to_the_end(self, spec: ProcessSpec, policy: SandboxPolicy) -> CommandExecResponse:
        if not isinstance(policy, ReadOnlyPolicy | WorkspaceWritePolicy):
            return await self._execute(spec)
        sandbox, tmpdir = self.environment.sandbox, self.environment.variables.get("TMPDIR")
        try:
            confined = sandbox.confine(spec, Confinement(policy, spec.cwd, tmpdir))
        except SandboxError as error:
            raise CommandConfinementError(str(error)) from error
        try:
            return await self._execute(confined)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(partial(sandbox.ended, confined))

    async def _execute(self, spec: ProcessSpec) -> CommandExecResponse:
        try:
            process = await self.environment.processes.start(spec)
        except SpawnError as error:
            raise CommandStartError(str(error)) from error
        try:
            self.command.started(process, spec.stdin)
            while (output := await process.read()) is not None:
                await self._pass_on(output)
        finally:
            self.command.ended()
            with anyio.CancelScope(shield=True):
                await process.aclose()
        exit = await process.wait()
        return CommandExecResponse(
            exit_code=exit_code_for_model(exit),
            stdout=self.streams["stdout"].text(),
            stderr=self.streams["stderr"].text(),
        )

    async def _pass_on(self, output: Output) -> None:
        stream = self.streams[output.stream]
        if stream.full:
            return
        data = stream.admit(output.data)
        if not (self.params.stream_stdout_stderr or self.params.tty):
            stream.keep(data)
            return
        assert self.params.process_id is not None, "streaming needs a name"
        await self.client.notify_in_time(
            CommandExecOutputDeltaNotification(
                process_id=self.params.process_id,
                stream=output.stream,
                delta_base64=base64.b64encode(data).decode(),
                cap_reached=stream.full,
            )
        )


def _spec(params: CommandExecParams, cwd: Path, environment: CommandEnvironment) -> ProcessSpec:
    variables = environment.child_variables()
    for name, value in (params.env or {}).items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value
    timeout_ms = DEFAULT_TIMEOUT_MS if params.timeout_ms is None else params.timeout_ms
    return ProcessSpec(
        argv=params.command,
        cwd=cwd,
        env=variables,
        timeout_s=None if params.disable_timeout else timeout_ms / 1000,
        stdin="terminal" if params.tty else "pipe" if params.stream_stdin else "null",
        split_output=not params.tty,
        terminal_size=TerminalSize(24, 80) if params.size is None else _size(params.size),
    )


async def _write(command: ClientCommand, process: RunningProcess, data: bytes) -> None:
    if command.stdin_closed:
        raise InvalidRequestError("stdin is already closed")
    try:
        await process.write(data)
    except StdinClosedError as error:
        raise InvalidRequestError(str(error)) from error


# --- what makes no sense -----------------------------------------------------------------------


def _check(params: CommandExecParams) -> None:
    """Refuse parameters that do not go together.

    Raises:
        InvalidRequestError: saying which.
    """
    if not params.command:
        raise EmptyParamError("command")
    if params.timeout_ms is not None:
        if params.disable_timeout:
            raise CommandParamsError("command/exec cannot set both timeoutMs and disableTimeout")
        if params.timeout_ms < 0:
            raise CommandParamsError(
                f"command/exec timeoutMs must be non-negative, got {params.timeout_ms}",
                path=("timeoutMs",),
            )
    if params.output_bytes_cap is not None and params.disable_output_cap:
        raise CommandParamsError("command/exec cannot set both outputBytesCap and disableOutputCap")
    if params.size is not None:
        if not params.tty:
            raise CommandParamsError("command/exec size requires tty: true", path=("size",))
        _check_size(params.size)
    streams = params.tty or params.stream_stdin or params.stream_stdout_stderr
    if streams and params.process_id is None:
        raise InvalidRequestError(
            "command/exec tty or streaming requires a client-supplied processId",
            path=("processId",),
        )


def _check_size(size: CommandExecTerminalSize) -> None:
    if not size.rows or not size.cols:
        raise CommandParamsError(
            "command/exec size rows and cols must be greater than 0", path=("size",)
        )


def _size(size: CommandExecTerminalSize) -> TerminalSize:
    return TerminalSize(rows=size.rows, columns=size.cols)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CommandParamsError(f"invalid deltaBase64: {error}", path=("deltaBase64",)) from error
