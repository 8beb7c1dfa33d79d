"""Reads the strings that stand under fields and type aliases in our own source.

Python throws these strings away, and having pydantic look for them would cost every start of the
server the time to parse its source. The schema generator asks here instead, when it runs.
"""

import ast
import inspect
from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType


class SourceDocs:
    """The documented names of some modules.

    Modules whose source is not at hand have none.
    """

    def __init__(self) -> None:
        self._modules: dict[str, dict[str, str]] = {}

    def add(self, module: ModuleType) -> None:
        """Read the source of `module`, once."""
        if module.__name__ not in self._modules:
            self._modules[module.__name__] = _documented_names(module)

    def of_class(self, cls: type) -> dict[str, str]:
        """The strings under the fields of `cls` and its bases, by Python name."""
        docs: dict[str, str] = {}
        for base in reversed(cls.__mro__):
            prefix = base.__qualname__ + "."
            for name, text in self._modules.get(base.__module__, {}).items():
                if name.startswith(prefix):
                    docs[name.removeprefix(prefix)] = text
        return docs

    def of_name(self, name: str) -> str | None:
        """The string under the module-level name `name`, if any module has one."""
        found = (docs[name] for docs in self._modules.values() if name in docs)
        return next(found, None)


def _documented_names(module: ModuleType) -> dict[str, str]:
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError):
        return {}
    docs = _strings_below(tree.body, "")
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            docs |= _strings_below(node.body, node.name + ".")
    return docs


def _strings_below(body: Sequence[ast.stmt], prefix: str) -> dict[str, str]:
    docs: dict[str, str] = {}
    for statement, below in pairwise(body):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[prefix + name] = inspect.cleandoc(text)
            case _:
                pass
    return docs
