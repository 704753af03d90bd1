"""Challenges with one mistake each, and what their author is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

GOOD = """\
name: Good
description: A good one
difficulty: easy
tags: [one]
questions:
  - id: port
    prompt: Which port?
    mode: static
    answer: "443"
"""
RUNS = """\
name: Good
description: A good one
difficulty: easy
tags: [one]
"""
COMPOSE = """\
services:
  web:
    image: nginx:1.27
    ports: ["80"]
"""


@dataclass(frozen=True)
class Mistake:
    """A broken challenge's files, and the finding: file, line, rule, words of problem and fix."""

    file: str
    line: int
    rule: str
    problem: str
    fix: str
    files: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder


def _said(old: str, new: str, line: int, rule: str, problem: str, fix: str) -> Mistake:
    assert old in GOOD
    files = {"metadata.yaml": GOOD.replace(old, new)}
    return Mistake("metadata.yaml", line, rule, problem, fix, files)


def _composed(add: str, line: int, rule: str, problem: str, fix: str) -> Mistake:
    files = {"metadata.yaml": RUNS, "docker-compose.yml": COMPOSE + add}
    return Mistake("docker-compose.yml", line, rule, problem, fix, files)


def _template(text: str, line: int, problem: str, fix: str) -> Mistake:
    files = {"metadata.yaml": RUNS, "docker-compose.yml": COMPOSE, "attachments/a.txt.j2": text}
    return Mistake("attachments/a.txt.j2", line, "attachments.template", problem, fix, files)


BROKEN = {
    "number": _said('"443"', "443", 9, "metadata.value", "`443` is a number", 'quote it: "443"'),
    "octal": _said('"443"', "0443", 9, "metadata.value", "`0443` is a number", '"0443"'),
    "truth": _said('"443"', "yes", 9, "metadata.value", "`yes` is true or false", '"yes"'),
    "date": _said('"443"', "2024-02-01", 9, "metadata.value", "is a date", '"2024-02-01"'),
    "name": _said("name: Good", "name: 1337", 1, "metadata.value", "`name`: `1337`", '"1337"'),
    "choices": _said(
        'mode: static\n    answer: "443"',
        'choices: ["80", 443]\n    answer: "80"',
        8,
        "metadata.value",
        "`questions.0.choices.1`: `443` is a number",
        'quote it: "443"',
    ),
    "spelling": _said(
        "description", "desciption", 2, "metadata.unknown", "desciption", "mean `description`"
    ),
    "spelling-deep": _said(
        "prompt:", "promt:", 7, "metadata.unknown", "questions.0.promt", "mean `prompt`"
    ),
    "other-mode": _said(
        "mode: static",
        "mode: static\n    tolerance: 1",
        9,
        "metadata.unknown",
        "no field of this question",
        "numeric",
    ),
    "spelling-value": _said(
        "difficulty: easy", "difficulty: eazy", 3, "metadata.value", "`eazy`", "mean `easy`"
    ),
    "no-list": _said("[one]", "one", 4, "metadata.value", "a list is meant", "[one, another]"),
    "value": _said(
        "tags: [one]",
        "tags: [one]\nvalue: {initial: 5, minimun: 1, decay: 2}",
        5,
        "metadata.unknown",
        "`value.minimun`",
        "mean `minimum`",
    ),
    "value-of-no-kind": _said(
        "tags: [one]",
        "tags: [one]\nvalue: {initial: 5, minimum: 1}",
        5,
        "metadata.value",
        "`value`: a falling value has either `decay` or `step`",
        "write one",
    ),
    "value-upwards": _said(
        "tags: [one]",
        "tags: [one]\nvalue: {initial: 5, minimum: 10, decay: 2}",
        5,
        "metadata.value",
        "`minimum` is more than `initial`",
        "change the value",
    ),
    "value-inside": _said(
        "tags: [one]",
        "tags: [one]\nvalue: {initial: {a: 1}, minimum: 1, decay: 2}",
        5,
        "metadata.value",
        "`value.initial`: a whole number is meant",
        "write it as 10",
    ),
    "quote-to-the-end": _said(
        "description: A good one",
        "description: 'A good one",
        2,
        "metadata.yaml",
        "a quotation mark opens here, and none closes it",
        "close it",
    ),
    "quote-to-another": _said(
        "description: A good one",
        'description: "A good one',
        2,
        "metadata.yaml",
        "opens here, and the next one is in line 9",
        "close it",
    ),
    "quote-inside": _said(
        "A good one",
        "'It's a good one'",
        2,
        "metadata.yaml",
        "something follows a text in quotation marks",
        "write '' for a mark",
    ),
    "bracket": _said("tags: [one]", "tags: [one", 4, "metadata.yaml", "`[` opens here", "close it"),
    "tab": _said("    prompt", "\tprompt", 7, "metadata.yaml", "a tab", "spaces"),
    "colon": _said(
        "A good one", "Note: a good one", 2, "metadata.yaml", "a second `: `", "in quotes"
    ),
    "template-name": _template("a\n{{ flag }}\n", 2, "nobody gives `flag`", "answers"),
    "template-spelling": _template("{{ answer.flag }}", 1, "gives `answer`", "mean `answers`"),
    "template-answer": _template("{{ answers.flga }}", 1, "no instance holds", "mean `flag`"),
    "template-filter": _template("{{ answers.flag | upcase }}", 1, "filter `upcase`", "use"),
    "template-other": _template("{% include 'x' %}", 1, "another template", "write it out"),
    "template-syntax": _template("a\n{% if %}", 2, "is no Jinja2 template", "correct it"),
    "compose-spelling": _composed(
        "    enviroment: {A: b}\n", 5, "compose.enviroment", "not supported", "mean `environment`"
    ),
    "compose-quote": _composed(
        '    command: "run\n    hostname: x\n',
        5,
        "compose.yaml",
        "a quotation mark opens here",
        "close it",
    ),
    "compose-udp": _composed(
        "  dns:\n    image: x\n    ports: [53/udp]\n", 7, "compose.port", "TCP", "write 53"
    ),
    "compose-host": _composed(
        "    network_mode: host\n", 5, "compose.network_mode", "leaves the instance", "remove"
    ),
}
