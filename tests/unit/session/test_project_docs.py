import logging
import os
from pathlib import Path

import pytest

from codex_rpc.config.loader import Config, config_from_table
from codex_rpc.session.project_docs import ProjectDocs, load_project_docs


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a repository, below a folder whose document must never be read."""
    (tmp_path / "AGENTS.md").write_text("outside")
    path = tmp_path / "repo"
    (path / ".git").mkdir(parents=True)
    return path


def config(home: Path, **keys: object) -> Config:
    return config_from_table(home, keys)


def folder(*parts: str, below: Path) -> Path:
    path = below.joinpath(*parts)
    path.mkdir(parents=True)
    return path


async def test_documents_come_from_the_user_and_from_the_root_down(home: Path, root: Path) -> None:
    deep = folder("a", "b", below=root)
    (home / "AGENTS.md").write_text("\nuser\n\n")
    (root / "AGENTS.md").write_text("root\n")
    (deep / "AGENTS.md").write_text("deep\n")

    docs = await load_project_docs(config(home), deep)

    assert docs == ProjectDocs(
        "user\n\n--- project-doc ---\n\nroot\n\n\ndeep\n",
        (home / "AGENTS.md", root / "AGENTS.md", deep / "AGENTS.md"),
    )


async def test_without_documents_there_is_nothing(home: Path, root: Path) -> None:
    assert await load_project_docs(config(home), root) == ProjectDocs("", ())


async def test_the_user_alone_may_have_something_to_say(home: Path, root: Path) -> None:
    (home / "AGENTS.md").write_text("user\n")

    assert await load_project_docs(config(home), root) == ProjectDocs("user", (home / "AGENTS.md",))


async def test_outside_a_repository_only_the_working_directory_counts(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / "AGENTS.md").write_text("outside")
    here = folder("x", "y", below=tmp_path)
    (here / "AGENTS.md").write_text("here")

    assert (await load_project_docs(config(home), here)).text == "here"


async def test_a_git_file_marks_a_root_as_well(home: Path, root: Path) -> None:
    (root / "AGENTS.md").write_text("outer repository")
    worktree = folder("worktree", below=root)
    (worktree / ".git").write_text("gitdir: elsewhere")
    (worktree / "AGENTS.md").write_text("worktree")
    inside = folder("src", below=worktree)

    assert (await load_project_docs(config(home), inside)).text == "worktree"


async def test_an_empty_directory_in_the_place_of_git_is_no_root(home: Path, root: Path) -> None:
    (root / "AGENTS.md").write_text("root")
    inside = folder("src", below=root)
    (inside / ".git").mkdir(mode=0o555)

    assert (await load_project_docs(config(home), inside)).text == "root"


async def test_a_linked_working_directory_is_followed(home: Path, root: Path) -> None:
    (root / "AGENTS.md").write_text("root")
    inside = folder("src", below=root)
    link = root.parent / "link"
    link.symlink_to(inside)

    assert await load_project_docs(config(home), link) == ProjectDocs("root", (root / "AGENTS.md",))


async def test_the_first_name_that_exists_in_a_folder_counts(home: Path, root: Path) -> None:
    with_fallbacks = config(home, project_doc_fallback_filenames=["TEAM.md", "CLAUDE.md"])
    for name in ("CLAUDE.md", "TEAM.md", "AGENTS.md", "AGENTS.override.md"):
        (root / name).write_text(name)
        assert (await load_project_docs(with_fallbacks, root)).text == name


async def test_a_blank_override_silences_its_folder_but_not_the_user(
    home: Path, root: Path
) -> None:
    """As the Codex server does it: a project's blank override hides the folder's other files."""
    for place in (home, root):
        (place / "AGENTS.override.md").write_text(" \n\t")
        (place / "AGENTS.md").write_text("said")

    assert await load_project_docs(config(home), root) == ProjectDocs("said", (home / "AGENTS.md",))


async def test_only_files_and_links_to_files_are_read(home: Path, root: Path) -> None:
    (root / "AGENTS.override.md").mkdir()
    (root / "elsewhere").write_text("linked")
    (root / "AGENTS.md").symlink_to("elsewhere")
    below = folder("below", below=root)
    os.mkfifo(below / "AGENTS.override.md")
    (below / "AGENTS.md").symlink_to("nowhere")
    with_fallback = config(home, project_doc_fallback_filenames=["TEAM.md"])
    (below / "TEAM.md").write_text("team")

    docs = await load_project_docs(with_fallback, below)

    assert docs == ProjectDocs("linked\n\nteam", (root / "AGENTS.md", below / "TEAM.md"))


async def test_the_last_document_is_cut_where_the_budget_ends(
    home: Path, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deep = folder("a", "b", below=root)
    (root / "AGENTS.md").write_text("12345678\n")
    (root / "a" / "AGENTS.md").write_text(" \n" * 20)
    (deep / "AGENTS.md").write_text("abc")
    (home / "AGENTS.md").write_text("The user's words cost nothing.")

    with caplog.at_level(logging.WARNING):
        docs = await load_project_docs(config(home, project_doc_max_bytes=11), deep)

    assert docs.text.partition("--- project-doc ---\n\n")[2] == "12345678\n\n\nab"
    assert docs.sources[1:] == (root / "AGENTS.md", deep / "AGENTS.md")
    assert str(deep / "AGENTS.md") in caplog.text


async def test_nothing_follows_the_document_that_was_cut(
    home: Path, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deep = folder("a", below=root)
    (root / "AGENTS.md").write_text("abü")
    (deep / "AGENTS.md").write_text("x")

    with caplog.at_level(logging.WARNING):
        docs = await load_project_docs(config(home, project_doc_max_bytes=3), deep)

    assert docs == ProjectDocs("ab", (root / "AGENTS.md",))
    assert [record.args for record in caplog.records] == [
        (root / "AGENTS.md",),
        (deep / "AGENTS.md",),
    ]


@pytest.mark.parametrize(("budget", "kept"), [(1, ""), (3, "€"), (5, "€"), (6, "€€"), (9, "€€")])
async def test_no_character_is_cut_in_two(home: Path, root: Path, budget: int, kept: str) -> None:
    (root / "AGENTS.md").write_text("€€")

    docs = await load_project_docs(config(home, project_doc_max_bytes=budget), root)

    assert docs.text == kept


async def test_bytes_that_are_no_text_are_replaced(home: Path, root: Path) -> None:
    (root / "AGENTS.md").write_bytes(b"a\xffb\xe2\x82")

    assert (await load_project_docs(config(home), root)).text == "a\ufffdb\ufffd"


async def test_a_budget_of_nothing_leaves_the_project_unread(
    home: Path, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "AGENTS.md").write_text("user")
    (root / "AGENTS.md").write_text("root")

    with caplog.at_level(logging.WARNING):
        docs = await load_project_docs(config(home, project_doc_max_bytes=0), root)

    assert docs == ProjectDocs("user", (home / "AGENTS.md",))
    assert not caplog.records


async def test_an_immense_budget_asks_for_no_memory(home: Path, root: Path) -> None:
    (root / "AGENTS.md").write_text("root")

    assert (await load_project_docs(config(home, project_doc_max_bytes=2**70), root)).text == "root"


async def test_what_cannot_be_read_is_logged_and_left_out(
    home: Path, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (root / "AGENTS.md").symlink_to("AGENTS.md")
    below = folder("below", below=root)
    (below / "AGENTS.md").write_text("below")
    odd = config(home, project_doc_fallback_filenames=["nul\0byte", "x" * 300])

    with caplog.at_level(logging.WARNING):
        docs = await load_project_docs(odd, below)

    assert docs == ProjectDocs("below", (below / "AGENTS.md",))
    assert str(root / "AGENTS.md") in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_forbidden_document_is_logged_and_left_out(
    home: Path, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (root / "AGENTS.md").write_text("secret")
    (root / "AGENTS.md").chmod(0)

    with caplog.at_level(logging.WARNING):
        docs = await load_project_docs(config(home), root)

    assert docs == ProjectDocs("", ())
    assert str(root / "AGENTS.md") in caplog.text
