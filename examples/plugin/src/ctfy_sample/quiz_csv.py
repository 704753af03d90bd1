"""An importer: `quiz.csv`, with the columns `question` and `answer`, is one challenge."""

from __future__ import annotations

import csv
from pathlib import Path

from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import Draft


def read(path: Path) -> Draft | None:
    """The challenge of one file; None when it has other columns."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if not {"question", "answer"} <= set(rows.fieldnames or []):
            return None
        questions = [
            {"id": f"q{number}", "prompt": row["question"], "answer": row["answer"]}
            for number, row in enumerate(rows, 1)
        ]
    draft = Draft(path, path.parent.name)
    draft.categorise("misc", ["quiz"])
    draft.keep("questions", questions)
    return draft


QUIZ_CSV = Importer("quiz-csv", ("quiz.csv",), read)
