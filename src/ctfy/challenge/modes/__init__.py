"""The modes of questions: a file each, found by itself."""

from __future__ import annotations

import sys
from functools import cache
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny

from ctfy.challenge.question import Question, wrong_value
from ctfy.core.plugins import kinds

_UNCLAIMED = "static"
_ANSWERS = ("answer", "answers", "pattern")


@cache
def modes() -> dict[str, type[Question]]:
    """Every mode by its name. Raises PluginBroken."""
    return kinds("ctfy.question_modes", sys.modules[__name__], "MODE", Question, "mode")


def parse(fields: Any) -> Any:
    """A question as metadata.yaml writes it, as one of its mode.

    That is the one that `mode:` names, else the one that claims its fields. Raises ValueError,
    pydantic's ValidationError among them.
    """
    if not isinstance(fields, dict):
        return fields
    own = {key: value for key, value in fields.items() if key != "mode"}
    return _mode_of(fields).model_validate(own)


def _mode_of(fields: dict[str, Any]) -> type[Question]:
    name = fields.get("mode")
    if name is not None:
        if not isinstance(name, str) or name not in modes():
            raise ValueError(f"there is no mode {name!r}; use one of {', '.join(modes())}")
        return modes()[name]
    given = [f"`{key}`" for key in _ANSWERS if fields.get(key) is not None]
    if len(given) > 1:
        problem = f"{' and '.join(given)} both say what is right"
        raise wrong_value(problem, f"keep one of {', '.join(given)}")
    claiming = [mode for mode in modes().values() if mode.claims(fields)]
    if len(claiming) > 1:
        names = " or ".join(mode.mode for mode in claiming)
        raise ValueError(f"its fields fit {names}: say which as `mode`")
    return claiming[0] if claiming else modes()[_UNCLAIMED]


AnyQuestion = Annotated[SerializeAsAny[Question], BeforeValidator(parse)]
