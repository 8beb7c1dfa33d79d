"""Fixtures that every suite shares."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The backend the server runs on."""
    return "asyncio"
