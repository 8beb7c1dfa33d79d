"""The arguments for `bwrap` that put a territory into effect."""

import os
from collections.abc import Iterator, Mapping

from codex_rpc.exec.sandbox.own_secrets import is_secret, secret_files
from codex_rpc.exec.sandbox.territory import Access, by_depth

_NOTHING = "/dev/null"


def mounts(
    access: Mapping[str, Access], *, own_proc: bool, own_home: str | None = None
) -> Iterator[str]:
    """The root first, then the kernel's views, then everything by depth."""
    everything = access.get("/") == "writable"
    yield from ("--bind" if everything else "--ro-bind", "/", "/")
    if everything:
        yield from ("--ro-bind", "/sys", "/sys")
    yield from ("--dev", "/dev")
    if own_proc:
        # The kernel asks who writes its settings, not with which capabilities: root could.
        yield from ("--proc", "/proc", "--remount-ro", "/proc")
    else:
        yield from ("--ro-bind", "/proc", "/proc")
    for path in by_depth(access):
        match access[path]:
            case "private":
                yield from _without_secrets(path)
            case _ if path == "/":
                continue
            case "writable":
                yield from ("--bind", path, path)
            case "read-only":
                yield from ("--ro-bind", path, path)
    if own_home is not None:
        yield from _covered_secrets(own_home, access)


def _without_secrets(home: str) -> Iterator[str]:
    """Our own directory made anew without them.

    A file that is only covered comes into view again when another one is renamed in its place,
    which is how logins are written. Sockets are left out too: one may be the server's own.
    """
    yield from ("--tmpfs", home)
    for entry in sorted(os.scandir(home), key=lambda entry: entry.name):
        if is_secret(entry.name):
            continue
        if entry.is_symlink():
            yield from ("--symlink", os.readlink(entry.path), entry.path)  # noqa: PTH115
        elif entry.is_dir() or entry.is_file():
            yield from ("--ro-bind", entry.path, entry.path)
    yield from ("--remount-ro", home)


def _covered_secrets(home: str, access: Mapping[str, Access]) -> Iterator[str]:
    """Those that are seen all the same: the home is a writable root, or a link leads elsewhere."""
    for path, real in secret_files(home):
        if real != path or access.get(home) != "private":
            yield from ("--ro-bind", _NOTHING, real)
