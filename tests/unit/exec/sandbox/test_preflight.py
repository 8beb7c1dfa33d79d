"""What is found on this machine, and what is said where something is missing."""

import os
import sys
from pathlib import Path

import pytest

from codex_rpc.errors import SandboxError
from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.exec.sandbox.landlock import LandlockSandbox, landlock_version
from codex_rpc.exec.sandbox.port import Confinement
from codex_rpc.exec.sandbox.preflight import detect_sandbox
from codex_rpc.exec.sandbox.syscalls import MACHINES
from codex_rpc.protocol.policies import WorkspaceWritePolicy

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is looked for is Linux's")


def test_a_sandbox_that_works_has_nothing_to_explain_or_says_what_is_missing() -> None:
    sandbox = detect_sandbox(os.environ)
    assert sandbox.enforcement == "bubblewrap" or sandbox.reason is not None


def test_what_does_not_hold_commands_is_not_taken_for_a_sandbox(tmp_path: Path) -> None:
    """A `bwrap` that runs the command without holding it must not count as one."""
    pretender = tmp_path / "bwrap"
    pretender.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    pretender.chmod(0o755)
    sandbox = detect_sandbox({"PATH": str(tmp_path)}, trusted=())
    assert sandbox.enforcement in ("landlock", "none")
    assert sandbox.reason is not None
    assert sandbox.reason.startswith("bubblewrap does not work here: a command got")


def test_without_bubblewrap_the_reason_says_so() -> None:
    sandbox = detect_sandbox({"PATH": "relative:/nowhere"}, trusted=())
    assert sandbox.enforcement in ("landlock", "none")
    assert sandbox.reason is not None
    assert sandbox.reason.startswith("bubblewrap (`bwrap`) is not installed")


@pytest.mark.skipif(landlock_version() == 0, reason="no Landlock here")
def test_landlock_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    sandbox = LandlockSandbox(MACHINES["x86_64"])
    with pytest.raises(SandboxError, match="read-only"):
        sandbox.confine(
            ProcessSpec(["true"], tmp_path, {}),
            Confinement(WorkspaceWritePolicy(), tmp_path, None),
        )
