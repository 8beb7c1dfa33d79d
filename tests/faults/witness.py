"""What a client has been told, and what must therefore be on disk after the server is killed.

`DoomedServer` is a server that dies at the n-th message its client reads. `Account` is all that a
client knows of one thread; it compares that with what a later server says.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio.abc import Process

from tests.e2e.server_process import AppServer, Message

DEAD = (
    anyio.IncompleteRead,
    anyio.EndOfStream,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
)
"""How a client learns that the server is gone."""


HALF_A_LINE = b'{"timestamp":"2026-01-01T00:00:00.000Z","type":"event_msg","payload":{"type":"a'
ItemKey = tuple[str, str]
"""The ids of an item's turn and of the item. A script's items begin to count anew at times."""


class DoomedServer(AppServer):
    """Killed, without warning, when its fuse has burnt down; one message, one step."""

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        self.fuse: int | None = None
        self._killed = False

    def kill(self) -> None:
        if not self._killed:
            self._killed = True
            self.process.kill()

    async def gone(self) -> None:
        """Kill it and read what it has said until then."""
        self.kill()
        await self.rest()
        await self.exit_code()

    async def read(self) -> Message:
        if self.fuse is not None:
            if self.fuse == 0:
                self.kill()
            self.fuse -= 1
        return await super().read()


@dataclass(slots=True)
class Account:
    """One thread as a client has seen it."""

    thread_id: str
    path: Path
    items: dict[ItemKey, Message] = field(default_factory=dict[ItemKey, Message])
    """What was completed."""
    turns: list[str] = field(default_factory=list[str])
    """In the order they began."""
    ended: dict[str, str] = field(default_factory=dict[str, str])
    """How turns ended."""
    in_doubt: list[str] = field(default_factory=list[str])
    """Turns that may have been taken back: nobody has answered."""
    taken_back: set[str] = field(default_factory=set[str])

    @classmethod
    def of_thread(cls, thread: Message) -> "Account":
        """What the answer that made the thread has told."""
        account = cls(thread["id"], Path(thread["path"]))
        for turn in thread["turns"]:
            account.turns.append(turn["id"])
            account.ended[turn["id"]] = turn["status"]
            account.items |= {(turn["id"], item["id"]): item for item in turn["items"]}
        return account

    def hear(self, messages: Sequence[Message]) -> None:
        """Take in what a server has said."""
        for message in messages:
            params = message.get("params", {})
            if params.get("threadId") == self.thread_id:
                self._hear(message["method"], params)

    def _hear(self, method: str, params: Message) -> None:
        match method:
            case "turn/started":
                self.turns.append(params["turn"]["id"])
            case "item/completed":
                key = (params["turnId"], params["item"]["id"])
                assert key not in self.items, "completed twice"
                self.items[key] = params["item"]
            case "turn/completed":
                assert params["turn"]["id"] not in self.ended, "ended twice"
                self.ended[params["turn"]["id"]] = params["turn"]["status"]
            case _:
                pass

    def forget(self, turns: Sequence[str]) -> None:
        """These turns have been taken back."""
        self.taken_back |= set(turns)
        self.turns = [turn for turn in self.turns if turn not in self.taken_back]
        self.items = {key: self.items[key] for key in self.items if key[0] not in self.taken_back}
        self.ended = {key: self.ended[key] for key in self.turns if key in self.ended}

    # --- what must be true ---------------------------------------------------------------------

    def compare(self, thread: Message) -> None:
        """Nothing that was seen is missing from the thread as a later server shows it."""
        shown = {turn["id"]: turn for turn in thread["turns"]}
        assert len(shown) == len(thread["turns"]), "a turn is shown twice"
        if self.in_doubt:
            gone = [turn not in shown for turn in self.in_doubt if turn in self._with_items()]
            assert len(set(gone)) <= 1, "half of what was taken back is there"
            if any(gone):
                self.forget(self.in_doubt)
            self.in_doubt = []
        assert not self.taken_back & shown.keys()
        items = {(key, item["id"]): item for key, turn in shown.items() for item in turn["items"]}
        assert {key: items.get(key) for key in self.items} == self.items
        assert {key: _status(shown, key) for key in self.ended} == self.ended
        assert "inProgress" not in {turn["status"] for turn in shown.values()}
        known = [turn for turn in self.turns if turn in shown]
        assert [turn for turn in shown if turn in set(known)] == known, "turns changed places"

    def _with_items(self) -> set[str]:
        """The turns of which something must be on disk."""
        return {turn for turn, _ in self.items}

    def check_file(self) -> None:
        """Each line is whole, but the last one, which may have no end."""
        if not self.path.exists():
            assert self.items == {}
            return
        *whole, _ = self.path.read_bytes().split(b"\n")
        for line in whole:
            if line.replace(HALF_A_LINE, b""):
                assert json.loads(line)["type"]

    def tear(self) -> None:
        """Leave half a line at the file's end, as a server does that dies in a write."""
        with self.path.open("ab") as file:
            file.write(HALF_A_LINE)


def _status(turns: Mapping[str, Message], turn_id: str) -> str | None:
    turn = turns.get(turn_id)
    return None if turn is None else turn["status"]
