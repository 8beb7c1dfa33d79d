"""Feeds: the way of each thread's events to the clients that follow it.

One task per loaded thread reads its events. With nobody following, notifications are dropped (they
are on disk by then) and questions wait. That a thread was made or changed its status is told to
every client.
"""

import logging
import math
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import TaskGroup

from codex_rpc.errors import ThreadNotFoundError
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.notifications import (
    Notification,
    ThreadClosedNotification,
    ThreadStatusChangedNotification,
)
from codex_rpc.rpc.connection import Connection
from codex_rpc.server.approval_desk import ApprovalDesk
from codex_rpc.server.client import Client
from codex_rpc.server.unloading import Unloader
from codex_rpc.session.event_channel import EventChannelClosedError
from codex_rpc.session.events import (
    ApprovalRequested,
    ApprovalResolved,
    Event,
    Mark,
    SessionConfigured,
    SettingsChanged,
)
from codex_rpc.state.live_turn import ReadPoint
from codex_rpc.threads.codex_thread import CodexThread, NewThread
from codex_rpc.threads.thread_manager import ThreadManager

logger = logging.getLogger(__name__)

PATIENCE = 30.0
"""Seconds for which a client that does not read may keep others waiting."""


@dataclass(slots=True, eq=False)
class Feed:
    """One thread's events on their way out."""

    thread: CodexThread
    desk: ApprovalDesk
    clients: Collection[Client]
    """All there are."""
    followers: list[Client] = field(default_factory=list[Client])
    times_deserted: int = 0
    """How often the last follower has left."""
    awaited: list[anyio.Event] = field(default_factory=list[anyio.Event])
    """By those who wait for a mark."""
    ended: anyio.Event = field(default_factory=anyio.Event)

    @property
    def is_deserted(self) -> bool:
        """Whether nobody follows, and nobody is about to."""
        return not self.followers and not self.awaited

    async def run(self) -> None:
        """Deliver until the thread ends."""
        try:
            while True:
                await self._deliver(await self.thread.next_events())
        except EventChannelClosedError:
            closed = ThreadClosedNotification(thread_id=self.thread.thread_id)
            self._notify_followers(closed)

    async def _deliver(self, events: Sequence[Event]) -> None:
        for part in _parts(events):
            held = _after_settings(part)
            self._send_all(part[:held])
            for client in tuple(self.followers):
                await client.answers_sent(self.thread.thread_id)
            self._send_all(part[held:])
        await self._room()

    async def _room(self) -> None:
        """Wait for slow clients; one that keeps others waiting for too long is cut off."""
        followers = tuple(self.followers)
        for client in followers:
            with anyio.move_on_after(math.inf if len(followers) == 1 else PATIENCE) as patience:
                await client.connection.room()
            if patience.cancelled_caught:
                logger.warning("a client that does not read was cut off")
                client.connection.close()

    def _send_all(self, events: Sequence[Event]) -> None:
        for event in events:
            try:
                self._send(event)
            except Exception:
                # One event that cannot be sent must not end the feed, let alone those of others.
                logger.exception("an event of thread %s was lost", self.thread.thread_id)

    def _send(self, event: Event) -> None:
        match event:
            case ThreadStatusChangedNotification():
                for client in self.clients:
                    client.notify(event, self.thread.thread_id)
            case Notification():
                self._notify_followers(event)
            case SettingsChanged(notification=notification, told=told):
                try:
                    self._notify_followers(notification)
                finally:
                    told.set()
            case ApprovalRequested(approval=approval):
                self.desk.ask(self.thread, approval, self.followers)
            case ApprovalResolved(approval_id=approval_id):
                self.desk.resolved(approval_id, self.followers)
            case Mark(reached=reached):
                reached()
            case SessionConfigured():
                pass

    def _notify_followers(self, notification: Notification) -> None:
        for client in self.followers:
            client.notify(notification, self.thread.thread_id)


def _parts(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """The events up to each mark, the mark included, and those after the last one.

    Who begins to watch at a mark gets an answer first.
    """
    start = 0
    for index, event in enumerate(events, start=1):
        if isinstance(event, Mark):
            yield events[start:index]
            start = index
    yield events[start:]


def _after_settings(events: Sequence[Event]) -> int:
    """Where the events begin that wait for answers: a change of settings precedes its answer."""
    changes = [index for index, event in enumerate(events) if isinstance(event, SettingsChanged)]
    return changes[-1] + 1 if changes else 0


class Feeds:
    """All feeds of the server, by thread."""

    def __init__(
        self, tasks: TaskGroup, desk: ApprovalDesk, threads: ThreadManager, unload_after: float
    ) -> None:
        self._tasks = tasks
        self._desk = desk
        self.unloader = Unloader(threads, self.announce, unload_after)
        self._feeds: dict[ThreadId, Feed] = {}
        self._clients: dict[Connection, Client] = {}

    def join(self, client: Client) -> None:
        """A client has come."""
        self._clients[client.connection] = client

    def leave(self, connection: Connection) -> None:
        """The client of that connection is gone."""
        client = self._clients.pop(connection, None)
        if client is not None:
            self._desk.left(client)
        for feed in self._feeds.values():
            if client in feed.followers:
                self._drop(client, feed)

    def run_beside(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do work that outlives the request, and the client, that wanted it."""
        self._tasks.start_soon(work)

    def announce(self, notification: Notification) -> None:
        """Tell every client."""
        for client in self._clients.values():
            client.notify(notification)

    def open(self, thread: CodexThread) -> None:
        """Begin to read a new thread's events."""
        feed = Feed(thread, self._desk, self._clients.values())
        self._feeds[thread.thread_id] = feed
        self._tasks.start_soon(self._run, feed)

    def open_beside(self, new: NewThread, parent_id: ThreadId) -> None:
        """Begin to read the events of an agent's thread, for those who follow its parent."""
        self.open(new.thread)
        if (parent := self._feeds.get(parent_id)) is not None:
            self._feeds[new.thread_id].followers += parent.followers
        status = new.thread.snapshot().status
        self.announce(ThreadStatusChangedNotification(thread_id=new.thread_id, status=status))

    async def _run(self, feed: Feed) -> None:
        try:
            await feed.run()
        finally:
            # By now, somebody may have loaded the thread anew.
            if self._feeds.get(feed.thread.thread_id) is feed:
                del self._feeds[feed.thread.thread_id]
            feed.ended.set()
            for mark in feed.awaited:
                mark.set()

    async def ended(self) -> None:
        """Wait until every thread has ended and all its events are on their way."""
        for feed in tuple(self._feeds.values()):
            await feed.ended.wait()

    def subscribe(self, client: Client, thread_id: ThreadId) -> None:
        """Send the thread's events to `client`, unless it has gone away meanwhile."""
        feed = self._feeds.get(thread_id)
        if feed is None or client in feed.followers:
            return
        if client.connection in self._clients:
            feed.followers.append(client)
        else:
            self._check_deserted(feed)

    async def follow(
        self, client: Client, thread: CodexThread, reached: Callable[[], None]
    ) -> ReadPoint:
        """Let `client` follow from this moment on, of which the thread's state is returned.

        `reached` is called when all earlier events are on their way, and no later one.

        Raises:
            ThreadNotFoundError: if the thread has ended.
        """
        passed = anyio.Event()

        def at_mark() -> None:
            self.subscribe(client, thread.thread_id)
            reached()
            passed.set()

        feed = self._feeds.get(thread.thread_id)
        if feed is None:
            raise ThreadNotFoundError(thread.thread_id)
        point = thread.watch(at_mark)
        feed.awaited.append(passed)
        try:
            await passed.wait()
        finally:
            feed.awaited.remove(passed)
            self._check_deserted(feed)
        return point

    def unsubscribe(self, client: Client, thread_id: ThreadId) -> bool:
        """Stop sending the thread's events to `client`; `False` if it did not follow the thread."""
        feed = self._feeds.get(thread_id)
        if feed is None or client not in feed.followers:
            return False
        self._drop(client, feed)
        return True

    def _drop(self, client: Client, feed: Feed) -> None:
        feed.followers.remove(client)
        self._check_deserted(feed)

    def _check_deserted(self, feed: Feed) -> None:
        if feed.is_deserted:
            feed.times_deserted += 1
            self._tasks.start_soon(self._watch_deserted, feed, feed.times_deserted)

    async def _watch_deserted(self, feed: Feed, time: int) -> None:
        def is_deserted() -> bool:
            present = self._feeds.get(feed.thread.thread_id) is feed
            return present and feed.is_deserted and feed.times_deserted == time

        await self.unloader.watch(feed.thread, is_deserted)
