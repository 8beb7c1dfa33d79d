"""One live set of servers for however many threads, and when it changes."""

from pathlib import Path

import anyio
import pytest

from codex_rpc.config.effective import Config
from codex_rpc.errors import ConfigError, McpError
from codex_rpc.managers.mcp.port import McpStatus
from codex_rpc.managers.mcp.view import ThreadMcp
from tests.unit.managers.mcp.odd_servers import (
    AT_ONCE,
    PATIENCE,
    Starts,
    call,
    config_of,
    is_gone,
    manager_in,
    odd,
    ready,
    said,
    until,
)


async def test_a_hundred_threads_and_reloads_share_one_set_of_servers(tmp_path: Path) -> None:
    """As many processes as are configured, after 100 threads, forks and reloads."""
    starts = Starts(tmp_path / "starts")
    config = config_of(one=odd("well", starts.file), two=odd("well", starts.file))
    async with manager_in(tmp_path, AT_ONCE) as manager:
        views = [manager.servers_for(config, lambda: config) for _ in range(100)]
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                for view in views:
                    tasks.start_soon(call, view, "echo", "one")
                    tasks.start_soon(call, view, "echo", "two")
            for _ in range(100):
                await manager.reload()
        for view in views[1:]:
            view.close()
        assert said(await call(views[0], "echo", "two", text="alive")) == "alive"
    assert starts.count == 2


async def test_threads_that_see_different_tools_share_the_server(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "starts")
    async with manager_in(tmp_path) as manager:
        some = manager.servers_for(config_of(odd=odd("well", starts.file, enabled_tools=["echo"])))
        rest = manager.servers_for(config_of(odd=odd("well", starts.file, disabled_tools=["echo"])))
        await ready(some)
        await ready(rest)
        assert [tool.tool for tool in some.tools_now()] == ["echo"]
        assert "echo" not in {tool.tool for tool in rest.tools_now()}
        with pytest.raises(McpError, match="tool `echo` of MCP server `odd` is disabled"):
            await call(rest, "echo")
    assert starts.count == 1


async def test_different_settings_mean_different_servers(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "starts")
    async with manager_in(tmp_path) as manager:
        for env in ({"A": "1"}, {"A": "2"}):
            await ready(manager.servers_for(config_of(odd=odd("well", starts.file, env=env))))
    assert starts.count == 2


async def test_a_reload_ends_what_is_gone_keeps_what_is_the_same_and_starts_what_is_new(
    tmp_path: Path,
) -> None:
    starts, kept = Starts(tmp_path / "starts"), Starts(tmp_path / "kept")
    old = config_of(kept=odd("well", kept.file), gone=odd("well", starts.file))
    new = config_of(kept=odd("well", kept.file), new=odd("well", starts.file))
    configs = [new]
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(old, lambda: configs[0])
        await ready(view)
        pid = starts.pid
        await manager.reload()
        await until(lambda: is_gone(pid))
        await ready(view)
        assert {tool.server for tool in view.tools_now()} == {"kept", "new"}
    assert (starts.count, kept.count) == (2, 1)


async def test_a_reload_of_a_bad_configuration_changes_nothing(tmp_path: Path) -> None:
    def bad() -> Config:
        raise ConfigError("no TOML")

    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well")), bad)
        with pytest.raises(ConfigError, match="no TOML"):
            await manager.reload()
        assert said(await call(view, "echo", text="as before")) == "as before"


async def test_a_reload_gives_failed_servers_another_chance(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "starts")
    config = config_of(odd=odd("die", starts.file))
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config, lambda: config)
        await ready(view)
        await ready(view)
        assert starts.count == 1
        await manager.reload()
        await ready(view)
    assert starts.count == 2


async def test_a_server_that_cannot_start_is_not_tried_all_the_time(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "starts")
    async with manager_in(tmp_path) as manager:
        for _ in range(20):
            view = manager.servers_for(config_of(odd=odd("die", starts.file)))
            await ready(view)
            with pytest.raises(McpError, match="exited with code 4"):
                await call(view, "echo")
    assert starts.count == 1


async def test_a_server_that_nobody_needs_lingers_and_ends(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "starts")
    config = config_of(odd=odd("well", starts.file))
    async with manager_in(tmp_path, linger_s=0.05) as manager:
        view = manager.servers_for(config)
        await ready(view)
        view.close()
        view.close()
        await until(lambda: is_gone(starts.pid))
        assert said(await call(manager.servers_for(config), "echo", text="new")) == "new"
    assert starts.count == 2


async def test_watchers_hear_how_servers_are_and_what_becomes_of_them(tmp_path: Path) -> None:
    early: list[McpStatus] = []
    late: list[McpStatus] = []
    other: list[McpStatus] = []
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(bad=odd("die"), odd=odd("well")))
        view.watch(early.append)
        manager.servers_for(config_of(bad=odd("hang"))).watch(other.append)
        await ready(view)
        view.watch(late.append)
    assert sorted(early, key=lambda status: status.name) == [
        McpStatus("bad", "starting"),
        McpStatus("bad", "failed", "exited with code 4: no database\nno luck"),
        McpStatus("odd", "starting"),
        McpStatus("odd", "ready"),
    ]
    assert late == [
        McpStatus("bad", "failed", "exited with code 4: no database\nno luck"),
        McpStatus("odd", "ready"),
    ]
    assert other == [McpStatus("bad", "starting")]


async def test_only_required_servers_are_waited_for(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        fine = config_of(hanging=odd("hang"), odd=odd("well", required=True))
        with anyio.fail_after(PATIENCE):
            view: ThreadMcp = manager.servers_for(fine)
            await view.wait_for_required()
        assert {tool.server for tool in view.tools_now()} == {"odd"}
        bad = manager.servers_for(config_of(bad=odd("die", required=True)))
        with pytest.raises(McpError, match="required MCP server `bad` exited with code 4"):
            await bad.wait_for_required()


async def test_tools_are_found_under_the_names_that_models_use(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(**{"my-odd": odd("well")}))
        await ready(view)
        tool = view.find("mcp__my_odd", "echo")
        assert tool is not None
        assert (tool.server, tool.tool) == ("my-odd", "echo")
        assert view.find(None, "mcp__my-odd__echo") == tool
        assert view.find(None, "echo") is None
        assert view.find("mcp__other", "echo") is None
