"""How the patch tool is presented to models: in words, and as a grammar where they take one."""

from codex_rpc.model.port import FreeformToolSpec, FunctionToolSpec

_NAME = "apply_patch"

_PURPOSE = "Create, change, move and delete files by means of one patch."

_FORMAT = """\
A patch is plain text between two marker lines. In between stands one section per file:

*** Begin Patch
*** Add File: docs/hello.txt
+Each line of the new file, with a plus sign before it.
*** Update File: src/greet.py
*** Move to: src/greeting.py
@@ class Greeter:
@@     def greet(self):
         name = self.name
-        print("Hi", name)
+        print(f"Hello, {name}!")
         return name
*** Delete File: old.txt
*** End Patch

- Paths are relative to the working directory.
- In an update each line of the file has one character in front: a space if it stays, `-` if it is \
taken out, `+` if it is put in.
- Show about three unchanged lines before and after each change, exactly as the file has them, so \
that the place is certain. There are no line numbers.
- If that is still ambiguous, put `@@ ` and a line from above the place (the header of a class or \
function) before it; several such lines narrow it down one after the other. A bare `@@` separates \
two places in one file. Places follow the order of the file.
- `*** End of File` after a place's last line says that the file ends there.
- `*** Move to:` is only for files that change as well.
- Either the whole patch is applied or, with the reason as the answer, none of it."""

_GRAMMAR = r"""
start: begin section+ end

begin: "*** Begin Patch" LF
end: "*** End Patch" LF?

section: added | deleted | updated

added: "*** Add File: " PATH LF new_line*
deleted: "*** Delete File: " PATH LF
updated: "*** Update File: " PATH LF moved? first_place place*

moved: "*** Move to: " PATH LF
first_place: scope* line+ file_end?
place: scope+ line+ file_end?

scope: "@@" (" " TEXT)? LF
line: (" " | "-" | "+") TEXT? LF
new_line: "+" TEXT? LF
file_end: "*** End of File" LF

PATH: /[^\n]+/
TEXT: /[^\n]+/

%import common.LF
"""

APPLY_PATCH_FREEFORM = FreeformToolSpec(
    name=_NAME,
    description=f"{_PURPOSE} The input is the patch itself, not JSON and not quoted.\n\n{_FORMAT}",
    syntax="lark",
    definition=_GRAMMAR.strip() + "\n",
)

APPLY_PATCH_FUNCTION = FunctionToolSpec(
    name=_NAME,
    description=f"{_PURPOSE}\n\n{_FORMAT}",
    parameters={
        "type": "object",
        "properties": {
            "input": {
                "type": "string",
                "description": "The patch, from `*** Begin Patch` to `*** End Patch`.",
            }
        },
        "required": ["input"],
        "additionalProperties": False,
    },
)
