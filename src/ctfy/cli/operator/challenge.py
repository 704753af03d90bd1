"""`ctfy-admin challenge`: writing challenges, checking and trying them, without a server."""

from __future__ import annotations

import asyncio
import builtins
import json
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from ctfy.cli import session
from ctfy.cli.operator.node import Provider
from ctfy.cli.operator.server import CHALLENGES, ChallengesDir, one_line_errors
from ctfy.cli.output import (
    Code,
    cells,
    err,
    fail,
    out,
    print_markdown,
    print_table,
    prints,
    say,
    stdin_is_a_person,
)
from ctfy.core.enums import ChallengeCategory

if TYPE_CHECKING:
    from ctfy.challenge.catalogue import Catalogue, Challenge
    from ctfy.cli.operator.trial import Running
    from ctfy.node.instances import Instances

app = typer.Typer(no_args_is_help=True)
ChallengeId = Annotated[str, typer.Argument(help="A challenge's folder name")]
OneOf = Annotated[str, typer.Argument(help="One challenge; default: all")]
All = Annotated[bool, typer.Option("--all", help="Every challenge, which is the default")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds for a start, and for a solver")]
EphemeralPorts = Annotated[
    bool, typer.Option("--ephemeral-ports", help="Any free port, which is the default")
]
Result = TypeVar("Result")


def load(challenges_dir: Path) -> Catalogue:
    """The challenges of a folder; where there is none, exit with what to do."""
    from ctfy.challenge.catalogue import Catalogue

    with one_line_errors():
        return Catalogue.load(challenges_dir)


def find(catalogue: Catalogue, challenges_dir: Path, challenge_id: str) -> Challenge:
    """One of them; where it is broken or there is none, exit and say so."""
    found = catalogue.get(challenge_id)
    if challenge_id in catalogue.broken:
        for finding in catalogue.broken[challenge_id][1:]:
            err.print(str(finding), markup=False, soft_wrap=True)
        fail(str(catalogue.broken[challenge_id][0]), hint="ctfy-admin challenge audit")
    if found is None:
        hint = "ctfy-admin challenge list"
        fail(f"no challenge {challenge_id} in {challenges_dir}", hint=hint, code=Code.NOT_FOUND)
    return found


@app.command("ls", hidden=True)
@app.command("list")
@prints("id name category difficulty tags questions runs", empty="No challenges match.")
def list_(
    challenge: Annotated[str, typer.Option(help="Only this one")] = "",
    difficulty: Annotated[str, typer.Option(help="Only these, as easy")] = "",
    tag: Annotated[str, typer.Option(help="Only these")] = "",
    challenges_dir: ChallengesDir = CHALLENGES,
) -> builtins.list[dict[str, Any]]:
    """List the challenges of a folder.

    Example: ctfy-admin challenge list --difficulty easy
    """
    catalogue = load(challenges_dir)
    for findings in catalogue.broken.values():
        for finding in findings:
            err.print(f"broken: {finding}", markup=False, soft_wrap=True)
    return [_described(c) for c in catalogue.select(challenge, difficulty, tag)]


def _described(c: Challenge) -> dict[str, Any]:
    runs = {"docker": c.compose_file, "sandbox": c.metadata.sandbox}
    fields = c.metadata.model_dump(mode="json", include={"name", "difficulty", "category", "tags"})
    return {
        "id": c.id,
        "bucket": c.bucket,
        **fields,
        "questions": len(c.metadata.questions),
        "runs": [name for name, has in runs.items() if has] or ["without an instance"],
    }


@app.command("show", hidden=True)
@app.command()
@prints(people=lambda found: _show(found))
def view(challenge_id: ChallengeId, challenges_dir: ChallengesDir = CHALLENGES) -> dict[str, Any]:
    """Show a challenge as its author wrote it, answers too.

    Example: ctfy-admin challenge view notes
    """
    found = find(load(challenges_dir), challenges_dir, challenge_id)
    metadata = found.metadata.model_dump(mode="json")
    for shown, question in zip(metadata["questions"], found.metadata.questions, strict=True):
        shown["mode"] = question.mode
    more = {"path": str(found.path), "attachments": list(found.attachments)}
    return _described(found) | metadata | more


def _show(found: dict[str, Any]) -> None:
    out.print(f"[bold]{found['name']}[/]  {found['category']}, {found['difficulty']}")
    out.print(f"{found['path']}, runs: {', '.join(found['runs'])}", markup=False, soft_wrap=True)
    print_markdown(found["description"])
    rows = [
        [q["id"], q["mode"], q["prompt"], str(q.get("answer", "minted per instance"))]
        for q in found["questions"]
    ]
    print_table(("question", "mode", "prompt", "answer"), rows, wrapped=("prompt", "answer"))
    for name in found["attachments"]:
        out.print(f"file: {name}", markup=False)


@app.command()
@prints()
def new(
    name: Annotated[str, typer.Argument(help="The folder's name, as open-door")],
    title: Annotated[str, typer.Option(help="What players read; default: from the name")] = "",
    difficulty: Annotated[str, typer.Option(help="easy, medium or hard")] = "easy",
    tag: Annotated[builtins.list[str] | None, typer.Option(help="Repeatable")] = None,
    category: Annotated[
        ChallengeCategory, typer.Option(help="What it is about")
    ] = ChallengeCategory.WEB,
    stack: Annotated[str, typer.Option(help="What its service is written in")] = "python",
    force: Annotated[bool, typer.Option("--force", help="Write over what is there")] = False,
    challenges_dir: ChallengesDir = CHALLENGES,
) -> str:
    """Make a challenge folder that runs and can be solved at once; then change it.

    Example: ctfy-admin challenge new open-door --category web
    """
    from ctfy.challenge.scaffold import STACKS, Scaffold, ScaffoldRefused

    if stack not in STACKS:
        fail(f"no stack {stack!r}", hint=f"there is: {', '.join(STACKS)}", code=Code.USAGE)
    if difficulty not in ("easy", "medium", "hard"):
        fail(f"no difficulty {difficulty!r}", hint="easy, medium or hard", code=Code.USAGE)
    scaffold = Scaffold(name, category, difficulty, tag or [], title)  # type: ignore[arg-type]
    try:
        written = scaffold.write(challenges_dir, force=force)
    except ScaffoldRefused as error:
        fail(str(error), hint="choose another name, or --force", code=Code.REFUSED)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", hint="choose another --challenges-dir")
    say(f"Run it while you change it: ctfy-admin challenge dev {challenges_dir / name}")
    return "\n".join(map(str, written))


@app.command()
def schema(
    write: Annotated[
        bool, typer.Option("--write", help="Write it beside the challenges, where editors look")
    ] = False,
    challenges_dir: ChallengesDir = CHALLENGES,
) -> None:
    """Print the JSON schema of metadata.yaml, by which an editor completes and checks one.

    Editors take it from a first line: # yaml-language-server: $schema=../metadata.schema.json

    Example: ctfy-admin challenge schema --write
    """
    from ctfy.challenge import schema

    if not write:
        out.print(schema.text(), end="", markup=False, soft_wrap=True)
        return
    with one_line_errors():
        out.print(str(schema.write(challenges_dir)), markup=False, soft_wrap=True)


@app.command()
def audit(
    challenge_id: OneOf = "",
    all_: All = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs")] = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="SARIF, for code hosts")] = False,
    challenges_dir: ChallengesDir = CHALLENGES,
) -> None:
    """Name every mistake in challenge folders, with rule, file, line and fix.

    Example: ctfy-admin challenge audit --strict
    """
    from ctfy.challenge.catalogue import look
    from ctfy.challenge.sarif import sarif

    with one_line_errors():
        seen = look(challenges_dir)
    folders, findings = list(seen.folders), seen.findings
    if challenge_id and not all_:
        folders = [folder for folder in folders if folder.name == challenge_id]
        if not folders:
            hint = "ctfy-admin challenge list"
            fail(f"no challenge {challenge_id} in {challenges_dir}", hint=hint, code=Code.NOT_FOUND)
        ours = set(folders)
        findings = [f for f in findings if not ours.isdisjoint((f.path, *f.path.parents))]
    if as_sarif:
        out.print(json.dumps(sarif(findings, Path.cwd())), markup=False, soft_wrap=True)
    elif as_json:
        rows = [
            {
                "path": str(f.path),
                "line": f.line,
                "rule": f.rule,
                "severity": f.severity,
                "problem": f.problem,
                "fix": f.fix,
                "error": f.is_error,
            }
            for f in findings
        ]
        out.print(json.dumps(rows), markup=False, soft_wrap=True)
    else:
        for finding in findings:
            out.print(f"{finding.severity}: {finding}", markup=False, soft_wrap=True)
        out.print(f"{len(folders)} challenges, {len(findings)} findings")
    if any(finding.is_error or strict for finding in findings):
        raise typer.Exit(Code.FAILED)


def run_trial(work: Coroutine[Any, Any, Result]) -> Result:
    """Do it; what a trial says of a challenge or a provider is one line."""
    from ctfy.cli.operator.trial import TrialFailed
    from ctfy.node.providers.base import ProviderAway, ProviderUnavailable

    try:
        return asyncio.run(work)
    except (TrialFailed, ProviderAway, ProviderUnavailable) as error:
        fail(str(error))


@app.command()
def smoke(
    challenge_id: OneOf = "",
    all_: All = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="At once")] = 1,
    timeout: Timeout = 120,
    host: Annotated[str, typer.Option(help="Publish at this address; default: loopback")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --keep: its port")] = 0,
    keep: Annotated[bool, typer.Option("--keep", help="Then keep one running")] = False,
    ephemeral_ports: EphemeralPorts = False,
    provider: Provider = "auto",
    challenges_dir: ChallengesDir = CHALLENGES,
) -> None:
    """Start a challenge twice, run its solver on both, and see that wrong answers fail.

    Example: ctfy-admin challenge smoke notes
    """
    catalogue = load(challenges_dir)
    one = challenge_id and not all_
    wanted = [find(catalogue, challenges_dir, challenge_id)] if one else None
    chosen = wanted or list(catalogue.challenges.values())
    broken = {} if wanted else catalogue.broken
    for id_, findings in broken.items():
        out.print(f"{id_}: FAILED: {findings[0]}", markup=False, soft_wrap=True)
    if keep and len(chosen) != 1:
        fail("--keep needs one challenge", hint="name it", code=Code.USAGE)
    failed = run_trial(_smoke(catalogue, chosen, provider, jobs, timeout)) if chosen else 0
    if failed or broken:
        raise typer.Exit(Code.FAILED)
    if keep:
        fixed = 0 if ephemeral_ports else port
        run_trial(_kept(catalogue, chosen[0], provider, timeout, host, fixed))


async def _smoke(
    catalogue: Catalogue, chosen: builtins.list[Challenge], provider: str, jobs: int, timeout: float
) -> int:
    """Try challenges, `jobs` at once; how many failed."""
    from ctfy.cli.operator import trial

    turn, failed = asyncio.Semaphore(jobs), []
    async with trial.trial_node(catalogue, provider, timeout=timeout) as instances:

        async def one(challenge: Challenge) -> None:
            async with turn:
                try:
                    seen = await trial.smoke(instances, challenge, timeout)
                except trial.TrialFailed as error:
                    failed.append(challenge.id)
                    out.print(f"{challenge.id}: FAILED: {error}", markup=False, soft_wrap=True)
                else:
                    out.print(f"{challenge.id}: {', '.join(seen)}", markup=False, soft_wrap=True)

        await asyncio.gather(*map(one, chosen))
    return len(failed)


async def _kept(
    catalogue: Catalogue, challenge: Challenge, provider: str, timeout: float, host: str, port: int
) -> None:
    from ctfy.cli.operator import trial
    from ctfy.cli.operator.processes import until_signal

    async with trial.trial_node(
        catalogue, provider, timeout=timeout, host=host, port=port
    ) as instances:
        say_where(await trial.start(instances, challenge, timeout))
        say("Ctrl-C stops it.")
        await until_signal(_for_ever())


async def _for_ever() -> None:
    await asyncio.Event().wait()


def say_where(running: Running) -> None:
    """Where an instance is attacked, and what its players are given."""
    for service in running.surface.services:
        cells(service.label, service.url)
        if login := service.credentials:
            cells("login", login.username, login.password or login.key_file or "")
    if running.surface.vpn is not None:
        cells("vpn", str(running.attachments.parent / "client.ovpn"))
    for file in running.surface.provided_files:
        cells("file", str(running.attachments / file.name))


@app.command()
def play(
    challenge_id: ChallengeId,
    challenges_dir: ChallengesDir = CHALLENGES,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask; let solve.py answer")
    ] = False,
    timeout: Timeout = 120,
    ephemeral_ports: EphemeralPorts = False,
    provider: Provider = "auto",
) -> None:
    """Play one challenge here, without a server: it starts, you attack and answer, it stops.

    Example: ctfy-admin challenge play notes
    """
    if not yes and not stdin_is_a_person():
        fail("nobody is there to answer", hint="run it in a terminal, or give --yes", code=2)
    catalogue = load(challenges_dir)
    challenge = find(catalogue, challenges_dir, challenge_id)
    run_trial(_play(catalogue, challenge, provider, timeout, by_solver=yes))


async def _play(
    catalogue: Catalogue,
    challenge: Challenge,
    provider: str,
    timeout: float,
    *,
    by_solver: bool,
) -> None:
    from ctfy.cli.operator import trial

    print_markdown(challenge.metadata.description)
    async with trial.trial_node(catalogue, provider, timeout=timeout) as instances:
        running = await _started(instances, challenge, timeout)
        url = running.surface.services[0].url if running.surface.services else ""
        if by_solver:
            answers = await trial.solve(challenge, url, running.attachments, timeout)
        for question in challenge.metadata.questions:
            asked = f"{question.id}: {question.prompt} {question.input.note}"
            out.print(asked.rstrip(), markup=False, soft_wrap=True)
            for choice in question.options or []:
                out.print(f"  - {choice}", markup=False, soft_wrap=True)
            while True:
                text = (
                    answers[question.id]
                    if by_solver
                    # Its services are relayed by this process, so asking must not hold it up.
                    else await asyncio.to_thread(typer.prompt, "answer (several: a|b)", err=True)
                )
                given = trial.given(running, question.id, text)
                if running.grade(question.id, given):
                    out.print("correct")
                    break
                if by_solver:
                    raise trial.TrialFailed(f"solve.py's answer to `{question.id}` is wrong")
                out.print(question.refusal(given) or "wrong", markup=False)
    out.print(f"{challenge.metadata.name} is solved.", markup=False)


async def _started(instances: Instances, challenge: Challenge, timeout: float) -> Running:
    from ctfy.cli.operator import trial

    if challenge.is_qa_only:
        return trial.without_instance(challenge)
    with err.status(f"starting {challenge.id} …"):
        running = await trial.start(instances, challenge, timeout)
    say_where(running)
    return running


_STATES = {
    "new": "brought in",
    "updated": "updated",
    "unchanged": "is as it was",
    "refused": "not brought in",
}


def _show_import(rows: builtins.list[dict[str, Any]]) -> None:
    """What became of each challenge, and under it of each field."""
    for row in rows:
        state = _STATES[row["state"]]
        out.print(f"{row['id']}: {state}, of {row['source']}", markup=False, soft_wrap=True)
        for one in row["fields"]:
            why = f": {one['why']}" if one["why"] else ""
            out.print(f"  {one['became']} {one['field']}{why}", markup=False, soft_wrap=True)
        for finding in row["findings"]:
            out.print(f"  error: {finding}", markup=False, soft_wrap=True)


@app.command()
@prints(
    "challenge version outcome",
    failed=lambda rows: any(row["outcome"].startswith("refused") for row in rows),
)
def push(
    folder: Annotated[Path, typer.Argument(help="A challenge, or a folder of challenges")],
    platform: Annotated[
        str, typer.Option("--platform", help="The server's URL; left out: who you signed in to")
    ] = "",
) -> builtins.list[dict[str, Any]]:
    """Bring challenges to the platform; each becomes the current version of its challenge.

    New instances are of it, and running ones keep theirs. Nodes fetch what they run.

    Example: ctfy-admin challenge push challenges/notes
    """
    from ctfy.challenge.archive import pack
    from ctfy.challenge.audit import METADATA
    from ctfy.challenge.catalogue import discover, look
    from ctfy.challenge.folders import PathRefused
    from ctfy.sdk.errors import ValidationError

    if platform:
        session.choose(platform)
    folder = folder.resolve()
    with one_line_errors():
        alone = (folder / METADATA).exists()
        paths = [folder] if alone else discover(folder)
        if not paths:
            fail(f"no challenge in {folder}", hint="a challenge is a folder with metadata.yaml")
        broken = {} if alone else look(folder).broken
    challenges, rows = session.admin().challenges, []
    for path in paths:
        row: dict[str, Any] = {"challenge": path.name, "version": None}
        rows.append(row)
        if path in broken:
            row["outcome"] = f"refused: {broken[path][0]}"
            continue
        bucket = "" if alone or path.parent == folder else path.parent.name
        with one_line_errors(), tempfile.TemporaryFile() as file:
            try:
                pack(path, file)
                file.seek(0)
                pushed = challenges.push(file, bucket=bucket)
            except (PathRefused, ValidationError) as error:
                row["outcome"] = f"refused: {error}"
                continue
        row["version"], row["outcome"] = pushed.version, "is the current version"
        for finding in pushed.findings:
            err.print(f"{path.name}: {finding.problem} ({finding.fix})", markup=False)
    return rows


@app.command("import")
@prints(people=_show_import, failed=lambda rows: not all(row["complete"] for row in rows))
def import_(
    benchmark: Annotated[str, typer.Argument(help="The format, as ctfcli, rctf, kctf or xbow")],
    source: Annotated[Path, typer.Option(help="The folder to look in, at any depth")] = Path(),
    target: Annotated[Path, typer.Option("--out", help="The challenges folder to write to")] = Path(
        "challenges"
    ),
    limit: Annotated[int, typer.Option(min=0, help="At most so many; 0: all")] = 0,
    start_index: Annotated[int, typer.Option(min=0, help="Skip so many")] = 0,
    difficulty: Annotated[
        str, typer.Option(help="For those that name none: easy, medium or hard")
    ] = "medium",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Take theirs where a file was changed here, too")
    ] = False,
) -> builtins.list[dict[str, Any]]:
    """Bring in challenges of another format, and say what became of each field.

    One that was imported before is brought up to date; what was changed here stays.
    Exits with 1 when a challenge, or a file that players get, was not brought in.

    Example: ctfy-admin challenge import ctfcli --source old-ctf --out challenges
    """
    from ctfy.challenge.importers import ImportRefused, bring, importers

    if benchmark not in importers():
        hint = f"there are: {', '.join(importers())}"
        fail(f"no format {benchmark!r}", hint=hint, code=Code.USAGE)
    if difficulty not in ("easy", "medium", "hard"):
        fail(f"no difficulty {difficulty!r}", hint="easy, medium or hard", code=Code.USAGE)
    try:
        reports = bring(
            benchmark,
            source,
            target,
            difficulty=difficulty,
            skip=start_index,
            limit=limit,
            dry_run=dry_run,
            force=force,
        )
    except ImportRefused as error:
        fail(str(error))
    for report in reports:
        if report.findings:
            say(f"error: {report.id}: {report.findings[0]}")
    partly = sum(not report.findings and not report.is_whole for report in reports)
    if partly:
        say(f"error: {partly} brought in without all of their files: see not_carried")
    if not dry_run and not all(report.findings for report in reports):
        say(f"Next: ctfy-admin challenge audit --challenges-dir {target}")
    return [report.row() for report in reports]
