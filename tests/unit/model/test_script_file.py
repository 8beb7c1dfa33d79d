from pathlib import Path

import pytest

from codex_rpc.errors import ScriptError
from codex_rpc.model.script_file import read_script


def complaint(folder: Path, content: bytes) -> str:
    path = folder / "s.jsonl"
    path.write_bytes(content)
    with pytest.raises(ScriptError) as caught:
        read_script(path)
    return str(caught.value).removeprefix(f"model script {path}, ")


def test_blank_lines_crlf_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"output": []}\r\n\r\n{"output": [], "when": "x"}\n')
    assert [step.when for step in read_script(path)] == [None, "x"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptError) as caught:
        read_script(tmp_path / "absent.jsonl")
    assert str(caught.value) == (
        f"cannot read the model script {tmp_path / 'absent.jsonl'}: No such file or directory"
    )


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"output": [}', "not JSON: expected value at line 1 column 13"),
        ("{}", "output: is missing"),
        ('{"output": [], "wen": "x"}', "wen: is not a field of the format"),
        ('{"output": [{"text": "x"}]}', "output[0]: its `type` is missing"),
        ('{"output": [{"type": "wait", "ms": "3"}]}', "output[0].ms: should be a valid integer"),
        (
            '{"output": [{"type": "cut"}, {"type": "text", "text": "x", "chunkSize": 0}]}',
            "output[1].chunkSize: should be greater than 0",
        ),
        (
            '{"output": [{"type": "text"}]}',
            "output[0]: exactly one of `text` and `chunks` is needed",
        ),
    ],
)
def test_the_line_and_the_field_at_fault_are_named(tmp_path: Path, line: str, fault: str) -> None:
    text = complaint(tmp_path, b'{"output": []}\n\n' + line.encode())
    assert text == f"line 3: {fault}"


def test_an_unknown_kind_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    text = complaint(tmp_path, b'{"output": [{"type": "sing"}]}')
    assert text.startswith("line 1: output[0]: unknown type `sing`, expected one of text, reason")


def test_bytes_that_are_no_text_are_a_fault_of_their_line(tmp_path: Path) -> None:
    assert complaint(tmp_path, b"\xff\xfe").startswith("line 1: not JSON: ")
