"""The committed contract is the one the models make."""

from pathlib import Path

import pytest

from codex_rpc.cli.schema import write_json_schema, write_schema, write_typescript
from codex_rpc.errors import InvalidRequestError

COMMITTED = Path(__file__).parents[3] / "schema"


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_the_committed_schema_is_up_to_date(tmp_path: Path) -> None:
    """If this fails, run `codex-rpc schema` and commit what changed."""
    write_schema(tmp_path)

    fresh, committed = contents(tmp_path), contents(COMMITTED)

    assert sorted(fresh) == sorted(committed)
    stale = [name for name, content in fresh.items() if committed[name] != content]
    assert stale == []


def test_missing_directories_are_made(tmp_path: Path) -> None:
    write_json_schema(tmp_path / "a" / "b", experimental=False)
    write_typescript(tmp_path / "c", experimental=False)

    assert (tmp_path / "a" / "b" / "v2" / "ThreadStartParams.json").is_file()
    assert (tmp_path / "c" / "codex-rpc.ts").is_file()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")

    with pytest.raises(InvalidRequestError, match=r"not a directory: .*taken"):
        write_schema(taken)
    with pytest.raises(InvalidRequestError, match=r"cannot write to .*taken"):
        write_typescript(taken / "below", experimental=True)

    assert taken.read_text() == "mine"
