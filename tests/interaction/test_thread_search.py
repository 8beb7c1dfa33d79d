"""`thread/search`: finding threads by what was said in them."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, running_app
from tests.support.model_script import says
from tests.support.peer import Peer, RefusedError


async def talk(peer: Peer, question: str, answer: str) -> str:
    thread = await peer.start_thread([[says(answer)]])
    await peer.turn(thread, question)
    return thread["id"]


async def search(peer: Peer, term: str, **params: Any) -> dict[str, Any]:
    return await peer.call("thread/search", {"searchTerm": term, **params})


def found(page: dict[str, Any]) -> list[str]:
    return [match["thread"]["id"] for match in page["data"]]


async def test_threads_are_found_by_what_either_side_said(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    zebra = await talk(peer, "Draw a zebra", "Here it is")
    okapi = await talk(peer, "Draw an animal", "I drew an OKAPI for you")
    assert found(await search(peer, "ZEBRA")) == [zebra]
    page = await search(peer, "okapi")
    assert found(page) == [okapi]
    [match] = page["data"]
    assert "OKAPI" in match["snippet"]
    assert match["thread"]["status"] == {"type": "idle"}
    assert found(await search(peer, "draw")) == [okapi, zebra]
    assert found(await search(peer, "giraffe")) == []


async def test_what_was_said_before_the_server_came_is_found(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        ids = [await talk(peer, f"Number {number}", "needle") for number in range(3)]
    async with running_app(tmp_path) as app:
        peer = await app.connect(experimentalApi=True)
        first = await search(peer, "needle", limit=2)
        rest = await search(peer, "needle", limit=2, cursor=first["nextCursor"])
        assert found(first) + found(rest) == ids[::-1]
        assert rest["nextCursor"] is None
        [match] = rest["data"]
        assert match["thread"]["status"] == {"type": "notLoaded"}
        oldest = await search(peer, "needle", sortDirection="asc")
        assert found(oldest) == ids


async def test_the_archive_is_searched_by_itself(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    thread_id = await talk(peer, "A needle", "Fine")
    await peer.call("thread/archive", {"threadId": thread_id})
    assert found(await search(peer, "needle")) == []
    assert found(await search(peer, "needle", archived=True)) == [thread_id]


async def test_a_search_needs_words_and_the_capability(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    for blank in ("", "  "):
        with pytest.raises(RefusedError, match="thread/search requires a non-empty searchTerm"):
            await search(peer, blank)
    with pytest.raises(RefusedError, match="invalid cursor: bad"):
        await search(peer, "x", cursor="bad")
    with pytest.raises(RefusedError, match="thread/search requires experimentalApi capability"):
        await search(await app.connect(), "x")
