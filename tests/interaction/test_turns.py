"""Whole turns as a client sees them: which messages come, and in which order."""

from tests.support.app import App
from tests.support.model_script import says
from tests.support.outline import outline


async def test_a_plain_turn_is_told_in_the_order_clients_rely_on(app: App) -> None:
    """Protocol 3.3: response, active, turn/started, items, usage, idle, turn/completed last."""
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hel", "lo")]])
    assert outline(await peer.turn(thread)) == [
        "response",
        "thread/status/changed active",
        "turn/started",
        "item/started userMessage",
        "item/completed userMessage",
        "item/started agentMessage",
        "item/agentMessage/delta 'Hel'",
        "item/agentMessage/delta 'lo'",
        "item/completed agentMessage",
        "thread/tokenUsage/updated",
        "account/rateLimits/updated",
        "thread/status/changed idle",
        "turn/completed completed",
    ]
