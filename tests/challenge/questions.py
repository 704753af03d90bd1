"""Questions as their authors write them."""

from __future__ import annotations

from typing import Any

from ctfy.challenge.metadata import Metadata
from ctfy.challenge.question import Question


def question(**fields: Any) -> Question:
    """A question as metadata.yaml would hold it."""
    (found,) = Metadata.model_validate(
        {
            "name": "n",
            "description": "d",
            "difficulty": "easy",
            "tags": ["t"],
            "questions": [{"id": "q", "prompt": "?", **fields}],
        }
    ).questions
    return found
