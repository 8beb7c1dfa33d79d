"""The models of servers that are killed: a script, and a server that checks what it is asked."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat

from tests.e2e.server_process import Message, Place, say
from tests.responses_server import (
    Reply,
    ResponsesServer,
    Stream,
    completed,
    created,
    function_call,
    item_added,
    item_done,
    message,
    text_delta,
)

Outputs = Sequence[Message]
"""Of one response."""


class Model:
    """Has a server's model give these responses, and then many more of a word."""

    def arguments(self, responses: Sequence[Outputs]) -> Sequence[str]:
        raise NotImplementedError


@dataclass(slots=True)
class ScriptModel(Model):
    place: Place

    def arguments(self, responses: Sequence[Outputs]) -> Sequence[str]:
        self.place.play(*responses, *repeat([say("Well.")], 20))
        return self.place.arguments


@dataclass(slots=True)
class HttpModel(Model):
    """Asked over HTTP; the server at the other end refuses to hear of broken prompts."""

    url: str = ""
    _responses: Iterator[Outputs] = field(default_factory=lambda: iter(()))
    _ids: int = 0

    def arguments(self, responses: Sequence[Outputs]) -> Sequence[str]:
        self._responses = iter(responses)
        values = [f'model_providers.local.base_url="{self.url}"', "model_provider=local"]
        return [word for value in [*values, "model=gpt-6-sol"] for word in ("-c", value)]

    def answer(self, _: object) -> Reply:
        outputs = next(self._responses, [say("Well.")])
        events = [event for output in outputs for event in self._of(output)]
        return Stream([created(), *events, completed()])

    def _of(self, output: Message) -> list[Message]:
        self._ids += 1
        key = f"id_{self._ids}"
        if output["type"] == "functionCall":
            return [item_done(function_call(output["name"], output["arguments"], key))]
        if output["type"] == "customToolCall":
            call = {"type": "custom_tool_call", "name": output["name"], "call_id": key}
            return [item_done({**call, "input": output["input"]})]
        text: str = output["text"]
        deltas = [text_delta(text[at : at + 5], key) for at in range(0, len(text), 5)]
        opened = item_added({**message("", key), "content": []})
        return [opened, *deltas, item_done(message(text, key))]


@contextmanager
def http_model() -> Generator[HttpModel]:
    model = HttpModel()
    with ResponsesServer(model.answer) as server:
        model.url = server.url
        yield model
