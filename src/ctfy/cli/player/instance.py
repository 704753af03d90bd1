"""`ctfy instance`: launching, looking at, answering, stopping."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.download import File, Folder, save, save_all
from ctfy.cli.output import Code, cells, err, fail, moment, out, print_markdown, print_table, prints
from ctfy.cli.player.grades import say_grade
from ctfy.cli.traffic import show_flows
from ctfy.sdk import InstanceReadyResult, PlatformClient
from ctfy.sdk.errors import WAITING_FOR
from ctfy.server.models.challenges import AttachmentInfo
from ctfy.server.models.instances import (
    InstanceInfo,
    InstanceQuestionInfo,
    InstanceStatusResponse,
    RenewResponse,
)
from ctfy.server.models.submissions import SubmissionResponse, VerifyAnswerResponse

app = typer.Typer(no_args_is_help=True)
InstanceId = Annotated[str, typer.Argument(help="An instance's id")]
Question = Annotated[
    str, typer.Option("--question-id", "-q", help="Which question; the open one by default")
]
Answers = Annotated[list[str], typer.Argument(help="Several, where several are right")]


@app.command("ls", hidden=True)
@app.command("list")
@prints("id challenge_id status entry_urls expires_at", empty="No instances: ctfy instance start.")
def list_(
    challenge: Annotated[str, typer.Option(help="Only of this challenge")] = "",
    status: Annotated[str, typer.Option(help="Only these, as ready")] = "",
) -> builtins.list[InstanceInfo]:
    """List your team's instances.

    Example: ctfy instance list --status ready
    """
    return session.client().instances.list(challenge, status, limit=1000)


@app.command("show", hidden=True)
@app.command()
@prints(people=lambda found: _describe(found))
def view(
    identifier: Annotated[str, typer.Argument(help="An instance's id, or its challenge's")],
) -> InstanceInfo:
    """Show an instance: where to attack it, its questions, its files.

    Example: ctfy instance view notes
    """
    return _find(session.client(), identifier)


def _find(client: PlatformClient, identifier: str) -> InstanceInfo:
    """The instance of that id, else the one of that challenge that is not over."""
    found = client.instances.list(challenge_id=identifier, limit=100)
    running = [instance for instance in found if instance.status != "stopped"]
    if len(running) > 1:
        ids = ", ".join(i.id for i in running)
        fail(f"several instances of {identifier}", hint=f"name one: {ids}", code=Code.USAGE)
    return client.instances.get(running[0].id if running else identifier)


def _describe(found: InstanceInfo) -> None:
    out.print(f"[bold]{found.name}[/] ({found.challenge_id})  {found.status}  {found.id}")
    if found.queue_position:
        why = WAITING_FOR.get(found.waiting_for, "")
        out.print(f"Number {found.queue_position} in the queue for a node{why}.")
    if found.error:
        out.print(f"error: {found.error}", markup=False)
    for service in found.services:
        login = service.credentials
        words = f"  login {login.username} {login.password or login.key_file}" if login else ""
        out.print(f"{service.label or service.service_type}: {service.url}{words}", markup=False)
    if found.vpn_endpoint:
        out.print(f"VPN: ctfy instance vpn {found.id} --out instance.ovpn")
    if found.expires_at:
        out.print(f"until {moment(found.expires_at)}")
    print_markdown(found.description)
    rows = [_row(q) for q in found.questions]
    print_table(("question", "prompt", "mode", "state", "attempts left"), rows, wrapped=("prompt",))
    for file in found.attachments:
        out.print(f"file: {file.name}, {file.size} bytes", markup=False)


def _row(q: InstanceQuestionInfo) -> list[str]:
    state = "answered" if q.answered_correctly else "open" if q.unlocked else "locked"
    left = "" if q.attempts_remaining is None else str(q.attempts_remaining)
    return [q.id, q.prompt, q.mode or "", state, left]


@app.command()
@prints(people=lambda ready: _say_ready(ready))
def start(
    challenge_id: Annotated[str, typer.Argument(help="A challenge's id")],
    ttl: Annotated[int | None, typer.Option(min=1, help="Seconds that it lives")] = None,
    competition: Annotated[
        str, typer.Option(help="For this competition; needed when you are in several")
    ] = "",
    timeout: Annotated[int, typer.Option(min=1, help="Seconds to wait for it")] = 300,
) -> dict[str, Any]:
    """Launch an instance and wait until it is ready.

    Example: ctfy instance start notes
    """
    client = session.client()
    with err.status("asking for an instance …") as shown:

        def tell(status: InstanceStatusResponse) -> None:
            place = status.queue_position
            words = f"number {place} in the queue for a node" if place else status.status
            shown.update(f"{challenge_id}: {words} …")

        ready: InstanceReadyResult = client.instances.start(
            challenge_id, ttl, competition_id=competition, timeout=timeout, on_status=tell
        )
    surface = ready.surface.model_dump(mode="json")
    for shown_service, service in zip(surface["services"], ready.surface.services, strict=True):
        shown_service["url"] = service.url
    return {"id": ready.id, "status": ready.status, "attack_surface": surface}


def _say_ready(ready: dict[str, Any]) -> None:
    out.print(ready["id"], soft_wrap=True)
    for service in ready["attack_surface"]["services"]:
        cells(service["label"] or service["service_type"], service["url"])
    for file in ready["attack_surface"]["provided_files"]:
        cells("file", file["name"])
    if ready["attack_surface"]["vpn"]:
        cells("vpn", f"ctfy instance vpn {ready['id']}")


@app.command()
@prints()
def stop(instance_id: InstanceId) -> str:
    """Stop an instance.

    Example: ctfy instance stop INSTANCE_ID
    """
    instances = session.client().instances
    instances.get(instance_id)  # stopping what is not there is no mistake to the SDK; here it is
    instances.stop(instance_id)
    return "Stopped."


@app.command()
@prints("id status expires_at")
def renew(
    instance_id: InstanceId,
    ttl: Annotated[int | None, typer.Option(min=1, help="Seconds from now")] = None,
) -> RenewResponse:
    """Give an instance more time.

    Example: ctfy instance renew INSTANCE_ID
    """
    return session.client().instances.renew(instance_id, ttl)


@app.command()
@prints(people=say_grade)
def submit(
    instance_id: InstanceId, answer: Answers, question_id: Question = ""
) -> SubmissionResponse:
    """Answer a question; a wrong answer exits with 1.

    Example: ctfy instance submit INSTANCE_ID 'FLAG{…}'
    """
    given = answer[0] if len(answer) == 1 else answer
    return session.client().submissions.submit(instance_id, given, question_id=question_id)


@app.command()
@prints(people=say_grade)
def verify(
    instance_id: InstanceId, answer: Answers, question_id: Question = ""
) -> VerifyAnswerResponse:
    """Say whether an answer is right, without scoring; a wrong one exits with 1.

    Example: ctfy instance verify INSTANCE_ID 'FLAG{…}'
    """
    given = answer[0] if len(answer) == 1 else answer
    return session.client().submissions.verify(instance_id, given, question_id=question_id)


@app.command()
@prints("name size", empty="No files.")
def attachments(instance_id: InstanceId) -> builtins.list[AttachmentInfo]:
    """List an instance's files.

    Example: ctfy instance attachments INSTANCE_ID
    """
    return session.client().instances.attachments(instance_id).files


@app.command()
@prints()
def download(
    instance_id: InstanceId,
    filename: Annotated[str, typer.Argument(help="Default: every file")] = "",
    out: Folder = Path(),
) -> str:
    """Save an instance's files.

    Example: ctfy instance download INSTANCE_ID --out files
    """
    instances = session.client().instances
    found = [filename] if filename else [f.name for f in instances.attachments(instance_id).files]
    return save_all(out, {n: instances.download_attachment(instance_id, n) for n in found})


@app.command()
@prints()
def vpn(instance_id: InstanceId, out: File = Path()) -> str:
    """Save the OpenVPN configuration that leads into an instance.

    Example: ctfy instance vpn INSTANCE_ID --out instance.ovpn
    """
    config = session.client().instances.openvpn_config(instance_id)
    return save(out, f"{instance_id}.ovpn", config)


@app.command()
@prints(people=show_flows)
def traffic(
    instance_id: InstanceId,
    har: Annotated[Path | None, typer.Option(help="Save it as an HTTP Archive instead")] = None,
) -> builtins.list[dict[str, Any]] | str:
    """List what you and your team sent to an instance, and what came back.

    Example: ctfy instance traffic INSTANCE_ID --har traffic.har
    """
    instances = session.client().instances
    if har is not None:
        archive = json.dumps(instances.har(instance_id)).encode()
        return save(har, f"{instance_id}.har", archive)
    flows: builtins.list[Any] = instances.traffic(instance_id)["items"]
    return flows
