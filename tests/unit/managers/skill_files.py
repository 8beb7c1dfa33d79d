"""Skills on disk, for tests."""

from pathlib import Path

from codex_rpc.config.effective import Config, config_from_table
from codex_rpc.managers.skills.manager import SkillsManager
from codex_rpc.managers.skills.roots import UsualRoots
from codex_rpc.managers.skills.skill import SkillCatalog


def write_skill(
    root: Path,
    folder: str,
    *,
    name: str | None = None,
    description: str | None = "What it is for",
    more: str = "",
    body: str = "Do it like this.",
) -> Path:
    """A skill in `root/folder`; returns the path of its document."""
    path = root / folder / "SKILL.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    named = "" if name is None else f"name: {name}\n"
    described = "" if description is None else f"description: {description}\n"
    path.write_text(f"---\n{named}{described}{more}---\n{body}\n")
    return path


def manager_in(folder: Path) -> SkillsManager:
    """A manager whose home, admin's folder and all are inside `folder`."""
    return SkillsManager(UsualRoots(folder / "home", folder / "user", folder / "admin"))


def trusting(folder: Path, *projects: Path) -> Config:
    levels = {str(project): {"trust_level": "trusted"} for project in projects}
    return config_from_table(folder / "home", {"projects": levels})


def names(catalog: SkillCatalog) -> list[str]:
    return [listed.skill.name for listed in catalog.skills]
