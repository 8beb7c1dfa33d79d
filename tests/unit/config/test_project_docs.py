from pathlib import Path

import pytest

from codex_rpc.config.loader import ConfigLoader, config_from_table
from codex_rpc.errors import ConfigError


def test_project_documents_have_a_budget_and_no_other_names_by_default(tmp_path: Path) -> None:
    config = config_from_table(tmp_path, {})

    assert config.project_doc_max_bytes == 32 * 1024
    assert config.project_doc_fallback_filenames == ()


def test_the_file_and_a_request_say_how_project_documents_are_found(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'project_doc_max_bytes = 0\nproject_doc_fallback_filenames = ["TEAM.md", "CLAUDE.md"]\n'
    )

    config = ConfigLoader(tmp_path).load([("project_doc_max_bytes", 100)])

    assert config.project_doc_max_bytes == 100
    assert config.project_doc_fallback_filenames == ("TEAM.md", "CLAUDE.md")


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("project_doc_max_bytes", -1, "expected an integer of at least 0"),
        ("project_doc_max_bytes", True, "expected an integer"),
        ("project_doc_max_bytes", "1", "expected an integer"),
        ("project_doc_fallback_filenames", "TEAM.md", "expected an array of strings"),
        ("project_doc_fallback_filenames", ["TEAM.md", 1], "expected an array of strings"),
        ("project_doc_fallback_filenames", {"a": 1}, "expected an array of strings"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, key: str, value: object, complaint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config_from_table(tmp_path, {key: value})
    assert str(refused.value) == f"{key}: {complaint}"
