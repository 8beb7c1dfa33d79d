"""The profile for macOS, as text: nothing here runs it."""

from pathlib import Path

from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.exec.sandbox.port import Confinement
from codex_rpc.exec.sandbox.seatbelt import SeatbeltSandbox, seatbelt_profile
from codex_rpc.exec.sandbox.territory import Territory
from codex_rpc.protocol.policies import ReadOnlyPolicy


def rules_of(profile: str) -> list[str]:
    """Those about particular places, in their order."""
    return [line for line in profile.splitlines() if "subpath" in line or 'literal "/w' in line]


def test_deeper_rules_come_later() -> None:
    territory = Territory({"/w/.git/r": "writable", "/w": "writable", "/w/.git": "read-only"}, ())
    assert rules_of(seatbelt_profile(territory, None, network=False)) == [
        '(allow file-write* (subpath "/w"))',
        '(deny file-write* (subpath "/w/.git"))',
        '(allow file-write* (subpath "/w/.git/r"))',
        '(deny file-write-unlink (literal "/w"))',
        '(deny file-write-unlink (literal "/w/.git/r"))',
    ]


def test_missing_names_cannot_be_made() -> None:
    profile = seatbelt_profile(Territory({"/w": "writable"}, ("/w/.codex",)), None, network=False)
    assert '(deny file-write* (subpath "/w/.codex"))' in profile


def test_paths_cannot_break_out_of_their_quotes() -> None:
    profile = seatbelt_profile(
        Territory({'/w") (allow default) ("\\': "writable"}, ()), None, network=False
    )
    assert '(subpath "/w\\") (allow default) (\\"\\\\")' in profile


def test_only_an_open_network_is_allowed() -> None:
    nothing = Territory({}, ())
    assert "network" not in seatbelt_profile(nothing, None, network=False)
    assert "(allow network*)" in seatbelt_profile(nothing, None, network=True)


def test_our_login_is_hidden() -> None:
    profile = seatbelt_profile(Territory({}, ()), "/h", network=False)
    assert '(deny file-read* file-write* (prefix "/h/auth.json"))' in profile


def test_the_command_is_told_what_holds_it(tmp_path: Path) -> None:
    spec = ProcessSpec(["ls", "-l"], tmp_path, {"A": "b"})
    confined = SeatbeltSandbox().confine(spec, Confinement(ReadOnlyPolicy(), tmp_path, None))
    assert confined.argv[:2] == ["/usr/bin/sandbox-exec", "-p"]
    assert confined.argv[3:] == ["--", "ls", "-l"]
    assert confined.env == {
        "A": "b",
        "CODEX_SANDBOX": "seatbelt",
        "CODEX_SANDBOX_NETWORK_DISABLED": "1",
    }
