"""`ctfy-admin challenge`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ctfy.cli.operator.server import ChallengesDir, one_line_errors
from ctfy.cli.output import fail, out

app = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="For programs")]


@app.command("ls", hidden=True)
@app.command("list")
def list_challenges(
    challenge: Annotated[str, typer.Option(help="Only this one")] = "",
    difficulty: Annotated[str, typer.Option()] = "",
    tag: Annotated[str, typer.Option()] = "",
    as_json: AsJson = False,
    challenges_dir: ChallengesDir = Path("examples/challenges"),
) -> None:
    """List the challenges of a folder."""
    from ctfy.challenge.catalogue import Catalogue

    with one_line_errors():
        catalogue = Catalogue.load(challenges_dir)
    found = [
        c
        for c in catalogue.challenges.values()
        if challenge in ("", c.id)
        and difficulty in ("", c.metadata.difficulty)
        and (not tag or tag in c.metadata.tags)
    ]
    if as_json:
        rows = [
            {
                "id": c.id,
                "bucket": c.bucket,
                **c.metadata.model_dump(
                    mode="json", include={"name", "difficulty", "category", "tags"}
                ),
            }
            for c in found
        ]
        out.print(json.dumps(rows), soft_wrap=True)
        return
    if not found:
        out.print(f"No challenges match in {challenges_dir}.")
        return
    table = Table("id", "name", "category", "difficulty", "questions", "runs", box=None)
    for c in found:
        runs = [
            name
            for name, has in (("docker", c.compose_file), ("sandbox", c.metadata.sandbox))
            if has
        ]
        table.add_row(
            c.id,
            c.metadata.name,
            c.metadata.category,
            c.metadata.difficulty,
            str(len(c.metadata.questions)),
            " ".join(runs) or "answered without instance",
        )
    out.print(table)


@app.command()
def audit(
    challenge_id: Annotated[str, typer.Argument()] = "",
    all_: Annotated[bool, typer.Option("--all", help="Every challenge; the default")] = False,
    strict: Annotated[bool, typer.Option(help="Warnings fail too")] = False,
    as_json: AsJson = False,
    challenges_dir: ChallengesDir = Path("examples/challenges"),
) -> None:
    """Name every mistake in challenge folders, with file, line and fix."""
    from ctfy.challenge import audit as auditing
    from ctfy.challenge.catalogue import discover

    with one_line_errors():
        folders = discover(challenges_dir)
    if challenge_id and not all_:
        folders = [folder for folder in folders if folder.name == challenge_id]
        if not folders:
            fail(f"no challenge {challenge_id} in {challenges_dir}", hint="see `challenge list`")
    findings = [finding for folder in folders for finding in auditing.audit(folder)]
    if as_json:
        rows = [
            {
                "path": str(f.path),
                "line": f.line,
                "problem": f.problem,
                "fix": f.fix,
                "error": f.is_error,
            }
            for f in findings
        ]
        out.print(json.dumps(rows), soft_wrap=True)
    else:
        for finding in findings:
            out.print(str(finding), markup=False, soft_wrap=True)
        out.print(f"{len(folders)} challenges, {len(findings)} findings")
    if any(finding.is_error or strict for finding in findings):
        raise typer.Exit(1)
