"""A model behind HTTP that opens terminals and comes back to them."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.responses_server import (
    ReceivedRequest,
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
from tests.support.terminals import SOON, number_in

Step = Callable[[Sequence[str]], Reply]
"""What the model says, knowing the outputs of its calls so far."""


def opens(script: str, call_id: str = "c1", **arguments: Any) -> Step:
    given = {"cmd": script, "login": False, "yield_time_ms": SOON, **arguments}
    return lambda outputs: _calls("exec_command", given, call_id)


def types_to_last(chars: str = "", call_id: str = "w1", **arguments: Any) -> Step:
    """Typing to the terminal that was told last."""

    def step(outputs: Sequence[str]) -> Reply:
        running = [output for output in outputs if "running with session ID" in output]
        number = number_in(running[-1])
        given = {"session_id": number, "chars": chars, "yield_time_ms": SOON, **arguments}
        return _calls("write_stdin", given, call_id)

    return step


def speaks(text: str = "Done") -> Step:
    return lambda outputs: Stream(text_events(text))


def _calls(name: str, arguments: dict[str, Any], call_id: str) -> Reply:
    return Stream([created(), item_done(function_call(name, arguments, call_id)), completed()])


@contextmanager
def terminal_model(*steps: Step) -> Generator[ListeningModel]:
    """Does this, request by request, and then has nothing more to say than that."""
    left = list(steps)

    def answer(request: ReceivedRequest) -> Reply:
        told = [item["output"] for item in request.body["input"] if "output" in item]
        return (left.pop(0) if left else speaks())(told)

    with ResponsesServer(answer) as server:
        yield ListeningModel(server)
