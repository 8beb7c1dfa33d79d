"""A model that plays several agents: each by lines of its own, known by the first words it hears.

What an agent was told of others it has started can be used in its lines: `$0` stands for the id of
the first one, and so on.
"""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.responses_server import (
    Gate,
    ReceivedRequest,
    Refusal,
    Reply,
    ResponsesServer,
    Stream,
    completed,
    created,
    function_call,
    item_done,
    text_events,
)
from tests.support.listening_model import ListeningModel

OUTPUT = "function_call_output"


@dataclass(frozen=True, slots=True)
class Calls:
    """The model calls a tool."""

    tool: str
    arguments: Mapping[str, Any]


Line = str | Calls | Gate | Reply
"""What is said, a tool that is called, a place to stand before the next line, or a whole reply."""


def calls(tool: str, **arguments: Any) -> Calls:
    return Calls(tool, arguments)


def spawns(message: str, **arguments: Any) -> Calls:
    return calls("spawn_agent", message=message, **arguments)


def waits(*targets: str, **arguments: Any) -> Calls:
    return calls("wait_agent", targets=list(targets or ["$0"]), **arguments)


@dataclass(slots=True)
class Troupe:
    """Whose turn it is to say what."""

    parts: Mapping[str, Sequence[Line]]
    _spoken: dict[str, int] = field(default_factory=dict[str, int])

    def answer(self, request: ReceivedRequest) -> Reply:
        said = _first_words(request.body["input"])
        lines = iter(self.parts[said][self._spoken.get(said, 0) :])
        gates: list[Gate] = []
        for line in lines:
            self._spoken[said] = self._spoken.get(said, 0) + 1
            match line:
                case Gate():
                    gates.append(line)
                case str():
                    return Stream([created(), *gates, *text_events(line)[1:]])
                case Calls():
                    return self._call(line, request, gates)
                case _:
                    return line
        return Refusal(400, f"{said} has no line left")

    def _call(self, line: Calls, request: ReceivedRequest, gates: Sequence[Gate]) -> Reply:
        text = json.dumps(line.arguments)
        for number, agent_id in enumerate(_known_agents(request.body["input"])):
            text = text.replace(f"${number}", agent_id)
        call_id = f"call_{len(request.body['input'])}"
        call = function_call(line.tool, json.loads(text), call_id)
        return Stream([created(), *gates, item_done(call), completed()])


def _first_words(items: Sequence[dict[str, Any]]) -> str:
    said = (
        part.get("text", "")
        for item in items
        if item["type"] == "message" and item["role"] == "user"
        for part in item["content"]
    )
    return next(text for text in said if not text.startswith(("<", "#")))


def _known_agents(items: Sequence[dict[str, Any]]) -> list[str]:
    outputs = [item["output"] for item in items if item["type"] == OUTPUT]
    spawned = [text for text in outputs if '"agent_id"' in text]
    return [json.loads(text)["agent_id"] for text in spawned]


@contextmanager
def troupe(**parts: Sequence[Line]) -> Generator[ListeningModel]:
    """A model for all these, by the first words of each, with `_` for a space."""
    named = {name.replace("_", " "): lines for name, lines in parts.items()}
    with ResponsesServer(Troupe(named).answer) as server:
        yield ListeningModel(server)


def outputs_heard(model: ListeningModel, words: str) -> list[str]:
    """What the one that heard these words first was told by its tools, as of its last request."""
    body = next(b for b in reversed(model.bodies()) if _first_words(b["input"]) == words)
    return [item["output"] for item in body["input"] if item["type"] == OUTPUT]


def requests_of(model: ListeningModel, words: str) -> list[dict[str, Any]]:
    """What the one that heard these words first was asked."""
    return [body for body in model.bodies() if _first_words(body["input"]) == words]
