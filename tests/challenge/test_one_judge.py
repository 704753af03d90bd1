"""What one command refuses of a challenge all refuse, in the same words for its author."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ctfy.challenge.audit import Finding, audit
from ctfy.challenge.catalogue import Catalogue
from ctfy.server.challenges.audit import audit_folder
from tests.challenge.broken import BROKEN, COMPOSE, GOOD, RUNS, Mistake
from tests.cli.terminal import Terminal

NOWHERE = "http://127.0.0.1:9"
SOLVER = "print('443')\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of challenges with one that is right."""
    good = tmp_path / "challenges" / "good"
    good.mkdir(parents=True)
    (good / "metadata.yaml").write_text(GOOD)
    (good / "solve.py").write_text(SOLVER)
    return good.parent


def terminal(root: Path) -> Terminal:
    environment = {"CTFY_CHALLENGES_DIR": str(root)}
    return Terminal(root.parent / "config", NOWHERE, environment=environment)


def warnings(folder: Path) -> list[Finding]:
    return [f for f in audit(folder) if not f.is_error and not f.rule.startswith("missing.")]


@pytest.mark.parametrize("mistake", BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_found_where_it_is_with_what_to_do(mistake: Mistake, root: Path) -> None:
    folder = mistake.write(root / "bad")
    errors = [finding for finding in audit(folder) if finding.is_error]
    assert len(errors) == 1, errors
    (found,) = errors
    assert (found.path, found.line, found.rule) == (
        folder / mistake.file,
        mistake.line,
        mistake.rule,
    )
    assert mistake.problem in found.problem
    assert mistake.fix in found.fix


@pytest.mark.parametrize("mistake", BROKEN.values(), ids=BROKEN)
def test_what_one_command_refuses_all_refuse(mistake: Mistake, root: Path) -> None:
    folder = mistake.write(root / "bad")
    (finding,) = Catalogue.load(root).broken["bad"]
    told = str(finding)
    author = terminal(root)
    for line in (
        "ctfy-admin challenge audit",
        "ctfy-admin challenge view bad",
        "ctfy-admin challenge smoke bad",
        "ctfy-admin challenge smoke --provider sandbox",
        "ctfy-admin challenge play bad --yes",
    ):
        ran = author.run(line)
        assert ran.code == 1, line
        assert told in ran.out + ran.err, line
    listed = author.run("ctfy-admin challenge list --json")
    assert (listed.code, [challenge["id"] for challenge in listed.json]) == (0, ["good"])
    assert told in listed.err
    (row,) = (row for row in audit_folder(root) if row.severity == "error")
    assert (row.challenge_id, row.rule, row.line) == ("bad", finding.rule, finding.line)
    (folder / "metadata.yaml").write_text(GOOD)
    for name in ("docker-compose.yml", "attachments"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).unlink(missing_ok=True)
    running = Catalogue.load(root)
    assert running.broken == {}
    mistake.write(folder)
    assert running.rescan(root).broken == ["bad"]
    assert str(running.broken["bad"][0]) == told
    assert running.challenges["bad"].metadata.name == "Good"


def test_the_good_ones_are_still_smoked_beside_a_broken_one(root: Path) -> None:
    BROKEN["number"].write(root / "bad")
    ran = terminal(root).run("ctfy-admin challenge smoke --provider sandbox")
    assert ran.code == 1
    assert "bad: FAILED: " in ran.out
    assert "good: solved without an instance" in ran.out


IGNORED = [
    ("    restart: always\n", "compose.restart", 5),
    ("    expose: ['80']\n", "compose.expose", 5),
    ("    labels: {a: b}\n", "compose.labels", 5),
    ("    annotations: {a: b}\n", "compose.annotations", 5),
    ("    attach: false\n", "compose.attach", 5),
    ("    platform: linux/amd64\n", "compose.platform", 5),
    ("    profiles: [debug]\n", "compose.profiles", 5),
    ("    tty: true\n", "compose.tty", 5),
    ("    stdin_open: true\n", "compose.stdin_open", 5),
    ("    logging: {driver: json-file, options: {max-size: 1m}}\n", "compose.logging", 5),
    ("    environment: [A]\n", "compose.environment", 5),
    ("    tmpfs: ['/run:mode=0700']\n", "compose.tmpfs", 5),
    ("    volumes: ['data:/data:z']\n", "compose.volume", 5),
    ("    healthcheck: {test: 'true', start_interval: 1s}\n", "compose.healthcheck", 5),
    ("  db:\n    image: x\n    ports: [{target: 80, name: a}]\n", "compose.port", 7),
    (
        "  db:\n    image: x\n    depends_on:\n"
        "      web: {condition: service_started, restart: true}\n",
        "compose.depends-on",
        8,
    ),
    ("version: '3'\n", "compose.version", 5),
    ("name: mine\n", "compose.name", 5),
    ("networks: {default: {internal: true}}\n", "compose.network", 5),
    ("volumes: {data: {labels: [a]}}\n", "compose.volume", 5),
]


@pytest.mark.parametrize(("added", "rule", "line"), IGNORED, ids=lambda value: str(value).strip())
def test_a_compose_key_that_is_not_heeded_is_a_warning(
    added: str, rule: str, line: int, tmp_path: Path
) -> None:
    (tmp_path / "metadata.yaml").write_text(RUNS)
    (tmp_path / "docker-compose.yml").write_text(COMPOSE + added)
    assert [(f.rule, f.line) for f in warnings(tmp_path)] == [(rule, line)]


@pytest.mark.parametrize(
    "added",
    [
        "    cap_drop: [ALL]\n",
        "    restart: 'no'\n",
        "    tty: false\n",
        "    privileged: false\n",
        "    security_opt: [no-new-privileges]\n",
        "    logging: {driver: json-file}\n",
        "    x-note: mine\n",
        "networks: {default: {driver: bridge}}\n",
    ],
)
def test_what_says_what_is_so_anyway_is_no_finding(added: str, tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text(RUNS)
    (tmp_path / "docker-compose.yml").write_text(COMPOSE + added)
    assert [f for f in audit(tmp_path) if not f.rule.startswith("missing.")] == []


@pytest.mark.parametrize(
    ("value", "dear"), [("100", [101]), ("{initial: 50, minimum: 1, decay: 9}", [51, 101])]
)
def test_a_hint_dearer_than_its_challenge_is_a_warning(
    value: str, dear: list[int], tmp_path: Path
) -> None:
    hints = "".join(f"  - {{id: h{cost}, text: x, cost: {cost}}}\n" for cost in (50, 51, 101))
    (tmp_path / "metadata.yaml").write_text(f"{GOOD}value: {value}\nhints:\n{hints}")
    found = warnings(tmp_path)
    assert {f.rule for f in found} == {"hint.dear"}
    assert [f.line for f in found] == [12 + [50, 51, 101].index(cost) for cost in dear]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("A good one", '"See {{ url }}"', 2),
        ("Which port?", '"{{port}}?"', 7),
        ('"443"', '"{{ flag }}"', 9),
        ("tags: [one]", 'tags: [one]\nhints: [{id: h, text: "{{ nc }}"}]', 5),
    ],
)
def test_a_variable_in_a_text_that_nobody_renders_is_a_warning(
    old: str, new: str, line: int, tmp_path: Path
) -> None:
    (tmp_path / "metadata.yaml").write_text(GOOD.replace(old, new))
    assert [(f.rule, f.line) for f in warnings(tmp_path)] == [("text.placeholder", line)]


@pytest.mark.parametrize(
    "text", ["Try `{{ config }}`", "Try {{ 7*7 }}", "```\n  {{ config }}\n  ```", "Write {{}}"]
)
def test_what_is_code_or_no_name_is_no_placeholder(text: str, tmp_path: Path) -> None:
    described = GOOD.replace("A good one", f"|\n  {text}\n")
    (tmp_path / "metadata.yaml").write_text(described)
    assert warnings(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ answers.flag }} {{ answers['flag'] }} {{ instance_id }} {{ challenge_id }}",
        "{% for s in services %}{{ loop.index }} {{ s.url }}{% endfor %}",
        "{% set a = 1 %}{% macro m(b) %}{{ a + b }}{% endmacro %}{{ m(2) }}",
        "{% if extra is defined %}{{ extra }}{% endif %}{{ other | default('x') }}",
        "{{ answers.nothing | default('x') }}{% for k, v in answers.items() %}{{ k }}{% endfor %}",
        "{% raw %}{{ anything }}{% endraw %}{{ range(3) | join(',') }}",
    ],
)
def test_a_template_that_renders_is_no_finding(text: str, tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text(RUNS)
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)
    (tmp_path / "attachments").mkdir()
    (tmp_path / "attachments" / "a.txt.j2").write_text(text)
    assert [f for f in audit(tmp_path) if not f.rule.startswith("missing.")] == []


def test_a_template_is_looked_at_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text(RUNS)
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)
    (tmp_path / "attachments").mkdir()
    # Folded while it is compiled, this takes the machine's memory.
    (tmp_path / "attachments" / "a.txt.j2").write_text("{{ 'a' * 99999999999 }}{{ 9**9**9**9 }}")
    assert [f for f in audit(tmp_path) if f.is_error] == []
