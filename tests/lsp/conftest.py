"""Fixtures of the tests that drive the real process as an editor."""

from pathlib import Path

import pytest

from tests.e2e.server_process import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A fresh home, project and script."""
    return Place.below(tmp_path)
