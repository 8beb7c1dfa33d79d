"""What a skill's files may say, and what is wrong with some."""

from pathlib import Path

import pytest

from codex_rpc.managers.skills.front_matter import read_skill
from codex_rpc.managers.skills.presentation import read_presentation
from codex_rpc.managers.skills.skill import Presentation, Skill, SkillProblem
from codex_rpc.managers.skills.yaml_text import MAX_BYTES
from codex_rpc.protocol.skills import SkillInterface


def read(folder: Path, content: str | bytes) -> Skill | SkillProblem:
    path = folder / "SKILL.md"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_skill(path, "user", Presentation())


def skill(folder: Path, content: str | bytes) -> Skill:
    found = read(folder, content)
    assert isinstance(found, Skill), found
    return found


def problem(folder: Path, content: str | bytes) -> str:
    found = read(folder, content)
    assert isinstance(found, SkillProblem), found
    return found.message


def test_values_are_collapsed_to_one_line(tmp_path: Path) -> None:
    found = skill(
        tmp_path,
        "---\nname: ' two  words '\ndescription: |\n  one\n  two   three\n"
        "metadata:\n  short-description: in\n    short\n---\nBody\n",
    )
    assert (found.name, found.description, found.short_description) == (
        "two words",
        "one two three",
        "in short",
    )


@pytest.mark.parametrize("name", ["", "name:\n", 'name: ""\n'])
def test_a_skill_without_a_name_is_called_like_its_folder(tmp_path: Path, name: str) -> None:
    assert skill(tmp_path, f"---\n{name}description: d\n---\n").name == tmp_path.name


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("description: Use it: now", "Use it: now"),
        ("description: [draft] of: a", "[draft] of: a"),
        ("description: 12", "12"),
        ("description: yes", "yes"),
        ("description: it's # this", "it's"),
    ],
)
def test_plain_values_need_no_quotes(tmp_path: Path, line: str, text: str) -> None:
    assert skill(tmp_path, f"---\n{line}\n---\n").description == text


def test_a_byte_order_mark_and_carriage_returns_are_tolerated(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf---\r\nname: one\r\ndescription: d\r\n---\r\nBody"
    assert skill(tmp_path, content).name == "one"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "missing YAML frontmatter delimited by ---"),
        ("no front matter\n", "missing YAML frontmatter delimited by ---"),
        ("---\nname: a\ndescription: d\n", "missing YAML frontmatter delimited by ---"),
        ("---\n" + "#" * MAX_BYTES + "\n---\n", "missing YAML frontmatter delimited by ---"),
        ("---\nname: a\n---\n", "missing field `description`"),
        (f"---\nname: {'x' * 65}\ndescription: d\n---\n", "invalid name: exceeds maximum length"),
        ("---\ndescription: [a, b]\n---\n", "invalid YAML: description: invalid type: sequence"),
        ("---\ndescription: {a: b}\n---\n", "invalid YAML: description: invalid type: map"),
        ("---\n- a\n---\n", "invalid YAML: expected a mapping"),
        ("---\ndescription: 'a\n---\n", "invalid YAML: "),
        ("---\na: " + "[" * 9_000 + "\n---\n", "invalid YAML: "),
        (b"---\nname: a\xff\ndescription: d\n---\n", "failed to read file: invalid utf-8"),
    ],
)
def test_what_is_wrong_with_a_document_is_said(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    assert problem(tmp_path, content).startswith(message)


def test_a_skill_says_how_it_wants_to_be_shown(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "openai.yaml").write_text(
        "interface:\n  display_name: One\n  icon_small: ./assets/a.png\n  icon_large: /etc/b.png\n"
        "  brand_color: red\n  default_prompt: Do it\n"
        "dependencies:\n  tools:\n    - {type: mcp, value: github, url: 'https://x/'}\n    - else\n"
        "policy:\n  allow_implicit_invocation: false\n"
    )
    found = read_presentation(tmp_path)
    assert found.interface == SkillInterface(
        display_name="One", icon_small=str(tmp_path / "assets/a.png"), default_prompt="Do it"
    )
    assert found.dependencies is not None
    [tool] = found.dependencies.tools
    assert tool.model_dump() == {"type": "mcp", "value": "github", "url": "https://x/"}
    assert not found.offered


@pytest.mark.parametrize("content", ["", "interface: 1\n", ": [", "interface: {brand_color: [1]}"])
def test_a_presentation_that_is_wrong_is_left_out(tmp_path: Path, content: str) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "openai.yaml").write_text(content)
    assert read_presentation(tmp_path) == Presentation()
