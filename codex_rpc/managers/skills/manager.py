"""SkillsManager: the skills for work in a folder, found again when something has changed.

Roots that several folders share are looked through once. Whether a scan still holds is judged by
the state of every file and folder that was looked at; nothing is looked at before it is asked for.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.config.effective import Config
from codex_rpc.config.skills import SkillSettings, SkillSwitch
from codex_rpc.managers.skills.roots import SkillRoot, UsualRoots, skill_roots
from codex_rpc.managers.skills.scan import Scan, scan_root
from codex_rpc.managers.skills.skill import (
    SCOPES,
    ListedSkill,
    Skill,
    SkillCatalog,
    SkillProblem,
)
from codex_rpc.managers.skills.watcher import SkillsWatcher

MOST_ROOTS = 256
"""How many roots are remembered; the one used longest ago is forgotten first."""

Scans = Mapping[SkillRoot, Scan]


class SkillSource(Protocol):
    """Where a session gets its skills from."""

    async def skills_in(self, cwd: Path) -> Sequence[Skill]:
        """The skills that may be used for work in `cwd`."""
        ...


class NoSkills:
    """A session without any."""

    async def skills_in(self, cwd: Path) -> Sequence[Skill]:
        return ()


class ThreadSkills(Struct, frozen=True):
    """The skills of one thread, by the configuration it was started with."""

    manager: "SkillsManager"
    config: Config

    async def skills_in(self, cwd: Path) -> Sequence[Skill]:
        return (await self.manager.catalog(cwd, self.config)).usable()


@dataclass(slots=True)
class SkillsManager:
    """Finds skills for all threads and clients. An async context manager.

    From `watch` on, `on_change` is told of changes; before, nothing is watched.
    """

    usual: UsualRoots
    extra_roots: tuple[Path, ...] = ()
    on_change: Callable[[], None] | None = None
    _switched: tuple[SkillSwitch, ...] = ()
    _scans: OrderedDict[SkillRoot, Scan] = field(default_factory=OrderedDict[SkillRoot, Scan])
    _watcher: SkillsWatcher | None = None
    _tasks: TaskGroup | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()
        await self._stack.aclose()

    async def catalog(self, cwd: Path, config: Config, *, anew: bool = False) -> SkillCatalog:
        """All skills for work in `cwd`; with `anew`, every document is read again."""
        known: Scans = {} if anew else dict(self._scans)
        settings = SkillSettings((*config.skills.switches, *self._switched))
        find = _Finder(self.usual, self.extra_roots, known)
        scans, catalog = await anyio.to_thread.run_sync(
            find.catalog, cwd, config, settings, abandon_on_cancel=True
        )
        self._remember(scans)
        return catalog

    def set_extra_roots(self, roots: Sequence[Path]) -> bool:
        """Look in these folders as well from now on; whether that is anything new."""
        before, self.extra_roots = self.extra_roots, tuple(dict.fromkeys(roots))
        return before != self.extra_roots

    def switch(self, switch: SkillSwitch) -> None:
        """Let threads that are loaded know what the user has just switched."""
        others = [old for old in self._switched if replace(old, enabled=switch.enabled) != switch]
        self._switched = (*others, switch)

    def watch(self) -> None:
        """Tell of changes in all roots that were looked through, from now on."""
        if self._watcher is None and self._tasks is not None:
            self._watcher = SkillsWatcher(self._look_again)
            self._tasks.start_soon(self._watcher.run)

    async def _look_again(self) -> Scans:
        """All roots that are known, as they are now."""
        known = dict(self._scans)
        scans = await anyio.to_thread.run_sync(_rescanned, known, abandon_on_cancel=True)
        self._remember(scans)
        return scans

    def _remember(self, scans: Scans) -> None:
        before = {root: self._scans[root] for root in scans if root in self._scans}
        for root, scan in scans.items():
            self._scans[root] = scan
            self._scans.move_to_end(root)
        while len(self._scans) > MOST_ROOTS:
            self._scans.popitem(last=False)
        if self._watcher is None:
            return
        if scans.keys() - before.keys():
            self._watcher.more_to_watch()
        if any(scan.documents() != scans[root].documents() for root, scan in before.items()):
            self.changed()

    def changed(self) -> None:
        """Tell that some list of skills is no longer what it was."""
        if self.on_change is not None:
            self.on_change()


def _rescanned(known: Scans) -> Scans:
    return {root: scan if scan.is_fresh() else scan_root(root) for root, scan in known.items()}


class _Finder(Struct, frozen=True):
    """What a worker thread needs to find skills."""

    usual: UsualRoots
    extra: Sequence[Path]
    known: Scans

    def catalog(
        self, cwd: Path, config: Config, settings: SkillSettings
    ) -> tuple[Scans, SkillCatalog]:
        roots = skill_roots(self.usual, self.extra, cwd, config.trust)
        scans = {root: self._scan(root) for root in roots}
        skills: dict[Path, Skill] = {}
        problems: dict[Path, SkillProblem] = {}
        for scan in scans.values():
            for skill in scan.skills:
                skills.setdefault(skill.path, skill)
            for problem in scan.problems:
                problems.setdefault(problem.path, problem)
        settings = _with_real_paths(settings)
        listed = [
            ListedSkill(skill, settings.enabled(skill.name, skill.path))
            for skill in sorted(skills.values(), key=_order)
        ]
        return scans, SkillCatalog(listed, sorted(problems.values(), key=lambda p: p.path))

    def _scan(self, root: SkillRoot) -> Scan:
        known = self.known.get(root)
        return known if known is not None and known.is_fresh() else scan_root(root)


def _order(skill: Skill) -> tuple[int, str, Path]:
    return SCOPES.index(skill.scope), skill.name, skill.path


def _with_real_paths(settings: SkillSettings) -> SkillSettings:
    """The same with paths as skills have them: without links on the way."""
    return SkillSettings(
        tuple(
            switch if switch.path is None else replace(switch, path=Path(_real(switch.path)))
            for switch in settings.switches
        )
    )


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # RuntimeError: links in a circle
        return path
