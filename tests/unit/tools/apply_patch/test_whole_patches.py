"""Any edit of any files, written as a patch, makes that edit."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.tools.apply_patch.apply import apply_plan
from codex_rpc.tools.apply_patch.parser import parse_patch
from codex_rpc.tools.apply_patch.plan import plan_patch

Files = dict[Path, str]

ROOT = Path("/w")
NAMES = ["a", "b", "sub/a", "sub/deep/b", "with space", "\u00fc"]
LINE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\ufeff"), max_size=4
) | st.sampled_from(["", "}", "pass", "    return", "+", "-x", "@@", "*** End Patch"])
LINES = st.lists(LINE, max_size=14)


class Buffers:
    """Files in memory."""

    def __init__(self, files: Mapping[Path, str]) -> None:
        self.files = dict(files)

    async def read(self, path: Path) -> str | None:
        return self.files.get(path)

    async def write(self, path: Path, text: str) -> None:
        self.files[path] = text

    async def remove(self, path: Path) -> None:
        del self.files[path]


def text_of(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@st.composite
def edited(draw: st.DrawFn, old: Sequence[str]) -> list[str]:
    """Lines with some taken out, some doubled, some moved in from elsewhere."""
    new = list(old)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(new)))
        inserted = draw(st.lists(LINE | st.sampled_from(old or [""]), max_size=3))
        new[at : at + draw(st.integers(0, 2))] = inserted
    return new


def place_of(wanted: Sequence[str], lines: Sequence[str], start: int) -> int | None:
    places = range(start, len(lines) - len(wanted) + 1)
    return next((at for at in places if lines[at : at + len(wanted)] == wanted), None)


def update_lines(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The body of an update, with as little context as makes every place certain."""
    for context in range(1, len(old) + 1):
        # Grouping changes what a matcher remembers.
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        lines: list[str] = []
        index = 0
        for group in matcher.get_grouped_opcodes(context):
            start, stop = group[0][1], group[-1][2]
            if place_of(old[start:stop], old, index) != start or start == stop:
                break
            lines += ["@@", *chunk(group, old, new)]
            index = stop
        else:
            return lines
    # A file without lines has only one place.
    return ["@@", *(f"+{line}" for line in new)]


def chunk(
    group: Sequence[tuple[str, int, int, int, int]], old: Sequence[str], new: Sequence[str]
) -> Iterator[str]:
    for tag, i, i_stop, j, j_stop in group:
        if tag == "equal":
            yield from (f" {line}" for line in old[i:i_stop])
        else:
            yield from (f"-{line}" for line in old[i:i_stop])
            yield from (f"+{line}" for line in new[j:j_stop])


@st.composite
def edits(draw: st.DrawFn) -> tuple[Files, Files, list[str]]:
    """Files, the same after an edit, and the lines of the patch for it."""
    contents = draw(st.dictionaries(st.sampled_from(NAMES), LINES, max_size=4))
    before = {ROOT / name: text_of(lines) for name, lines in contents.items()}
    after, patch = dict(before), ["*** Begin Patch"]
    free = [name for name in NAMES if name not in contents]
    for name, old in contents.items():
        kind = draw(st.sampled_from(["keep", "delete", "update", "move"]))
        new = draw(edited(old))
        if kind == "delete":
            patch.append(f"*** Delete File: {name}")
            del after[ROOT / name]
        elif kind != "keep" and new != old:
            patch.append(f"*** Update File: {name}")
            del after[ROOT / name]
            target = free.pop() if kind == "move" and free else name
            if target != name:
                patch.append(f"*** Move to: {target}")
            patch += update_lines(old, new)
            after[ROOT / target] = text_of(new)
    for name in free[:1]:
        added = draw(LINES)
        patch += [f"*** Add File: {name}", *(f"+{line}" for line in added)]
        after[ROOT / name] = text_of(added)
    return before, after, [*patch, "*** End Patch"]


@given(edits())
async def test_an_edit_of_several_files_is_made_by_its_patch(
    edit: tuple[Files, Files, list[str]],
) -> None:
    before, after, patch = edit
    if before == after:
        return
    workspace = Buffers(before)
    plan = await plan_patch(parse_patch("\n".join(patch)), ROOT, workspace)
    assert workspace.files == before, "planning writes nothing"
    await apply_plan(plan, workspace)
    assert workspace.files == after


# Both are drawn before the test's event loop runs, where giving an example up is no failed task.
@given(LINES.filter(bool).flatmap(lambda old: st.tuples(st.just(old), edited(old))))
async def test_the_line_ends_of_a_file_survive_any_edit(edit: tuple[list[str], list[str]]) -> None:
    old, new = edit
    if not new or new == old:
        return
    workspace = Buffers({ROOT / "f": text_of(old).replace("\n", "\r\n")})
    patch = ["*** Begin Patch", "*** Update File: f", *update_lines(old, new), "*** End Patch"]
    plan = await plan_patch(parse_patch("\n".join(patch)), ROOT, workspace)
    await apply_plan(plan, workspace)
    assert workspace.files[ROOT / "f"] == text_of(new).replace("\n", "\r\n")
