"""What the user said: checked once, then put to the model as a message and shown as an item."""

import base64
import errno
import mimetypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

import anyio.to_thread

from codex_rpc.errors import InvalidParamsError
from codex_rpc.managers.skills.skill import Skill
from codex_rpc.protocol.ids import new_item_id
from codex_rpc.protocol.inputs import (
    AudioInput,
    ImageInput,
    LocalAudioInput,
    LocalImageInput,
    MentionInput,
    SkillInput,
    TextInput,
    UserInput,
)
from codex_rpc.protocol.items import UserMessageItem
from codex_rpc.protocol.notifications import WarningNotification
from codex_rpc.protocol.response_items import ContentPart, InputImage, InputText, MessageItem
from codex_rpc.session.skill_input import read_skills
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.state.turn_state import TurnInput

MAX_IMAGE_BYTES = 32 * 1024 * 1024


async def prepare_input(
    parts: Sequence[UserInput],
    *,
    cwd: Path,
    skills: Sequence[Skill],
    client_id: str | None = None,
) -> TurnInput:
    """Turn input parts into a message for the model, reading local images and skills on the way.

    Raises:
        InvalidParamsError: naming the part that cannot be used.
    """
    content = [await _content_part(part, index, cwd) for index, part in enumerate(parts)]
    documents, problems = await read_skills(parts, cwd, skills)
    return TurnInput(
        parts=parts,
        message=MessageItem(role="user", content=content),
        client_id=client_id,
        skills=documents,
        problems=problems,
    )


def user_message_item(turn_input: TurnInput) -> UserMessageItem:
    """The item that shows what the user said."""
    return UserMessageItem(
        id=new_item_id(), content=list(turn_input.parts), client_id=turn_input.client_id
    )


def record_input(turn: TurnContext, turn_input: TurnInput) -> None:
    """Put what the user said on record and show it. Empty input leaves no trace."""
    if not turn_input.parts:
        return
    turn.record([turn_input.message, *turn_input.skills])
    item = user_message_item(turn_input)
    turn.item_started(item)
    turn.item_completed(item)
    for problem in turn_input.problems:
        turn.emit(WarningNotification(thread_id=turn.thread_id, message=problem))
    if not turn.session_state.preview:
        turn.session_state.preview = turn_input.message.text


async def _content_part(part: UserInput, index: int, cwd: Path) -> ContentPart:
    match part:
        case TextInput():
            return InputText(text=part.text)
        case ImageInput(url=str(url)):
            return InputImage(image_url=url, detail=part.detail)
        case LocalImageInput():
            url = await _data_url(cwd / part.path, index)
            return InputImage(image_url=url, detail=part.detail)
        case MentionInput() | SkillInput():
            return InputText(text=f"[{part.name}]({part.path})")
        case ImageInput():
            raise _unusable(index, "fileId", "images by file id cannot be sent to this provider")
        case AudioInput() | LocalAudioInput():
            raise _unusable(index, "type", "audio input cannot be sent to this model")
        case _:
            assert_never(part)


async def _data_url(path: Path, index: int) -> str:
    kind = mimetypes.guess_type(path.name)[0] or ""
    if not kind.startswith("image/"):
        raise _unusable(index, "path", f"not an image file: {path}")
    try:
        data = await anyio.to_thread.run_sync(_read_bounded, path)
    except OSError as error:
        raise _unusable(index, "path", f"cannot read {path}: {error.strerror}") from error
    if len(data) > MAX_IMAGE_BYTES:
        raise _unusable(index, "path", f"image is larger than {MAX_IMAGE_BYTES} bytes: {path}")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _read_bounded(path: Path) -> bytes:
    if not path.is_file():  # a named pipe would block the thread for ever
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    with path.open("rb") as file:
        return file.read(MAX_IMAGE_BYTES + 1)


def _unusable(index: int, field: str, reason: str) -> InvalidParamsError:
    return InvalidParamsError(reason, path=("input", index, field))
