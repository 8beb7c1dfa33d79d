"""Where to begin reading a log if only its newest state is asked for.

A compaction replaces the whole history, so what lies long before the turn in which it happened can
be left unread, unless that turn was taken back. What is not history, but settings and the like, may
have been said earlier, see `last_said`.
"""

from codex_rpc.rollout.log_search import lines_backwards
from codex_rpc.rollout.thread_log import ThreadLog

_STARTS = frozenset({"task_started", "turn_started"})


def newest_checkpoint(log: ThreadLog) -> int | None:
    """The logical offset to begin at, where a turn begins; `None` if nothing was ever compacted.

    It is the turn before the one of the compaction, because settings for a turn may be said before
    it begins.

    Blocking: for a worker thread.

    Raises:
        OSError: if a file cannot be read.
    """
    for line in lines_backwards(log, b'"compacted"', log.end, log.start):
        if line.kind != "compacted":
            continue
        compacted = line.parsed()
        if compacted is None or not isinstance(compacted.payload.get("replacement_history"), list):
            continue
        return _turn_start(log, _turn_start(log, line.start))
    return None


def last_turns(log: ThreadLog) -> int:
    """The logical offset at which the last turn but one begins; the log's start if it has fewer.

    Blocking: for a worker thread.

    Raises:
        OSError: if a file cannot be read.
    """
    return _turn_start(log, _turn_start(log, log.end))


def _turn_start(log: ThreadLog, before: int) -> int:
    """Where the last turn before `before` begins; the log's start if there is none."""
    found = lines_backwards(log, b'_started"', before, log.start)
    return next((line.start for line in found if line.event in _STARTS), log.start)
