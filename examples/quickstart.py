"""From nothing to a captured flag: `ctfy login`, then `python examples/quickstart.py`.

Instead of a login it takes CTFY_EMAIL and CTFY_PASSWORD, with CTFY_URL; or each as an option, but a
password on a command line is public on a machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
try:
    import httpx

    from ctfy.sdk import CtfyError, PlatformClient, hosts
except ModuleNotFoundError:  # not in the project's environment: go there
    python = HERE.parent / ".venv" / "bin" / "python"
    if not python.exists() or Path(sys.executable) == python:
        sys.exit("error: ctfy is not installed here: run `make up` first")
    os.execv(python, [str(python), *sys.argv])


def say(text: str) -> None:
    """One line of progress."""
    print(text, flush=True)


def _signed_in(url: str, email: str | None, password: str | None) -> PlatformClient:
    """A client with a token that lasts a day, or with what `ctfy login` saved."""
    if not (email and password):
        return PlatformClient.from_login(url)
    url = url or hosts.DEFAULT_URL
    session = PlatformClient(url, PlatformClient(url).auth.login(email, password).token)
    return PlatformClient(url, session.auth.mint_token("quickstart", expires_in_days=1).token)


def main() -> None:
    """Sign in, register, launch, solve, submit, stop."""
    parser = argparse.ArgumentParser(description="Capture a first flag.")
    parser.add_argument("--url", default=os.environ.get("CTFY_URL", ""))
    parser.add_argument("--email", default=os.environ.get("CTFY_EMAIL"), required=False)
    parser.add_argument("--password", default=os.environ.get("CTFY_PASSWORD"))
    parser.add_argument("--challenge", default="notes")
    options = parser.parse_args()
    client = _signed_in(options.url, options.email, options.password)

    competition = client.competitions.list(phase="running")[0]
    say(f"competition  {competition.title}")
    entered = client.competition(competition.id)
    if not competition.is_registered:
        entered.register(mode="solo")
    challenge = next(c for c in entered.challenges() if c.id == options.challenge)
    say(f"challenge    {challenge.name}: {challenge.questions[0].prompt}")

    def progress(status: object) -> None:
        place = getattr(status, "queue_position", 0)
        print(
            f"\rinstance     {getattr(status, 'status', '')}"
            f"{f', number {place} in the queue' if place else ''}    ",
            end="",
            flush=True,
        )

    ready = client.instances.start(challenge.id, competition_id=competition.id, on_status=progress)
    print()
    try:
        for service in ready.surface.services:
            say(f"service      {service.service_type.value} {service.url}")
        solver = HERE / "challenges" / challenge.id / "solve.py"
        answer = subprocess.run(
            [sys.executable, str(solver), ready.surface.services[0].url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[-1]
        say(f"captured     {answer}")
        result = client.submissions.submit(ready.id, answer)
        say(f"correct={result.correct} solved={result.challenge_fully_solved}")
    finally:
        client.instances.stop(ready.id)


if __name__ == "__main__":
    try:
        main()
    except (CtfyError, httpx.HTTPError) as error:
        sys.exit(f"error: {error}")
