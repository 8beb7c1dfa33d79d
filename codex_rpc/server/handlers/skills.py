"""`skills/*`."""

from pathlib import Path

import anyio.to_thread

from codex_rpc.config.skills import SkillSwitch
from codex_rpc.errors import InvalidParamsError
from codex_rpc.managers.skills.skill import ListedSkill, SkillCatalog
from codex_rpc.managers.skills.switching import write_switch
from codex_rpc.protocol.skills import (
    SkillErrorInfo,
    SkillMetadata,
    SkillsConfigWriteParams,
    SkillsConfigWriteResponse,
    SkillsExtraRootsSetParams,
    SkillsExtraRootsSetResponse,
    SkillsListEntry,
    SkillsListParams,
    SkillsListResponse,
)
from codex_rpc.server.context import Answer, RequestContext


async def list_skills(context: RequestContext, params: SkillsListParams) -> SkillsListResponse:
    threads = context.server.threads
    threads.skills.watch()
    entries: list[SkillsListEntry] = []
    for name in params.cwds or [str(Path.cwd())]:
        cwd = Path.cwd() / name
        config = await anyio.to_thread.run_sync(threads.config.load, (), cwd)
        catalog = await threads.skills.catalog(cwd, config, anew=params.force_reload)
        entries.append(_entry(name, catalog))
    return SkillsListResponse(data=entries)


async def set_extra_roots(context: RequestContext, params: SkillsExtraRootsSetParams) -> Answer:
    skills = context.server.threads.skills
    roots = [_absolute(root, "extraRoots", index) for index, root in enumerate(params.extra_roots)]
    changed = skills.set_extra_roots(roots)
    return Answer(SkillsExtraRootsSetResponse(), skills.changed if changed else _nothing)


async def write_config(context: RequestContext, params: SkillsConfigWriteParams) -> Answer:
    threads = context.server.threads
    if bool(params.path) == bool(params.name):
        raise InvalidParamsError("skills/config/write requires exactly one of path or name")
    path = _absolute(params.path, "path") if params.path else None
    switch = SkillSwitch(None if path else params.name, path, params.enabled)
    enabled = await anyio.to_thread.run_sync(write_switch, threads.config, switch)
    threads.skills.switch(switch)
    return Answer(SkillsConfigWriteResponse(effective_enabled=enabled), threads.skills.changed)


def _absolute(name: str, *where: str | int) -> Path:
    path = Path(name)
    if not path.is_absolute():
        raise InvalidParamsError(
            "Invalid request: AbsolutePathBuf deserialized without a base path", path=where
        )
    return path


def _nothing() -> None: ...


def _entry(cwd: str, catalog: SkillCatalog) -> SkillsListEntry:
    return SkillsListEntry(
        cwd=cwd,
        skills=[_metadata(listed) for listed in catalog.skills],
        errors=[SkillErrorInfo(path=str(p.path), message=p.message) for p in catalog.problems],
    )


def _metadata(listed: ListedSkill) -> SkillMetadata:
    skill = listed.skill
    return SkillMetadata(
        name=skill.name,
        description=skill.description,
        short_description=skill.short_description,
        interface=skill.presentation.interface,
        dependencies=skill.presentation.dependencies,
        path=str(skill.path),
        scope=skill.scope,
        enabled=listed.enabled,
    )
