"""`codex-rpc threads` and `codex-rpc doctor` over real threads, on terminals and in pipes."""

import json
import os
import pty
import re
import subprocess

import pytest

from tests.e2e.server_process import (
    COMMAND,
    INITIALIZE,
    PATIENCE,
    Message,
    Place,
    lines_of,
    run_cli,
    run_command,
    say,
    thread_start,
    turn_submit,
)

UNKNOWN = "01990000-0000-7000-8000-000000000000"


def have_thread(place: Place, prompt: str, *responses: list[Message]) -> str:
    """Run a turn in a new thread; its id."""
    before = set(place.rollouts())
    place.play(*(responses or ([say("Done.")],)))
    done = run_cli(
        place, "exec", *place.arguments, "-s", "danger-full-access", "-a", "never",
        "-C", str(place.project), prompt,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = set(place.rollouts()) - before
    return path.stem[-36:]


def threads(place: Place, *arguments: str) -> str:
    """What the command prints; it must succeed."""
    done = run_cli(place, "threads", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def refused(place: Place, *arguments: str) -> tuple[int, str]:
    done = run_cli(place, "threads", *arguments)
    assert done.stdout == b""
    return done.returncode, done.stderr.decode()


def on_terminal(place: Place, *arguments: str, answer: str = "", **environ: str) -> tuple[int, str]:
    """Run the command on a terminal of 120 columns; its exit code and all it has written."""
    master, terminal = pty.openpty()
    size = {"COLUMNS": "120", "LINES": "40", "TERM": "xterm"}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**place.environ, **size, **environ},
        start_new_session=True,
    )
    os.close(terminal)
    os.write(master, answer.encode())
    seen = b""
    try:
        while chunk := os.read(master, 65536):
            seen += chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(master)
    return process.wait(PATIENCE), seen.decode()


# --- list and search ---------------------------------------------------------------------------


def test_threads_are_listed_the_latest_first_in_lines_with_tabs(place: Place) -> None:
    first = have_thread(place, "First words")
    second = have_thread(place, "Second\nwords")
    os.utime(next(path for path in place.rollouts() if first in path.name), (1, 1))
    rows = [line.split("\t") for line in threads(place, "list").splitlines()]
    assert [row[0] for row in rows] == [second, first]
    assert [row[3] for row in rows] == ["Second", "First words"]
    assert {row[2] for row in rows} == {str(place.project)}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", rows[0][1])


def test_a_list_fits_the_terminal_and_is_colored_there(place: Place) -> None:
    have_thread(place, "A very long question " * 20)
    code, seen = on_terminal(place, "threads", "list")
    assert code == 0
    assert "\x1b[" in seen
    plain = re.sub(r"\x1b\[\d+m", "", seen)
    assert [len(line) <= 120 for line in plain.splitlines()] == [True]
    assert "…" in plain
    _, colorless = on_terminal(place, "threads", "list", NO_COLOR="1")
    assert "\x1b[" not in colorless


def test_a_list_may_be_narrowed(place: Place) -> None:
    first = have_thread(place, "About apples")
    second = have_thread(place, "About pears")
    assert threads(place, "list", "--limit", "1").startswith(second)
    assert threads(place, "list", "--search", "APPLES").startswith(first)
    assert threads(place, "list", "--cwd", "/") == ""
    assert len(threads(place, "list", "--cwd", str(place.project)).splitlines()) == 2


def test_a_list_as_json_is_what_the_protocol_calls_threads(place: Place) -> None:
    thread_id = have_thread(place, "Hello")
    (thread,) = json.loads(threads(place, "list", "--json"))
    assert (thread["id"], thread["preview"]) == (thread_id, "Hello")
    assert (thread["archived"], thread["cwd"]) == (False, str(place.project))


def test_an_empty_list_is_no_failure(place: Place) -> None:
    done = run_cli(place, "threads", "list")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"no threads\n")
    assert json.loads(threads(place, "list", "--json")) == []


def test_search_finds_what_the_agent_said(place: Place) -> None:
    have_thread(place, "First")
    thread_id = have_thread(place, "Second", [say("The discount is taken twice.")])
    (row,) = threads(place, "search", "discount").splitlines()
    assert row.startswith(thread_id)
    assert "discount is taken" in row
    (match,) = json.loads(threads(place, "search", "discount", "--json"))
    assert match["thread"]["id"] == thread_id
    assert "discount" in match["snippet"]


# --- show and export ---------------------------------------------------------------------------


def test_a_thread_is_shown_by_a_part_of_its_id(place: Place) -> None:
    thread_id = have_thread(place, "Count", [run_command("seq 3")], [say("Three lines.")])
    for part in (thread_id, thread_id[:8], thread_id[-6:], thread_id.upper()):
        text = threads(place, "show", part)
        assert thread_id in text
        assert "user\nCount" in text
        assert "$ seq 3\n  1\n  2\n  3" in text
        assert "agent\nThree lines." in text


def test_a_part_that_fits_none_or_several_is_refused(place: Place) -> None:
    first, second = have_thread(place, "One"), have_thread(place, "Two")
    assert refused(place, "show", UNKNOWN)[0] == 1
    assert refused(place, "show", "zzz") == (
        1,
        "codex-rpc: no rollout found for thread id zzz\n",
    )
    code, reason = refused(place, "show", first[:4])
    assert code == 1
    assert "fits several threads" in reason
    assert first in reason
    assert second in reason


def test_a_thread_as_json_has_its_turns(place: Place) -> None:
    thread_id = have_thread(place, "Hello")
    shown = json.loads(threads(place, "show", thread_id, "--json"))
    assert shown["thread"]["id"] == thread_id
    (turn,) = shown["turns"]
    assert turn["status"] == "completed"
    assert [item["type"] for item in turn["items"]] == ["userMessage", "agentMessage"]


def test_exports_go_to_stdout_or_into_a_file(place: Place) -> None:
    thread_id = have_thread(place, "Why?", [say("Because of **this**.")])
    assert "Because of **this**." in threads(place, "export", thread_id)
    page = place.root / "page.html"
    assert threads(place, "export", thread_id, "--format", "html", "--out", str(page)) == ""
    assert "Because of <strong>this</strong>." in page.read_text()
    assert page.read_text().startswith("<!doctype html>")
    code, reason = refused(place, "export", thread_id, "--out", str(place.root / "no" / "x.md"))
    assert code == 1
    assert "No such file or directory" in reason


def test_a_reader_that_leaves_early_ends_it_quietly(place: Place) -> None:
    thread_id = have_thread(place, "Much", [say("A long line of text. " * 20_000)])
    command = [*COMMAND, "threads", "show", thread_id]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.environ
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 141


# --- putting away ------------------------------------------------------------------------------


def test_an_archived_thread_is_in_another_list_and_comes_back(place: Place) -> None:
    thread_id = have_thread(place, "Hello")
    assert threads(place, "archive", thread_id[-8:]) == ""
    assert threads(place, "list") == ""
    assert threads(place, "list", "--archived").startswith(thread_id)
    assert "Hello" in threads(place, "show", thread_id)
    threads(place, "unarchive", thread_id)
    assert threads(place, "list").startswith(thread_id)


@pytest.mark.parametrize(
    ("options", "answer", "code", "gone"),
    [
        ([], "y\n", 0, True),
        ([], "n\n", 1, False),
        ([], "\n", 1, False),
        (["--yes"], "", 0, True),
    ],
)
def test_delete_asks_on_a_terminal(
    place: Place, options: list[str], answer: str, code: int, gone: bool
) -> None:
    thread_id = have_thread(place, "Hello")
    done, seen = on_terminal(place, "threads", "delete", thread_id, *options, answer=answer)
    assert done == code
    assert ("for good?" in seen) is (not options)
    assert (place.rollouts() == []) is gone


def test_agents_go_where_their_thread_goes(place: Place) -> None:
    parent, agent = have_thread(place, "Parent"), have_thread(place, "Agent")
    (path,) = (path for path in place.rollouts() if agent in path.name)
    first, _, rest = path.read_text().partition("\n")
    meta = json.loads(first)
    spawned = {"parent_thread_id": parent, "depth": 1}
    meta["payload"]["source"] = {"subagent": {"thread_spawn": spawned}}
    path.write_text(json.dumps(meta) + "\n" + rest)
    done = run_cli(place, "threads", "archive", parent)
    assert done.stderr.decode() == f"archived {parent}\narchived {agent}\n"
    done = run_cli(place, "threads", "delete", parent, "--yes")
    assert done.stderr.decode() == f"deleted {parent}\ndeleted {agent}\n"
    assert place.rollouts() == []


def test_a_thread_that_a_server_has_open_is_not_put_away(place: Place) -> None:
    place.play([say("Done.")])
    command = [*COMMAND, "app-server", *place.arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=place.environ
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(lines_of(INITIALIZE, thread_start(place), turn_submit()))
        server.stdin.flush()
        while b"turn/completed" not in server.stdout.readline():
            pass
        (row,) = threads(place, "list").splitlines()
        for action in (["archive"], ["delete", "--yes"]):
            code, reason = refused(place, *action, row.split("\t")[0])
            assert code == 1
            assert "another process has it open" in reason
        server.stdin.close()
        assert server.wait(PATIENCE) == 0


def test_delete_without_a_terminal_needs_yes(place: Place) -> None:
    thread_id = have_thread(place, "Hello")
    code, reason = refused(place, "delete", thread_id)
    assert code == 2
    assert "--yes" in reason
    assert len(place.rollouts()) == 1
    assert threads(place, "delete", thread_id, "--yes") == ""
    assert place.rollouts() == []
    assert refused(place, "delete", thread_id, "--yes")[0] == 1


# --- the command line --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [[], ["bogus"], ["show"], ["list", "--limit", "0"], ["export", "x", "-f", "pdf"]]
)
def test_a_wrong_command_line_exits_with_2(place: Place, arguments: list[str]) -> None:
    code, reason = refused(place, *arguments)
    assert code == 2
    assert reason.startswith("usage: codex-rpc threads")


# --- doctor ------------------------------------------------------------------------------------


def doctor(place: Place, *arguments: str, **environ: str) -> tuple[int, str]:
    done = run_cli(place, "doctor", *arguments, environ=environ)
    assert done.stderr == b""
    return done.returncode, done.stdout.decode()


def test_the_doctor_says_what_is_there_and_nothing_secret(place: Place) -> None:
    have_thread(place, "Hello")
    (place.home / "config.toml").write_text('model = "gpt-5"\n')
    code, report = doctor(place, OPENAI_API_KEY="sk-secret")
    assert code == 0
    for word in ("0.169.0", str(place.home), "gpt-5", "OPENAI_API_KEY", "1 files, 0 archived"):
        assert word in report
    assert "sk-secret" not in report


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("config.toml", "model = [", "config.toml"),
        ("config.toml", 'model_provider = "x"', "`x` not found"),
        ("rules/default.rules", "prefix_rule(", "default.rules"),
        ("auth.json", '{"OPENAI_API_KEY": "sk-secret"}', "chmod 600"),
        ("codex-rpc/index.sqlite", "no database " * 100, "--reindex"),
    ],
)
def test_the_doctor_says_what_is_wrong(
    place: Place, name: str, content: str, complaint: str
) -> None:
    path = place.home / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    path.chmod(0o644)
    code, report = doctor(place)
    assert code == 1
    (line,) = [line for line in report.splitlines() if line.startswith("WRONG")]
    assert complaint in line


def test_reindex_builds_the_index_from_the_files(place: Place) -> None:
    thread_id = have_thread(place, "Hello")
    threads(place, "list")
    spoiled = place.home / "codex-rpc" / "index.sqlite"
    spoiled.write_text("no database " * 100)
    code, report = doctor(place, "--reindex")
    assert code == 0
    assert "1 thread" in report
    assert doctor(place)[0] == 0
    assert threads(place, "list").startswith(thread_id)
