"""Skills in a session: those that may be used, and the documents of those that the user names."""

from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread

from codex_rpc.history.fragments import skill
from codex_rpc.history.skills_section import SkillEntry, last_told, skills_instructions
from codex_rpc.managers.skills.mentions import mentioned
from codex_rpc.managers.skills.skill import Skill
from codex_rpc.protocol.inputs import SkillInput, TextInput, UserInput
from codex_rpc.protocol.response_items import MessageItem
from codex_rpc.session.turn_context import TurnContext

MAX_SKILL_BYTES = 1024 * 1024


def skills_section(skills: Sequence[Skill]) -> Sequence[MessageItem]:
    """What the model is told of skills at first: nothing if there are none."""
    entries = _entries(skills)
    return [skills_instructions(entries)] if entries else []


def skills_changes(turn: TurnContext) -> Sequence[MessageItem]:
    """What the model is told if there are other skills than it knows of."""
    state = turn.session_state
    told = last_told(state.history.snapshot())
    now = skills_instructions(_entries(state.skills))
    if told is None:
        return skills_section(state.skills)
    return [] if told == now else [now]


def _entries(skills: Sequence[Skill]) -> Sequence[SkillEntry]:
    """Those that the model may come to by itself."""
    return [
        SkillEntry(skill.name, skill.description, skill.path)
        for skill in skills
        if skill.presentation.offered
    ]


async def read_skills(
    parts: Sequence[UserInput], cwd: Path, skills: Sequence[Skill]
) -> tuple[list[MessageItem], list[str]]:
    """The documents of the skills that `parts` name, and a sentence for each that is unreadable.

    Those that the client tells apart come first, then those that the text names.
    """
    named = {cwd / part.path: part.name for part in parts if isinstance(part, SkillInput)}
    texts = [part.text for part in parts if isinstance(part, TextInput)]
    for meant in mentioned(texts, skills, set(named.values())):
        named.setdefault(meant.path, meant.name)
    messages: list[MessageItem] = []
    problems: list[str] = []
    for path, name in named.items():
        try:
            text = await anyio.to_thread.run_sync(_read, path)
        except OSError as error:
            problems.append(f"The skill {name} cannot be read from {path}: {error}")
        else:
            messages.append(skill(name, path, text))
    return messages, problems


def _read(path: Path) -> str:
    if not path.is_file():  # a named pipe would block the thread for ever
        raise FileNotFoundError("no such file")
    with path.open("rb") as file:
        return file.read(MAX_SKILL_BYTES).decode(errors="replace")
