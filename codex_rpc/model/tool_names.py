"""Names under which models call tools that are not ours. Pure."""

import re

LONGEST = 64
"""Characters of a name that every model takes."""

McpToolKey = tuple[str, str]
"""An MCP server, and its name for one of its tools."""

_KEPT = 24
_UNFIT = re.compile(r"[^A-Za-z0-9_-]")


def flat_name(namespace: str, name: str) -> str:
    """One name for a tool in a namespace: letters, digits, `_` and `-`, and not too long.

    What is too long is cut and told apart by its hash.
    """
    raw = f"{namespace}__{name}"
    fit = _UNFIT.sub("_", raw)
    return fit if len(fit) <= LONGEST else fit[:_KEPT] + sha1_of(raw)


def sha1_of(text: str) -> str:
    """The SHA-1 of a text, in 40 hexadecimal digits."""
    import hashlib  # loads a library that starting a server can do without

    data = text.encode(errors="surrogatepass")
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
