"""AGENTS.md: what the user and the project tell every agent reaches the model."""

from tests.support.app import App
from tests.support.listening_model import answering, listening_model
from tests.support.peer import FREE, Peer


async def sources(peer: Peer, cwd: str) -> list[str]:
    return (await peer.call("thread/start", {"cwd": cwd, **FREE}))["instructionSources"]


async def test_documents_reach_the_model_once_from_the_widest_to_the_nearest(app: App) -> None:
    below = app.project / "below"
    below.mkdir()
    (app.project / ".git").mkdir()
    for folder, words in ((app.home, "of mine"), (app.project, "of ours"), (below, "down here")):
        (folder / "AGENTS.md").write_text(f"The rules {words}.\n")
    peer = await app.connect()
    with listening_model(answering(), answering()) as model:
        thread = await model.start_thread(peer, cwd=str(below))
        await peer.turn(thread, "First")
        await peer.turn(thread, "Second")
    [(role, text)] = [said for said in model.heard() if "The rules" in said[1]]
    assert role == "user"
    assert text.startswith(f"# AGENTS.md instructions for {below}\n")
    order = [text.index(f"The rules {words}.") for words in ("of mine", "of ours", "down here")]
    assert order == sorted(order)
    assert thread["preview"] == "", "a document is nothing that the user said"


async def test_the_client_is_told_which_documents_were_read(app: App) -> None:
    (app.project / ".git").mkdir()
    (app.home / "AGENTS.md").write_text("Mine\n")
    (app.project / "AGENTS.md").write_text("Ours\n")
    (app.project / "AGENTS.override.md").write_text("Ours, really\n")
    peer = await app.connect()
    expected = [str(app.home / "AGENTS.md"), str(app.project / "AGENTS.override.md")]
    assert await sources(peer, str(app.project)) == expected


async def test_without_documents_the_model_hears_of_none(app: App) -> None:
    (app.project / "AGENTS.md").write_text(" \n")
    peer = await app.connect()
    assert await sources(peer, str(app.project)) == []
    with listening_model(answering()) as model:
        thread = await model.start_thread(peer)
        await peer.turn(thread)
    assert not any("AGENTS.md" in text for _, text in model.heard())


async def test_a_document_that_changes_later_holds_for_the_next_thread(app: App) -> None:
    document = app.project / "AGENTS.md"
    document.write_text("Old rules\n")
    peer = await app.connect()
    with listening_model(answering(), answering()) as model:
        first = await model.start_thread(peer)
        document.write_text("New rules\n")
        await peer.turn(first)
        await peer.turn(await model.start_thread(peer))
    heard = ["\n".join(text for _, text in model.heard(request)) for request in (0, 1)]
    assert ["Old rules" in text for text in heard] == [True, False]
    assert ["New rules" in text for text in heard] == [False, True]
