"""An agent plays a competition through the SDK: `CTFY_URL=… CTFY_TOKEN=pf_… play_sdk.py COMMAND`.

COMMAND is the agent: it is run once for each challenge, gets the challenge as JSON on standard
input, and prints `question answer` lines; a last line that names no question answers the one left.
`solver_agent.py` beside this file is such a command, for trying it without a model.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ctfy.sdk import CtfyError, PlatformClient
from ctfy.server.models.challenges import ChallengeInfo

_PATIENCE_S = 600


def main(command: list[str]) -> int:
    """Play CTFY_COMPETITION_ID, else the first running one; how many challenges were solved."""
    client = PlatformClient(os.environ["CTFY_URL"], os.environ["CTFY_TOKEN"])
    chosen = os.environ.get("CTFY_COMPETITION_ID")
    competition = (
        client.competitions.get(chosen) if chosen else client.competitions.list(phase="running")[0]
    )
    entered = client.competition(competition.id)
    if not competition.is_registered:
        entered.register()
    solved: set[str] = set()
    tried: set[str] = set()
    while left := _open(entered.challenges(limit=1000), tried):  # a solve may unlock others
        for challenge in left:
            tried.add(challenge.id)
            try:
                won = play(client, competition.id, challenge, command)
            except CtfyError as error:
                print(f"{challenge.id}: {error}", flush=True)
                continue
            if won:
                solved.add(challenge.id)
            print(f"{challenge.id}: {'solved' if won else 'not solved'}", flush=True)
    return len(solved)


def _open(challenges: list[ChallengeInfo], tried: set[str]) -> list[ChallengeInfo]:
    return [c for c in challenges if not (c.solved or c.locked or c.id in tried)]


def play(
    client: PlatformClient, competition_id: str, challenge: ChallengeInfo, command: list[str]
) -> bool:
    """Start a challenge, ask the agent, submit what it says, stop; whether it is solved."""
    if challenge.is_qa_only:
        answers = ask(command, challenge, [], download(client, challenge.id, ""))
        graded = [
            client.submissions.submit_qa(challenge.id, competition_id, text, question_id=question)
            for question, text in answers.items()
        ]
        return any(one.challenge_fully_solved for one in graded)
    ready = client.instances.start(challenge.id, competition_id=competition_id)
    try:
        urls = [service.url for service in ready.surface.services]
        answers = ask(command, challenge, urls, download(client, challenge.id, ready.id))
        for question in client.instances.iter_pending_questions(ready.id):
            if question.id in answers:
                client.submissions.submit(ready.id, answers[question.id], question_id=question.id)
        return all(q.answered_correctly for q in client.instances.get(ready.id).questions)
    finally:
        client.instances.stop(ready.id)


def download(client: PlatformClient, challenge_id: str, instance_id: str) -> Path:
    """The challenge's files in a folder, the instance's own where it has any."""
    folder = Path(tempfile.mkdtemp(prefix="ctfy-agent-"))
    if instance_id:
        names = [file.name for file in client.instances.attachments(instance_id).files]
        contents = {n: client.instances.download_attachment(instance_id, n) for n in names}
    else:
        names = [file.name for file in client.challenges.attachments(challenge_id).files]
        contents = {n: client.challenges.download_attachment(challenge_id, n) for n in names}
    for name, content in contents.items():
        (folder / Path(name).name).write_bytes(content)
    return folder


def ask(
    command: list[str], challenge: ChallengeInfo, urls: list[str], folder: Path
) -> dict[str, str | list[str]]:
    """What the agent answers, by question; several choices have `|` between them."""
    told: dict[str, Any] = {
        "id": challenge.id,
        "name": challenge.name,
        "description": challenge.description,
        "questions": [question.model_dump() for question in challenge.questions],
        "urls": urls,
        "files": str(folder),
    }
    done = subprocess.run(
        command, input=json.dumps(told), capture_output=True, text=True, timeout=_PATIENCE_S
    )
    lines = done.stdout.strip().splitlines()
    asked = {question.id: question.input for question in challenge.questions}
    found = dict(line.split(" ", 1) for line in lines if line.split(" ", 1)[0] in asked)
    left = [question for question in asked if question not in found]
    if lines and len(left) == 1:
        found[left[0]] = lines[-1]
    return {
        question: text.split("|") if kind and kind.kind == "any_of" else text
        for question, text in found.items()
        for kind in [asked[question]]
    }


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: play_sdk.py COMMAND [ARGUMENT…], with CTFY_URL and CTFY_TOKEN set")
    print(f"{main(sys.argv[1:])} solved")
