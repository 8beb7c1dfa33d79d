"""A JSON-RPC app-server for coding agents, and the session core inside it.

For programs that embed the core::

    async with ThreadManager(ConfigLoader(codex_home(os.environ))) as threads:
        new = await threads.start_thread(StartThread(cwd="."))
        await new.thread.submit(SubmitInput([TextInput(text="Hello")]))
        while True:
            for event in await new.thread.next_events():
                ...

Names are looked up when they are used, so that starting the server loads only what it needs.
"""

__version__ = "0.1.0"

# The guardian of the commands imports this, too, and `typing` would double the time it takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from codex_rpc.config.home import codex_home
    from codex_rpc.config.loader import ConfigLoader
    from codex_rpc.errors import CodexRpcError
    from codex_rpc.protocol.inputs import TextInput
    from codex_rpc.rollout.truncation import KEEP_ALL
    from codex_rpc.session.event_channel import EventChannelClosedError
    from codex_rpc.session.ops import SubmitInput
    from codex_rpc.threads.codex_thread import CodexThread, NewThread
    from codex_rpc.threads.initial_history import Forked, New, Resumed
    from codex_rpc.threads.loaded_threads import ShutdownReport
    from codex_rpc.threads.spawn import StartThread
    from codex_rpc.threads.thread_manager import ThreadManager
    from codex_rpc.tools.function_tool import function_tool

_HOMES = {
    "codex_home": "config.home",
    "ConfigLoader": "config.loader",
    "CodexRpcError": "errors",
    "TextInput": "protocol.inputs",
    "EventChannelClosedError": "session.event_channel",
    "SubmitInput": "session.ops",
    "CodexThread": "threads.codex_thread",
    "NewThread": "threads.codex_thread",
    "Forked": "threads.initial_history",
    "New": "threads.initial_history",
    "Resumed": "threads.initial_history",
    "ShutdownReport": "threads.loaded_threads",
    "StartThread": "threads.spawn",
    "KEEP_ALL": "rollout.truncation",
    "ThreadManager": "threads.thread_manager",
    "function_tool": "tools.function_tool",
}

__all__ = [
    "KEEP_ALL",
    "CodexRpcError",
    "CodexThread",
    "ConfigLoader",
    "EventChannelClosedError",
    "Forked",
    "New",
    "NewThread",
    "Resumed",
    "ShutdownReport",
    "StartThread",
    "SubmitInput",
    "TextInput",
    "ThreadManager",
    "__version__",
    "codex_home",
    "function_tool",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
