"""Writing challenges: `ctfy-admin challenge new`, `audit`, `smoke`, `play`, `view`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctfy.server.models.challenges import ChallengeCategory
from tests.available import PROVIDERS
from tests.cli.terminal import Terminal
from tests.processes import CHALLENGES

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def author(tmp_path: Path) -> Terminal:
    return Terminal(
        tmp_path / "config",
        NOWHERE,
        environment={"CTFY_CHALLENGES_DIR": str(tmp_path / "challenges")},
    )


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("category", list(ChallengeCategory))
def test_a_new_challenge_passes_the_audit_and_is_solved(
    author: Terminal, category: ChallengeCategory, provider: str
) -> None:
    made = author.json(f"ctfy-admin challenge new first-one --category {category}")
    assert "first-one/metadata.yaml" in made["message"]
    assert "0 findings" in author.ok("ctfy-admin challenge audit --strict")
    seen = author.ok(f"ctfy-admin challenge smoke first-one --provider {provider}")
    assert seen == "first-one: two instances solved, wrong answers refused, answers differ\n"


def test_the_samples_are_written_to_a_folder_that_is_not_there(author: Terminal) -> None:
    folder = author.config.parent / "challenges"
    assert "ctfy-admin init" in author.run("ctfy-admin challenge list").err
    author.ok(f"ctfy-admin init {folder}")
    assert "notes" in {challenge["id"] for challenge in author.json("ctfy-admin challenge ls")}
    assert "0 findings" in author.ok("ctfy-admin challenge audit --strict")
    assert author.run(f"ctfy-admin init {folder}").code == 1


def test_what_a_new_challenge_is_called_and_tagged(author: Terminal) -> None:
    author.ok(
        "ctfy-admin challenge new open-door --difficulty hard --tag a --tag b",
        *("--title", 'The "open": door'),
    )
    shown = author.json("ctfy-admin challenge view open-door")
    assert shown["name"] == 'The "open": door'
    assert (shown["difficulty"], shown["tags"]) == ("hard", ["a", "b"])
    assert "minted per instance" in author.ok("ctfy-admin challenge show open-door", people=True)
    assert author.json("ctfy-admin challenge list --tag a")[0]["id"] == "open-door"
    assert author.ok("ctfy-admin challenge list --tag c", people=True) == "No challenges match.\n"


def test_what_new_refuses(author: Terminal, tmp_path: Path) -> None:
    author.ok("ctfy-admin challenge new one")
    before = (tmp_path / "challenges/one/metadata.yaml").read_text()
    assert author.run("ctfy-admin challenge new one --title Two").code == 5
    assert (tmp_path / "challenges/one/metadata.yaml").read_text() == before
    author.ok("ctfy-admin challenge new one --title Two --force")
    assert author.run("ctfy-admin challenge new '../out'").code == 5
    assert author.run("ctfy-admin challenge new two --difficulty odd").code == 2
    assert author.run("ctfy-admin challenge new two --stack cobol").code == 2
    assert author.run("ctfy-admin challenge new two --category odd").code == 2
    assert not (tmp_path / "challenges/two").exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("solve.py", "print(", "print('x' + ", "is wrong"),
        ("solve.py", "print(", "raise SystemExit(3)  # ", "ended with 3"),
        ("solve.py", "import sys", "import sys, time; time.sleep(60)", "did not end"),
        ("services/web/app.py", "200, Path", "404, Path", "solve.py ended with 1"),
        ("services/web/app.py", "ThreadingHTTPServer((", "exit(4); ((", "did not start"),
        ("metadata.yaml", "port: 8000", "port: 0", "sandbox.port"),
    ],
)
def test_smoke_says_what_is_wrong(
    author: Terminal, tmp_path: Path, file: str, old: str, new: str, words: str
) -> None:
    author.ok("ctfy-admin challenge new broken")
    path = tmp_path / "challenges" / "broken" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    ran = author.run("ctfy-admin challenge smoke broken --provider sandbox --timeout 5")
    assert ran.code == 1
    assert words in ran.out + ran.err, ran
    assert (ran.out + ran.err).count("\n") == 1


def test_a_challenge_that_does_not_hold_its_answer_fails_the_smoke(
    author: Terminal, tmp_path: Path
) -> None:
    author.ok("ctfy-admin challenge new fixed")
    path = tmp_path / "challenges" / "fixed" / "metadata.yaml"
    path.write_text(path.read_text().replace("prompt: What", "answer: FLAG{x}\n    prompt: What"))
    ran = author.run("ctfy-admin challenge smoke fixed --provider sandbox")
    assert (ran.code, "solve.py ended with 1" in ran.out) == (1, True)


def test_smoke_tries_all_several_at_once(author: Terminal) -> None:
    for category in ("web", "misc"):
        author.ok(f"ctfy-admin challenge new {category}-1 --category {category}")
    seen = author.ok("ctfy-admin challenge smoke --all --jobs 2 --provider sandbox")
    assert {line.partition(":")[0] for line in seen.splitlines()} == {"web-1", "misc-1"}


def test_a_challenge_is_played_without_a_server(author: Terminal) -> None:
    author.ok("ctfy-admin challenge new alone --category reverse")
    said = author.ok("ctfy-admin challenge play alone --yes --provider sandbox")
    assert "tcp://127.0.0.1:" in said
    assert said.rstrip().endswith("Alone is solved.")
    assert author.run("ctfy-admin challenge play alone").code == 2
    assert author.run("ctfy-admin challenge play nothing --yes").code == 4


def test_the_examples_pass_the_smoke(tmp_path: Path) -> None:
    author = Terminal(tmp_path, NOWHERE, environment={"CTFY_CHALLENGES_DIR": str(CHALLENGES)})
    seen = author.ok("ctfy-admin challenge smoke --provider sandbox --jobs 2")
    assert len(seen.splitlines()) == 5
    assert "FAILED" not in seen


def test_findings_for_programs(author: Terminal, tmp_path: Path) -> None:
    author.ok("ctfy-admin challenge new odd")
    path = tmp_path / "challenges" / "odd" / "docker-compose.yml"
    written = path.read_text()
    path.write_text(written.replace("    build:", "    privileged: true\n    build:"))
    (tmp_path / "challenges" / "odd" / "solve.py").unlink()
    ran = author.run("ctfy-admin challenge audit --json")
    assert ran.code == 1
    assert {(f["rule"].partition(".")[0], f["severity"]) for f in ran.json} == {
        ("compose", "error"),
        ("missing", "warning"),
    }
    sarif = author.run("ctfy-admin challenge audit odd --sarif").json
    (run,) = sarif["runs"]
    assert {r["ruleId"] for r in run["results"]} == {
        r["id"] for r in run["tool"]["driver"]["rules"]
    }
    (error,) = (r for r in run["results"] if r["level"] == "error")
    place = error["locations"][0]["physicalLocation"]
    assert place["region"]["startLine"] == 3
    assert place["artifactLocation"]["uri"].endswith("odd/docker-compose.yml")
    path.write_text(written)
    assert author.run("ctfy-admin challenge audit").code == 0
    assert author.run("ctfy-admin challenge audit --strict").code == 1
    assert author.run("ctfy-admin challenge audit nothing").code == 4
    assert json.loads(author.ok("ctfy-admin challenge audit --json"))
