"""Importers lose nothing silently: collections as other platforms' authors have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.importers import Outcome, Report, bring
from tests.cli.terminal import Terminal

DOCKERFILE = "FROM python:3.11-slim\nCOPY . /app\nEXPOSE 8080\n"
PLAIN = "{name: %s, category: misc, description: d, value: 10, type: standard, flags: 'flag{x}'}"


def collection(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def said(report: Report) -> dict[str, tuple[str, str]]:
    """What became of each field, and why."""
    return {one.field: (one.became, one.why) for one in report.fields}


def by_folder(reports: list[Report]) -> dict[str, Report]:
    return {report.source.parent.name: report for report in reports}


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A ctfcli collection in which one of seven can be read."""
    old = collection(
        tmp_path / "old",
        {
            "good/challenge.yml": PLAIN % "Good",
            "latin/challenge.yml": "name: Caf\u00e9\nflags: [x]\n".encode("latin-1"),
            "unclosed/challenge.yml": 'name: "Unclosed\nflags: [x]\n',
            "folder/challenge.yml/inner": "",
            "list/challenge.yml": "[]",
            "flagless/challenge.yml": "{name: Flagless, description: d}",
        },
    )
    (old / "dangling").mkdir()
    (old / "dangling" / "challenge.yml").symlink_to("gone")
    return old


def test_every_file_is_read_or_reported(broken: Path, tmp_path: Path) -> None:
    reports = by_folder(bring("ctfcli", broken, tmp_path / "new"))
    found = {name: [f.problem for f in report.findings] for name, report in reports.items()}
    assert found == {
        "good": [],
        "latin": ["is not UTF-8"],
        "unclosed": ["a quotation mark opens here, and none closes it"],
        "folder": ["'folder/challenge.yml' is a folder"],
        "list": ["is no ctfcli challenge: it lacks the fields that each has"],
        "flagless": ["has no flag that a question can hold"],
        "dangling": ["'dangling/challenge.yml' leads through a symbolic link"],
    }
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["good"]


def test_the_command_fails_when_something_was_not_brought_in(broken: Path, tmp_path: Path) -> None:
    author = Terminal(tmp_path / "config", "http://127.0.0.1:9")
    line = f"ctfy-admin challenge import ctfcli --source {broken} --out {tmp_path}/new --json"
    ran = author.run(line)
    assert ran.code == 1
    assert {row["id"]: row["complete"] for row in ran.json}["good"]
    for name in ("latin", "unclosed", "folder", "list", "flagless", "dangling"):
        assert f"error: {name}: " in ran.err


def test_the_command_succeeds_when_all_was_brought_in(tmp_path: Path) -> None:
    author = Terminal(tmp_path / "config", "http://127.0.0.1:9")
    collection(tmp_path / "old", {"a/challenge.yml": PLAIN % "A"})
    line = f"ctfy-admin challenge import ctfcli --source {tmp_path}/old --out {tmp_path}/new"
    assert author.ok(line).splitlines()[:2] == [
        f"a: brought in, of {tmp_path}/old/a/challenge.yml",
        "  carried name",
    ]


def test_a_challenge_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    old = collection(
        tmp_path / "old",
        {"jar/challenge.yml": "{name: Jar, flags: [x], image: .}", "jar/Dockerfile": DOCKERFILE},
    )
    (old / "jar" / "loop").symlink_to("gone")
    (report,) = bring("ctfcli", old, tmp_path / "new")
    assert [(f.path.name, f.rule) for f in report.findings] == [("loop", "folder.link")]
    assert not (tmp_path / "new").exists()


def test_of_several_documents_each_is_read_or_reported(tmp_path: Path) -> None:
    text = f"# \u00e9\U0001f36a\n{PLAIN % 'First'}\n---\nkind: ConfigMap\n---\n{PLAIN % 'Second'}\n"
    old = collection(tmp_path / "old", {"two/challenge.yml": text})
    first, second = bring("ctfcli", old, tmp_path / "new")
    assert said(first)["document 2"] == ("dropped", "a ConfigMap, no challenge")
    assert first.findings == []
    (finding,) = second.findings
    assert (finding.rule, finding.line) == ("import.second", 6)


def test_ids_that_collide_get_the_collections_name_in_front(tmp_path: Path) -> None:
    files = {f"{kind}/jar/challenge.yml": PLAIN % "Jar" for kind in ("crypto", "pwn", "web")}
    old = collection(tmp_path / "Spring CTF", dict(files))
    ids = [report.id for report in bring("ctfcli", old, tmp_path / "new")]
    assert ids == ["jar", "spring-ctf-jar", "spring-ctf-web-jar"]
    other = collection(tmp_path / "autumn", {"jar/challenge.yml": PLAIN % "Jar"})
    (report,) = bring("ctfcli", other, tmp_path / "new")
    assert report.id == "autumn-jar"
    assert said(report)["id"] == (
        "changed",
        "it is autumn-jar here: another challenge is called jar",
    )
    again = bring("ctfcli", old, tmp_path / "new")
    assert [(r.id, r.state) for r in again] == [(id_, "unchanged") for id_ in ids]


CTFCLI = """
name: Jar
id: 7
category: Forensics
description: |
  Connect: {{ nc }} or {{link}}; {{ 7*7 }} stays.
type: dynamic
initial: 500.5
decay: 30
minimum: "100"
connection_info: nc jar.example.org 1337
image: .
flags:
  - {type: regex, content: "flag{.*}", data: case_insensitive}
  - {type: static, content: "flag{one}", data: case_insensitive}
  - flag{two}
  - {type: static}
files: [a/out.txt, b/out.txt, page.html.j2, gone.txt, a]
hints:
  - {title: Look, content: Inside., cost: 12.5}
  - {content: Deeper., requirements: [1]}
requirements: [8, warm up, spare, Elsewhere]
colour: red
"""


def test_ctfcli_says_what_became_of_each_field(tmp_path: Path) -> None:
    old = collection(
        tmp_path / "old",
        {
            "jar/challenge.yml": CTFCLI,
            "jar/Dockerfile": DOCKERFILE,
            "jar/solve.py": "print('flag{one}')",
            "jar/app.py": "app",
            "jar/a/out.txt": "a",
            "jar/b/out.txt": "b",
            "jar/page.html.j2": "{{ theirs }}",
            "eight/challenge.yml": "{name: Eight, id: 8, description: d, flags: [x]}",
            "warm/challenge.yml": PLAIN % "Warm Up",
            "spare/challenge.yml": PLAIN % "Spare Time",
        },
    )
    reports = by_folder(bring("ctfcli", old, tmp_path / "new"))
    assert [finding for report in reports.values() for finding in report.findings] == []
    root = old / "jar"
    assert reports["jar"].fields == [
        Outcome("name", "carried"),
        Outcome(
            "description", "changed", "its placeholders say where the instance's address is shown"
        ),
        Outcome(
            "description {{ 7*7 }}", "dropped", "left as written: descriptions are not rendered"
        ),
        Outcome("category", "changed", "forensics is misc here, and a tag"),
        Outcome("initial", "changed", "500.5 is 501: points and solves are whole"),
        Outcome("value", "carried"),
        Outcome("flag 4", "dropped", "it has no text"),
        Outcome("flag 1", "changed", "it is part of the one pattern"),
        Outcome("flag 2", "changed", "it is part of the one pattern"),
        Outcome("flag 3", "changed", "it is part of the one pattern"),
        Outcome("hint 1 cost", "changed", "12.5 is 13: points and solves are whole"),
        Outcome("hint 1 title", "changed", "it is the first line of the text"),
        Outcome("hint 2 requirements", "dropped", "a hint has a text and a cost"),
        Outcome("hints", "carried"),
        Outcome("file out.txt", "carried"),
        Outcome("file out.txt", "changed", "players see b-out.txt"),
        Outcome("file page.html.j2", "changed", "players see page.html.j2.txt"),
        Outcome(f"file {root / 'gone.txt'}", "dropped", "there is no such file"),
        Outcome(f"file {root / 'a'}", "dropped", "'a' is a folder"),
        Outcome(
            "connection_info",
            "changed",
            "the protocol is tcp: each instance has its own address",
        ),
        Outcome("protocol", "carried"),
        Outcome(
            "context challenge.yml", "dropped", "an author's file: it is kept out of the image"
        ),
        Outcome("context solve.py", "dropped", "an author's file: it is kept out of the image"),
        Outcome("service main", "carried"),
        Outcome("colour", "dropped", "not a field that is known here"),
        Outcome("requires 8", "changed", "it is eight here"),
        Outcome("requires warm up", "changed", "it is warm-up here"),
        Outcome("requires spare", "changed", "it is spare-time here"),
        Outcome("requires Elsewhere", "dropped", "no such challenge is among them"),
    ]
    jar = Catalogue.load(tmp_path / "new").challenges["jar"]
    shown = jar.metadata
    assert shown.description == (
        "Connect: (the address is shown with your instance) or "
        "(the address is shown with your instance); {{ 7*7 }} stays."
    )
    (question,) = shown.questions
    for right in ("flag{one}", "FLAG{ONE}", "Flag{anything}", "flag{two}"):
        assert question.is_correct(right)
    for wrong in ("flag[two]", "xflag{one}", "flag{one}x"):
        assert not question.is_correct(wrong)
    assert shown.model_dump()["value"] == {"initial": 501, "minimum": 100, "decay": 30}
    assert [(h.text, h.cost) for h in shown.hints] == [("Look\n\nInside.", 13), ("Deeper.", 0)]
    assert (shown.protocol, shown.unlocked_by) == ("tcp", ["eight", "warm-up", "spare-time"])
    handouts = {name: path.read_text() for name, path in jar.attachments.items()}
    assert handouts == {"out.txt": "a", "b-out.txt": "b", "page.html.j2.txt": "{{ theirs }}"}
    context = tmp_path / "new/jar/services/main"
    assert sorted(path.name for path in context.iterdir()) == [
        "Dockerfile",
        "a",
        "app.py",
        "b",
        "page.html.j2",
    ]


RCTF = """
name: heap
id: heap-1
description: "`{{ nc }}`"
flag: {file: flag.txt}
points: {min: 100, max: 500.4}
provide:
  - a/heap
  - {file: b/heap}
  - {kind: zip, spec: [a], as: all.zip}
containers: {main: {build: ., ports: [5000]}}
expose: {main: [{target: 5000, tcp: 31337}]}
"""


def test_rctf_says_what_became_of_each_field(tmp_path: Path) -> None:
    old = collection(
        tmp_path / "old",
        {
            "crypto/heap/challenge.yaml": RCTF,
            "crypto/heap/flag.txt": "flag{heap}\n",
            "crypto/heap/Dockerfile": "FROM alpine\nCOPY a/heap /heap\n",
            "crypto/heap/a/heap": "a",
            "crypto/heap/b/heap": "b",
            "crypto/none/challenge.yaml": "{name: none, description: d, flag: {secret: x}}",
        },
    )
    reports = by_folder(bring("rctf", old, tmp_path / "new"))
    assert [f.rule for f in reports["none"].findings] == ["import.no-answer"]
    assert said(reports["heap"]) == {
        "name": ("carried", ""),
        "description": (
            "changed",
            "its placeholders say where the instance's address is shown",
        ),
        "category": ("carried", ""),
        "flag": ("carried", ""),
        "points.max": ("changed", "500.4 is 500: points and solves are whole"),
        "points": ("changed", "the value falls over 100 solves, not by the share of all teams"),
        "file heap": ("changed", "players see b-heap"),
        "file all.zip": ("dropped", "a zip is not made here: provide its files"),
        "context challenge.yaml": ("dropped", "an author's file: it is kept out of the image"),
        "context flag.txt": ("dropped", "an author's file: it is kept out of the image"),
        "service main": ("carried", ""),
        "expose.main": ("dropped", "the node chooses host and published port"),
    }
    heap = Catalogue.load(tmp_path / "new").challenges["heap"]
    assert (heap.metadata.category, heap.metadata.protocol) == ("crypto", "tcp")
    assert not (heap.path / "services/main/flag.txt").exists()


KCTF = """apiVersion: kctf.dev/v1
kind: Challenge
metadata: {name: %s}
spec: {deployed: true}
"""
POD = "  podTemplate: {template: {spec: {containers: [{env: [{name: FLAG, value: 'CTF{pod}'}]}]}}}"


@pytest.mark.parametrize(
    ("files", "answer"),
    [
        ({"challenge/flag": "CTF{file}\n"}, "CTF{file}"),
        ({"flag.txt": "CTF{root}"}, "CTF{root}"),
        ({"challenge/Dockerfile": "FROM x\nENV FLAG=CTF{env}\n"}, "CTF{env}"),
        ({"challenge/Dockerfile": 'FROM x\nENV FLAG "CTF{e nv}"\n'}, "CTF{e nv}"),
        (
            {
                "challenge/Dockerfile": "FROM x\nCOPY --chown=0:0 my_flag.bin /flag\n",
                "challenge/my_flag.bin": "CTF{copied}",
            },
            "CTF{copied}",
        ),
        ({"metadata.yaml": "flag: CTF{about}\n"}, "CTF{about}"),
        ({"challenge.yaml": KCTF.replace("true}", "true,\n%s}") % ("k", POD)}, "CTF{pod}"),
    ],
)
def test_kctf_flags_are_found_where_authors_put_them(
    tmp_path: Path, files: dict[str, str | bytes], answer: str
) -> None:
    given = {"challenge.yaml": KCTF % "k", "challenge/Dockerfile": "FROM x\n", **files}
    old = collection(tmp_path / "old", {f"k/{name}": text for name, text in given.items()})
    (report,) = bring("kctf", old, tmp_path / "new")
    assert report.findings == []
    (question,) = Catalogue.load(tmp_path / "new").challenges["k"].metadata.questions
    assert question.model_dump()["answer"] == answer


def test_kctf_says_what_became_of_each_field(tmp_path: Path) -> None:
    about = "challenge: {name: Heap House, description: Break in., tags: [heap], points: 250}\na: 1"
    service = "---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\n"
    old = collection(
        tmp_path / "old",
        {
            "crypto-heap/challenge.yaml": KCTF % "heap" + service,
            "crypto-heap/metadata.yaml": about,
            "crypto-heap/attachments/heap": "elf",
            "crypto-heap/attachments/lib/heap": "lib",
            "crypto-heap/challenge/Dockerfile": "FROM x\nCOPY flag /\n",
            "crypto-heap/challenge/flag": "CTF{heap}",
            "crypto-heap/challenge/solution.md": "CTF{heap}",
            "none/challenge.yaml": KCTF % "none",
            "none/challenge/Dockerfile": "FROM x\n",
        },
    )
    reports = by_folder(bring("kctf", old, tmp_path / "new"))
    assert [f.rule for f in reports["none"].findings] == ["import.no-answer"]
    assert said(reports["crypto-heap"]) == {
        "document 2": ("dropped", "a NetworkPolicy, no challenge"),
        "name": ("carried", ""),
        "description": ("carried", ""),
        "category": ("carried", ""),
        "tags": ("carried", ""),
        "points": ("carried", ""),
        "metadata.yaml a": ("dropped", "not a field that is known here"),
        "flag": ("carried", ""),
        "context challenge/solution.md": (
            "dropped",
            "an author's file: it is kept out of the image",
        ),
        "service challenge": ("carried", ""),
        "file heap": ("changed", "players see attachments-lib-heap"),
        "spec.deployed": ("dropped", "a competition says what is visible"),
    }
    heap = Catalogue.load(tmp_path / "new").challenges["heap-house"]
    assert (heap.metadata.category, heap.metadata.value) == ("crypto", 250)
    assert set(heap.attachments) == {"heap", "attachments-lib-heap"}
    assert sorted(p.name for p in (heap.path / "services/challenge").iterdir()) == [
        "Dockerfile",
        "flag",
    ]


def test_a_kctf_flag_of_the_environment_stays_where_the_service_reads_it(tmp_path: Path) -> None:
    challenge = KCTF.replace("true}", "true,\n%s}") % ("k", POD)
    old = collection(
        tmp_path / "old",
        {"k/challenge.yaml": challenge, "k/challenge/Dockerfile": "FROM x\n"},
    )
    bring("kctf", old, tmp_path / "new")
    service = Catalogue.load(tmp_path / "new").challenges["k"].compose.services["challenge"]
    assert service.environment == {"FLAG": "CTF{pod}"}


def test_a_broken_kctf_metadata_file_is_reported(tmp_path: Path) -> None:
    old = collection(
        tmp_path / "old",
        {
            "k/challenge.yaml": KCTF % "k",
            "k/metadata.yaml": "category: [",
            "k/challenge/Dockerfile": "FROM x\nCOPY flag /\n",
            "k/challenge/flag": "CTF{k}",
        },
    )
    (report,) = bring("kctf", old, tmp_path / "new")
    assert (report.findings, report.is_whole) == ([], False)
    assert said(report)["file metadata.yaml"][0] == "dropped"


def test_xbow_says_what_became_of_each_field(tmp_path: Path) -> None:
    compose = "services: {web: {build: app, ports: ['80:80'], environment: [FLAG]}}"
    old = collection(
        tmp_path / "old",
        {
            "one/benchmark.json": '{"name": "One", "level": 9, "tags": ["idor"], "seed": 1}',
            "one/docker-compose.yml": compose,
            "one/app/Dockerfile": "FROM x\n",
            "one/.env": "FLAG=flag{old}",
            "two/benchmark.json": '{"name": "Two"',
            "three/benchmark.json": '{"name": "Three"}',
            "three/docker-compose.yml": "services: {web: {image: x, ports: ['80']}}",
        },
    )
    reports = by_folder(bring("xbow", old, tmp_path / "new"))
    assert [f.rule for f in reports["two"].findings] == ["import.unreadable"]
    assert [f.rule for f in reports["three"].findings] == ["import.no-answer"]
    assert said(reports["one"]) == {
        "name": ("carried", ""),
        "category": ("carried", ""),
        "tags": ("carried", ""),
        "level": ("dropped", "9 is none of 1, 2, 3"),
        "seed": ("dropped", "not a field that is known here"),
        ".env": ("dropped", "it is the benchmark's own: the folder gets what it needs here"),
        "services.web.ports": ("dropped", "the node chooses the published ports"),
        "service web": ("carried", ""),
    }
