"""LastSaid: what a log says of things that hold until it says something else.

These are the settings, the usage and the rate limits. Lines are only kept while the log is read;
those that matter, which are few, are parsed when somebody asks.
"""

from collections.abc import Iterable, Iterator

from codex_rpc.model.port import RateLimits, TokenUsage
from codex_rpc.model.rate_limits import merge_rate_limits
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.log_search import lines_backwards
from codex_rpc.rollout.reader import RawLine
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.rollout.token_counts import stored_rate_limits, stored_usage
from codex_rpc.rollout.turn_settings import StoredSettings

_NO_LIMITS = b'"rate_limits":null'

_NEAR = 1 << 22
"""So many bytes before the place where reading begins are looked through for rate limits."""


class LastSaid:
    """Fed with lines in order."""

    def __init__(self) -> None:
        self._settings: list[RawLine] = []
        """The last `turn_context`, and what changed it since."""
        self._counts: list[RawLine] = []

    def settings_are(self, context: RawLine) -> None:
        self._settings = [context]

    def settings_change(self, event: RawLine) -> None:
        """A `thread_settings_applied` event of the other program."""
        if self._settings:
            self._settings.append(event)

    def count(self, event: RawLine) -> None:
        """A `token_count` event."""
        self._counts.append(event)

    def look_back(self, log: ThreadLog, before: int) -> None:
        """Take note of what was said before that logical offset; for use before all else is noted.

        Settings and usage are looked for until they are found. Rate limits are only if they were
        said shortly before: they are the account's of the moment, most providers have none, and
        one that has says them again with its next response.
        """
        first = log.start
        context = next(_of_kind(lines_backwards(log, b'"turn_context"', before, first)), None)
        if context is not None:
            changes = lines_backwards(log, b'"thread_settings_applied"', before, context.start)
            self._settings = [context, *reversed([line for line in changes if line.event])]
        near = max(first, before - _NEAR)
        self._counts = list(_telling_counts(lines_backwards(log, b'"token_count"', before, near)))
        if not any(stored_usage(payload) for _, payload in _payloads(self._counts)):
            self._counts += _newest_usage(lines_backwards(log, b'"total_token_usage"', near, first))
        self._counts.reverse()

    def settings(self) -> StoredSettings | None:
        """`None` if nothing was said of them."""
        settings: StoredSettings | None = None
        for line, payload in _payloads(self._settings):
            if line.kind == "turn_context":
                settings = StoredSettings.from_payload(payload)
            elif settings is not None:
                settings = settings.changed_by(payload)
        return settings

    def usage(self) -> tuple[TokenUsage, TokenUsage]:
        """The thread's, and that of its last response."""
        stored = (stored_usage(payload) for _, payload in _payloads(reversed(self._counts)))
        return next((usage for usage in stored if usage), (TokenUsage(), TokenUsage()))

    def rate_limits(self) -> RateLimits:
        limits: RateLimits | None = None
        telling = (line for line in reversed(self._counts) if _NO_LIMITS not in line.raw)
        for _, payload in _payloads(telling):
            earlier = stored_rate_limits(payload)
            if earlier is not None:
                limits = earlier if limits is None else merge_rate_limits(earlier, limits)
                if limits.credits and limits.plan_type:
                    break
        return limits or RateLimits()


def _of_kind(lines: Iterator[RawLine]) -> Iterator[RawLine]:
    return (line for line in lines if line.kind == "turn_context")


def _telling_counts(lines: Iterator[RawLine]) -> Iterator[RawLine]:
    """Of `token_count` events, newest first, those that later ones leave something to say."""
    usage_known = False
    limits = RateLimits()
    for line in lines:
        if line.event != "token_count" or (usage_known and _NO_LIMITS in line.raw):
            continue
        for _, payload in _payloads([line]):
            yield line
            usage_known = usage_known or stored_usage(payload) is not None
            if (earlier := stored_rate_limits(payload)) is not None:
                limits = merge_rate_limits(earlier, limits)
        if usage_known and limits.credits and limits.plan_type:
            return


def _newest_usage(lines: Iterator[RawLine]) -> Iterator[RawLine]:
    """The first of the lines that tells of usage, if one does."""
    for line, payload in _payloads(lines):
        if line.event == "token_count" and stored_usage(payload) is not None:
            yield line
            return


def _payloads(lines: Iterable[RawLine]) -> Iterator[tuple[RawLine, Payload]]:
    for line in lines:
        if (parsed := line.parsed()) is not None:
            yield line, parsed.payload
