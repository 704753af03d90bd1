"""`ctfy-admin admin stats`."""

from __future__ import annotations

import builtins
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.output import out, print_table, prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.observability import AdminHealthFlags, AdminOverview, AdminTrafficSummary
from ctfy.server.models.standings import AdminSolveMatrix

app = typer.Typer(no_args_is_help=True)
Competition = Annotated[str, typer.Option(help="Of one competition; default: all")]


@app.command()
@prints()
def overview() -> AdminOverview:
    """Count everything.

    Example: ctfy-admin admin stats overview
    """
    return session.admin().observability.overview()


@app.command()
@prints(people=lambda found: _show_flags(found))
def health_flags() -> AdminHealthFlags:
    """Say what an operator should look at now.

    Example: ctfy-admin admin stats health-flags
    """
    return session.admin().observability.health_flags()


def _show_flags(found: AdminHealthFlags) -> None:
    rows = [
        ["stuck starting", s.instance_id, f"{s.challenge_id}, {s.stuck_for_s:.0f} s"]
        for s in found.stuck_starting
    ]
    rows += [["failed", e.instance_id, f"{e.challenge_id}: {e.error}"] for e in found.recent_errors]
    rows += [
        ["silent node", n.node_id, f"{n.display_name}, {n.downtime_s:.0f} s"]
        for n in found.unhealthy_nodes
    ]
    rows += [
        ["silent challenge", c.challenge_id, f"{c.launches} launches, {c.submissions} answers"]
        for c in found.silent_challenges
    ]
    rows += [[w.code.replace("_", " "), w.node_id, w.detail] for w in found.node_warnings]
    if rows:
        print_table(("what", "id", "detail"), rows, wrapped=("detail",))
    else:
        out.print("All is well.")


@app.command()
@prints(people=lambda found: _show_matrix(found))
def solve_matrix(competition: Competition = "") -> AdminSolveMatrix:
    """Say who solved what.

    Example: ctfy-admin admin stats solve-matrix --competition COMPETITION_ID
    """
    return session.admin().observability.solve_matrix(competition_id=competition)


def _show_matrix(found: AdminSolveMatrix) -> None:
    solved = {
        (c.team_id, c.challenge_id): "★" if c.first_blood else "●" for c in found.cells if c.solved
    }
    rows = [
        [team.name, str(team.solved)]
        + [solved.get((team.team_id, c.challenge_id), "") for c in found.challenges]
        for team in found.teams
    ]
    print_table(("team", "solved", *(c.challenge_id for c in found.challenges)), rows)


@app.command()
@prints("ts value partial", empty="Nothing happened.")
def timeseries(
    metric: Annotated[str, typer.Argument(help="As launches, submissions, solves")],
    window: Annotated[int, typer.Option(min=60, help="Seconds back")] = 86_400,
    bucket: Annotated[int, typer.Option(min=60, help="Seconds each")] = 3600,
) -> builtins.list[Any]:
    """Show one metric over time.

    Example: ctfy-admin admin stats timeseries solves --window 3600 --bucket 300
    """
    found = session.admin().observability.timeseries(metric=metric, window=window, bucket=bucket)
    return [*found.buckets]


@app.command()
@prints("challenge_id name launches error_rate p50_launch_s p95_launch_s solve_rate", empty="None.")
def challenge_stats(
    offset: Offset = 0, limit: Limit = 50, competition: Competition = ""
) -> builtins.list[Any]:
    """Say how each challenge does: launches, errors, latency, solves.

    Example: ctfy-admin admin stats challenge-stats
    """
    challenges = session.admin().challenges
    return [*challenges.stats(offset, limit, competition_id=competition)]


@app.command()
@prints(people=lambda found: _show_traffic(found))
def traffic_summary() -> AdminTrafficSummary:
    """Say who sends how much.

    Example: ctfy-admin admin stats traffic-summary
    """
    return session.admin().observability.traffic_summary()


def _show_traffic(found: AdminTrafficSummary) -> None:
    rows = [[t.team_name, str(t.instance_count), str(t.request_count)] for t in found.teams]
    print_table(("team", "instances", "requests"), rows)
    out.print(f"{found.total_requests} requests in all")
