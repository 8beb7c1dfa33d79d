"""A program that embeds the core gives a thread functions of its own, by the public names only."""

import json
import logging
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from pydantic import BaseModel

from codex_rpc import (
    CodexRpcError,
    ConfigLoader,
    NewThread,
    StartThread,
    SubmitInput,
    TextInput,
    ThreadManager,
    function_tool,
)
from tests.support.model_script import Output, calls, says, write_script
from tests.support.peer import WAIT_SECONDS
from tests.support.rollout import assert_calls_are_paired, outputs, read_rollout


class Price(BaseModel):
    amount: float
    currency: Literal["EUR", "USD"]


def price(sku: str, currency: Literal["EUR", "USD"] = "EUR") -> Price:
    """What an article costs."""
    return Price(amount=len(sku), currency=currency)


@asynccontextmanager
async def embedded(folder: Path, *called: Output) -> AsyncGenerator[ThreadManager]:
    """Threads whose model makes these calls at once and is done then."""
    home = folder / "home"
    home.mkdir()
    script = write_script(folder / "script.jsonl", [list(called), [says("Done")]])
    overrides = {"model_provider": "script", "model_providers.script.script_path": str(script)}
    async with ThreadManager(ConfigLoader(home, list(overrides.items())), {}) as threads:
        yield threads


async def turn(new: NewThread) -> list[dict[str, Any]]:
    """Have a turn; returns the items of its tools."""
    await new.thread.submit(SubmitInput([TextInput(text="Hi")]))
    return await rest_of_turn(new)


async def rest_of_turn(new: NewThread) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    with anyio.fail_after(WAIT_SECONDS):
        while True:
            event: Any = await new.thread.next_event()
            match getattr(event, "METHOD", None):
                case "item/completed" if event.item.type == "dynamicToolCall":
                    items.append(event.item.model_dump())
                case "turn/completed":
                    return items
                case _:
                    pass


async def run(folder: Path, tools: list[Any], *called: Output) -> tuple[list[dict[str, Any]], Any]:
    """Have the model call these tools; the items, and what it was told."""
    async with embedded(folder, *called) as threads:
        new = await threads.start_thread(StartThread(cwd=str(folder), tools=tools))
        items = await turn(new)
        path = new.thread.rollout_path
    assert path is not None
    assert_calls_are_paired(read_rollout(path))
    return items, outputs(read_rollout(path))


async def test_a_typed_function_is_a_tool(tmp_path: Path) -> None:
    items, heard = await run(tmp_path, [price], calls("price", "c1", sku="cup"))
    assert json.loads(heard[0]) == {"amount": 3.0, "currency": "EUR"}
    [item] = items
    assert item.pop("durationMs") >= 0
    assert item == {
        "type": "dynamicToolCall",
        "id": "c1",
        "tool": "price",
        "namespace": None,
        "arguments": {"sku": "cup"},
        "status": "completed",
        "contentItems": [{"type": "inputText", "text": heard[0]}],
        "success": True,
        "startedAtMs": None,
        "completedAtMs": None,
    }


async def test_async_functions_run_in_the_loop_and_others_beside_it(tmp_path: Path) -> None:
    where: list[str] = []

    async def inside() -> list[int]:
        await anyio.lowlevel.checkpoint()
        where.append(threading.current_thread().name)
        return [1, 2]

    def beside() -> str:
        where.append(threading.current_thread().name)
        return "plain"

    async def nothing() -> None:
        pass

    called = (calls("inside"), calls("beside"), calls("nothing"))
    _, heard = await run(tmp_path, [inside, beside, nothing], *called)
    assert heard == ["[1,2]", "plain", ""]
    assert where[0] == threading.current_thread().name != where[1]


async def test_wrong_arguments_never_reach_the_function(tmp_path: Path) -> None:
    called = (calls("price", sku=3), calls("price"), calls("price", sku="a", currency="GBP"))
    items, heard = await run(tmp_path, [price], *called)
    assert items == []
    assert [text.partition(": ")[0] for text in heard] == ["failed to parse function arguments"] * 3
    assert "currency: Input should be 'EUR' or 'USD'" in heard[2]


async def test_an_exception_fails_the_call_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks() -> str:
        raise KeyError("sku-7")

    def opaque() -> object:
        return object()

    with caplog.at_level(logging.ERROR):
        items, heard = await run(tmp_path, [breaks, opaque], calls("breaks"), calls("opaque"))
    assert heard[0] == "breaks failed: KeyError: 'sku-7'"
    assert heard[1].startswith("the result is no JSON")
    assert [(item["status"], item["success"]) for item in items] == [("failed", False)] * 2
    assert "Traceback" in caplog.text


async def test_an_interrupt_leaves_a_function_to_itself(tmp_path: Path) -> None:
    """The turn ends; a thread cannot be stopped, and its result is dropped."""
    began, end = threading.Event(), threading.Event()
    cancelled = anyio.Event()

    def stuck() -> str:
        began.set()
        end.wait()
        return "late"

    async def waits() -> str:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()
        return ""

    tools = [function_tool(stuck, parallel=True), function_tool(waits, parallel=True)]
    async with embedded(tmp_path, calls("waits"), calls("stuck")) as threads:
        new = await threads.start_thread(StartThread(cwd=str(tmp_path), tools=tools))
        await new.thread.submit(SubmitInput([TextInput(text="Hi")]))
        assert await anyio.to_thread.run_sync(began.wait, WAIT_SECONDS)
        new.thread.interrupt()
        items = await rest_of_turn(new)
        assert cancelled.is_set()
    end.set()  # the threads have ended without it
    assert [item["status"] for item in items] == ["failed", "failed"]
    path = new.thread.rollout_path
    assert path is not None
    assert [text[:7] for text in outputs(read_rollout(path))] == ["aborted", "aborted"]


def shell(command: str) -> str:
    """Not the server's."""
    return command


@pytest.mark.parametrize(
    ("tools", "words"),
    [([shell], "tool name is taken: shell"), ([price, price], "tool name is taken: price")],
)
async def test_a_name_that_is_taken_is_refused(
    tmp_path: Path, tools: list[Callable[..., object]], words: str
) -> None:
    async with embedded(tmp_path) as threads:
        with pytest.raises(CodexRpcError, match=words):
            await threads.start_thread(StartThread(cwd=str(tmp_path), tools=tools))
        assert threads.list_thread_ids() == []
