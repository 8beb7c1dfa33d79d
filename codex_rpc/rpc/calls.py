"""Requests from us to the peer, and the replies to them.

Owns the ids and who waits for which. Queueing is left to the outbox; what a reply means, to whoever
asked.
"""

import logging
from collections.abc import Callable, Hashable

from codex_rpc.rpc.messages import Payload, Response, encode_request

logger = logging.getLogger(__name__)

OnReply = Callable[[Response | None], None]
"""Called once: with the peer's response, or with `None` when none can come any more."""


class Calls:
    """Open questions to the peer, by id: integers from 0, one counter per connection.

    Integers because some clients cannot answer a string id. They share nothing with the peer's
    own ids. `put` queues an encoded message.
    """

    def __init__(self, put: Callable[[bytes, Hashable], None]) -> None:
        self._put = put
        self._next_id = 0
        self._waiting: dict[int, OnReply] = {}
        self._closed = False

    def send(self, method: str, params: Payload, on_reply: OnReply, group: Hashable = None) -> int:
        """Ask the peer and return the id of the question.

        After `close` nothing is sent, and `on_reply` gets its `None` before this returns.
        """
        call_id = self._next_id
        message = encode_request(call_id, method, params)
        self._next_id += 1
        if self._closed:
            _reply(on_reply, None)
        else:
            self._waiting[call_id] = on_reply
            self._put(message, group)
        return call_id

    def abandon(self, call_id: int) -> None:
        """Want no reply any more; one that still comes is dropped."""
        self._waiting.pop(call_id, None)

    def resolve(self, response: Response) -> None:
        """Hand a response to whoever asked; if nobody did, or no longer wants it, drop it."""
        on_reply = self._waiting.pop(response.id, None) if isinstance(response.id, int) else None
        if on_reply is None:
            logger.debug("dropped a response nobody waits for, id %r", response.id)
        else:
            _reply(on_reply, response)

    def close(self) -> None:
        """No reply can come any more: tell everybody who waits."""
        self._closed = True
        waiting, self._waiting = self._waiting, {}
        for on_reply in waiting.values():
            _reply(on_reply, None)


def _reply(on_reply: OnReply, response: Response | None) -> None:
    try:
        on_reply(response)
    except Exception:
        logger.exception("a reply could not be taken")
