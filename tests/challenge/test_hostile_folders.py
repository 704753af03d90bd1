"""Challenge folders, documents and compose files of somebody who means harm, at every door."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctfy.challenge.audit import audit
from ctfy.challenge.catalogue import Catalogue, Challenge, look
from ctfy.challenge.compose.file import load_compose
from ctfy.challenge.compose.model import ComposeRefused
from ctfy.challenge.documents import DocumentRefused, parse
from ctfy.challenge.folders import PathRefused, inside, open_inside
from ctfy.challenge.importers import ImportRefused, bring
from ctfy.challenge.metadata import Metadata
from ctfy.challenge.rendering import render_attachments
from ctfy.node.providers.docker.compose import Network, build_of, network_names, render
from tests.hostile_doors import DOORS, honest
from tests.hostile_inputs import COMPOSE, DOCUMENTS, HONEST_COMPOSE, SECRET
from tests.processes import CHALLENGES, PATIENCE_S, ROOT

SECONDS, BYTES = 15, 400 * 1024**2  # of one case; of all of a door, with every library


@pytest.mark.parametrize("door", DOORS)
def test_no_door_lets_hostile_input_in_or_falls_over_it(door: str, tmp_path: Path) -> None:
    """A clear finding or refusal, nothing changed, in bounded time and memory, no traceback."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.hostile_doors", door, str(tmp_path / "work")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=5 * PATIENCE_S,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    seen = json.loads(ran.stdout)
    wrong = {case: what for case, (what, _) in seen["cases"].items() if what}
    slow = {case: s for case, (_, s) in seen["cases"].items() if s > SECONDS}
    assert (wrong, slow, seen["leaked"]) == ({}, {}, [])
    assert len(seen["cases"]) >= len(DOCUMENTS)
    assert seen["peak"] < BYTES


@pytest.mark.parametrize("name", HONEST_COMPOSE)
def test_what_honest_compose_files_say_is_taken(name: str, tmp_path: Path) -> None:
    folder = honest(tmp_path, "good")
    (folder / "docker-compose.yml").write_text(HONEST_COMPOSE[name])
    assert [finding for finding in audit(folder) if finding.is_error] == []
    made = Catalogue.load(tmp_path).challenges["good"]
    assert rendered(made, tmp_path)["services"]


def test_what_is_resolved_is_what_compose_would_see(tmp_path: Path) -> None:
    folder = honest(tmp_path, "good")
    (folder / "docker-compose.yml").write_text(HONEST_COMPOSE["everyday"])
    web, db = load_compose(folder).services.values()
    assert web.environment == {"DB_HOST": "db", "DEBUG": "false", "WORKERS": "2", "PRICE": "5$$"}
    assert web.build is not None
    assert web.build.args == {"MODE": "production"}
    assert (db.image, db.depends_on) == ("postgres:16", {})
    assert web.networks == {"inner": ["front"], "outer": []}
    assert {(m.kind, m.source, m.size_mb) for m in db.mounts} == {
        ("volume", "data", 0),
        ("folder", "./services", 0),
        ("tmpfs", "", 10),
    }
    service = rendered(Catalogue.load(tmp_path).challenges["good"], tmp_path)["services"]["web"]
    assert service["environment"]["PRICE"] == "5$"


def test_a_finding_names_the_line_on_which_a_merged_part_is_written(tmp_path: Path) -> None:
    folder = honest(tmp_path, "evil")
    (folder / "docker-compose.yml").write_text(
        "x-mine: &mine\n"
        "  image: x\n"
        "  privileged: true\n"
        "services:\n"
        "  web:\n"
        "    <<: *mine\n"
        "    ports: ['80']\n"
    )
    (finding,) = audit(folder)
    assert (finding.line, finding.rule) == (3, "compose.privileged")


def test_documents_are_parsed_in_one_place() -> None:
    """Elsewhere YAML's own loaders would neither be bounded nor see what the audit sees."""
    users = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.partition(".")[0] in ("yaml", "ruamel", "_yaml") for name in names):
                users.append(path.relative_to(ROOT / "src/ctfy").as_posix())
    assert users == ["challenge/documents.py"]


# -- Links


def paths_of_examples() -> Iterator[Any]:
    for folder in sorted(path.parent for path in CHALLENGES.glob("*/metadata.yaml")):
        for path in [folder, *sorted(folder.rglob("*"))]:
            if "__pycache__" not in path.parts:
                yield pytest.param(
                    path.relative_to(CHALLENGES), id=str(path.relative_to(CHALLENGES))
                )


@pytest.mark.parametrize("linked", list(paths_of_examples()))
def test_a_link_anywhere_in_a_challenge_is_refused(linked: Path, tmp_path: Path) -> None:
    """Also one that leads to what stood in its place, so that nothing else is wrong."""
    root = tmp_path / "challenges"
    shutil.copytree(CHALLENGES, root, ignore=shutil.ignore_patterns("__pycache__"))
    catalogue = Catalogue.load(root)
    before = dict(catalogue.challenges)
    attachments = list(before[linked.parts[0]].attachments)
    shutil.move(root / linked, tmp_path / "elsewhere")
    (root / linked).symlink_to(tmp_path / "elsewhere")
    folder = root / linked.parts[0]
    assert {(f.path, f.rule) for f in audit(folder)} == {(root / linked, "folder.link")}
    catalogue.rescan(root)
    for seen in (catalogue, Catalogue.load(root)):
        assert "symbolic link" in str(seen.broken[linked.parts[0]])
    assert linked.parts[0] not in Catalogue.load(root).challenges
    assert catalogue.challenges == before
    # What was loaded before follows the link neither.
    challenge = before[linked.parts[0]]
    if len(linked.parts) == 1:
        return
    if linked.parts[1] == "attachments":
        for name in attachments if len(linked.parts) == 2 else [linked.name]:
            with pytest.raises((PathRefused, FileNotFoundError)):
                open_inside(challenge.path, f"attachments/{name}")
    if linked.parts[1] == "services":
        if len(linked.parts) == 2:
            with pytest.raises(PathRefused):
                inside(challenge.path, "services")
        for service in challenge.compose.services.values():
            with pytest.raises(PathRefused):
                build_of(challenge, service, {})


def test_a_bucket_that_is_a_link_is_refused(tmp_path: Path) -> None:
    honest(tmp_path / "elsewhere", "good")
    root = tmp_path / "challenges"
    root.mkdir()
    (root / "week-1").symlink_to(tmp_path / "elsewhere")
    findings = look(root).findings
    assert [finding.rule for finding in findings] == ["folder.link"]


def test_the_folder_of_all_challenges_may_be_a_link(tmp_path: Path) -> None:
    honest(tmp_path / "elsewhere", "good")
    (tmp_path / "challenges").symlink_to(tmp_path / "elsewhere")
    assert set(Catalogue.load(tmp_path / "challenges").challenges) == {"good"}


def test_a_link_that_takes_an_attachments_place_is_not_followed(tmp_path: Path) -> None:
    folder = honest(tmp_path / "challenges", "good")
    (folder / "attachments" / "made.txt.j2").write_text("made")
    (tmp_path / "key").write_text(SECRET)
    for name in ("notes.txt", "made.txt.j2"):
        challenge = Catalogue.load(tmp_path / "challenges").challenges["good"]
        assert len(challenge.attachments) == 2
        place = folder / "attachments" / name
        before = place.read_text()
        place.unlink()
        place.symlink_to(tmp_path / "key")
        with pytest.raises(PathRefused):
            render_attachments(challenge, {}, tmp_path / "out")
        place.unlink()
        place.write_text(before)
    assert not [p for p in (tmp_path / "out").iterdir() if SECRET in p.read_text()]


IMPORTED: dict[str, tuple[str, dict[str, str]]] = {
    "ctfcli": (
        "ctfcli",
        {
            "challenge.yml": "{name: Evil, description: d, flags: [x], image: ., files: [a/f.txt]}",
            "a/f.txt": "f",
            "Dockerfile": "FROM x\nEXPOSE 80\n",
        },
    ),
    "rctf": (
        "rctf",
        {
            "challenge.yaml": "{name: Evil, description: d, flag: {file: flag.txt},"
            " provide: [a/f.txt], containers: {m: {build: c}}, expose: {m: [{target: 80}]}}",
            "flag.txt": "x",
            "a/f.txt": "f",
            "c/Dockerfile": "FROM x\n",
            "c/app": "a",
        },
    ),
    "kctf": (
        "kctf",
        {
            "challenge.yaml": "{apiVersion: kctf.dev/v1, metadata: {name: evil}, spec: {}}",
            "challenge/Dockerfile": "FROM x\n",
            "challenge/flag": "x",
        },
    ),
    "xbow": (
        "xbow",
        {
            "benchmark.json": '{"name": "Evil", "description": "d"}',
            "docker-compose.yml": (
                "services: {web: {build: app, ports: ['80'], environment: [FLAG]}}"
            ),
            "app/Dockerfile": "FROM x\n",
            "notes": "n",
        },
    ),
}


@pytest.mark.parametrize("format_", IMPORTED)
def test_an_import_copies_nothing_that_a_link_leads_to(format_: str, tmp_path: Path) -> None:
    """Whichever path it stands for; the report says so, and the run goes on."""
    name, files = IMPORTED[format_]

    def written(root: Path) -> Path:
        for file, text in files.items():
            (root / "evil" / file).parent.mkdir(parents=True, exist_ok=True)
            (root / "evil" / file).write_text(text)
        return root

    fine = written(tmp_path / "fine")
    assert not bring(name, fine, tmp_path / "made")[0].findings
    for number, like in enumerate(sorted((fine / "evil").rglob("*"))):
        source, target = written(tmp_path / f"{number}"), tmp_path / f"{number}-made"
        path, outside = source / like.relative_to(fine), tmp_path / f"{number}-outside"
        shutil.move(path, outside)
        path.symlink_to(outside)
        for file in [outside] if outside.is_file() else sorted(outside.rglob("*")):
            if file.is_file():
                file.write_text(f"{file.read_text()}\n# {SECRET}\n")
        try:
            said = str([(r.findings, r.lost) for r in bring(name, source, target)])
        except ImportRefused as error:
            said = str(error)
        assert "link" in said, path
        made = [p for p in target.rglob("*") if p.is_file() or p.is_symlink()]
        assert not [p for p in made if p.is_symlink() or SECRET in p.read_text()], path


def test_an_import_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    source = tmp_path / "source" / "evil"
    source.mkdir(parents=True)
    (source / "f").write_text(SECRET)
    (source / "Dockerfile").write_text("FROM x\n")
    (source / "challenge.yaml").write_text(
        "{name: Evil, description: d, flag: x,"
        " provide: [{file: f, as: ../../../../up}, {file: f, as: ..}, {file: f, as: a/b}],"
        " containers: {../../up: {build: .}}}"
    )
    (report,) = bring("rctf", tmp_path / "source", tmp_path / "target")
    assert len([lost for lost in report.lost if "name" in lost]) == 4
    files = {
        p.relative_to(tmp_path / "target").as_posix() for p in (tmp_path / "target").rglob("*")
    }
    assert files == {"evil", "evil/README.md", "evil/metadata.yaml", "evil/.imported.json"}


# -- Whatever else there may be

_SOURCES = st.sampled_from(
    ["/", "/etc", "..", "../x", ".", "", "~", "~/x", "./services", "services/web", "./services/..",
     "./services/../..", "data", "a:b", "$HOME", "${X:-/}", "${X:-..}/x", "$$", "./link", "link/x",
     "/var/run/docker.sock", "${ANSWER_FLAG}", "./services/web/../../../x", "\u2025/x"]
)  # fmt: skip
_TARGETS = st.sampled_from(["/h", "/answers", "/", "h", "/a:/b", "/x/..", "/answers/"])
_WORDS = {
    "type": st.sampled_from(["bind", "volume", "tmpfs", "npipe", ""]),
    "source": _SOURCES,
    "target": _TARGETS,
    "read_only": st.booleans(),
    "bind": st.sampled_from([{}, {"propagation": "rshared"}]),
    "driver_opts": st.sampled_from([{}, {"type": "none", "o": "bind", "device": "/"}]),
}
_BEYOND = {
    "privileged": st.booleans(),
    "devices": st.just(["/dev/kmsg"]),
    "network_mode": st.just("host"),
    "pid": st.just("host"),
    "cap_add": st.sampled_from([["CHOWN"], ["SYS_ADMIN"]]),
    "security_opt": st.sampled_from([["no-new-privileges:true"], ["seccomp:unconfined"]]),
}
_OURS = {
    "cap_add", "cap_drop", "cpus", "depends_on", "dns", "environment", "image", "labels", "logging",
    "mem_limit", "memswap_limit", "networks", "pids_limit", "restart", "security_opt", "shm_size",
    "ulimits", "volumes",
}  # fmt: skip


@st.composite
def _mapping(draw: st.DrawFn, words: dict[str, Any], anchors: int) -> str:
    """A mapping in flow style, some of whose parts come by merge keys."""
    names = draw(st.lists(st.sampled_from(sorted(words)), unique=True)) if words else []
    parts = [f"{name}: {json.dumps(draw(words[name]))}" for name in names]
    known = [f"*a{n}" for n in range(anchors)]
    if known and draw(st.booleans()):
        merged = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))
        parts.insert(draw(st.integers(0, len(parts))), f"<<: [{', '.join(merged)}]")
    return "{" + ", ".join(parts) + "}"


@st.composite
def _compose_files(draw: st.DrawFn) -> str:
    """A compose file with anchors, aliases and merges around what mounts."""
    shared = draw(st.integers(0, 3))
    lines = [f"x-{n}: &a{n} {draw(_mapping(_WORDS, n))}" for n in range(shared)]
    volumes = []
    for _ in range(draw(st.integers(0, 3))):
        short = st.builds(lambda s, t: json.dumps(f"{s}:{t}"), _SOURCES, _TARGETS)
        aliases = [st.just(f"*a{n}") for n in range(shared)]
        volumes.append(draw(st.one_of(short, _mapping(_WORDS, shared), *aliases)))
    service = draw(_mapping(_BEYOND if draw(st.booleans()) else {}, 0)).strip("{}")
    body = ["image: x", "ports: ['80']", f"volumes: [{', '.join(volumes)}]"]
    inner = ", ".join([*body, *([service] if service else [])])
    lines.append(f"x-s: &s {{{inner}}}")
    lines.append(f"services: {{web: {draw(st.sampled_from(['*s', '{<<: *s}', '{<<: [*s]}']))}}}")
    name = json.dumps(draw(st.sampled_from(["data", "..", "v"])))
    lines.append(f"volumes: {{{name}: {draw(_mapping(_WORDS, shared)) if shared else '{}'}}}")
    return "\n".join(lines)


def rendered(challenge: Challenge, folder: Path) -> dict[str, Any]:
    names = network_names(challenge)
    return render(
        challenge,
        "i1",
        {"flag": "../../etc"},
        folder / "answers",
        images=dict.fromkeys(challenge.compose.services, "x"),
        networks={name: Network(f"cti{n}", f"10.213.{n}.0/28") for n, name in enumerate(names)},
        volume_of=lambda name: inside(folder / "volumes", f"i1/{name}"),
        node="n",
        most={"memory_mb": 4096, "cpus": 4, "processes": 1000, "disk_mb": 1024},
    )


_METADATA = Metadata(name="n", description="d", difficulty="easy", tags=["t"])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one challenge folder in it, and a link there that leads to the host."""
    root = tmp_path_factory.mktemp("scene")
    (honest(root, "made") / "link").symlink_to("/etc")
    return root


def assert_confined(scene: Path, text: str) -> bool:
    """Whatever a compose file says: refused, or rendered with nothing of the host in it."""
    folder = scene / "made"
    (folder / "docker-compose.yml").write_text(text, encoding="utf-8")
    challenge = Challenge("made", "", folder, _METADATA)
    try:
        content = rendered(challenge, scene)
    except (ComposeRefused, PathRefused):
        return False
    for service in content["services"].values():
        more = set(service) - _OURS - {"command", "entrypoint", "healthcheck", "hostname", "init"}
        assert more <= {"read_only", "stop_grace_period", "stop_signal", "user", "working_dir"}
        assert service["security_opt"] == ["no-new-privileges:true"]
        for mount in service["volumes"]:
            if mount["type"] == "bind":
                real = Path(os.path.realpath(mount["source"]))
                assert mount["read_only"]
                assert real.is_relative_to(folder) or real == scene / "answers"
            else:
                assert mount["type"] in ("volume", "tmpfs")
                assert mount["type"] == "volume" or 0 < mount["tmpfs"]["size"] <= 256 * 1024**2
    for volume in content["volumes"].values():
        device = Path(os.path.realpath(volume["driver_opts"]["device"]))
        assert device.parent == scene / "volumes" / "i1"
    return True


@settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=_compose_files())
def test_nothing_outside_the_folder_is_ever_mounted(scene: Path, text: str) -> None:
    assert_confined(scene, text)


def test_nor_by_anything_in_the_corpus(scene: Path) -> None:
    assert [name for name, text in COMPOSE.items() if assert_confined(scene, text)] == []
    assert all(assert_confined(scene, text) for text in HONEST_COMPOSE.values())


_YAML = st.text(st.sampled_from("ab:-[]{},&*!<>|'\"#?% \n\t0.e~$\\u\ufeff\x85"), max_size=60)


@settings(max_examples=1000, deadline=None)
@given(st.one_of(_YAML.map(str.encode), st.binary(max_size=60)))
def test_any_bytes_are_a_document_or_refused(content: bytes) -> None:
    try:
        found = parse(content)
    except DocumentRefused:
        return
    json.dumps(found.content, default=str)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "..", ".", "", "/", "~", "link", "\0", "services", "web", "x\ny"])
    ).map("/".join)
)
def test_no_path_leaves_its_folder(scene: Path, written: str) -> None:
    folder = scene / "made"
    try:
        path = inside(folder, written)
    except PathRefused:
        return
    assert Path(os.path.realpath(path)).is_relative_to(folder)
