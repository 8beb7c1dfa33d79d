"""The filter's verdicts, from a BPF machine of the test's own: the real one can only be asked once.

That the kernel takes it, and what it means for real programs, is shown by the sandboxes' tests.
"""

import errno
import struct
from collections.abc import Sequence

import pytest

from codex_rpc.exec.sandbox.seccomp import FilterRules, Reach, seccomp_program
from codex_rpc.exec.sandbox.syscalls import MACHINES, NUMBERS

KILLED = -1
ALLOWED = 0

machines = pytest.mark.parametrize("machine", MACHINES)

UNIX, INET, INET6, NETLINK, PACKET = 1, 2, 10, 16, 17
STREAM, DGRAM, RAW, SEQPACKET, CLOEXEC = 1, 2, 3, 5, 0o2000000


def verdict(
    machine: str, rules: FilterRules, call: str | int, *arguments: int, arch: int | None = None
) -> int:
    """The error the call gets, or that it is allowed, or kills."""
    which = MACHINES[machine]
    number = which.number(call) if isinstance(call, str) else call
    assert number is not None
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, which.audit_arch if arch is None else arch, 0, *padded)
    program = list(struct.iter_unpack("=HBBI", seccomp_program(which, rules)))
    result = _run(program, data)
    if result >> 16 == 0x8000:
        return KILLED
    return result & 0xFFFF if result >> 16 == 0x0005 else ALLOWED


def _run(program: Sequence[tuple[int, int, int, int]], data: bytes) -> int:
    accumulator = at = 0
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, operand)
            case 0x54:
                accumulator &= operand
            case 0x15 | 0x35 | 0x45:
                tests = {0x15: accumulator == operand, 0x35: accumulator >= operand}
                at += if_true if tests.get(code, bool(accumulator & operand)) else if_false
            case 0x06:
                return operand
            case _:
                raise AssertionError(code)


@machines
@pytest.mark.parametrize("reach", ["open", "loopback", "closed"])
def test_no_filter_lets_a_command_get_namespaces_mounts_or_other_processes(
    machine: str, reach: Reach
) -> None:
    rules = FilterRules(reach)
    for call in ("mount", "setns", "ptrace", "keyctl", "io_uring_setup", "process_vm_readv"):
        assert verdict(machine, rules, call) == errno.EPERM
    assert verdict(machine, rules, "clone3") == errno.ENOSYS
    for namespace in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert verdict(machine, rules, "clone", namespace | 17) == errno.EPERM
        assert verdict(machine, rules, "unshare", namespace) == errno.EPERM
    assert verdict(machine, rules, "unshare", 0x80) == errno.EPERM


@machines
def test_threads_and_forks_are_allowed(machine: str) -> None:
    rules = FilterRules("closed", exposed=True)
    assert verdict(machine, rules, "clone", 0x3D0F00) == ALLOWED
    assert verdict(machine, rules, "clone", 0x1200011) == ALLOWED
    assert verdict(machine, rules, "unshare", 0x400) == ALLOWED


@machines
def test_terminals_cannot_be_typed_into_whatever_the_spare_bits(machine: str) -> None:
    rules = FilterRules("open")
    assert verdict(machine, rules, "ioctl", 0, 0x5412) == errno.EPERM
    assert verdict(machine, rules, "ioctl", 0, 0xFFFFFFFF_00005412) == errno.EPERM
    assert verdict(machine, rules, "ioctl", 0, 0x541C) == errno.EPERM
    assert verdict(machine, rules, "ioctl", 0, 0x5413) == ALLOWED


@machines
def test_an_own_loopback_leaves_the_internet_families_and_no_unix_socket(machine: str) -> None:
    rules = FilterRules("loopback")
    assert verdict(machine, rules, "socket", INET, STREAM) == ALLOWED
    assert verdict(machine, rules, "socket", INET6, DGRAM) == ALLOWED
    assert verdict(machine, rules, "socket", NETLINK, RAW, 0) == ALLOWED
    assert verdict(machine, rules, "socket", NETLINK, RAW, 9) == errno.EPERM
    assert verdict(machine, rules, "socket", UNIX, STREAM) == errno.EPERM
    assert verdict(machine, rules, "socket", PACKET, RAW) == errno.EPERM
    assert verdict(machine, rules, "connect", 3) == ALLOWED


@machines
@pytest.mark.parametrize("reach", ["loopback", "closed"])
def test_pairs_of_unix_sockets_are_allowed_unless_they_can_send_to_others(
    machine: str, reach: Reach
) -> None:
    rules = FilterRules(reach)
    assert verdict(machine, rules, "socketpair", UNIX, STREAM | CLOEXEC) == ALLOWED
    assert verdict(machine, rules, "socketpair", UNIX, SEQPACKET) == ALLOWED
    assert verdict(machine, rules, "socketpair", UNIX, DGRAM) == errno.EPERM
    assert verdict(machine, rules, "socketpair", UNIX, RAW | CLOEXEC) == errno.EPERM


@machines
def test_a_closed_network_has_neither_connections_nor_addresses(machine: str) -> None:
    rules = FilterRules("closed")
    for call in ("connect", "bind", "listen", "accept", "accept4", "sendmmsg"):
        assert verdict(machine, rules, call) == errno.EPERM
    assert verdict(machine, rules, "socket", INET, STREAM) == errno.EPERM
    assert verdict(machine, rules, "sendto", 3, 1, 1, 0, 0x1000) == errno.EPERM
    assert verdict(machine, rules, "sendto", 3, 1, 1, 0, 0x1_0000_0000) == errno.EPERM
    assert verdict(machine, rules, "sendto", 3, 1, 1, 0, 0) == ALLOWED


@machines
def test_an_open_network_is_not_filtered(machine: str) -> None:
    rules = FilterRules("open")
    assert verdict(machine, rules, "connect") == ALLOWED
    assert verdict(machine, rules, "socket", UNIX, DGRAM) == ALLOWED


@machines
def test_an_exposed_command_changes_no_metadata_and_no_other_process(machine: str) -> None:
    exposed, mounted = FilterRules("closed", exposed=True), FilterRules("closed")
    for call in ("fchmodat", "fchownat", "utimensat", "setxattr", "setpriority"):
        assert verdict(machine, exposed, call) == errno.EPERM
        assert verdict(machine, mounted, call) == ALLOWED
    assert verdict(machine, exposed, "prlimit64", 123) == errno.EPERM
    assert verdict(machine, exposed, "prlimit64", 0) == ALLOWED
    assert verdict(machine, exposed, "ioctl", 0, 0x40086602) == errno.EPERM


@machines
def test_calls_of_another_machine_kill(machine: str) -> None:
    assert verdict(machine, FilterRules("open"), 1, arch=0x40000003) == KILLED


def test_the_second_table_of_calls_does_not_exist() -> None:
    assert verdict("x86_64", FilterRules("open"), 0x40000000 + 39) == errno.ENOSYS


@machines
def test_everything_else_is_allowed(machine: str) -> None:
    known = {numbers[MACHINES[machine].column] for numbers in NUMBERS.values()}
    rules = FilterRules("closed", exposed=True)
    assert all(verdict(machine, rules, call) == ALLOWED for call in range(460) if call not in known)
