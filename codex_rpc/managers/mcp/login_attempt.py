"""One attempt to log in to a server: from the request to the user's return, or to the time limit.

The flow itself is the business of `login`, which loads the SDK.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import anyio
import anyio.to_thread

from codex_rpc.config.mcp_servers import HttpTransport
from codex_rpc.errors import McpLoginError
from codex_rpc.managers.mcp.credentials import ServerLogin
from codex_rpc.managers.mcp.port import LoginStarted

Announce = Callable[[str], Awaitable[None]]
"""Takes the address that the user has to visit."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoginPlan:
    """What to log in to, and how. Without `scopes`, the server says what is asked for."""

    transport: HttpTransport
    headers: Mapping[str, str] = field(repr=False)
    login: ServerLogin
    scopes: tuple[str, ...] | None
    callback_port: int | None = None
    callback_url: str | None = None


class LoginAttempt:
    """Runs in a task of the manager; those who wait for it may go."""

    def __init__(self, plan: LoginPlan, timeout_s: float, on_success: Callable[[], None]) -> None:
        self._plan = plan
        self._timeout_s = timeout_s
        self._on_success = on_success
        self._announced = anyio.Event()
        self._over = anyio.Event()
        self._url = ""
        self._error: McpLoginError | None = McpLoginError("login failed: it was given up")

    async def run(self) -> None:
        """Log in, or remember why not."""
        try:
            with anyio.fail_after(self._timeout_s):
                log_in = await anyio.to_thread.run_sync(_load_flow, abandon_on_cancel=True)
                await log_in(self._plan, self._announce)
            self._error = None
            self._on_success()
        except TimeoutError:
            self._error = McpLoginError("login failed: nobody has completed it in time")
        except McpLoginError as error:
            self._error = error
        except Exception:  # the login is a task of its own; nothing else shall end with it
            logger.exception("login to an MCP server")
            self._error = McpLoginError("login failed")
        finally:
            self._announced.set()
            self._over.set()

    async def started(self) -> LoginStarted:
        """Wait for the address.

        Raises:
            McpLoginError: there will be none.
        """
        await self._announced.wait()
        if not self._url:
            await self.finished()
        return LoginStarted(self._url, self.finished)

    async def finished(self) -> None:
        """Wait for the end.

        Raises:
            McpLoginError: nobody is logged in.
        """
        await self._over.wait()
        if self._error is not None:
            raise self._error

    async def _announce(self, url: str) -> None:
        self._url = url
        self._announced.set()


def _load_flow() -> Callable[[LoginPlan, Announce], Awaitable[None]]:
    from codex_rpc.managers.mcp.login import log_in

    return log_in
