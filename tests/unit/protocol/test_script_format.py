"""Scripts are written by hand, so the format is strict and says what is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from codex_rpc.protocol.schema_readme import SCRIPT_EXAMPLE
from codex_rpc.protocol.script import ScriptStep, ScriptText, cut


def step_of(output: dict[str, Any]) -> ScriptStep:
    return ScriptStep.model_validate({"output": [output]})


def test_the_documented_example_is_a_valid_script() -> None:
    steps = [ScriptStep.model_validate_json(line) for line in SCRIPT_EXAMPLE.splitlines()]

    assert [output.type for step in steps for output in step.output] == [
        "reasoning",
        "functionCall",
        "text",
        "text",
        "cut",
        "error",
    ]


@pytest.mark.parametrize(
    "output",
    [
        {"type": "text", "text": "hi", "chunkSize": 1, "delayMs": 0, "phase": "final_answer"},
        {"type": "text", "chunks": ["h", "i"]},
        {"type": "reasoning", "summary": [], "content": ["hm"]},
        {"type": "functionCall", "name": "shell", "arguments": {}, "callId": "c1"},
        {"type": "customToolCall", "name": "apply_patch", "input": "*** Begin Patch"},
        {"type": "wait", "ms": 0},
        {"type": "error", "message": "no", "status": 503, "code": "busy", "retryAfterMs": 10},
        {"type": "cut"},
        {"type": "stall"},
        {"type": "rateLimits", "primaryUsedPercent": 12.5, "planType": "pro"},
    ],
)
def test_every_kind_of_output_is_read(output: dict[str, Any]) -> None:
    read = step_of(output).output[0].model_dump(exclude_unset=True)

    assert read == output


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ({"type": "text", "text": "hi", "chunksize": 1}, "extra_forbidden"),
        ({"type": "text", "text": "hi", "chunkSize": 0}, "greater_than"),
        ({"type": "text", "text": "hi", "delayMs": -1}, "greater_than_equal"),
        ({"type": "text", "text": "hi", "phase": "loud"}, "literal_error"),
        ({"type": "text"}, "value_error"),
        ({"type": "text", "text": "hi", "chunks": ["hi"]}, "value_error"),
        ({"type": "text", "chunks": ["hi"], "chunkSize": 1}, "value_error"),
        ({"type": "functionCall", "name": "shell", "arguments": "{}"}, "dict_type"),
        ({"type": "wait", "ms": "5"}, "int_type"),
        ({"type": "error", "message": "no", "status": 200}, "greater_than_equal"),
        ({"type": "dance"}, "union_tag_invalid"),
        ({"text": "hi"}, "union_tag_not_found"),
    ],
)
def test_a_mistake_in_an_output_is_an_error(output: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError) as caught:
        step_of(output)

    assert [error["type"] for error in caught.value.errors()] == [kind]


@pytest.mark.parametrize("line", ['{"output": [], "where": "x"}', "{}", "[]", "nonsense"])
def test_a_mistake_in_a_step_is_an_error(line: str) -> None:
    with pytest.raises(ValidationError):
        ScriptStep.model_validate_json(line)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (ScriptText(text="abcde", chunk_size=2), ["ab", "cd", "e"]),
        (ScriptText(text="abcde"), ["abcde"]),
        (ScriptText(text=""), []),
        (ScriptText(chunks=["a", "", "b"]), ["a", "", "b"]),
    ],
)
def test_text_is_cut_as_the_script_says(text: ScriptText, pieces: list[str]) -> None:
    assert text.pieces == pieces


def test_cutting_loses_nothing() -> None:
    text = "naïve 🐍 text\nof two lines"

    assert all("".join(cut(text, size)) == text for size in (None, 1, 3, 100))
