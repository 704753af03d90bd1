"""`ctfy-admin admin`: what operators do on a running platform. A file for each group."""

from __future__ import annotations

import typer

from ctfy.cli.operator.admin import (
    achievement,
    activity,
    announcement,
    award,
    branding,
    challenges,
    competition,
    fields,
    images,
    incidents,
    instances,
    nodes,
    notification,
    pages,
    people,
    question,
    records,
    scheduled_jobs,
    settings,
    stats,
    submission,
    tasks,
    team,
    users,
    writeup,
)

app = typer.Typer(no_args_is_help=True)
for _group, _help in (
    (achievement, "Achievements by hand"),
    (activity, "The activity log, every operator's action in it"),
    (announcement, "Messages to everybody, or to some"),
    (award, "Points by hand: awards and penalties"),
    (branding, "The platform's name, colours, logo and texts"),
    (challenges, "Building and pulling challenges across the fleet"),
    (competition, "Curating competitions"),
    (fields, "What is asked of people at registration"),
    (images, "Images for use in pages"),
    (incidents, "What looks like cheating"),
    (instances, "Everybody's instances"),
    (nodes, "The fleet"),
    (notification, "Telling the outside what happens: chats, mail, webhooks"),
    (pages, "Pages for visitors: rules, sponsors, questions and answers"),
    (question, "Attempts at questions"),
    (records, "Instances that are over, and what is kept of them"),
    (scheduled_jobs, "What runs by the clock"),
    (settings, "Settings that change while the platform runs"),
    (stats, "The platform at a glance"),
    (submission, "What everybody answered, and correcting its grades"),
    (tasks, "Long work: progress, logs, cancelling"),
    (team, "Correcting teams"),
    (users, "Everybody's accounts"),
    (writeup, "What teams wrote on how they solved challenges"),
    (people, "Many accounts at once, from CSV files"),
):
    _name = _group.__name__.rpartition(".")[2].replace("_", "-")
    app.add_typer(_group.app, name=_name, help=_help)
