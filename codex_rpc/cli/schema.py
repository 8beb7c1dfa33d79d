"""Writes the contract to disk: the committed `schema/`, and what clients ask to be generated.

What is written is made in `codex_rpc.protocol`; parsing the command line is `cli.main`'s work.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codex_rpc.errors import InvalidRequestError

TYPESCRIPT_NAME = "codex-rpc.ts"


def write_schema(out: Path) -> None:
    """Write what is committed as `schema/`: the JSON Schema, the TypeScript types, the README.

    Raises:
        InvalidRequestError: if `out` is in the way, or cannot be written to.
    """
    from codex_rpc.protocol.schema import BUNDLE_NAME, json_schema_bundle
    from codex_rpc.protocol.schema_readme import readme_of
    from codex_rpc.protocol.typescript import typescript_of

    bundle = json_schema_bundle(experimental=True)
    files = {
        BUNDLE_NAME: _json_text(bundle),
        TYPESCRIPT_NAME: typescript_of(bundle),
        "README.md": readme_of(bundle),
    }
    _write_all(out, files)


def write_json_schema(out: Path, *, experimental: bool) -> None:
    """Write one self-contained JSON Schema per type into `out`, and the bundle of all.

    Raises:
        InvalidRequestError: if `out` is in the way, or cannot be written to.
    """
    from codex_rpc.protocol.schema import per_method_files

    files = per_method_files(experimental=experimental)
    _write_all(out, {name: _json_text(schema) for name, schema in files.items()})


def write_typescript(out: Path, *, experimental: bool) -> None:
    """Write the TypeScript types into `out`, as one file.

    Raises:
        InvalidRequestError: if `out` is in the way, or cannot be written to.
    """
    from codex_rpc.protocol.schema import json_schema_bundle
    from codex_rpc.protocol.typescript import typescript_of

    bundle = json_schema_bundle(experimental=experimental)
    _write_all(out, {TYPESCRIPT_NAME: typescript_of(bundle)})


def _json_text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _write_all(out: Path, files: Mapping[str, str]) -> None:
    if out.exists() and not out.is_dir():
        raise InvalidRequestError(f"not a directory: {out}")
    try:
        for name, text in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InvalidRequestError(f"cannot write to {out}: {error.strerror or error}") from error
