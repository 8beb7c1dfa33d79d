"""Fixtures of the tests that run other people's clients."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from codex_rpc.exec.sandbox.preflight import detect_sandbox
from tests.clients.client_place import ClientPlace
from tests.clients.obliging_model import obey
from tests.clients.packages import Packages
from tests.responses_server import ResponsesServer


@pytest.fixture(scope="session")
def packages(request: pytest.FixtureRequest) -> Packages:
    """Installs clients where they stay for the next run."""
    cache = request.config.cache
    assert cache is not None, "pytest has a cache unless it is told otherwise"
    return Packages(cache.mkdir("clients"))


@pytest.fixture(scope="session")
def confinement() -> None:
    """Commands are held to their policy here, so that they run without questions."""
    found = detect_sandbox({"PATH": os.environ["PATH"]})
    if found.enforcement not in ("bubblewrap", "seatbelt"):
        pytest.skip(f"nothing here holds commands to a policy: {found.reason}")


@pytest.fixture
def place(tmp_path: Path, confinement: None) -> Generator[ClientPlace]:
    """A fresh home and project, and a model that does what it is told."""
    with ResponsesServer(obey) as model:
        yield ClientPlace.below(tmp_path, model.url)
