from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ctfy.challenge.audit import Finding, audit
from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.metadata import Metadata
from ctfy.challenge.rendering import render_attachments
from tests.processes import CHALLENGES

GOOD = """\
name: Good
description: A good one
difficulty: easy
tags: [one]
sandbox:
  run: [python3, services/app.py]
  port: 8000
"""


def folder(root: Path, metadata: str = GOOD, name: str = "good") -> Path:
    made = root / name
    (made / "services").mkdir(parents=True)
    (made / "services" / "app.py").write_text("")
    (made / "metadata.yaml").write_text(metadata)
    return made


def errors(folder: Path) -> list[Finding]:
    return [finding for finding in audit(folder) if finding.is_error]


def test_what_is_missing_or_fixed_is_a_warning(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "services" / "app.py").write_text(f"\nanswer = 'FLAG{{{'ab' * 16}}}'\n")
    found = {(f.rule, f.line, f.severity) for f in audit(made)}
    assert found == {
        ("missing.solve", 0, "warning"),
        ("missing.readme", 0, "warning"),
        ("answer.fixed", 2, "warning"),
    }
    Catalogue.load(tmp_path)


def test_the_examples_are_without_a_finding() -> None:
    for path in sorted(CHALLENGES.glob("*/metadata.yaml")):
        assert audit(path.parent) == []


def test_every_example_has_a_readme_and_a_solver() -> None:
    for challenge in Catalogue.load(CHALLENGES).challenges.values():
        assert (challenge.path / "README.md").is_file()
        assert (challenge.path / "solve.py").is_file()


def test_the_solver_of_a_challenge_without_instance_knows_the_answers() -> None:
    challenge = Catalogue.load(CHALLENGES).challenges["field-notes"]
    assert challenge.is_qa_only
    lines = subprocess.run(
        [sys.executable, str(challenge.path / "solve.py")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    answers = dict(line.split(" ", 1) for line in lines[:-1]) | {"answer": lines[-1]}
    for question in challenge.metadata.questions:
        right = question.answer
        expected = "|".join(right) if isinstance(right, list) else right
        assert answers[question.id] == expected


def test_the_mode_follows_from_the_fields() -> None:
    questions = Metadata.model_validate(
        {
            "name": "n",
            "description": "d",
            "difficulty": "easy",
            "tags": ["t"],
            "questions": [
                {"id": "a", "prompt": "?"},
                {"id": "b", "prompt": "?", "answer": "x"},
                {"id": "c", "prompt": "?", "choices": ["x", "y"], "answer": "x"},
                {"id": "d", "prompt": "?", "choices": ["x", "y"], "answer": ["x"]},
            ],
        }
    ).questions
    assert [q.mode for q in questions] == [
        "dynamic",
        "static",
        "single_select",
        "multi_select",
    ]


def test_a_challenge_without_questions_asks_for_the_flag(tmp_path: Path) -> None:
    folder(tmp_path)
    (question,) = Catalogue.load(tmp_path).challenges["good"].metadata.questions
    assert (question.id, question.mode, question.prompt) == (
        "flag",
        "dynamic",
        "Capture the secret",
    )


@pytest.mark.parametrize(
    ("broken", "line", "words"),
    [
        (GOOD.replace("difficulty: easy", "difficulty: odd"), 3, "difficulty"),
        (GOOD.replace("tags: [one]", "tags: []"), 4, "tags"),
        (GOOD.replace("name: Good\n", ""), 1, "name"),
        (GOOD + "colour: blue\n", 8, "colour"),
        (GOOD.replace("port: 8000", "port: 99999"), 7, "port"),
        (GOOD.replace("services/app.py", "services/gone.py"), 6, "gone.py"),
        (GOOD.replace("services/app.py", "../../escape.py"), 6, "escape.py"),
        (GOOD + "questions:\n  - id: A\n    prompt: x\n", 9, "id"),
        (
            GOOD + "questions:\n  - id: a\n    prompt: x\n    requires: [b]\n",
            9,
            "no question before it",
        ),
        (
            GOOD + "questions:\n  - id: a\n    prompt: x\n    choices: [p, q]\n    answer: z\n",
            9,
            "must come from",
        ),
        ("name: [", 1, ""),
        ("- a list\n", 1, "mapping"),
    ],
)
def test_each_mistake_is_found_with_its_line(
    tmp_path: Path, broken: str, line: int, words: str
) -> None:
    findings = errors(folder(tmp_path, broken))
    assert findings
    assert findings[0].line == line, findings
    assert words in str(findings[0])
    assert findings[0].fix
    catalogue = Catalogue.load(tmp_path)
    assert catalogue.challenges == {}
    assert list(catalogue.broken) == ["good"]


def test_a_dynamic_question_needs_something_that_runs(tmp_path: Path) -> None:
    (finding,) = errors(folder(tmp_path, GOOD.partition("sandbox:")[0]))
    assert "nothing runs" in finding.problem


def test_a_bucket_is_a_folder_around_the_challenge(tmp_path: Path) -> None:
    folder(tmp_path, name="week-1/first")
    assert Catalogue.load(tmp_path).challenges["first"].bucket == "week-1"


def test_one_id_twice_is_refused(tmp_path: Path) -> None:
    folder(tmp_path, name="same")
    folder(tmp_path, name="bucket/same")
    catalogue = Catalogue.load(tmp_path)
    assert catalogue.challenges == {}
    assert "is also" in str(catalogue.broken["same"])


def test_a_template_cannot_leave_its_sandbox(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "attachments").mkdir()
    (made / "attachments" / "x.txt.j2").write_text("{{ ''.__class__.__mro__[1].__subclasses__() }}")
    challenge = Catalogue.load(tmp_path).challenges["good"]
    with pytest.raises(Exception, match="unsafe"):
        render_attachments(challenge, {}, tmp_path / "out")


def test_rendering_is_the_same_for_the_same_instance(tmp_path: Path) -> None:
    challenge = Catalogue.load(CHALLENGES).challenges["relay-station"]
    values = {"answers": {"passphrase": "ab" * 16}, "instance_id": "i" * 32}
    one = render_attachments(challenge, values, tmp_path / "one")
    two = render_attachments(challenge, values, tmp_path / "two")
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


@pytest.mark.parametrize(
    ("needs", "word"),
    [({"a": ["ghost"]}, "ghost"), ({"a": ["b"], "b": ["a"]}, "circle"), ({"a": ["a"]}, "circle")],
)
def test_a_challenge_that_nothing_can_unlock_is_refused(
    tmp_path: Path, needs: dict[str, list[str]], word: str
) -> None:
    for name, ids in needs.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.yaml").write_text(
            f"name: x\ndescription: x\ndifficulty: easy\ntags: [x]\nunlocked_by: {ids}\n"
            "questions: [{id: answer, prompt: x, answer: x}]\n"
        )
    catalogue = Catalogue.load(tmp_path)
    assert catalogue.challenges == {}
    assert catalogue.broken.keys() == needs.keys()
    assert all(word in str(findings) for findings in catalogue.broken.values())
