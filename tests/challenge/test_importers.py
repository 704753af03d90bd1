"""Challenges of other formats: what is carried over is valid here, and the rest is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctfy.challenge.audit import audit
from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.challenge.importers import ImportRefused, Report, bring
from tests.cli.terminal import Terminal

DOCKERFILE = "FROM python:3.11-slim\nEXPOSE 8080\nCMD python3 -m http.server 8080\n"


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def one(format_: str, source: Path, target: Path) -> tuple[Report, Challenge]:
    (report,) = bring(format_, source, target)
    assert report.findings == []
    assert [f for f in audit(target / report.id) if f.is_error] == []
    return report, Catalogue.load(target).challenges[report.id]


CTFCLI = """
name: Cookie Jar
author: somebody
category: Web Exploitation
description: Somebody left the jar open.
type: dynamic
value: 500
extra: {initial: 500, decay: 30, minimum: 100}
image: .
protocol: http
host: null
attempts: 5
flags:
  - {type: static, content: "flag{crumbs}", data: case_insensitive}
  - {type: regex, content: "flag{(?=x).*}"}
topics: [cookies]
tags: [cookies]
files: [dist/jar.txt, ../../etc/passwd, gone.txt]
hints:
  - Look inside.
  - {content: Deeper., cost: 20}
requirements: [Warm Up, Elsewhere]
state: visible
version: "0.1"
"""


def test_ctfcli(tmp_path: Path) -> None:
    written(
        tmp_path / "old",
        {
            "jar/challenge.yml": CTFCLI,
            "jar/Dockerfile": DOCKERFILE,
            "jar/dist/jar.txt": "crumbs",
            "warm/challenge.yml": "{name: Warm Up, category: misc, description: d, value: 10, "
            "type: standard, flags: ['flag{warm}'], state: hidden}",
        },
    )
    reports = {report.id: report for report in bring("ctfcli", tmp_path / "old", tmp_path / "new")}
    assert set(reports) == {"cookie-jar", "warm-up"}
    assert all(not report.findings for report in reports.values())
    found = Catalogue.load(tmp_path / "new").challenges
    jar = found["cookie-jar"].metadata
    (question,) = jar.questions
    assert (question.mode, question.answer, question.ignore_case) == (
        "static",
        "flag{crumbs}",
        True,
    )
    assert jar.model_dump()["value"] == {"initial": 500, "minimum": 100, "decay": 30}
    assert (jar.category, jar.unlocked_by) == ("web", ["warm-up"])
    assert [(hint.text, hint.cost) for hint in jar.hints] == [("Look inside.", 0), ("Deeper.", 20)]
    assert found["cookie-jar"].compose.services["main"].ports == [8080]
    assert set(found["cookie-jar"].attachments) == {"jar.txt"}
    lost = {line.partition(":")[0] for line in reports["cookie-jar"].lost}
    assert {"author", "topics", "state", "flag 2"} <= lost
    assert {"requires Elsewhere"} <= lost
    assert len([line for line in reports["cookie-jar"].lost if line.startswith("file ")]) == 2
    readme = (tmp_path / "new/cookie-jar/README.md").read_text()
    assert "flag 2: " in readme
    assert question.attempts == 5


RCTF = """
name: baby-heap
author: somebody
description: A heap, newborn.
flag: {file: flag.txt}
points: {min: 100, max: 500}
provide:
  - bin/heap
  - {file: bin/libc, as: libc.so.6}
  - {kind: zip, as: all.zip, files: [bin]}
containers:
  main:
    build: .
    replicas: 2
    resources: {memory: 64M}
expose:
  main: [{target: 5000, tcp: 31337}]
"""


def test_rctf(tmp_path: Path) -> None:
    written(
        tmp_path / "old",
        {
            "pwn/heap/challenge.yaml": RCTF,
            "pwn/heap/flag.txt": "flag{heap}\n",
            "pwn/heap/Dockerfile": DOCKERFILE,
            "pwn/heap/bin/heap": "elf",
            "pwn/heap/bin/libc": "libc",
        },
    )
    report, found = one("rctf", tmp_path / "old", tmp_path / "new")
    assert found.metadata.category == "pwn"
    assert found.metadata.questions[0].answer == "flag{heap}"
    assert set(found.attachments) == {"heap", "libc.so.6"}
    assert found.compose.services["main"].ports == [5000]
    assert found.metadata.protocol == "tcp"
    lost = {line.partition(":")[0] for line in report.lost}
    assert {
        "author",
        "file all.zip",
        "containers.main.replicas",
        "containers.main.resources",
    } <= lost
    assert "expose.main" in lost
    assert [line.partition(":")[0] for line in report.changed] == ["points"]


KCTF = """
apiVersion: kctf.dev/v1
kind: Challenge
metadata: {name: jail}
spec:
  deployed: true
  powDifficultySeconds: 10
  network: {public: true, ports: [{protocol: TCP, targetPort: 1337}]}
  healthcheck: {enabled: true}
"""


def test_kctf(tmp_path: Path) -> None:
    written(
        tmp_path / "old",
        {
            "jail/challenge.yaml": KCTF,
            "jail/challenge/Dockerfile": "FROM gcr.io/kctf-docker/challenge\nCMD kctf_setup\n",
            "jail/challenge/flag": "CTF{jail}",
        },
    )
    report, found = one("kctf", tmp_path / "old", tmp_path / "new")
    assert found.metadata.questions[0].answer == "CTF{jail}"
    assert found.compose.services["challenge"].ports == [1337]
    lost = {line.partition(":")[0] for line in report.lost}
    assert {"description", "nsjail", "spec.powDifficultySeconds", "spec.healthcheck"} <= lost


XBOW_COMPOSE = """
version: "3"
services:
  web:
    build: {context: ./app, args: [FLAG]}
    ports: ["8080:80"]
    privileged: true
    depends_on: [db]
    environment: ["FLAG=${FLAG}", "MODE=prod"]
  db:
    image: mariadb:11
    container_name: db
"""


def test_xbow(tmp_path: Path) -> None:
    written(
        tmp_path / "old",
        {
            "XBEN-001/benchmark.json": json.dumps(
                {
                    "name": "IDOR in orders",
                    "description": "Read another's order.",
                    "level": "2",
                    "win_condition": "flag",
                    "tags": ["idor"],
                }
            ),
            "XBEN-001/docker-compose.yml": XBOW_COMPOSE,
            "XBEN-001/app/Dockerfile": "FROM php:8\nARG FLAG\n",
            "XBEN-001/.env": "FLAG=flag{old}",
        },
    )
    report, found = one("xbow", tmp_path / "old", tmp_path / "new")
    assert found.metadata.difficulty == "medium"
    assert found.metadata.questions[0].mode == "dynamic"
    web = found.compose.services["web"]
    assert web.build is not None
    assert web.build.args == {"FLAG": "${ANSWER_FLAG}"}
    assert web.environment == {"FLAG": "${ANSWER_FLAG}", "MODE": "prod"}
    assert web.ports == [80]
    lost = {line.partition(":")[0] for line in report.lost}
    assert {"services.web.privileged", "services.web.ports", "services.db.container_name"} <= lost
    assert not (tmp_path / "new" / found.id / ".env").exists()


def test_what_cannot_be_made_valid_is_not_written(tmp_path: Path) -> None:
    compose = "services: {web: {image: x, ports: ['80'], environment: [FLAG], volumes: ['/:/h']}}"
    written(
        tmp_path / "old",
        {"a/benchmark.json": '{"name": "Escape"}', "a/docker-compose.yml": compose},
    )
    (report,) = bring("xbow", tmp_path / "old", tmp_path / "new")
    assert "/" in report.findings[0].problem
    assert not (tmp_path / "new").exists()


def test_a_dry_run_writes_nothing_and_a_second_run_nothing_twice(tmp_path: Path) -> None:
    source = written(
        tmp_path / "old",
        {f"{n}/challenge.yml": f"{{name: C{n}, description: d, flags: [x{n}]}}" for n in range(4)},
    )
    assert len(bring("ctfcli", source, tmp_path / "new", dry_run=True)) == 4
    assert not (tmp_path / "new").exists()
    assert [r.id for r in bring("ctfcli", source, tmp_path / "new", skip=1, limit=2)] == [
        "c1",
        "c2",
    ]
    again = {r.id: r for r in bring("ctfcli", source, tmp_path / "new")}
    assert {id_: report.state for id_, report in again.items()} == {
        "c0": "new",
        "c1": "unchanged",
        "c2": "unchanged",
        "c3": "new",
    }


@pytest.mark.parametrize("text", ["{", "[]", "name: only", ""])
def test_a_file_that_is_none_is_reported(tmp_path: Path, text: str) -> None:
    written(tmp_path, {"a/challenge.yml": text})
    (report,) = bring("ctfcli", tmp_path, tmp_path / "new")
    assert report.findings
    assert not (tmp_path / "new").exists()


def test_where_no_file_may_hold_one_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="no ctfcli challenge"):
        bring("ctfcli", tmp_path, tmp_path / "new")


def test_from_the_command_line(tmp_path: Path) -> None:
    author = Terminal(tmp_path / "config", "http://127.0.0.1:9")
    written(tmp_path / "old", {"jar/challenge.yml": CTFCLI, "jar/Dockerfile": DOCKERFILE})
    line = f"ctfy-admin challenge import ctfcli --source {tmp_path}/old --out {tmp_path}/new"
    ran = author.run(f"{line} --dry-run --json")
    (row,) = ran.json
    assert (ran.code, row["written"], row["complete"]) == (1, True, False)
    flag = next(one for one in row["fields"] if one["field"] == "flag 2")
    assert flag["became"] == "dropped"
    assert any("look-around" in lost for lost in row["not_carried"])
    assert (
        "dropped flag 2: the expression is none: invalid perl operator: (?=" in author.run(line).out
    )
    assert (tmp_path / "new" / "cookie-jar" / "metadata.yaml").exists()
    assert author.run("ctfy-admin challenge import unknown").code == 2
    assert author.run(f"ctfy-admin challenge import xbow --source {tmp_path}/old").code == 1
