"""A whole task in a real repository, from the first look to the commit, in the sandbox."""

import subprocess
import sys

import pytest

from tests.e2e.server_process import (
    AppServer,
    Message,
    Place,
    patch,
    run_command,
    say,
    thread_of,
)

CODE = '''"""Words."""


def title(text: str) -> str:
    return text.upper()
'''
TEST = """from words import title


def test_title():
    assert title("hello there") == "Hello There"
"""
FIX = """*** Begin Patch
*** Update File: words.py
@@ def title(text: str) -> str:
-    return text.upper()
+    return text.title()
*** Add File: CHANGES.md
+# Changes
+
+- `title` gives each word a capital.
*** End Patch
"""
RUN_TESTS = f"{sys.executable} -m pytest -q -p no:cacheprovider"
COMMIT = "git add -A && git commit -q -m 'Capitals' && git log --oneline"


def git(place: Place, *arguments: str) -> str:
    identity = ["-c", "user.name=Tests", "-c", "user.email=tests@example.invalid"]
    command = ["git", "-C", str(place.project), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(place: Place) -> Place:
    """A small package with a test that fails, committed."""
    (place.project / "words.py").write_text(CODE)
    (place.project / "test_words.py").write_text(TEST)
    git(place, "init", "-q", "-b", "main")
    git(place, "config", "user.name", "Tests")
    git(place, "config", "user.email", "tests@example.invalid")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "Begin")
    return place


def escalated(script: str, why: str) -> Message:
    call = run_command(script)
    call["arguments"] |= {"sandbox_permissions": "require_escalated", "justification": why}
    return call


async def test_a_task_is_done_in_the_sandbox_and_committed_with_consent(repository: Place) -> None:
    """Reading, testing, patching and `git` need no questions; what the sandbox denies asks."""
    place = repository
    place.play(
        [run_command("git status --short && ls && sed -n 1,5p words.py")],
        [run_command(RUN_TESTS)],
        [patch(FIX)],
        [run_command(RUN_TESTS)],
        [run_command("git diff --stat && git status --short")],
        [run_command(COMMIT)],
        [escalated(COMMIT, "A commit writes to .git.")],
        [say("Done.")],
    )
    async with thread_of(place, sandbox="workspace-write", approvalPolicy="on-request") as server:
        questions, items = await one_turn(server)
    commands = [item for item in items if item["type"] == "commandExecution"]
    look, red, green, diff, denied, commit = commands
    assert (look["exitCode"], red["exitCode"], green["exitCode"]) == (0, 1, 0)
    assert "1 failed" in red["aggregatedOutput"]
    assert "1 passed" in green["aggregatedOutput"]
    assert "words.py" in diff["aggregatedOutput"]
    assert "?? CHANGES.md" in diff["aggregatedOutput"]
    assert denied["status"] == "failed"
    assert "read-only" in denied["aggregatedOutput"].lower()
    assert commit["exitCode"] == 0
    [change] = [item for item in items if item["type"] == "fileChange"]
    assert change["status"] == "completed"
    [question] = questions
    assert question["params"]["reason"] == "A commit writes to .git."
    assert git(place, "log", "--format=%s").split("\n")[:2] == ["Capitals", "Begin"]
    assert git(place, "status", "--short") == ""


async def one_turn(server: AppServer) -> tuple[list[Message], list[Message]]:
    """Everything asked, and the items completed, while one turn ran; each question is accepted."""
    await server.submit("Mend it")
    questions: list[Message] = []
    items: list[Message] = []
    while True:
        message = await server.read()
        match message:
            case {"method": "turn/completed", "params": {"turn": turn}}:
                assert turn["status"] == "completed"
                return questions, items
            case {"method": "item/completed", "params": {"item": item}}:
                items.append(item)
            case {"method": str(method), "id": request_id}:
                assert method == "item/commandExecution/requestApproval"
                questions.append(message)
                await server.send({"id": request_id, "result": {"decision": "accept"}})
            case _:
                pass
