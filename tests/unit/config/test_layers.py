from datetime import UTC, date, datetime
from typing import Any

from codex_rpc.config.layers import Layer, LayerStack, as_json, version_of
from codex_rpc.protocol.config import ProjectLayerSource, SystemLayerSource, UserLayerSource


def stack_of(*tables: dict[str, Any]) -> LayerStack:
    sources = (
        SystemLayerSource(file="/s"),
        UserLayerSource(file="/u"),
        ProjectLayerSource(dot_codex_folder="/p"),
    )
    return LayerStack(
        [Layer(source, table) for source, table in zip(sources, tables, strict=False)]
    )


def test_tables_are_merged_and_everything_else_is_replaced() -> None:
    low: dict[str, Any] = {"model": "a", "tools": {"x": 1, "y": [1, 2]}, "list": [1, 2, 3]}
    high: dict[str, Any] = {"tools": {"y": [3], "z": {}}, "list": []}
    assert stack_of(low, high).merged() == {
        "model": "a",
        "tools": {"x": 1, "y": [3], "z": {}},
        "list": [],
    }
    assert low["tools"] == {"x": 1, "y": [1, 2]}


def test_each_value_is_traced_to_the_layer_that_decides_it() -> None:
    stack = stack_of(
        {"model": "a", "notify": ["x", "y", "z"], "tools": {"x": 1}, "a.b": {"c": 1}},
        {"model": "b", "tools": {"y": [{"z": 1}, 2]}},
        {"notify": ["other"], "empty": {}},
    )
    kinds = {key: layer.source.type for key, layer in stack.origins().items()}
    assert kinds == {
        "model": "user",
        "notify.0": "project",
        "tools.x": "system",
        "tools.y.0.z": "user",
        "tools.y.1": "user",
        "a.b.c": "system",
    }


def test_a_disabled_layer_is_kept_and_counts_for_nothing() -> None:
    stack = stack_of({"model": "a"}, {"model": "b"})
    stack = stack.without(stack.layers[1], "why not")
    assert stack.merged() == {"model": "a"}
    assert stack.origin(("model",)) is stack.layers[0]
    assert [layer.disabled_reason for layer in stack.layers] == [None, "why not"]


def test_a_version_is_the_same_for_the_same_settings() -> None:
    """The digests are those of the `codex` command, so clients may compare them."""
    empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert version_of({}) == empty
    assert version_of({"model": "sub", "sandbox_mode": "danger-full-access"}) == (
        "sha256:e8472e9e879fbc7a4b71bd6e76620990036e89cf4b12ea474b1810d5e3278a11"
    )
    assert version_of({"a": 1, "b": 2}) == version_of({"b": 2, "a": 1})
    assert version_of({"a": 1}) != version_of({"a": 1.0})


def test_what_json_does_not_have_is_spelt_out() -> None:
    value = {
        "when": datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        "day": [date(2024, 1, 2)],
        "inf": float("inf"),
    }
    assert as_json(value) == {
        "when": {"$__toml_private_datetime": "2024-01-02T03:04:05Z"},
        "day": [{"$__toml_private_datetime": "2024-01-02"}],
        "inf": None,
    }
