"""TurnSlot: the one turn a session may be running."""

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from anyio.abc import TaskGroup

from codex_rpc.errors import NoActiveTurnError, TurnMismatchError
from codex_rpc.protocol.ids import ThreadId, TurnId, new_turn_id
from codex_rpc.session.background_terminals import BackgroundTerminals
from codex_rpc.session.journal import Journal
from codex_rpc.state.active_turn import ActiveTurn, StopReason
from codex_rpc.state.services import SessionServices
from codex_rpc.state.session_state import SessionState
from codex_rpc.state.turn_state import TurnInput, TurnState

if TYPE_CHECKING:
    from codex_rpc.session.tasks.task import TurnTask
    from codex_rpc.session.turn_context import TurnContext
    from codex_rpc.session.turn_runner import TurnRunner


class TurnSlot:
    """Starts turns in the session's task group, one at a time.

    What runs them is loaded with the first.
    """

    def __init__(
        self,
        thread_id: ThreadId,
        state: SessionState,
        services: SessionServices,
        journal: Journal,
        terminals: BackgroundTerminals,
        tasks: TaskGroup,
    ) -> None:
        self._thread_id = thread_id
        self._state = state
        self._services = services
        self._journal = journal
        self._terminals = terminals
        self._tasks = tasks
        self.active: ActiveTurn | None = None
        self._runner: TurnRunner | None = None
        self._closed = False

    def start(self, task: "TurnTask", output_schema: dict[str, Any] | None = None) -> TurnId:
        """Start a turn; the slot must be vacant."""
        from codex_rpc.session.turn_context import TurnContext
        from codex_rpc.session.turn_runner import TurnRunner

        assert self.active is None, "at most one turn at a time"
        self.active = ActiveTurn(new_turn_id(), task.kind, TurnState(self._state.total_usage))
        turn = TurnContext(
            thread_id=self._thread_id,
            turn=self.active,
            settings=self._state.settings,
            model=self._services.managers.models.find(
                self._state.settings, self._services.provider
            ),
            session_state=self._state,
            services=self._services,
            journal=self._journal,
            terminals=self._terminals,
            output_schema=output_schema,
        )
        self._state.last_turn_id = turn.turn_id
        self._state.standing.at_work()
        self._journal.start()
        self._runner = TurnRunner(turn, task, self._tasks)
        self._tasks.start_soon(self._run, turn, self._runner)
        return turn.turn_id

    async def _run(self, turn: "TurnContext", runner: "TurnRunner") -> None:
        unanswered: Sequence[TurnInput] = ()
        try:
            unanswered = await runner.run()
        finally:
            self.active = self._runner = None
            if unanswered and not self._closed:
                from codex_rpc.session.tasks.regular import RegularTask

                self.start(RegularTask(unanswered))
            turn.turn.done.set()

    def start_aside(self, work: "Callable[[TurnContext], Coroutine[Any, Any, None]]") -> bool:
        """Let `work` run beside the running turn's own; `False` if there is none to join."""
        return self._runner is not None and self._runner.start_aside(work)

    def close(self) -> None:
        """Stop the running turn, and start no other after it."""
        self._closed = True
        if self.active is not None:
            self.active.stop("interrupted")

    def stop(self, reason: StopReason, turn_id: TurnId | None = None) -> None:
        """Stop the running turn; `turn_id`, if given, must be its id.

        Raises:
            NoActiveTurnError: if no turn is running.
            TurnMismatchError: if another turn is.
        """
        if self.active is None:
            raise NoActiveTurnError("interrupt")
        if turn_id and turn_id != self.active.turn_id:
            raise TurnMismatchError(
                f"expected active turn id {turn_id} but found {self.active.turn_id}",
                path=("turnId",),
            )
        self.active.stop(reason)

    async def vacant(self) -> None:
        """Wait until no turn is running."""
        while self.active is not None:
            await self.active.done.wait()
