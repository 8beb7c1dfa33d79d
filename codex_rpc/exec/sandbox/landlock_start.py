"""Started as a program of its own: gives up rights for good, then becomes the command.

`python -I -S landlock_start.py FILTER_FD [HIDDEN_FILE ...] -- [NAME=VALUE ...] -- COMMAND ...`

The descriptor has the filter on system calls; the variables are set for the command alone. Nothing
of the package is imported here, so that it starts quickly. If it fails before the command runs, it
says so on stderr and ends with exit code 126.
"""

import ctypes
import os
import struct
import sys

_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_ASK_VERSION = 1

_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_CHANGING_DIRECTORIES = 0b11_1111_1111 << 4  # from REMOVE_DIR up to REFER
_TRUNCATE = 1 << 14
_DEVICE_CONTROL = 1 << 15
_ALL_SCOPES = 0b11  # abstract unix sockets and signals of processes outside

_HARMLESS_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty")

_libc = ctypes.CDLL(None, use_errno=True)


def _restrict(hidden: list[str]) -> None:
    """Forbid writing anything but harmless devices, and reading the hidden files."""
    version = _checked(_create_ruleset(None, 0, _ASK_VERSION))
    control = _DEVICE_CONTROL if version >= 5 else 0
    handled = _WRITE_FILE | _CHANGING_DIRECTORIES | _TRUNCATE | control
    if hidden:
        handled |= _READ_FILE
    scopes = _ALL_SCOPES if version >= 6 else 0
    size = 24 if version >= 6 else 8
    rules = _checked(_create_ruleset(struct.pack("=QQQ", handled, 0, scopes), size, 0))
    for device in _HARMLESS_DEVICES:
        _allow(rules, device, _WRITE_FILE | control)
    if hidden:
        _allow_reading(rules, "/", set(hidden))
    _checked(_libc.syscall(_RESTRICT_SELF, rules, ctypes.c_uint32(0)))
    os.close(rules)


def _allow_reading(rules: int, directory: str, hidden: set[str]) -> None:
    """Everything in it but the hidden: a rule cannot take back what one above it has given."""
    for path in _entries(directory, hidden):
        inside = {each for each in hidden if each.startswith(f"{path}/")}
        if inside:
            _allow_reading(rules, path, inside)
        elif path not in hidden:
            _allow(rules, path, _READ_FILE)


def _entries(directory: str, hidden: set[str]) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(directory)]
    except PermissionError:  # nobody but those who know the names get at what is in there
        depth = len(directory.rstrip("/").split("/")) + 1
        return ["/".join(path.split("/")[:depth]) for path in hidden]
    except OSError:
        return []


def _create_ruleset(attributes: bytes | None, size: int, flags: int) -> int:
    return _libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(flags))


def _allow(rules: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = struct.pack("=Qi", access, place)
        _checked(_libc.syscall(_ADD_RULE, rules, _RULE_PATH_BENEATH, rule, ctypes.c_uint32(0)))
    finally:
        os.close(place)


def _drop_capabilities() -> None:
    capability = 0
    while _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    _checked(_libc.capset(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), bytes(24)))


def _filter_calls(program: bytes) -> None:
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0))


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def main(arguments: list[str]) -> None:
    """Become the command; returns only by raising `OSError`."""
    with os.fdopen(int(arguments[0]), "rb") as file:
        program = file.read()
    first = arguments.index("--")
    second = arguments.index("--", first + 1)
    variables = dict(setting.split("=", 1) for setting in arguments[first + 1 : second])
    command = arguments[second + 1 :]
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _drop_capabilities()
    _restrict(arguments[1:first])
    _filter_calls(program)
    os.execvpe(command[0], command, {**os.environ, **variables})


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.stderr.write(f"the command cannot be started in its sandbox: {error}\n")
        sys.exit(126)
