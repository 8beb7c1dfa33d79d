"""What an editor may say in `initializationOptions`, and how `initialize` is read."""

from collections.abc import Mapping
from typing import Any, Literal, cast

from pydantic import Field

from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.handshake import ClientInfo, InitializeCapabilities, InitializeParams
from codex_rpc.server.params import validated

_OURS = ("experimentalApi", "optOutNotificationMethods", "approvals")


class InitializationOptions(WireModel):
    experimental_api: bool = False
    """The client may use experimental methods and fields."""
    opt_out_notification_methods: list[str] | None = None
    """Notifications not to send, by exact name."""
    approvals: Literal["message", "request", "notify"] = "message"
    """How questions come: as `window/showMessageRequest`, as server requests of the app-server's
    protocol, which the client then handles, or as `approval/requested` notifications."""
    write_through: bool = True
    """Whether a patch to an open file that had been saved is saved as well, so that commands see
    it."""
    thread: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Parameters of `thread/start` for the threads that editor commands start."""

    def introduction(self, params: Mapping[str, Any]) -> InitializeParams:
        """The client of that `initialize` in the terms of the app-server."""
        info = params.get("clientInfo")
        given = cast("dict[str, Any]", info) if isinstance(info, dict) else {}
        name, version = given.get("name"), given.get("version")
        return InitializeParams(
            client_info=ClientInfo(
                name=name if isinstance(name, str) else "lsp",
                version=version if isinstance(version, str) else "0",
            ),
            capabilities=InitializeCapabilities(
                experimental_api=self.experimental_api,
                opt_out_notification_methods=self.opt_out_notification_methods,
                approvals="request" if self.approvals == "request" else "notify",
            ),
        )


def read_options(params: Mapping[str, Any]) -> InitializationOptions:
    """The options in the parameters of an `initialize`.

    A client of the app-server that frames its messages like an editor is read as well: its
    capabilities stand in their usual place, and it answers server requests.

    Raises:
        InvalidParamsError: if an option has a wrong value.
    """
    options: dict[str, Any] = {}
    if "processId" not in params and "rootUri" not in params:
        options["approvals"] = "request"
    capabilities = params.get("capabilities")
    if isinstance(capabilities, dict):
        given = cast("dict[str, Any]", capabilities)
        options |= {name: given[name] for name in _OURS if name in given}
    own = params.get("initializationOptions")
    if isinstance(own, dict):
        options |= cast("dict[str, Any]", own)
    read = validated(InitializationOptions, options, ("initializationOptions",))
    assert isinstance(read, InitializationOptions)
    return read
