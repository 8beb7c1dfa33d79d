"""Values that earlier protocol versions had, and what they mean now.

A client that still sends one is told so, and served.
"""

from collections.abc import Mapping
from typing import Any

from codex_rpc.protocol.notifications import DeprecationNoticeNotification

RETIRED_VALUES: Mapping[str, Mapping[str, str]] = {
    "approvalPolicy": {"on-failure": "on-request", "unlessTrusted": "untrusted"},
    "approvalsReviewer": {"guardian_subagent": "auto_review"},
}
"""By parameter: the retired value and the one that takes its place."""


def replace_retired(
    params: Mapping[str, Any],
) -> tuple[Mapping[str, Any], list[DeprecationNoticeNotification]]:
    """`params` with present-day values, and what to tell the client about those replaced."""
    notices: list[DeprecationNoticeNotification] = []
    replaced: dict[str, Any] = {}
    for name, values in RETIRED_VALUES.items():
        value = params.get(name)
        if isinstance(value, str) and value in values:
            replaced[name] = values[value]
            summary = f"{name} `{value}` is retired; `{values[value]}` is used instead"
            notices.append(DeprecationNoticeNotification(summary=summary))
    return ({**params, **replaced} if replaced else params), notices
