"""A server for each test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.app import App, running_app


@pytest.fixture
async def app(tmp_path: Path) -> AsyncGenerator[App]:
    async with running_app(tmp_path) as app:
        yield app
