"""The requests to the model: its instructions, its tools, and the conversation."""

from collections.abc import Sequence

from msgspec.structs import replace

from codex_rpc.history.prompt_items import prompt_items
from codex_rpc.model.port import HostedToolSpec, ModelRequest
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.tools.web_search import web_search_spec

BASE_INSTRUCTIONS = """\
You are a coding agent. You work in a folder on the user's machine, through the tools you are
given, in a conversation that the user follows in an editor or a terminal.

How to work:
- Read before you change. Find out how the project is built, tested and written, and follow that.
- Do what was asked, completely, and nothing beside it. Leave unrelated code alone, and mention
  what you noticed there instead.
- Change files with the `apply_patch` tool, in small patches that each make sense on their own,
  with paths relative to the working directory.
- After a change, run the tests or whatever else shows that it works, and say what you ran and
  saw. If something fails and you cannot mend it, say so plainly.
- Prefer `rg` for searching. Never undo changes that you did not make. Do not commit or push unless
  you are asked to.
- Commands may need the user's approval, and the user may refuse one. Then look for another way,
  or ask.
- For work in several steps, keep a short plan with `update_plan`, one step in progress at a time.

How to answer: briefly, in plain Markdown, with the result first. Name files as `path:line`. Do not
repeat what the user can see in the diff.
"""
"""For models and providers that bring no instructions of their own."""


def build_request(turn: TurnContext) -> ModelRequest:
    """The request for the next answer, from all that history holds now."""
    items = prompt_items(
        turn.session_state.history.snapshot(), images="image" in turn.model.modalities
    )
    return replace(
        plain_request(turn, items),
        tools=[*turn.services.tools.specs(turn.model), *_hosted_tools(turn)],
        parallel_tool_calls=turn.model.parallel_tool_calls,
        output_schema=turn.output_schema,
    )


def _hosted_tools(turn: TurnContext) -> Sequence[HostedToolSpec]:
    """The tools that the provider runs itself."""
    if turn.services.provider.wire_api != "responses":
        return ()
    search = web_search_spec(turn.settings, turn.model)
    return () if search is None else (search,)


def plain_request(turn: TurnContext, items: Sequence[ResponseItem]) -> ModelRequest:
    """A request without tools."""
    settings, model = turn.settings, turn.model
    effort = settings.effort or (model.default_effort if model.supports_reasoning else None)
    return ModelRequest(
        thread_id=turn.thread_id,
        model=settings.model,
        instructions=settings.base_instructions or BASE_INSTRUCTIONS,
        input=items,
        reasoning_effort=effort,
        reasoning_summary=settings.summary or "auto",
        supports_reasoning=model.supports_reasoning,
        service_tier=settings.service_tier,
    )
