"""The rules of compaction: what the model is asked for, and what is left when it has answered.

A compacted history is the user's own recent words and a summary of everything. The summary is a
user-role message and stays the last one, because the model goes on from there. Asking the model,
and telling it its surroundings anew, is the session's.
"""

from collections.abc import Sequence

from codex_rpc.history.fragments import MODEL_SWITCH, is_user_message, kind_of
from codex_rpc.history.marks import has_mark, marked
from codex_rpc.history.pairing import answers_of
from codex_rpc.history.tokens import (
    BYTES_PER_TOKEN,
    estimate_item,
)
from codex_rpc.history.truncation import (
    SMALLEST_BYTES,
    TruncationPolicy,
    truncated_text,
)
from codex_rpc.protocol.response_items import MessageItem, ResponseItem, user_message

SUMMARY_PROMPT = """\
The conversation has grown long. From here on you, or another model, will go on with nothing but
your answer to this message and the user's own recent messages. So write down now what is needed to
finish the work without asking or searching again:

- What the user wants, in full, with every constraint, preference and correction.
- What has been done: files and what changed in them, commands that mattered and how they ended.
- What was found out: how the project is built and tested, causes of failures, what did not work.
- What was decided, and why.
- Where the work stands at this moment, what is left, and what comes next.

Name paths, functions, commands, error texts and values exactly. Leave out pleasantries and what no
longer matters. Do not call tools and do not go on with the task: answer with this summary only.
"""

SUMMARY_PREFIX = """\
The earlier part of this conversation was replaced by the summary below, written by the model that
worked on it. Build on it: do not repeat what it says was done, but look at files before you rely on
what it says of their content. The summary:"""

NO_SUMMARY = "(The model gave no summary.)"

SUMMARY_PREFIXES = (
    SUMMARY_PREFIX,
    "Another language model started to solve this problem and produced a summary",
)
"""How summaries begin in files where they are not marked: ours, where another program has rewritten
them, and those of the Codex command."""

MESSAGE_BUDGET_TOKENS = 20_000


def summary_message(text: str) -> MessageItem:
    """The message that stands for the conversation so far."""
    text = text.strip() or NO_SUMMARY
    return marked(user_message(f"{SUMMARY_PREFIX}\n{text}"), "compactionSummary")


def is_summary(item: ResponseItem, prefixes: tuple[str, ...] = SUMMARY_PREFIXES) -> bool:
    """Whether `item` is marked as a summary, or begins like one."""
    return (
        isinstance(item, MessageItem)
        and item.role == "user"
        and (has_mark(item, "compactionSummary") or item.text.startswith(prefixes))
    )


def compaction_input(
    items: Sequence[ResponseItem], prompt: str = SUMMARY_PROMPT
) -> list[ResponseItem]:
    """What to ask the model with: the conversation and the prompt, still to be made presentable.

    A last word about a switch of models is left out: the model that knows the conversation sums up.
    """
    end = len(items)
    while end and _is_model_switch(items[end - 1]):
        end -= 1
    return [*items[:end], user_message(prompt)]


def without_oldest(items: Sequence[ResponseItem], tokens: int = 1) -> list[ResponseItem]:
    """What is left when as many of the oldest items are gone as free `tokens`, by estimate.

    Calls go with their outputs. For a history that is too long even to be summed up.
    """
    answers = answers_of(items)
    gone: set[int] = set()
    freed = 0
    for index in range(len(items)):
        if freed >= tokens:
            break
        pair = {index, answers.get(index, index)} - gone
        freed += sum(estimate_item(items[member]) for member in pair)
        gone |= pair
    return [item for index, item in enumerate(items) if index not in gone]


def replacement_history(
    items: Sequence[ResponseItem],
    summary_text: str,
    *,
    context_items: Sequence[ResponseItem] = (),
    budget_tokens: int = MESSAGE_BUDGET_TOKENS,
) -> list[ResponseItem]:
    """The history that takes the place of `items`: the user's recent messages, then the summary.

    `context_items` are given when a turn is under way, which will not introduce itself again. They
    stand right above the user's last message, as they would in a new turn.
    """
    messages = _recent_user_messages(items, budget_tokens)
    above = max(0, len(messages) - 1)
    return [
        *messages[:above],
        *context_items,
        *messages[above:],
        summary_message(summary_text),
    ]


def _recent_user_messages(items: Sequence[ResponseItem], budget: int) -> list[ResponseItem]:
    """The newest messages that the budget allows, in order; the oldest of them may be cut."""
    kept: list[ResponseItem] = []
    for item in reversed(items):
        if not (isinstance(item, MessageItem) and is_user_message(item)) or is_summary(item):
            continue
        cost = estimate_item(item)
        if cost > budget:
            kept += _cut_message(item, budget)
            break
        kept.append(item)
        budget -= cost
    kept.reverse()
    return kept


def _cut_message(message: MessageItem, budget: int) -> list[ResponseItem]:
    """The message's text, shortened; nothing if it has none, or the budget allows only scraps."""
    if not message.text or budget * BYTES_PER_TOKEN < SMALLEST_BYTES:
        return []
    return [user_message(truncated_text(message.text, TruncationPolicy("tokens", budget)))]


def _is_model_switch(item: ResponseItem) -> bool:
    return isinstance(item, MessageItem) and kind_of(item.text, item.role) is MODEL_SWITCH
