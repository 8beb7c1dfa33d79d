"""Our credentials are not to be read off the process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")

PROGRAM = """
import os, subprocess, sys
from codex_rpc.exec.own_secrets import hide_own_secrets
hide_own_secrets()
hide_own_secrets()
print(os.environ["OPENAI_API_KEY"], os.environ["MY_PROVIDER_KEY"], os.environ["OTHER"], flush=True)
subprocess.run(["cat", f"/proc/{os.getpid()}/environ"])
"""


def test_secrets_are_in_os_environ_and_nowhere_else(tmp_path: Path) -> None:
    secrets = {"OPENAI_API_KEY": "sk-secret", "MY_PROVIDER_KEY": "my=secret", "OTHER": "told"}
    places = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"A": "first", **secrets, **places, "Z": "last"},
        capture_output=True,
        timeout=20,
        check=True,
    )

    own, _, seen = done.stdout.partition(b"\n")
    assert own == b"sk-secret my=secret told"
    # Only root sees anything at all.
    assert b"secret" not in seen
    if os.getuid() == 0:
        entries = set(seen.split(b"\0"))
        assert entries >= {b"A=first", b"OTHER=told", b"OPENAI_API_KEY=", b"Z=last"}
