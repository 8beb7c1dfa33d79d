"""Requests made from the contract's own schema: each is answered, none shows a fault of ours."""

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.e2e.server_process import COMMAND, INITIALIZE, PATIENCE, Message, Place, lines_of
from tests.faults.schema_values import ANYTHING, values_of

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schema" / "codex-rpc.schema.json").read_text(encoding="utf-8")
)
METHODS = sorted(
    name
    for name, method in SCHEMA["x-methods"].items()
    if method["direction"] == "clientRequest" and name != "initialize"
)


class Fuzzed:
    """A server with one thread, asked one request after the other."""

    def __init__(self, process: "subprocess.Popen[bytes]", place: Place) -> None:
        self._process = process
        self._last_id = 0
        self._send(INITIALIZE)
        result = self.ask("thread/start", {"cwd": str(place.project), "ephemeral": True})["result"]
        self.thread_id = result["thread"]["id"]

    def ask(self, method: str, params: Any) -> Message:
        """The response to a request."""
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": params})
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if message.get("id") == self._last_id and "method" not in message:
                return message
        raise AssertionError(f"the server ended at {method} {params!r}")

    def _send(self, message: Message) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(lines_of(message))
        self._process.stdin.flush()


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    place = Place.below(tmp_path_factory.mktemp("fuzz"))
    stderr = place.stderr.open("wb")
    process = subprocess.Popen(
        [*COMMAND, "app-server", *place.arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=place.environ,
        cwd=place.project,
    )
    with stderr, process:
        yield Fuzzed(process, place)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    assert place.stderr.read_text() == ""


@cache
def params_of(method: str) -> st.SearchStrategy[Any]:
    """What the schema allows; now and then with one field replaced by anything at all."""
    name = SCHEMA["x-methods"][method]["params"]["$ref"].rsplit("/", 1)[1]
    schema = SCHEMA["$defs"][name]
    valid = values_of(schema, SCHEMA["$defs"])
    fields = st.sampled_from(sorted(schema.get("properties", {})) or ["x"])
    wrong = st.tuples(valid, fields, ANYTHING).map(lambda made: {**made[0], made[1]: made[2]})
    return valid | wrong


@pytest.mark.parametrize("method", METHODS)
@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_request_of_the_schema_is_answered_without_an_internal_error(
    fuzzed: Fuzzed, method: str, data: st.DataObject
) -> None:
    """Whatever the client sends, it is never told that we broke."""
    params: Any = data.draw(params_of(method))
    assume(not (method.startswith("fs/") and any(map(_is_absolute, params.values()))))
    if data.draw(st.booleans()):
        params = {**params, "threadId": fuzzed.thread_id}
    response = fuzzed.ask(method, params)
    if "error" in response:
        assert response["error"]["data"]["kind"] != "internal"
    else:
        assert isinstance(response["result"], dict)


def _is_absolute(value: object) -> bool:
    """Whether it could be a real path, which chance must not write to or remove."""
    return isinstance(value, str) and value.startswith("/")
