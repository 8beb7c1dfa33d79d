"""Names under which models may call tools that are not ours."""

import hashlib
import re

McpToolKey = tuple[str, str]
"""A server, and its name for one of its tools."""

MAX_LENGTH = 64
"""What providers take."""

_KEPT = 24
_UNFIT = re.compile(r"[^A-Za-z0-9_-]")


def flat_name(namespace: str, name: str) -> str:
    """One name for a tool in a namespace: letters, digits, `_` and `-`, and not too long.

    What is too long is cut and told apart by its hash.
    """
    raw = f"{namespace}__{name}"
    fit = _UNFIT.sub("_", raw)
    if len(fit) <= MAX_LENGTH:
        return fit
    return fit[:_KEPT] + hashlib.sha1(raw.encode(), usedforsecurity=False).hexdigest()
