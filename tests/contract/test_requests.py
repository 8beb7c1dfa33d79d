"""Every request of the contract, as the schema describes it and as the server takes it."""

from typing import Any

import pytest

from codex_rpc.protocol.methods import METHODS, Direction
from codex_rpc.server.handlers import HANDLERS
from tests.contract.contract_schema import (
    Schema,
    assert_valid,
    is_valid,
    methods_of,
    params_of,
    properties_of,
    result_of,
    types_of,
    wrong_value,
)
from tests.contract.scene import EXAMPLES, set_scene
from tests.support.app import App
from tests.support.peer import RefusedError

REQUESTS = methods_of(Direction.CLIENT_REQUEST)
PARAMETERS = [(method, *parameter) for method in REQUESTS for parameter in properties_of(method)]

ONE_OF_TWO = {("skills/config/write", "path"), ("approval/respond", "decision")}
"""Parameters of the examples that may be absent only where another one is present."""

required = pytest.mark.parametrize(
    ("method", "field"), [(method, field) for method, field, _, needed in PARAMETERS if needed]
)
nullable = pytest.mark.parametrize(
    ("method", "field"),
    [
        (method, field)
        for method, field, schema, _ in PARAMETERS
        if "null" in types_of(schema) and (method, field) not in ONE_OF_TWO
    ],
)
typed = pytest.mark.parametrize(
    ("method", "field", "schema"),
    [(method, field, schema) for method, field, schema, _ in PARAMETERS if types_of(schema)],
    ids=lambda value: value if isinstance(value, str) else "",
)
each = pytest.mark.parametrize("method", REQUESTS)


def test_every_request_has_an_example_and_a_handler() -> None:
    """A method that is not in METHODS does not exist; everything in it works and is tested."""
    assert set(EXAMPLES) == set(REQUESTS)
    assert set(HANDLERS) == set(REQUESTS)


@each
async def test_a_valid_request_has_a_valid_result(app: App, method: str) -> None:
    scene = await set_scene(app, method)
    params = scene.params(method)
    assert_valid(params, params_of(method) or "")
    assert_valid(await scene.peer.call(method, params), result_of(method))


@each
async def test_unknown_parameters_are_accepted(app: App, method: str) -> None:
    """Unknown extra fields in params are ignored."""
    scene = await set_scene(app, method)
    params = scene.params(method, noSuchParameter={"a": [1]}, thread_id="snake case is unknown")
    assert_valid(params, params_of(method) or "")
    assert_valid(await scene.peer.call(method, params), result_of(method))


@nullable
async def test_null_stands_for_an_absent_parameter(app: App, method: str, field: str) -> None:
    """Clients of the reference server send explicit nulls."""
    scene = await set_scene(app, method)
    result = await scene.peer.call(method, scene.params(method, **{field: None}))
    assert_valid(result, result_of(method))


@required
async def test_a_missing_parameter_is_named(app: App, method: str, field: str) -> None:
    """-32600 ``Invalid request: missing field `x` ``."""
    scene = await set_scene(app, method)
    params = scene.params(method)
    del params[field]
    assert not is_valid(params, params_of(method) or "")
    with pytest.raises(RefusedError) as refused:
        await scene.peer.call(method, params)
    assert_invalid(refused.value, f"missing field `{field}`", field)


@typed
async def test_a_parameter_of_the_wrong_type_is_named(
    app: App, method: str, field: str, schema: Schema
) -> None:
    """The value as the client sent it, and what was expected."""
    scene = await set_scene(app, method)
    wrong = wrong_value(schema)
    params = scene.params(method, **{field: wrong})
    assert not is_valid(params, params_of(method) or "")
    with pytest.raises(RefusedError) as refused:
        await scene.peer.call(method, params)
    shown = 'string "nonsense"' if wrong == "nonsense" else "integer `3`"
    assert_invalid(refused.value, f"invalid type: {shown}, expected ", field)


@each
@pytest.mark.parametrize(
    ("params", "message"),
    [
        (None, "Invalid request: missing field `params`"),
        ([], "Invalid request: invalid type: sequence, expected a map"),
        ("text", "Invalid request: `params` must be an object"),
        (3, "Invalid request: `params` must be an object"),
    ],
    ids=str,
)
async def test_parameters_must_be_an_object(
    app: App, method: str, params: Any, message: str
) -> None:
    """Missing or array params are refused, even if every field is optional."""
    if params is None and METHODS[method].params_optional:
        return
    scene = await set_scene(app, method)
    with pytest.raises(RefusedError) as refused:
        await scene.peer.call(method, params)
    assert (refused.value.code, refused.value.message) == (-32600, message)
    assert refused.value.data["kind"] in ("invalidRequest", "invalidParams")


@each
async def test_a_refused_request_leaves_the_connection_usable(app: App, method: str) -> None:
    scene = await set_scene(app, method)
    with pytest.raises(RefusedError):
        await scene.peer.call(method, [])
    assert_valid(await scene.peer.call(method, scene.params(method)), result_of(method))


def assert_invalid(error: RefusedError, message: str, field: str) -> None:
    assert error.code == -32600
    assert error.message.startswith(f"Invalid request: {message}")
    assert error.data == {"kind": "invalidParams", "path": field}
