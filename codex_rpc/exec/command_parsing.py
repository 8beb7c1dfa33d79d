"""What simple commands a command line consists of.

Two readings of a shell script: an exact one, which gives up at anything that is not certain
(`plain_commands`), for decisions that allow; and a complete one, which finds every command in any
script as well as it can (`all_commands`), for decisions that forbid. Scripts for zsh and sh are
read as bash. What the commands mean is the business of `command_safety` and `command_actions`.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from codex_rpc.exec.shell import shell_kind

if TYPE_CHECKING:
    from tree_sitter import Node

_GROUPS = frozenset({"program", "list", "pipeline"})
_JOINTS = frozenset({"&&", "||", ";", "|", "\n"})
_ARGUMENTS = frozenset(
    {"command_name", "word", "number", "string", "raw_string", "concatenation"}
    | {"simple_expansion", "expansion", "command_substitution", "ansi_c_string"}
)
_HEREDOC = ["<<", "heredoc_start", "heredoc_body", "heredoc_end"]
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_IN_QUOTES = re.compile(r'\\([$`"\\\n])')
_SPECIAL = re.compile(r"[$`()<>|&;{}\\\"']")
_GLOB = re.compile(r"[*?\[]")
_UNCERTAIN = re.compile(r"[^\S \t\n]|[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
"""Characters that shells and our grammar may read differently, exotic spaces among them."""


class _NotPlainError(Exception):
    """The script has more in it than literal words."""


def script_of(argv: Sequence[str]) -> str | None:
    """The script of `<shell> -c <script>` or `<shell> -lc <script>`."""
    if len(argv) == 3 and argv[1] in ("-c", "-lc") and shell_kind(argv[0]):
        return argv[2]
    return None


def plain_commands(argv: Sequence[str], *, globs: bool = False) -> list[list[str]] | None:
    """The commands that `argv` runs, if exactly these and nothing else can be told from it.

    A script qualifies if it is made of literal words, quoted or not, joined by `&&`, `||`, `;`, `|`
    or line ends: no redirection, expansion, substitution, assignment or control structure. Globs
    disqualify it, because what they expand to may be taken for options; with `globs` they are
    returned as they are written, for display.
    """
    if not argv:
        return None
    script = script_of(argv)
    if script is None:
        return [list(argv)]
    if _UNCERTAIN.search(script):
        return None
    root = parse_script(script)
    if root.has_error:
        return None
    try:
        commands = [_plain_command(node, globs=globs) for node in _plain_nodes(root)]
    except _NotPlainError:
        return None
    return commands or None


def heredoc_command(argv: Sequence[str]) -> list[str] | None:
    """The one command of a script that does nothing but feed it lines as they are written.

    Like `python3 - <<'EOF'`: the words of the command are literal, and the lines are not expanded.
    What the command makes of the lines cannot be told from this.
    """
    script = script_of(argv)
    if script is None or _UNCERTAIN.search(script):
        return None
    root = parse_script(script)
    if root.has_error:
        return None
    match [node for node in root.children if node.type != "\n"]:
        case [statement] if statement.type == "redirected_statement":
            parts = statement.children
        case _:
            return None
    if [part.type for part in parts] != ["command", "heredoc_redirect"]:
        return None
    command, heredoc = parts
    if [part.type for part in heredoc.children] != _HEREDOC or heredoc.children[2].children:
        return None
    try:
        return _plain_command(command, globs=False)
    except _NotPlainError:
        return None


def all_commands(argv: Sequence[str]) -> list[list[str]]:
    """`argv` and every command found in scripts within, at any depth; unclear words as written."""
    commands = [list(argv)]
    for command in commands:
        script = _any_script(command)
        if script is not None:
            nodes = _nodes(parse_script(script))
            commands += [_rough_command(node) for node in nodes if node.type == "command"]
    return commands


def _any_script(command: Sequence[str]) -> str | None:
    match command:
        case ["eval", *words]:
            return " ".join(words)
        case [program, *arguments] if shell_kind(program):
            for option, script in pairwise(arguments):
                if re.fullmatch(r"-\w*c\w*", option):
                    return script
            return None
        case _:
            return None


def parse_script(script: str) -> "Node":
    """The syntax tree of a script, whatever is wrong with it."""
    from tree_sitter import Language, Parser
    from tree_sitter_bash import language

    return Parser(Language(language())).parse(script.encode(errors="replace")).root_node


def _nodes(root: "Node") -> Iterator["Node"]:
    """The tree in source order, without recursion: a script may nest deeper than Python."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(node.children))


def _plain_nodes(root: "Node") -> Iterator["Node"]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type in _GROUPS:
            pending.extend(reversed(node.children))
        elif node.type == "command":
            yield node
        elif node.is_named or node.type not in _JOINTS:
            raise _NotPlainError


def _plain_command(command: "Node", *, globs: bool) -> list[str]:
    return [_literal(child, globs=globs) for child in command.children]


def _rough_command(command: "Node") -> list[str]:
    words: list[str] = []
    for child in command.children:
        if child.type in _ARGUMENTS:
            try:
                words.append(_literal(child, globs=True))
            except _NotPlainError:
                words.append(_text(child))
    return words


def literal_word(node: "Node") -> str | None:
    """The word that the shell makes of the node, if that can be told."""
    try:
        return _literal(node, globs=False)
    except _NotPlainError:
        return None


def _literal(node: "Node", *, globs: bool) -> str:
    """The word that the shell makes of the node, if it makes always the same."""
    text = _text(node)
    match node.type:
        case "raw_string":
            return text[1:-1]
        case "string":
            return _unquoted_string(text[1:-1])
        case "concatenation" if text == "{}":
            return text
        case "-":
            return text
        case "command_name" | "concatenation":
            return "".join(_literal(child, globs=globs) for child in node.children)
        case "word" | "number":
            return _unquoted_word(text, globs=globs)
        case _:
            raise _NotPlainError


def _unquoted_string(body: str) -> str:
    if re.search(r"[$`]", _ESCAPED_IN_QUOTES.sub("", body)):
        raise _NotPlainError
    return _ESCAPED_IN_QUOTES.sub(lambda found: found[1].removeprefix("\n"), body)


def _unquoted_word(text: str, *, globs: bool) -> str:
    bare = _ESCAPED.sub("", text)
    if _SPECIAL.search(bare) or (not globs and _GLOB.search(bare)):
        raise _NotPlainError
    return _ESCAPED.sub(lambda found: found[1].removeprefix("\n"), text)


def _text(node: "Node") -> str:
    return (node.text or b"").decode()
