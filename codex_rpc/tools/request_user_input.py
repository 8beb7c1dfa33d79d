"""`request_user_input`: the model asks the user something.

The answers go to the model, and so into the history; clients are shown none of them, secret or not.
"""

from typing import Any

from pydantic import Field
from pydantic_core import to_json

from codex_rpc.errors import ToolError
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.questions import (
    ToolRequestUserInputOption,
    ToolRequestUserInputParams,
    ToolRequestUserInputQuestion,
    ToolRequestUserInputResponse,
)
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.ports import (
    ClientQuestion,
    QuestionHeader,
    ToolCall,
    ToolContext,
    ToolOutput,
)

MAX_QUESTIONS = 3


class Option(ToolArguments):
    label: str
    description: str = ""


class Question(ToolArguments):
    id: str
    header: str
    question: str
    options: list[Option] | None = None
    is_secret: bool = Field(default=False, alias="isSecret")


class UserInputArguments(ToolArguments):
    questions: list[Question]


_OPTION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "description": "A few words."},
        "description": {"type": "string", "description": "What follows from it, in a sentence."},
    },
    "required": ["label", "description"],
    "additionalProperties": False,
}

_QUESTION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "What the answer is filed under, in snake_case."},
        "header": {"type": "string", "description": "One or two words to stand above it."},
        "question": {"type": "string"},
        "options": {
            "type": "array",
            "items": _OPTION,
            "description": (
                "Two or three answers that exclude each other, the best one first; the user may "
                "always say something else. Leave it out if there is nothing to choose from."
            ),
        },
        "isSecret": {
            "type": "boolean",
            "description": "Whether the answer is not to be seen while the user types it.",
        },
    },
    "required": ["id", "header", "question"],
    "additionalProperties": False,
}

SPEC = FunctionToolSpec(
    name="request_user_input",
    description=(
        "Ask the user one to three short questions and wait for the answers. Only where you "
        "cannot go on, or would do much work in vain, without knowing."
    ),
    parameters={
        "type": "object",
        "properties": {"questions": {"type": "array", "items": _QUESTION}},
        "required": ["questions"],
        "additionalProperties": False,
    },
)


class RequestUserInputTool:
    name = "request_user_input"
    parallel = False

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        questions = parse_arguments(UserInputArguments, call.arguments).questions
        _check(questions)
        if context.settings.approval_policy == "never":
            raise ToolError("the user is not to be asked: the approval policy is never")
        reply = await context.ask_client(_question(call, questions))
        if not isinstance(reply.response, ToolRequestUserInputResponse):
            raise ToolError(f"the user gave no answer: {reply.reason or 'nobody was there'}")
        given = reply.response.answers
        answers = {each.id: given[each.id] for each in questions if each.id in given}
        return ToolOutput(to_json({"answers": answers}).decode())


def _check(questions: list[Question]) -> None:
    """Raise if this cannot be asked.

    Raises:
        ToolError: with what is wrong.
    """
    if not 1 <= len(questions) <= MAX_QUESTIONS:
        raise ToolError(f"ask one to {MAX_QUESTIONS} questions at a time, not {len(questions)}")
    if len({question.id for question in questions}) < len(questions):
        raise ToolError("each question needs an id of its own")


def _question(call: ToolCall, questions: list[Question]) -> ClientQuestion:
    asked = [
        ToolRequestUserInputQuestion(
            id=question.id,
            header=question.header,
            question=question.question,
            is_other=True,
            is_secret=question.is_secret,
            options=_options(question),
        )
        for question in questions
    ]

    def params(header: QuestionHeader) -> ToolRequestUserInputParams:
        return ToolRequestUserInputParams(
            thread_id=header.thread_id,
            turn_id=header.turn_id,
            item_id=ItemId(call.call_id),
            approval_id=header.approval_id,
            questions=asked,
        )

    return ClientQuestion("item/tool/requestUserInput", params, ItemId(call.call_id))


def _options(question: Question) -> list[ToolRequestUserInputOption] | None:
    if not question.options:
        return None
    return [
        ToolRequestUserInputOption(label=option.label, description=option.description)
        for option in question.options
    ]
