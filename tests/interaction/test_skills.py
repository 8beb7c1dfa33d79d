"""Skills that the user names in a turn's input."""

from tests.support.app import App
from tests.support.listening_model import answering, listening_model
from tests.support.outline import ends


async def test_a_named_skill_is_heard_right_after_the_users_words(app: App) -> None:
    (app.project / "SKILL.md").write_text("Always write haiku.")
    peer = await app.connect()
    with listening_model(answering("Yes")) as model:
        thread = await model.start_thread(peer)
        text = {"type": "text", "text": "Write a poem"}
        skill = {"type": "skill", "name": "poetry", "path": "SKILL.md"}
        params = {"threadId": thread["id"], "input": [text, skill]}
        await peer.call("turn/start", params)
        await peer.until("turn/completed")
        (_, words), (_, document) = model.heard(0)[-2:]
    assert "Write a poem" in words
    assert document.startswith("<skill>")
    assert "Always write haiku." in document


async def test_a_skill_that_cannot_be_read_is_warned_of_and_the_turn_goes_on(app: App) -> None:
    peer = await app.connect()
    with listening_model(answering("Yes")) as model:
        thread = await model.start_thread(peer)
        skill = {"type": "skill", "name": "poetry", "path": "none.md"}
        params = {"threadId": thread["id"], "input": [skill]}
        await peer.call("turn/start", params)
        told = await peer.until("turn/completed")
    [warning] = [m["params"] for m in told if m.get("method") == "warning"]
    assert "poetry" in warning["message"]
    assert ends(told)[0]["status"] == "completed"
