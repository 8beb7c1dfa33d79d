"""Response items in a request, read one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from codex_rpc.errors import InvalidParamsError
from codex_rpc.protocol.response_items import RESPONSE_ITEM, ResponseItem


def response_items(items: Sequence[Mapping[str, Any]], name: str) -> list[ResponseItem]:
    """The items of the parameter `name`.

    Raises:
        InvalidParamsError: naming the item and the field that is wrong.
    """
    parsed: list[ResponseItem] = []
    for index, item in enumerate(items):
        try:
            parsed.append(RESPONSE_ITEM.validate_python(item))
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            field = problem["loc"][-1] if problem["loc"] else "type"
            raise InvalidParamsError(
                f"{name}[{index}] is no response item: {field}", path=(name, index, field)
            ) from None
    return parsed
