"""The code actions that are offered for diagnostics and selections. Pure."""

from collections.abc import Sequence

from lsprotocol import types

from codex_rpc.lsp.commands import EXPLAIN, FIX, WRITE_TEST

EXPLAIN_KIND = "source.explain"
TEST_KIND = "refactor.test"
KINDS: Sequence[types.CodeActionKind | str] = (
    types.CodeActionKind.QuickFix,
    EXPLAIN_KIND,
    TEST_KIND,
)

_MOST_FIXES = 10
_LONGEST_TITLE = 80


def code_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
    """What can be done about a place in a document."""
    problems = params.context.diagnostics
    uri = params.text_document.uri
    offered = [_fix(uri, problem) for problem in problems[:_MOST_FIXES]]
    if len(problems) > 1:
        offered.append(_fix_all(uri, params.range, problems))
    offered.append(_about(params, "Explain with the agent", EXPLAIN, EXPLAIN_KIND))
    if params.range.start != params.range.end:
        offered.append(_about(params, "Write a test with the agent", WRITE_TEST, TEST_KIND))
    only = params.context.only
    return [action for action in offered if only is None or _is_wanted(str(action.kind), only)]


def as_commands(actions: Sequence[types.CodeAction]) -> list[types.Command]:
    """The same for a client that knows no code actions, only commands."""
    return [action.command for action in actions if action.command is not None]


def _fix(uri: str, problem: types.Diagnostic) -> types.CodeAction:
    title = f"Fix with the agent: {' '.join(problem.message.split())}"
    if len(title) > _LONGEST_TITLE:
        title = f"{title[: _LONGEST_TITLE - 1]}…"
    return _action(title, types.CodeActionKind.QuickFix, FIX, uri, problem.range, [problem])


def _fix_all(
    uri: str, place: types.Range, problems: Sequence[types.Diagnostic]
) -> types.CodeAction:
    title = f"Fix all {len(problems)} problems here with the agent"
    return _action(title, types.CodeActionKind.QuickFix, FIX, uri, place, problems)


def _about(params: types.CodeActionParams, title: str, command: str, kind: str) -> types.CodeAction:
    problems = params.context.diagnostics if command == EXPLAIN else ()
    return _action(title, kind, command, params.text_document.uri, params.range, problems)


def _action(
    title: str,
    kind: types.CodeActionKind | str,
    command: str,
    uri: str,
    place: types.Range,
    problems: Sequence[types.Diagnostic],
) -> types.CodeAction:
    target = {"uri": uri, "range": place, "diagnostics": list(problems)}
    return types.CodeAction(
        title=title,
        kind=kind,
        diagnostics=list(problems) or None,
        command=types.Command(title=title, command=command, arguments=[target]),
    )


def _is_wanted(kind: str, only: Sequence[types.CodeActionKind | str]) -> bool:
    """Whether a kind is one of those, or a kind of one of those."""
    names = [str(getattr(each, "value", each)) for each in only]
    return any(not name or kind == name or kind.startswith(f"{name}.") for name in names)
