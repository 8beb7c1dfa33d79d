"""Reading a rules file: the calls in it, with their arguments as they are written.

The files are Starlark. What is understood is calls whose arguments are strings and lists, which
Python writes the same way, so Python's own parser reads them; nothing is ever executed. Where the
two languages differ (strings side by side, odd escapes), the file is refused rather than guessed.
What the calls mean is the business of `parsing`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from codex_rpc.errors import ConfigFileError

if TYPE_CHECKING:
    import ast

Value = str | Sequence["Value"]

_STRING = re.compile(r"(?P<prefix>\w*)(?:'''|\"\"\"|'|\")(?P<body>.*)", re.DOTALL)
_ODD_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\[^\n\\'\"abfnrtvx0-7uU]")


class Call(Struct, frozen=True):
    """One call in a rules file; `line` and `column` count from 1."""

    name: str
    line: int
    column: int
    positional: Sequence[Value] = ()
    named: Mapping[str, Value] = field(default_factory=dict[str, Value])


def read_calls(file: Path, text: str) -> list[Call]:
    """The calls in `text`, which was read from `file`, in order.

    Raises:
        ConfigFileError: if there is anything else in it.
    """
    import ast

    _check_strings(file, text)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise _wrong(file, error.lineno or 1, error.offset or 1, error.msg) from None
    except (ValueError, RecursionError, MemoryError):
        raise _wrong(file, 1, 1, "not to be parsed") from None
    return list(_calls(file, tree))


def _check_strings(file: Path, text: str) -> None:
    """Refuse strings that Python and Starlark read differently."""
    import io
    import tokenize

    ignored = (tokenize.NL, tokenize.COMMENT)
    before = tokenize.NEWLINE
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in ignored:
                continue
            line, column = token.start[0], token.start[1] + 1
            if token.type == tokenize.STRING:
                if before == tokenize.STRING:
                    raise _wrong(file, line, column, "no comma between two strings")
                _check_string(file, line, column, token.string)
            before = token.type
    except tokenize.TokenError as error:
        message, (line, column) = error.args
        raise _wrong(file, line, column + 1, message) from None
    except SyntaxError as error:
        raise _wrong(file, error.lineno or 1, error.offset or 1, error.msg) from None
    except UnicodeEncodeError as error:  # half a surrogate pair, from Python 3.12 on
        line = text.count("\n", 0, text.index(error.object[error.start])) + 1
        raise _wrong(file, line, 1, "not to be parsed") from None


def _check_string(file: Path, line: int, column: int, source: str) -> None:
    found = _STRING.fullmatch(source)
    if found is None or found["prefix"] not in ("", "r"):
        raise _wrong(file, line, column, "a string of a kind that is not understood")
    if not found["prefix"] and _ODD_ESCAPE.search(found["body"]):
        raise _wrong(file, line, column, "an unknown escape in a string")


def _calls(file: Path, tree: "ast.Module") -> Iterator[Call]:
    import ast

    for statement in tree.body:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant(value=str())):
                continue
            case ast.Expr(value=ast.Call(func=ast.Name(id=name)) as call):
                yield Call(
                    name,
                    call.lineno,
                    call.col_offset + 1,
                    [_value(file, argument) for argument in call.args],
                    _named(file, call),
                )
            case _:
                raise _wrong(
                    file,
                    statement.lineno,
                    statement.col_offset + 1,
                    "only calls of prefix_rule, host_executable and network_rule are understood",
                )


def _named(file: Path, call: "ast.Call") -> dict[str, Value]:
    named: dict[str, Value] = {}
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg in named:
            problem = "no named argument" if keyword.arg is None else f"`{keyword.arg}` twice"
            raise _wrong(file, keyword.lineno, keyword.col_offset + 1, problem)
        named[keyword.arg] = _value(file, keyword.value)
    return named


def _value(file: Path, node: "ast.expr") -> Value:
    import ast

    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.List(elts=entries):
            return [_value(file, entry) for entry in entries]
        case _:
            problem = "only strings and lists of strings are understood here"
            raise _wrong(file, node.lineno, node.col_offset + 1, problem)


def _wrong(file: Path, line: int, column: int, reason: str) -> ConfigFileError:
    return ConfigFileError(file, line, column, reason)
