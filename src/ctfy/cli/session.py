"""Which server a command speaks to, as whom; and running a command line."""

from __future__ import annotations

import functools
import os
import sys
import time
import webbrowser
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Annotated, Any, NoReturn

import httpx
import typer

from ctfy import __version__
from ctfy.cli.output import Code, fail, out, say
from ctfy.core.plugins import PluginBroken
from ctfy.sdk import AdminClient, ConfigError, CtfyApiError, CtfyError, PlatformClient, hosts
from ctfy.sdk.base import check_address

_DAY_S = 24 * 3600.0
_chosen: ContextVar[str] = ContextVar("host", default="")

# What typer raises for a wrong command line; it names only some of the subclasses itself.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

HostOption = Annotated[
    str,
    typer.Option(
        "--host",
        "--platform-url",
        envvar="CTFY_HOST",
        help="The server: its URL, or a part of a saved one",
        metavar="URL",
    ),
]


def choose(host: str) -> None:
    """Take the server that --host names for the rest of this run."""
    _chosen.set(host)


def server_url() -> str:
    """The server: the one that --host names, else what the environment or a sign-in says."""
    chosen = _chosen.get()
    return saved_url(chosen) if chosen else hosts.server_url()


def saved_url(named: str) -> str:
    """The URL that a name stands for: the URL itself, or a part that only one of them has."""
    wanted, known = named.rstrip("/"), hosts.load().hosts
    if wanted in known or "://" in wanted:
        return wanted
    matching = [url for url in known if wanted in url]
    if len(matching) != 1:
        hint = f"signed in to: {', '.join(known) or 'none'}"
        fail(f"no server {named!r}", hint=hint, code=Code.USAGE)
    return matching[0]


def token() -> str:
    """The caller's token: CTFY_TOKEN, else the saved one; empty when signed out."""
    return hosts.token(server_url())


def overruled() -> str:
    """That a sign-in changes nothing, for the environment names the token; else empty."""
    if not os.environ.get("CTFY_TOKEN"):
        return ""
    return "CTFY_TOKEN is set, and goes before what `ctfy login` saves: unset it"


def anyone() -> PlatformClient:
    """A client for the server, signed in or not."""
    url = server_url()
    client = PlatformClient(url, token())
    _warn_of_another_version(client, url)
    return client


def client() -> PlatformClient:
    """A client for whoever is signed in."""
    given = token()
    check_address(server_url(), given)
    if not given:
        fail(f"not signed in to {server_url()}", hint="ctfy login", code=Code.SIGNED_OUT)
    return anyone()


def admin() -> AdminClient:
    """The same, for what operators do."""
    return client().admin


def _warn_of_another_version(client: PlatformClient, url: str) -> None:
    """Once a day, say when this client and the server may not go together."""
    saved = hosts.load()
    host = saved.hosts.get(url)
    if host is None or time.time() - host.asked_version_at < _DAY_S:
        return
    try:
        check = client.check_server_compatibility()
    except (httpx.HTTPError, CtfyApiError):
        return  # the command itself will say so
    if not check.quiet:
        say(f"warning: {check.message}")
    host.asked_version_at = time.time()
    hosts.save(saved)


def open_page(path: str) -> None:
    """Show a page of the web interface, and say where it is."""
    url = server_url() + path
    say(f"opening {url}")
    webbrowser.open(url)


def show_version(wanted: bool) -> None:
    """What `--version` does."""
    if wanted:
        out.print(f"ctfy {__version__}")
        raise typer.Exit


_BY_STATUS = {401: Code.SIGNED_OUT, 404: Code.NOT_FOUND, 403: Code.REFUSED, 409: Code.REFUSED}
_HINTS = {
    "competition_scope_required": "name one with --competition",
    "question_id_required": "name one with --question-id",
    "not_registered": "ctfy competition register COMPETITION_ID",
    "team_missing": "ctfy competition register COMPETITION_ID",
    "invalid_credentials": "",
    "not_a_qa_challenge": "ctfy instance start CHALLENGE, then ctfy instance submit",
    "challenge_not_found": "ctfy challenge list",
    "unknown_challenge": "ctfy challenge list",
    "competition_not_found": "ctfy competition list",
    "instance_not_found": "ctfy instance list",
    "team_not_found": "ctfy team list",
    "forbidden": "ctfy auth status says as whom you are signed in",
    "token_missing_scope": "mint a token with that permission: ctfy auth tokens mint --help",
    "capacity_exceeded": "stop an instance that you do not need: ctfy instance list",
    "competition_invitation_required": "ask for one; verify your address if it came by mail",
    "no_such_route": "the server may be older than this client",
}


@functools.cache
def _command(app: typer.Typer) -> Any:
    return typer.main.get_command(app)


def run(
    app: typer.Typer,
    program: str,
    arguments: list[str] | None = None,
    *,
    extras: Mapping[str, str] = MappingProxyType({}),
) -> NoReturn:
    """Run a command line and exit; whatever goes wrong is one line, a code and a hint.

    `arguments`: what was typed; default: what the process was given. `extras`: by a command's first
    word, which extra of the package it needs.
    """
    command = _command(app)
    given = sys.argv[1:] if arguments is None else arguments
    try:
        try:
            ended = command.main(
                _host_first(command, given), prog_name=program, standalone_mode=False
            )
            sys.exit(ended if isinstance(ended, int) else Code.OK)
        except UsageError as error:
            _explain_usage(error, program)
        except CtfyApiError as error:
            _explain_refusal(error)
        except PluginBroken as error:
            fail(str(error), hint="update that package, or uninstall it")
        except ModuleNotFoundError as error:
            word = next((word for word in given if word in extras), "")
            if not word or (error.name or "ctfy").partition(".")[0] == "ctfy":
                raise
            fail(
                f"`{program} {word}` needs {error.name}, which is not installed",
                hint=f"install ctfy with its extra: ctfy[{extras[word]}]",
            )
        except httpx.TransportError as error:
            words = f"{server_url()} does not answer: {str(error) or type(error).__name__}"
            fail(words, hint="is the server running? try --host")
        except ConfigError as error:
            fail(str(error), code=Code.USAGE)
        except CtfyError as error:
            fail(str(error))
        except (KeyboardInterrupt, typer.Abort):
            say("stopped")
            sys.exit(130)
        except BrokenPipeError:
            # Whoever read has enough; Python must not complain when it flushes at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(Code.OK)
        except Exception as error:
            # A server's log must say where; somebody at a terminal wants one line.
            if os.environ.get("CTFY_DEBUG") or (program != "ctfy" and not sys.stderr.isatty()):
                raise
            words = str(error) or "no words"
            fail(f"{type(error).__name__}: {words}", hint="CTFY_DEBUG=1 shows where it happened")
    except typer.Exit as ended_early:
        sys.exit(ended_early.exit_code)


def _host_first(command: Any, arguments: list[str]) -> list[str]:
    """The same line with --host in front, wherever it stood; a command's own --host stays."""
    inner: Any = command
    for word in arguments:
        inner = getattr(inner, "commands", {}).get(word, inner)
    if inner is command or any("--host" in parameter.opts for parameter in inner.params):
        return arguments
    rest, host = list(arguments), list[str]()
    for place, word in enumerate(arguments):
        if word == "--":
            break
        if word == "--host" and place + 1 < len(arguments):
            host, rest = arguments[place : place + 2], arguments[:place] + arguments[place + 2 :]
            break
        if word.startswith("--host="):
            host, rest = [word], arguments[:place] + arguments[place + 1 :]
            break
    return host + rest


def _explain_usage(error: Exception, program: str) -> NoReturn:
    context = getattr(error, "ctx", None)
    asked = context.command_path if context else program
    message = getattr(error, "format_message", lambda: "")()
    if type(error).__name__ == "NoArgsIsHelpError" or not message:  # a group alone shows its help
        if message:  # else typer has shown it by itself
            out.print(message, markup=False)
        raise typer.Exit(Code.USAGE)
    fail(message.rstrip("."), hint=f"see `{asked} --help`", code=Code.USAGE)


def _explain_refusal(error: CtfyApiError) -> NoReturn:
    detail = error.detail
    message = detail.get("message", detail) if isinstance(detail, dict) else detail
    if isinstance(detail, dict) and detail.get("issues"):
        message = "; ".join(
            f"{'.'.join(str(part) for part in issue['loc'] if part != 'body')}: {issue['msg']}"
            for issue in detail["issues"]
        )
    code = _BY_STATUS.get(error.status_code, Code.REFUSED)
    if error.status_code >= 500 and error.code != "capacity_exceeded":
        code = Code.FAILED
    sign_in = overruled() or "ctfy login"
    hint = _HINTS.get(error.code, sign_in if code is Code.SIGNED_OUT else "")
    fail(f"{str(message).rstrip('.')} [{error.code}]", hint=hint, code=code)
