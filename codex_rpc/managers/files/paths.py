"""Paths as clients write them."""

import os
from pathlib import Path

from codex_rpc.errors import InvalidParamsError, RelativePathError


def absolute_path(name: str, *where: str | int) -> Path:
    """The absolute path that is meant by `name`, without `.`, `..` and double slashes.

    `where` is the parameter it comes from. A link before a `..` is not looked at.

    Raises:
        RelativePathError: if it is relative.
        InvalidParamsError: if no file can have such a name.
    """
    if not name.startswith(os.sep):
        raise RelativePathError(*where)
    if "\0" in name:
        raise InvalidParamsError("file name contained an unexpected NUL byte", path=where)
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        raise InvalidParamsError("file name is no valid text", path=where) from None
    return Path(os.sep + os.path.normpath(name).lstrip(os.sep))
