"""The filter on system calls: a BPF program as the kernel and `bwrap --seccomp` take it.

It closes what mounts and namespaces leave open: unix sockets that lie on the disk, ways to get
namespaces, mounts and keys of one's own, looking into other processes, typing into terminals.
Linux on the machines of `syscalls` only.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Final, Literal, assert_never

from msgspec import Struct

from codex_rpc.exec.sandbox.syscalls import Machine

Reach = Literal["open", "loopback", "closed"]
"""How far sockets reach.

- `open`: as far as the network the command runs in.
- `loopback`: that network is the command's own and has nothing but a loopback, so sockets of the
  internet families stay (tests start local servers); only unix sockets lead out, and they go.
- `closed`: the command sees the machine's network, so no socket but a connected pair of unix
  sockets may be had.
"""

_FORBIDDEN: Final = (
    *("acct", "add_key", "bpf", "clock_settime", "delete_module", "finit_module", "init_module"),
    *("io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp"),
    *("kexec_file_load", "kexec_load", "keyctl", "open_by_handle_at", "perf_event_open"),
    *("pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace"),
    *("quotactl", "quotactl_fd", "reboot", "request_key", "setdomainname", "sethostname", "setns"),
    *("settimeofday", "swapoff", "swapon", "userfaultfd"),
    *("chroot", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount"),
    *("open_tree", "open_tree_attr", "pivot_root", "umount2"),
)
_SOCKET_CALLS: Final = ("accept", "accept4", "bind", "connect", "listen", "sendmmsg")
_METADATA: Final = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "fchownat", "lchown"),
    *("futimesat", "utime", "utimensat", "utimes", "file_setattr"),
    *("fremovexattr", "fsetxattr", "lremovexattr", "lsetxattr", "removexattr", "removexattrat"),
    *("setxattr", "setxattrat"),
)
_PRIORITIES: Final = ("ioprio_set", "setpriority")
_ABOUT_A_PROCESS: Final = (
    *("migrate_pages", "move_pages", "prlimit64"),
    *("sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler"),
)
"""Their first argument is a process, or 0 for the caller."""

_NEW_NAMESPACES: Final = 0x7E02_0000
"""The flags of `clone` that ask for a new namespace of any kind."""
_NEW_TIME_NAMESPACE: Final = 0x80
"""Only `unshare` has this one; for `clone` the bit belongs to the signal."""

_TYPING_INTO_TERMINALS: Final = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_CHANGING_ATTRIBUTES: Final = (0x4008_6602, 0x401C_5820)  # FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR

_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_NETLINK_ROUTE: Final = 0
_TYPE_BITS: Final = 0xF
_CONNECTED_TYPES: Final = (1, 5)
"""Streams and sequenced packets. A datagram socket can send to any other, even one of a pair."""

_ALLOW: Final = 0x7FFF_0000
_KILL: Final = 0x8000_0000
_EPERM: Final = 0x0005_0001
_ENOSYS: Final = 0x0005_0026

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16

_Instruction = tuple[int, int, int, int]
"""Code, how far to jump if true, how far if false, operand."""


class FilterRules(Struct, frozen=True):
    """What a filter is to do beyond what every filter does."""

    reach: Reach
    exposed: bool = False
    """The command has neither files nor processes of its own: refuse to change modes, owners, times
    and attributes of any file, and limits and priorities of any other process."""


def seccomp_program(machine: Machine, rules: FilterRules) -> bytes:
    """The filter as an array of the kernel's `struct sock_filter`."""
    program = [*_prologue(machine)]
    for call in _forbidden(rules):
        program += _on(machine, call, [_give(_EPERM)])
    # It takes its flags from memory, which no filter can read; callers fall back on `clone`.
    program += _on(machine, "clone3", [_give(_ENOSYS)])
    program += _on(machine, "clone", _unless_any_bit(0, _NEW_NAMESPACES))
    program += _on(machine, "unshare", _unless_any_bit(0, _NEW_NAMESPACES | _NEW_TIME_NAMESPACE))
    controls = _TYPING_INTO_TERMINALS + (_CHANGING_ATTRIBUTES if rules.exposed else ())
    program += _on(machine, "ioctl", _unless_equal(1, controls))
    for call in _ABOUT_A_PROCESS if rules.exposed else ():
        program += _on(machine, call, [_load(0), *_only_if(0)])
    for call, body in _socket_rules(rules.reach):
        program += _on(machine, call, body)
    program.append(_give(_ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _forbidden(rules: FilterRules) -> Iterable[str]:
    yield from _FORBIDDEN
    if rules.reach == "closed":
        yield from _SOCKET_CALLS
    if rules.exposed:
        yield from _METADATA
        yield from _PRIORITIES


def _socket_rules(reach: Reach) -> list[tuple[str, list[_Instruction]]]:
    match reach:
        case "open":
            return []
        case "loopback":
            return [("socket", _internet_or_routes()), ("socketpair", _connected_unix())]
        case "closed":
            return [
                ("socket", _connected_unix()),
                ("socketpair", _connected_unix()),
                ("sendto", _without_address()),
            ]
        case _:
            assert_never(reach)


def _internet_or_routes() -> list[_Instruction]:
    """Sockets that reach only this network: the internet's, and asking about interfaces."""
    routes = [_load(2), *_only_if(_NETLINK_ROUTE)]
    return [
        _load(0),
        *_allow_if(_AF_INET),
        *_allow_if(_AF_INET6),
        (_EQUAL, 0, len(routes), _AF_NETLINK),
        *routes,
        _give(_EPERM),
    ]


def _connected_unix() -> list[_Instruction]:
    """Unix sockets that can talk to nobody unless connected."""
    return [
        _load(0),
        (_EQUAL, 1, 0, _AF_UNIX),
        _give(_EPERM),
        _load(1),
        (_AND, 0, 0, _TYPE_BITS),
        *(part for kind in _CONNECTED_TYPES for part in _allow_if(kind)),
        _give(_EPERM),
    ]


def _without_address() -> list[_Instruction]:
    """Sending to whom the socket is connected with: that is what `send` does."""
    return [_load(4), (_EQUAL, 1, 0, 0), _give(_EPERM), _load(4, upper=True), *_only_if(0)]


def _prologue(machine: Machine) -> Iterable[_Instruction]:
    """Programs for another machine have other numbers: they end here."""
    yield (_LOAD, 0, 0, _ARCH_AT)
    yield (_EQUAL, 1, 0, machine.audit_arch)
    yield _give(_KILL)
    yield (_LOAD, 0, 0, _NUMBER_AT)
    if machine.x32_bit is not None:
        yield (_AT_LEAST, 0, 1, machine.x32_bit)
        yield _give(_ENOSYS)


def _on(machine: Machine, call: str, body: Sequence[_Instruction]) -> list[_Instruction]:
    """Do this for that call. The body must return: it may have loaded something else."""
    number = machine.number(call)
    return [] if number is None else [(_EQUAL, 0, len(body), number), *body]


def _unless_any_bit(argument: int, bits: int) -> list[_Instruction]:
    return [_load(argument), (_ANY_BIT, 0, 1, bits), _give(_EPERM), _give(_ALLOW)]


def _unless_equal(argument: int, values: Iterable[int]) -> list[_Instruction]:
    refusals = [part for value in values for part in ((_EQUAL, 0, 1, value), _give(_EPERM))]
    return [_load(argument), *refusals, _give(_ALLOW)]


def _allow_if(value: int) -> list[_Instruction]:
    return [(_EQUAL, 0, 1, value), _give(_ALLOW)]


def _only_if(value: int) -> list[_Instruction]:
    return [*_allow_if(value), _give(_EPERM)]


def _load(argument: int, *, upper: bool = False) -> _Instruction:
    """The lower half of an argument, which is all that the kernel looks at in an `int`."""
    return (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument + (4 if upper else 0))


def _give(verdict: int) -> _Instruction:
    return (_RETURN, 0, 0, verdict)
