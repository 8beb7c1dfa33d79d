"""Skills that the user names: their documents, put before the model with the user's words."""

from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread

from codex_rpc.history.fragments import skill
from codex_rpc.protocol.inputs import SkillInput, UserInput
from codex_rpc.protocol.response_items import MessageItem

MAX_SKILL_BYTES = 1024 * 1024


async def read_skills(parts: Sequence[UserInput], cwd: Path) -> tuple[list[MessageItem], list[str]]:
    """The documents of the skills among `parts`, and a sentence for each that cannot be read."""
    messages: list[MessageItem] = []
    problems: list[str] = []
    for part in parts:
        if isinstance(part, SkillInput):
            path = cwd / part.path
            try:
                text = await anyio.to_thread.run_sync(_read, path)
            except OSError as error:
                problems.append(f"The skill {part.name} cannot be read from {path}: {error}")
            else:
                messages.append(skill(part.name, path, text))
    return messages, problems


def _read(path: Path) -> str:
    if not path.is_file():  # a named pipe would block the thread for ever
        raise FileNotFoundError("no such file")
    with path.open("rb") as file:
        return file.read(MAX_SKILL_BYTES).decode(errors="replace")
