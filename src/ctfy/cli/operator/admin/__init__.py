"""`ctfy-admin admin`: what operators do on a running platform. A file for each group."""

from __future__ import annotations

import typer

from ctfy.cli.operator.admin import (
    achievement,
    activity,
    announcement,
    challenges,
    competition,
    incidents,
    instances,
    nodes,
    people,
    question,
    records,
    scheduled_jobs,
    settings,
    stats,
    tasks,
    users,
)

app = typer.Typer(no_args_is_help=True)
for _group, _help in (
    (achievement, "Awards by hand"),
    (activity, "The activity log, every operator's action in it"),
    (announcement, "Messages to everybody"),
    (challenges, "Building and pulling challenges across the fleet"),
    (competition, "Curating competitions"),
    (incidents, "What looks like cheating"),
    (instances, "Everybody's instances"),
    (nodes, "The fleet"),
    (question, "Attempts at questions"),
    (records, "Instances that are over, and what is kept of them"),
    (scheduled_jobs, "What runs by the clock"),
    (settings, "Settings that change while the platform runs"),
    (stats, "The platform at a glance"),
    (tasks, "Long work: progress, logs, cancelling"),
    (users, "Everybody's accounts"),
    (people, "Many accounts at once, from CSV files"),
):
    _name = _group.__name__.rpartition(".")[2].replace("_", "-")
    app.add_typer(_group.app, name=_name, help=_help)
