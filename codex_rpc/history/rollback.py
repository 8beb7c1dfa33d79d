"""Taking back the last turns: where the history is cut.

A turn begins with what the user said; a summary counts as such, it stands for what was said before.
Files are not put back.
"""

from collections.abc import Sequence

from codex_rpc.history.fragments import is_context, is_report, is_user_message
from codex_rpc.protocol.response_items import ResponseItem


def without_last_turns(items: Sequence[ResponseItem], count: int) -> Sequence[ResponseItem]:
    """The items before the last `count` turns; `items` itself if there is nothing to take back.

    What comes before the first turn always stays. What was told about a turn's settings right
    before the turn goes with it; what reports on the turn before (an interrupt, a command of the
    user's) stays.
    """
    turns = [index for index, item in enumerate(items) if is_user_message(item)]
    if count <= 0 or not turns:
        return items
    cut = turns[max(0, len(turns) - count)]
    while cut > turns[0] and is_context(items[cut - 1]) and not is_report(items[cut - 1]):
        cut -= 1
    return items[:cut]
