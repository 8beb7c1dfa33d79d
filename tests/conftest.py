"""Fixtures that every suite shares."""

import signal

import pytest


def pytest_configure() -> None:
    """A run in the background of a shell ignores SIGINT, and all it starts would do the same."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    """The backend the server runs on."""
    return "asyncio"
