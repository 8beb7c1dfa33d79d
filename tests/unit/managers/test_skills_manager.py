"""Which skills are found, where, and when they are looked for again."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from codex_rpc.config.effective import config_from_table
from codex_rpc.config.skills import SkillSwitch
from codex_rpc.managers.skills.manager import ThreadSkills
from codex_rpc.managers.skills.scan import MAX_DEPTH
from tests.unit.managers.skill_files import manager_in, names, trusting, write_skill


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with skills at its root and further down, and the deepest folder's path."""
    below = tmp_path / "project" / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "project" / ".git").mkdir()
    write_skill(tmp_path / "project" / ".codex" / "skills", "root", name="at-root")
    write_skill(tmp_path / "project" / "a" / ".agents" / "skills", "mid", name="halfway")
    write_skill(below / ".agents" / "skills", "near", name="near")
    write_skill(tmp_path / ".codex" / "skills", "outside", name="outside")
    return below


async def test_skills_come_from_all_levels_of_a_trusted_project_and_from_the_user(
    tmp_path: Path, project: Path
) -> None:
    write_skill(tmp_path / "home" / "skills", "mine", name="mine")
    write_skill(tmp_path / "user" / ".agents" / "skills", "shared", name="also-mine")
    write_skill(tmp_path / "home" / "skills" / ".system", "given", name="given")
    write_skill(tmp_path / "admin", "ruled", name="ruled")
    async with manager_in(tmp_path) as manager:
        catalog = await manager.catalog(project, trusting(tmp_path, tmp_path / "project"))
    assert [(listed.skill.scope, listed.skill.name) for listed in catalog.skills] == [
        ("repo", "at-root"),
        ("repo", "halfway"),
        ("repo", "near"),
        ("user", "also-mine"),
        ("user", "mine"),
        ("system", "given"),
        ("admin", "ruled"),
    ]


async def test_the_skills_of_a_project_that_is_not_trusted_are_inert(
    tmp_path: Path, project: Path
) -> None:
    """Until the user trusts a project, what it brings for agents has no say."""
    write_skill(tmp_path / "home" / "skills", "mine", name="mine")
    async with manager_in(tmp_path) as manager:
        assert names(await manager.catalog(project, trusting(tmp_path))) == ["mine"]


async def test_trust_in_a_part_of_a_project_is_no_trust_in_the_rest(
    tmp_path: Path, project: Path
) -> None:
    async with manager_in(tmp_path) as manager:
        catalog = await manager.catalog(project, trusting(tmp_path, project))
    assert names(catalog) == ["near"]


async def test_in_a_part_that_is_not_trusted_the_whole_project_is_inert(
    tmp_path: Path, project: Path
) -> None:
    levels = {tmp_path / "project": "trusted", tmp_path / "project" / "a": "untrusted"}
    table = {str(folder): {"trust_level": level} for folder, level in levels.items()}
    config = config_from_table(tmp_path / "home", {"projects": table})
    async with manager_in(tmp_path) as manager:
        assert names(await manager.catalog(project, config)) == []


async def test_a_skill_that_several_roots_lead_to_is_listed_once(tmp_path: Path) -> None:
    own = tmp_path / "home" / "skills"
    path = write_skill(tmp_path / "elsewhere", "one", name="one")
    own.mkdir(parents=True)
    for link in ("first", "second"):
        (own / link).symlink_to(tmp_path / "elsewhere")
    async with manager_in(tmp_path) as manager:
        manager.set_extra_roots([tmp_path / "elsewhere"])
        catalog = await manager.catalog(tmp_path, trusting(tmp_path))
    assert [listed.skill.path for listed in catalog.skills] == [path]


async def test_links_in_a_circle_and_great_depths_end_the_search(tmp_path: Path) -> None:
    own = tmp_path / "home" / "skills"
    write_skill(own, "plain", name="plain")
    (own / "circle").symlink_to(own)
    (own / "dangling").symlink_to(tmp_path / "nowhere")
    for depth in (MAX_DEPTH, MAX_DEPTH + 1):
        write_skill(own, "/".join(["deep"] * (depth - 1) + [f"d{depth}"]), name=f"depth-{depth}")
    async with manager_in(tmp_path) as manager:
        catalog = await manager.catalog(tmp_path, trusting(tmp_path))
    assert names(catalog) == [f"depth-{MAX_DEPTH}", "plain"]


async def test_hidden_folders_linked_documents_and_other_spellings_are_passed_over(
    tmp_path: Path,
) -> None:
    own = tmp_path / "home" / "skills"
    write_skill(own, ".hidden", name="hidden")
    document = write_skill(tmp_path / "elsewhere", "one", name="linked")
    (own / "linked").mkdir(parents=True)
    (own / "linked" / "SKILL.md").symlink_to(document)
    write_skill(own, "lower", name="lower").rename(own / "lower" / "skill.md")
    async with manager_in(tmp_path) as manager:
        assert names(await manager.catalog(tmp_path, trusting(tmp_path))) == []


async def test_what_changes_on_disk_is_seen_the_next_time(tmp_path: Path) -> None:
    own = tmp_path / "home" / "skills"
    config = trusting(tmp_path)
    async with manager_in(tmp_path) as manager:
        assert names(await manager.catalog(tmp_path, config)) == []
        path = write_skill(own, "one", name="one")
        assert names(await manager.catalog(tmp_path, config)) == ["one"]
        write_skill(own, "one", name="uno")
        assert names(await manager.catalog(tmp_path, config)) == ["uno"]
        path.unlink()
        assert names(await manager.catalog(tmp_path, config)) == []


async def test_switched_off_skills_are_listed_as_such_and_not_used(tmp_path: Path) -> None:
    own = tmp_path / "home" / "skills"
    write_skill(own, "one", name="one")
    path = write_skill(own, "two", name="two")
    write_skill(own, "three", name="three")
    switches = [
        {"name": "one", "enabled": False},
        {"path": str(path), "enabled": False},
        {"name": "three", "enabled": False},
        {"name": "three", "enabled": True},
    ]
    config = config_from_table(tmp_path / "home", {"skills": {"config": switches}})
    async with manager_in(tmp_path) as manager:
        catalog = await manager.catalog(tmp_path, config)
        assert {listed.skill.name: listed.enabled for listed in catalog.skills} == {
            "one": False,
            "two": False,
            "three": True,
        }
        thread = ThreadSkills(manager, config)
        assert [skill.name for skill in await thread.skills_in(tmp_path)] == ["three"]
        manager.switch(SkillSwitch("three", None, enabled=False))
        assert await thread.skills_in(tmp_path) == []


async def test_a_switch_whose_path_leads_through_a_link_is_about_the_skill(tmp_path: Path) -> None:
    own = tmp_path / "home" / "skills"
    write_skill(own, "one", name="one")
    (tmp_path / "link").symlink_to(own)
    switch = SkillSwitch(None, tmp_path / "link" / "one" / "SKILL.md", enabled=False)
    config = trusting(tmp_path)
    config = replace(config, skills=replace(config.skills, switches=(switch,)))
    async with manager_in(tmp_path) as manager:
        [listed] = (await manager.catalog(tmp_path, config)).skills
    assert not listed.enabled


async def test_broken_documents_are_named_except_those_that_came_with_a_program(
    tmp_path: Path,
) -> None:
    own = tmp_path / "home" / "skills"
    bad = write_skill(own, "bad", description=None)
    write_skill(own / ".system", "bad", description=None)
    async with manager_in(tmp_path) as manager:
        catalog = await manager.catalog(tmp_path, trusting(tmp_path))
    assert [(problem.path, problem.message) for problem in catalog.problems] == [
        (bad, "missing field `description`")
    ]
