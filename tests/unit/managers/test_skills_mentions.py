"""Which skills a text names."""

from pathlib import Path

import pytest

from codex_rpc.managers.skills.mentions import mentioned
from codex_rpc.managers.skills.skill import Skill


def skill(name: str, path: str | None = None) -> Skill:
    return Skill(name, "What it is for", Path(path or f"/skills/{name}/SKILL.md"), "user")


SKILLS = [
    skill("poetry"),
    skill("git-flow"),
    skill("path"),
    skill("twice", "/a/SKILL.md"),
    skill("twice", "/b/SKILL.md"),
]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("nothing", []),
        ("use $poetry.", ["/skills/poetry/SKILL.md"]),
        (
            "`$poetry`, then $git-flow: now",
            ["/skills/poetry/SKILL.md", "/skills/git-flow/SKILL.md"],
        ),
        ("$poetry $poetry", ["/skills/poetry/SKILL.md"]),
        ("$poetryx $Poetry $ poetry", []),
        ("echo $PATH $path", []),
        ("$twice", []),
        ("[$twice](/b/SKILL.md)", ["/b/SKILL.md"]),
        ("[$x](skill:///a/SKILL.md)", ["/a/SKILL.md"]),
        ("[$poetry](/nowhere)", []),
        ("[poetry](/skills/poetry/SKILL.md)", []),
    ],
)
def test_a_text_names_skills(text: str, paths: list[str]) -> None:
    assert [str(skill.path) for skill in mentioned([text], SKILLS)] == paths


def test_a_name_that_the_client_has_told_apart_is_not_looked_up_again() -> None:
    assert mentioned(["$poetry"], SKILLS, {"poetry"}) == []
