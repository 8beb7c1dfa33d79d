import subprocess
import sys
from collections.abc import Mapping

import pytest

from codex_rpc.config.providers import builtin_providers
from codex_rpc.errors import ConfigError
from codex_rpc.model.factory import model_client
from codex_rpc.model.responses import ResponsesClient


class NoCredentials:
    async def headers(self) -> dict[str, str]:
        return {}

    async def recover(self, refused: Mapping[str, str]) -> None:
        """None are needed."""


def test_the_wire_decides_which_client_is_made() -> None:
    openai = builtin_providers()["openai"]
    assert isinstance(model_client(openai, NoCredentials()), ResponsesClient)


def test_a_script_provider_needs_a_script() -> None:
    with pytest.raises(ConfigError, match=r"model_providers\.script\.script_path"):
        model_client(builtin_providers()["script"], NoCredentials())


def test_importing_the_clients_does_not_import_the_http_library() -> None:
    code = "import codex_rpc.model.responses, sys; sys.exit('httpx2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
