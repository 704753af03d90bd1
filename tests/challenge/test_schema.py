"""The JSON schema of metadata.yaml: what is right passes, and what it refuses the audit refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from ctfy.challenge import schema
from ctfy.challenge.audit import audit
from ctfy.challenge.documents import read_document
from ctfy.challenge.metadata import Metadata
from ctfy.challenge.modes import modes
from ctfy.challenge.scaffold import Scaffold
from ctfy.core.enums import ChallengeCategory
from tests.challenge.broken import BROKEN, GOOD
from tests.cli.terminal import Terminal
from tests.processes import CHALLENGES, ROOT

SCHEMA = schema.schema()
MODELINE = f"# yaml-language-server: $schema=../{schema.FILE}\n"


def refused(folder: Path) -> bool:
    """Whether an editor would mark something in a challenge's metadata.yaml."""
    document = read_document(folder, "metadata.yaml")
    return not Draft7Validator(SCHEMA).is_valid(document.content)


def test_it_is_a_schema_that_describes_every_field() -> None:
    Draft7Validator.check_schema(SCHEMA)
    described = [SCHEMA, *SCHEMA["definitions"].values()]
    fields = {
        (part["description"], name): field
        for part in described
        for name, field in part.get("properties", {}).items()
    }
    assert len(fields) > 50
    assert [name for name, field in fields.items() if not field.get("description")] == []
    asked = SCHEMA["definitions"]["Question"]["anyOf"]
    named = [SCHEMA["definitions"][way["$ref"].rpartition("/")[2]] for way in asked]
    assert {question["properties"]["mode"]["const"] for question in named} == set(modes())


@pytest.mark.parametrize("folder", sorted(CHALLENGES.glob("*/metadata.yaml")), ids=str)
def test_the_examples_fit_it_and_name_it(folder: Path) -> None:
    assert not refused(folder.parent)
    assert folder.read_text().startswith(MODELINE)
    assert (CHALLENGES / schema.FILE).read_text() == schema.text()


@pytest.mark.parametrize("category", list(ChallengeCategory))
def test_a_new_challenge_fits_the_schema_that_stands_beside_it(
    tmp_path: Path, category: ChallengeCategory
) -> None:
    Scaffold("first", category, "easy", []).write(tmp_path)
    metadata = tmp_path / "first" / "metadata.yaml"
    assert metadata.read_text().startswith(MODELINE)
    named = metadata.parent / MODELINE.strip().rpartition("=")[2]
    beside = Draft7Validator(json.loads(named.read_text()))
    assert list(beside.iter_errors(read_document(metadata.parent, metadata.name).content)) == []


RIGHT = {
    "nothing": "",
    "number": "value: 300\n",
    "decay": "value: {initial: 500, minimum: 100, decay: 20}\n",
    "step": "value: {initial: 500, minimum: 100, step: 10}\n",
    "hints": "hints: [{id: a, text: b, cost: 5}, {id: c, text: d}]\n",
    "unlocked": "unlocked_by: [one, two]\nnode_labels: {gpu: 'yes'}\nwarm: 2\negress: true\n",
    "limits": "limits: {memory_mb: 64, cpus: 0.5, processes: 3, disk_mb: 10, lifetime_s: 60}\n",
    "sandbox": "sandbox: {run: [python3], port: 1, protocol: tcp, memory_mb: 64, processes: 9}\n",
    "left empty": "sandbox:\nlimits: {memory_mb: null}\n",
    "engagement": "network_topology: engagement\nentry_urls: ['http://a']\nprotocol: ssh\n",
    "dynamic": "questions: [{id: q, prompt: p, format: raw}]\n",
    "static": "questions: [{id: q, prompt: p, answer: a, ignore_case: true}]\n",
    "answers": "questions: [{id: q, prompt: p, answers: [a, b], keep_space: true}]\n",
    "mode": "questions: [{id: q, mode: static, prompt: p, answer: a, attempts: 3}]\n",
    "pattern": "questions: [{id: q, prompt: p, pattern: 'a+'}]\n",
    "numeric": "questions: [{id: q, prompt: p, answer: 3.5, tolerance: 0.1}]\n",
    "exact": "questions: [{id: q, prompt: p, answer: 42}]\n",
    "quoted": "questions: [{id: q, mode: numeric, prompt: p, answer: '1e400'}]\n",
    "single": "questions: [{id: q, prompt: p, choices: [a, b], answer: a}]\n",
    "several": "questions: [{id: q, prompt: p, choices: [a, b], answer: [a, b]}]\n",
    "after": "questions: [{id: q, prompt: p}, {id: r, prompt: p, requires: [q]}]\n",
}
HEAD = "name: n\ndescription: d\ndifficulty: easy\ntags: [t]\n"
WRONG = {
    "a field too many": "colour: blue\n",
    "two ways to fall": "value: {initial: 5, minimum: 1, decay: 2, step: 2}\n",
    "no way to fall": "value: {initial: 5, minimum: 1}\n",
    "no such value": "value: a lot\n",
    "less than nothing": "value: -1\n",
    "a hint without text": "hints: [{id: a}]\n",
    "a hint's odd id": "hints: [{id: A b, text: t}]\n",
    "one challenge, no list": "unlocked_by: one\n",
    "too warm": "warm: 101\n",
    "no such topology": "network_topology: star\n",
    "no such protocol": "protocol: udp\n",
    "no such category": "category: osint\n",
    "labels as a list": "node_labels: [gpu]\n",
    "limits of nothing": "limits: {memory_mb: 0}\n",
    "an odd limit": "limits: {memory: 64}\n",
    "a command as a text": "sandbox: {run: python3 a.py, port: 1}\n",
    "no port": "sandbox: {run: [python3]}\n",
    "a port beyond": "sandbox: {run: [python3], port: 70000}\n",
    "no question": "questions: []\n",
    "a question without a prompt": "questions: [{id: q}]\n",
    "an odd id": "questions: [{id: Q-1, prompt: p}]\n",
    "no such mode": "questions: [{id: q, mode: guess, prompt: p}]\n",
    "another mode's field": "questions: [{id: q, mode: dynamic, prompt: p, answer: a}]\n",
    "two ways to be right": "questions: [{id: q, prompt: p, answer: a, pattern: a}]\n",
    "an answer and answers": "questions: [{id: q, prompt: p, answer: a, answers: [b]}]\n",
    "an unquoted number": "questions: [{id: q, mode: static, prompt: p, answer: 443}]\n",
    "one choice": "questions: [{id: q, prompt: p, choices: [a], answer: a}]\n",
    "choices without an answer": "questions: [{id: q, prompt: p, choices: [a, b]}]\n",
    "a tolerance of a text": "questions: [{id: q, prompt: p, choices: [a, b], tolerance: 1}]\n",
    "no attempt": "questions: [{id: q, prompt: p, attempts: 0}]\n",
}


@pytest.mark.parametrize("more", RIGHT.values(), ids=RIGHT)
def test_what_is_right_passes_it(tmp_path: Path, more: str) -> None:
    (tmp_path / "metadata.yaml").write_text(HEAD + more)
    Metadata.model_validate(read_document(tmp_path, "metadata.yaml").content)
    assert not refused(tmp_path)


@pytest.mark.parametrize("more", WRONG.values(), ids=WRONG)
def test_what_it_refuses_the_audit_refuses(tmp_path: Path, more: str) -> None:
    (tmp_path / "metadata.yaml").write_text(HEAD + more)
    assert refused(tmp_path)
    rules = {finding.rule for finding in audit(tmp_path) if finding.is_error}
    assert rules & {"metadata.value", "metadata.missing", "metadata.unknown"}


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(mistake, id=name)
        for name, mistake in BROKEN.items()
        if mistake.rule in ("metadata.value", "metadata.missing", "metadata.unknown")
        and name != "value-upwards"  # two numbers compared: the audit knows more
    ],
)
def test_what_the_audit_tells_of_a_field_an_editor_shows(tmp_path: Path, mistake: Any) -> None:
    assert refused(mistake.write(tmp_path))


def test_what_is_not_there_or_of_another_type_is_refused_by_both(tmp_path: Path) -> None:
    """Each field of a good challenge, taken away or of a type that none has."""
    good = Metadata.model_validate(read_document_of(tmp_path, GOOD)).model_dump(mode="json")
    for name, value in good.items():
        for wrong in ({1: 2}, [[]]):
            changed = {**good, "questions": [{"id": "q", "prompt": "p"}], name: wrong}
            (tmp_path / "metadata.yaml").write_text(json.dumps(changed))
            assert refused(tmp_path), (name, wrong)
            assert any(finding.is_error for finding in audit(tmp_path)), (name, value)


def read_document_of(folder: Path, text: str) -> Any:
    (folder / "metadata.yaml").write_text(text)
    return read_document(folder, "metadata.yaml").content


def test_it_is_printed_and_written(tmp_path: Path) -> None:
    author = Terminal(tmp_path, "http://127.0.0.1:9")
    author.environment["CTFY_CHALLENGES_DIR"] = str(tmp_path / "mine")
    assert json.loads(author.ok("ctfy-admin challenge schema")) == SCHEMA
    path = tmp_path / "mine" / schema.FILE
    assert author.ok("ctfy-admin challenge schema --write").strip() == str(path)
    path.write_text(path.read_text().replace("easy", "another version's"))
    author.ok("ctfy-admin challenge schema --write")
    assert path.read_text() == schema.text() == (ROOT / "docs" / schema.FILE).read_text()
    path.write_text("{}")
    ran = author.run("ctfy-admin challenge schema --write")
    assert (ran.code, ran.err.count("\n"), path.read_text()) == (1, 1, "{}")
    author.ok("ctfy-admin challenge new first")
    assert path.read_text() == "{}"
