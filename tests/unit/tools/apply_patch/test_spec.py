"""What models are told of the format is what the parser reads."""

import re

from codex_rpc.tools.apply_patch.parser import AddFile, DeleteFile, UpdateFile, parse_patch
from codex_rpc.tools.apply_patch.spec import APPLY_PATCH_FREEFORM, APPLY_PATCH_FUNCTION


def test_the_example_in_the_description_is_a_patch():
    for description in (APPLY_PATCH_FREEFORM.description, APPLY_PATCH_FUNCTION.description):
        example = re.search(r"(?ms)^\*\*\* Begin Patch.*?^\*\*\* End Patch$", description)
        assert example is not None
        added, updated, deleted = parse_patch(example.group()).hunks
        assert isinstance(added, AddFile)
        assert isinstance(deleted, DeleteFile)
        assert isinstance(updated, UpdateFile)
        assert updated.chunks[0].contexts == ("class Greeter:", "    def greet(self):")


def test_the_grammar_has_every_marker_of_the_parser():
    markers = ["Begin Patch", "End Patch", "Add File: ", "Delete File: ", "Update File: "]
    for marker in [*markers, "Move to: ", "End of File"]:
        assert f'"*** {marker}"' in APPLY_PATCH_FREEFORM.definition


def test_the_function_takes_one_string():
    parameters = APPLY_PATCH_FUNCTION.parameters
    assert parameters["required"] == list(parameters["properties"]) == ["input"]
    assert parameters["additionalProperties"] is False
