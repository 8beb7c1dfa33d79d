"""`thread/*`: making threads, following them, and what is done to them outside regular turns."""

from codex_rpc.errors import CodexRpcError
from codex_rpc.protocol.notifications import ThreadStartedNotification
from codex_rpc.protocol.settings import (
    ThreadSettingsUpdateParams,
    ThreadSettingsUpdateResponse,
)
from codex_rpc.protocol.thread import (
    ThreadCompactStartParams,
    ThreadCompactStartResponse,
    ThreadInjectItemsParams,
    ThreadInjectItemsResponse,
    ThreadLoadedListParams,
    ThreadLoadedListResponse,
    ThreadShellCommandParams,
    ThreadShellCommandResponse,
    ThreadStartParams,
    ThreadStartResponse,
    ThreadUnsubscribeParams,
    ThreadUnsubscribeResponse,
)
from codex_rpc.server.context import Answer, RequestContext
from codex_rpc.server.notices import tell_warnings
from codex_rpc.server.overrides import permission_profile, settings_overrides
from codex_rpc.server.paging import page
from codex_rpc.server.response_items import response_items
from codex_rpc.server.stored_views import loaded_thread_view
from codex_rpc.server.views import configuration
from codex_rpc.session.ops import InjectItems, RunShellCommand, StartCompaction, UpdateSettings
from codex_rpc.threads.loaded_threads import check_thread_id
from codex_rpc.threads.spawn import StartThread


async def start(context: RequestContext, params: ThreadStartParams) -> Answer:
    client = context.client
    number = client.asks_for_thread()
    request = StartThread(
        cwd=params.cwd,
        model=params.model,
        model_provider=params.model_provider,
        approval_policy=params.approval_policy,
        approvals_reviewer=params.approvals_reviewer,
        sandbox_mode=params.sandbox,
        permission_profile=permission_profile(params),
        service_tier=params.service_tier,
        base_instructions=params.base_instructions,
        developer_instructions=params.developer_instructions,
        ephemeral=bool(params.ephemeral),
        originator=params.service_name or context.client.name,
        thread_source=params.thread_source,
        config=tuple((params.config or {}).items()),
        dynamic_tools=params.dynamic_tools,
    )
    new = await context.server.threads.start_thread(request)
    context.answer_first(new.thread_id)
    context.server.feeds.open(new.thread)
    context.server.feeds.subscribe(client, new.thread_id)
    client.got_thread(number, new.thread_id)

    def announce() -> None:
        started = ThreadStartedNotification(thread=loaded_thread_view(new.thread))
        context.server.feeds.announce(started)
        tell_warnings(client, new)
        context.server.threads.prepare(new.thread_id)

    return Answer(configuration(ThreadStartResponse, new.thread), announce)


async def list_loaded(
    context: RequestContext, params: ThreadLoadedListParams
) -> ThreadLoadedListResponse:
    ids = context.server.threads.list_thread_ids()
    data, next_cursor = page(ids, lambda thread_id: thread_id, params.cursor, params.limit)
    return ThreadLoadedListResponse(data=data, next_cursor=next_cursor)


async def unsubscribe(
    context: RequestContext, params: ThreadUnsubscribeParams
) -> ThreadUnsubscribeResponse:
    try:
        context.server.threads.get_thread(params.thread_id)
    except CodexRpcError:
        check_thread_id(params.thread_id)
        return ThreadUnsubscribeResponse(status="notLoaded")
    followed = context.server.feeds.unsubscribe(context.client, params.thread_id)
    return ThreadUnsubscribeResponse(status="unsubscribed" if followed else "notSubscribed")


async def update_settings(
    context: RequestContext, params: ThreadSettingsUpdateParams
) -> ThreadSettingsUpdateResponse:
    thread = context.thread(params.thread_id)
    await context.submit(thread, UpdateSettings(settings_overrides(params, thread)))
    return ThreadSettingsUpdateResponse()


async def inject_items(
    context: RequestContext, params: ThreadInjectItemsParams
) -> ThreadInjectItemsResponse:
    thread = context.thread(params.thread_id)
    await context.submit(thread, InjectItems(response_items(params.items, "items")))
    return ThreadInjectItemsResponse()


async def compact(
    context: RequestContext, params: ThreadCompactStartParams
) -> ThreadCompactStartResponse:
    thread = context.thread(params.thread_id)
    await context.submit(thread, StartCompaction())
    return ThreadCompactStartResponse()


async def run_shell_command(
    context: RequestContext, params: ThreadShellCommandParams
) -> ThreadShellCommandResponse:
    thread = context.thread(params.thread_id)
    timeout_s = None if params.timeout_ms is None else params.timeout_ms / 1000
    await context.submit(thread, RunShellCommand(params.command, timeout_s))
    return ThreadShellCommandResponse()
