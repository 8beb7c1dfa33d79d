"""`shell_environment_policy`: which variables commands see.

Names and defaults are those of the Codex command's table. What the policy does to variables is the
business of `exec.environment`.
"""

from collections.abc import Mapping
from typing import Literal, cast, get_args

from msgspec import Struct, field

from codex_rpc.config.values import Table, boolean_at, choice_at, table_at, texts_at
from codex_rpc.errors import ConfigValueError

Inherit = Literal["all", "core", "none"]

_TABLE = "shell_environment_policy"


class EnvironmentPolicy(Struct, frozen=True):
    """What to inherit and what to change, applied in field order.

    Patterns are globs that ignore case. `include_only`, unless empty, also filters what `set` adds.
    """

    inherit: Inherit = "all"
    ignore_default_excludes: bool = True
    exclude: tuple[str, ...] = ()
    set: Mapping[str, str] = field(default_factory=dict[str, str])
    include_only: tuple[str, ...] = ()


def environment_policy_from_table(table: Table) -> EnvironmentPolicy:
    """The policy of a configuration.

    Raises:
        ConfigValueError: naming the key and what was expected of it.
    """
    options = table_at(table, _TABLE)
    inherit = cast("Inherit | None", choice_at(options, "inherit", get_args(Inherit), _TABLE))
    ignores = boolean_at(options, "ignore_default_excludes", _TABLE)
    return EnvironmentPolicy(
        inherit=inherit or "all",
        ignore_default_excludes=True if ignores is None else ignores,
        exclude=texts_at(options, "exclude", _TABLE) or (),
        set=_set(table_at(options, "set", _TABLE)),
        include_only=texts_at(options, "include_only", _TABLE) or (),
    )


def _set(table: Table) -> Mapping[str, str]:
    for name, value in table.items():
        if not isinstance(value, str):
            raise ConfigValueError((_TABLE, "set", name), "expected a string")
        if not name or "=" in name or "\0" in name + value:
            raise ConfigValueError((_TABLE, "set", name), "expected a variable and its value")
    return dict(table)
