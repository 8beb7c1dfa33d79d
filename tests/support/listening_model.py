"""A model that keeps what it is asked, for tests of what the model hears."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.responses_server import Reply, ResponsesServer, Stream, text_events
from tests.support.peer import Message, Peer


@dataclass(frozen=True, slots=True)
class ListeningModel:
    """Answers in the given way, one reply for each request."""

    server: ResponsesServer

    async def start_thread(self, peer: Peer, **params: Any) -> Message:
        """A thread that asks this model."""
        provider = {"base_url": self.server.url}
        return await peer.start_thread(
            [],
            modelProvider="listening",
            config={"model_providers": {"listening": provider}, **params.pop("config", {})},
            **params,
        )

    def bodies(self) -> list[dict[str, Any]]:
        """What was asked, request by request."""
        return [request.body for request in self.server.requests]

    def heard(self, request: int = -1) -> list[tuple[str, str]]:
        """Role and text of each message of a request."""
        messages = (item for item in self.bodies()[request]["input"] if item["type"] == "message")
        return [
            (item["role"], "".join(part.get("text", "") for part in item["content"]))
            for item in messages
        ]


@contextmanager
def listening_model(*replies: Reply) -> Generator[ListeningModel]:
    with ResponsesServer(replies) as server:
        yield ListeningModel(server)


def answering(text: str = "Yes") -> Reply:
    return Stream(text_events(text))
