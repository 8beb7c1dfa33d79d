"""`fuzzyFileSearch`: one search, and sessions while somebody types."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.app import App, eventually, running_app
from tests.support.peer import Message, Peer, RefusedError

SESSION = "fuzzyFileSearch/session"


def plant(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


async def search(peer: Peer, query: str, *roots: Path, **params: Any) -> list[dict[str, Any]]:
    asked = {"query": query, "roots": [str(root) for root in roots], **params}
    return (await peer.call("fuzzyFileSearch", asked))["files"]


def paths_of(found: Sequence[dict[str, Any]]) -> list[str]:
    return [row["path"] for row in found]


async def test_what_is_found_is_told_in_full(app: App) -> None:
    plant(app.project, "src/main.py", "src/other.py", "main/x")
    peer = await app.connect()
    assert await search(peer, "main", app.project) == [
        {
            "root": str(app.project),
            "path": "main",
            "match_type": "directory",
            "file_name": "main",
            "score": 131181,
            "indices": [0, 1, 2, 3],
        },
        {
            "root": str(app.project),
            "path": "src/main.py",
            "match_type": "file",
            "file_name": "main.py",
            "score": 65645,
            "indices": [4, 5, 6, 7],
        },
        {
            "root": str(app.project),
            "path": "main/x",
            "match_type": "file",
            "file_name": "x",
            "score": 109,
            "indices": [0, 1, 2, 3],
        },
    ]


@pytest.mark.parametrize("path", ["/usr/bin:/bin", "/nowhere"], ids=["rg", "without rg"])
async def test_hidden_files_are_found_and_ignored_ones_are_not(tmp_path: Path, path: str) -> None:
    async with running_app(tmp_path, PATH=path) as app:
        plant(app.project, ".git/xx", ".hidden/xx", "build/xx", "a.log/xx", "xx.tmp", "sub/xx.tmp")
        plant(app.project, "sub/deep/xx", "sub/xx.keep", "xx.keep", "mine.xx")
        (app.project / ".gitignore").write_text("/build/\n*.log\n*.tmp\n")
        (app.project / "sub" / ".gitignore").write_text("!xx.tmp\n*.keep\n")
        (app.project / ".ignore").write_text("mine.*\n")
        (app.project / "link").symlink_to("sub/deep")
        (app.project / "sub" / "circle").symlink_to(app.project)
        peer = await app.connect()
        found = paths_of(await search(peer, "xx", app.project))
        assert [name for name in found if "circle" not in name] == [
            ".hidden/xx",
            "link/xx",
            "sub/deep/xx",
            "sub/xx.tmp",
            "xx.keep",
        ]
        below = paths_of(await search(peer, "xx", app.project / "sub"))
        assert [name for name in below if "circle" not in name] == ["deep/xx", "xx.tmp"]


@pytest.mark.parametrize("path", ["/usr/bin:/bin", "/nowhere"], ids=["rg", "without rg"])
async def test_what_git_ignores_counts_in_a_repository_only(tmp_path: Path, path: str) -> None:
    async with running_app(tmp_path, PATH=path) as app:
        plant(app.project, "a/xx", "b/xx")
        (app.project / ".gitignore").write_text("b\n")
        peer = await app.connect()
        assert paths_of(await search(peer, "xx", app.project)) == ["a/xx", "b/xx"]


async def test_roots_that_are_no_directories_are_passed_over(app: App) -> None:
    plant(app.project, "a/xx", "b/xx", "c")
    peer = await app.connect()
    roots = [app.project / name for name in ("none", "c", "b", "a", "b")]
    found = await search(peer, "xx", *roots)
    assert [(row["root"], row["path"]) for row in found] == [
        (str(app.project / "b"), "xx"),
        (str(app.project / "a"), "xx"),
    ]
    assert await search(peer, "xx") == []
    assert await search(peer, "", app.project) == []
    assert await search(peer, "x" * 100_000, app.project) == []


async def test_at_most_fifty_are_told_the_first_of_equals_by_path(app: App) -> None:
    plant(app.project, *(f"xx{number:03}" for number in reversed(range(120))))
    peer = await app.connect()
    found = paths_of(await search(peer, "xx", app.project))
    assert found == [f"xx{number:03}" for number in range(50)]


async def test_a_later_search_with_the_same_token_ends_the_earlier_one(app: App) -> None:
    plant(app.project, *(f"folder{number}/xx" for number in range(500)))
    peer = await app.connect()
    asked = {"query": "xx", "roots": [str(app.project)], "cancellationToken": "t"}
    first, second = [await peer.request("fuzzyFileSearch", asked) for _ in range(2)]
    assert await peer.response(first) == {"files": []}
    assert len((await peer.response(second))["files"]) == 50


async def test_a_search_can_be_cancelled(app: App) -> None:
    plant(app.project, *(f"folder{number}/xx" for number in range(500)))
    peer = await app.connect()
    asked = await peer.request("fuzzyFileSearch", {"query": "xx", "roots": [str(app.project)]})
    await peer.notify("$/cancelRequest", {"id": asked})
    with pytest.raises(RefusedError) as refused:
        await peer.response(asked)
    assert refused.value.code == -32800


# --- sessions ------------------------------------------------------------------------------------


async def start(peer: Peer, *roots: Path, session_id: str = "s") -> None:
    asked = {"sessionId": session_id, "roots": [str(root) for root in roots]}
    assert await peer.call(f"{SESSION}Start", asked) == {}


async def type_query(peer: Peer, query: str, session_id: str = "s") -> None:
    assert await peer.call(f"{SESSION}Update", {"sessionId": session_id, "query": query}) == {}


async def answer(peer: Peer) -> Message:
    """What was told last before the session said that this is all."""
    told = await peer.until(f"{SESSION}Completed")
    return [m for m in told if m.get("method") == f"{SESSION}Updated"][-1]["params"]


async def test_a_session_answers_each_query_until_it_is_stopped(app: App) -> None:
    plant(app.project, "src/main.py", "src/map.py")
    peer = await app.connect(experimentalApi=True)
    await start(peer, app.project)
    assert await answer(peer) == {"sessionId": "s", "query": "", "files": []}
    for query, found in {"ma": ["src/map.py", "src/main.py"], "mai": ["src/main.py"]}.items():
        await type_query(peer, query)
        told = await answer(peer)
        assert (told["query"], sorted(paths_of(told["files"]))) == (query, sorted(found))
    await peer.call(f"{SESSION}Stop", {"sessionId": "s"})
    with pytest.raises(RefusedError, match=r"^fuzzy file search session not found: s$"):
        await type_query(peer, "main")
    assert await peer.call(f"{SESSION}Stop", {"sessionId": "s"}) == {}


async def test_only_the_newest_query_is_answered_and_after_its_response(app: App) -> None:
    plant(app.project, *(f"folder{number}/component{number}" for number in range(2000)))
    peer = await app.connect(experimentalApi=True)
    await start(peer, app.project)
    await answer(peer)
    word = "component1"
    asked = [
        await peer.request(f"{SESSION}Update", {"sessionId": "s", "query": word[:length]})
        for length in range(1, len(word) + 1)
    ]
    while (told := await answer(peer))["query"] != word:
        pass
    order = [
        m.get("id", m.get("params", {}).get("query")) for m in peer.messages if "method" not in m
    ]
    assert order[-len(asked) :] == asked
    queries = [
        m["params"]["query"] for m in peer.messages if m.get("method") == f"{SESSION}Updated"
    ]
    assert queries == sorted(queries, key=len), "nothing stale comes after what is newer"
    assert told["files"][0]["file_name"] == word


async def test_a_session_may_be_started_anew_over_other_roots(app: App) -> None:
    plant(app.project, "a/xx", "b/xx")
    peer = await app.connect(experimentalApi=True)
    await start(peer, app.project / "a")
    await start(peer, app.project / "b")
    await type_query(peer, "xx")
    while (told := await answer(peer))["query"] != "xx":
        pass
    assert [row["root"] for row in told["files"]] == [str(app.project / "b")]


async def test_sessions_that_cannot_be_are_refused(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    with pytest.raises(RefusedError, match=r"^sessionId must not be empty$"):
        await start(peer, app.project, session_id="")
    with pytest.raises(RefusedError) as refused:
        await start(peer)
    assert (refused.value.code, refused.value.message) == (
        -32603,
        "failed to start fuzzy file search session: at least one search directory is required",
    )
    for number in range(8):
        await start(peer, app.project, session_id=str(number))
    with pytest.raises(RefusedError, match="too many"):
        await start(peer, app.project, session_id="one more")
    await start(peer, app.project, session_id="0")


async def test_sessions_belong_to_their_connection_and_end_with_it(app: App) -> None:
    plant(app.project, "xx")
    peer = await app.connect(experimentalApi=True)
    other = await app.connect(experimentalApi=True)
    await start(peer, app.project)
    with pytest.raises(RefusedError, match="not found"):
        await type_query(other, "xx")
    await start(other, app.project)
    peer.sending.close()
    with anyio.fail_after(5):
        await peer.rest()
        await eventually(lambda: app.closed == 1)
    await type_query(other, "xx")
    while (told := await answer(other))["query"] != "xx":
        pass
    assert paths_of(told["files"]) == ["xx"]


async def test_sessions_are_experimental(app: App) -> None:
    peer = await app.connect()
    with pytest.raises(RefusedError, match="requires experimentalApi capability"):
        await start(peer, app.project)
