"""What clients are told of exceptions."""

from codex_rpc.errors import EmptyParamError, ErrorKind
from codex_rpc.server.wire_errors import rpc_error


def test_a_refusal_has_its_words_its_kind_and_the_parameter() -> None:
    error = rpc_error(EmptyParamError("input"))
    assert (error.code, error.message) == (-32600, "input must not be empty")
    assert error.data == {"kind": ErrorKind.INVALID_PARAMS, "path": "input"}


def test_a_failure_of_the_disk_is_told_without_the_name_of_a_file() -> None:
    error = rpc_error(OSError(30, "Read-only file system", "/home/user/secret"))
    assert (error.code, error.message) == (-32603, "I/O error: Read-only file system")
    assert error.data == {"kind": ErrorKind.IO}


def test_nothing_of_our_own_faults_is_told() -> None:
    error = rpc_error(KeyError("secret"))
    assert (error.code, error.message) == (-32603, "Internal error")
    assert error.data == {"kind": ErrorKind.INTERNAL}
