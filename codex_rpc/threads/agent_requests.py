"""What an agent's thread is made from: the turn that starts it, and what has been said there."""

from collections.abc import Sequence

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.errors import ToolError
from codex_rpc.history.fragments import is_context, is_report
from codex_rpc.history.pairing import answers_of
from codex_rpc.managers.models import ModelsManager
from codex_rpc.protocol.response_items import ResponseItem, ToolCallItem
from codex_rpc.protocol.thread import ThreadSpawn
from codex_rpc.threads.codex_thread import ThreadOrigin
from codex_rpc.threads.spawn import StartThread


def spawn_request(
    origin: ThreadOrigin, settings: ThreadSettings, spawned: ThreadSpawn | None
) -> StartThread:
    """A thread that runs as a turn of `origin`'s thread with these settings does."""
    return StartThread(
        cwd=str(settings.cwd),
        model=settings.model,
        model_provider=settings.model_provider,
        approval_policy=settings.approval_policy,
        approvals_reviewer=settings.approvals_reviewer,
        sandbox_policy=settings.sandbox_policy,
        effort=settings.effort,
        summary=settings.summary,
        service_tier=settings.service_tier,
        base_instructions=settings.base_instructions,
        developer_instructions=settings.developer_instructions,
        ephemeral=origin.ephemeral,
        originator=origin.meta.originator,
        spawned=spawned,
        config=origin.config,
    )


def resume_request(origin: ThreadOrigin, settings: ThreadSettings) -> StartThread:
    """A thread as it was, with the permissions of a turn of `origin`'s thread."""
    return StartThread(
        approval_policy=settings.approval_policy,
        approvals_reviewer=settings.approvals_reviewer,
        sandbox_policy=settings.sandbox_policy,
        originator=origin.meta.originator,
        config=origin.config,
    )


def check_effort(models: ModelsManager, settings: ThreadSettings) -> None:
    """Raise if it is known that the model cannot reason with that effort.

    Raises:
        ToolError: with what it can.
    """
    model = models.find(settings)
    known = model.known and bool(model.efforts)
    if known and settings.effort is not None and settings.effort not in model.efforts:
        raise ToolError(
            f"Reasoning effort `{settings.effort}` is not supported for model `{model.slug}`. "
            f"Supported reasoning efforts: {', '.join(model.efforts)}"
        )


def settled_history(history: Sequence[ResponseItem]) -> list[ResponseItem]:
    """What has been said and done so far, without what only the one knows who did it.

    Calls that are still running are left out, and so is how things stood: the new thread is told
    that itself.
    """
    answers = answers_of(history)
    return [
        item
        for index, item in enumerate(history)
        if not (isinstance(item, ToolCallItem) and index not in answers)
        and (is_report(item) or not is_context(item))
    ]
