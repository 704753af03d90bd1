"""`ctfy auth`: signing in and out, tokens, identities."""

from __future__ import annotations

import time
import webbrowser
from typing import Annotated, Any

import typer

from ctfy.cli import session
from ctfy.cli.fields import Fields, answers
from ctfy.cli.output import Code, err, fail, out, prints, say, stdin_is_a_person
from ctfy.sdk import CtfyApiError, PlatformClient, hosts
from ctfy.server.models.accounts import (
    CreateFineGrainedTokenResponse,
    LinkedIdentity,
    TokenInfo,
    TotpSetup,
    TotpState,
)

app = typer.Typer(no_args_is_help=True)
identities = typer.Typer(no_args_is_help=True)
password = typer.Typer(no_args_is_help=True)
tokens = typer.Typer(no_args_is_help=True)
totp = typer.Typer(no_args_is_help=True)
app.add_typer(identities, name="identities", help="Accounts elsewhere that sign you in")
app.add_typer(password, name="password", help="Your password")
app.add_typer(tokens, name="tokens", help="Tokens for programs and agents")
app.add_typer(totp, name="totp", help="Two-factor sign-in")

Email = Annotated[str, typer.Option(envvar="CTFY_EMAIL", help="Sign in with a password")]
Password = Annotated[
    str,
    typer.Option(
        envvar="CTFY_PASSWORD", help="Asked for when left out, which keeps it out of `ps`"
    ),
]
Save = Annotated[bool, typer.Option(help="Keep the token for later commands")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Only print the address")]


@app.command()
def login(
    email: Email = "",
    password: Password = "",
    code: Annotated[
        str,
        typer.Option(help="Of your authenticator, or a recovery code; else asked for"),
    ] = "",
    save: Save = True,
    no_browser: NoBrowser = False,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds to wait for the browser")] = 600,
) -> None:
    """Sign in: in the browser, which needs no password here, or with --email.

    Example: ctfy --host https://ctf.example.org login
    """
    client = PlatformClient(session.server_url())
    if email:
        token = _by_password(client, email, password or _ask("Password"), code)
    else:
        token = _by_device(client, no_browser, timeout)
    _welcome(token, save)


def _by_password(client: PlatformClient, email: str, password: str, code: str) -> str:
    """The session's token; asks for the second factor once the password is known to be right."""
    try:
        return client.auth.login(email, password, totp_code=code).token
    except CtfyApiError as error:
        if error.code != "totp_required" or not stdin_is_a_person():
            raise
    asked: str = typer.prompt("Code of your authenticator", err=True)
    return client.auth.login(email, password, totp_code=asked).token


def _by_device(client: PlatformClient, no_browser: bool, timeout: int) -> str:
    """The device flow (RFC 8628): a person approves the code that is shown."""
    asked = client.auth.device_code()
    say(f"Open {asked.verification_uri_complete}")
    say(f"and approve the code {asked.user_code}")
    if not no_browser:
        webbrowser.open(asked.verification_uri_complete)
    deadline = time.monotonic() + min(timeout, asked.expires_in)
    with err.status("waiting for the browser …"):
        while True:
            answer = client.auth.device_token(asked.device_code)
            if answer.status == "approved":
                return answer.token
            if answer.status != "pending":
                fail(f"the request was {answer.status}", hint="ctfy login", code=Code.REFUSED)
            if time.monotonic() > deadline:
                fail("nobody approved the code in time", hint="ctfy login --timeout SECONDS")
            time.sleep(asked.interval)


def _welcome(token: str, save: bool) -> None:
    """Say who is signed in, and keep the token or show it."""
    me = PlatformClient(session.server_url(), token).me.get()
    if save:
        saved = hosts.load()
        saved.current = session.server_url()
        saved.hosts[saved.current] = hosts.Host(
            token=token, email=me.email, display_name=me.display_name
        )
        hosts.save(saved)
        say(f"Signed in to {saved.current} as {me.display_name} ({me.email}).")
        if warning := session.overruled():
            say(f"warning: {warning}")
    else:
        say(f"Signed in as {me.display_name} ({me.email}); the token, shown once:")
        out.print(token, markup=False, soft_wrap=True)


def _ask(what: str, *, confirm: bool = False) -> str:
    if not stdin_is_a_person():
        fail(f"no {what.lower()}", hint="set CTFY_PASSWORD, or run it in a terminal", code=2)
    answer: str = typer.prompt(what, hide_input=True, confirmation_prompt=confirm, err=True)
    return answer


@app.command()
def register(
    email: Email = "",
    password: Password = "",
    display_name: Annotated[str, typer.Option(help="How others see you")] = "",
    code: Annotated[str, typer.Option(help="The organisers' code, where they ask for one")] = "",
    field: Fields = None,
    save: Save = True,
) -> None:
    """Make an account with a password, and sign in.

    Example: ctfy auth register --email ada@example.org --display-name Ada
    """
    if not email:
        fail("no e-mail address", hint="give --email", code=Code.USAGE)
    client = PlatformClient(session.server_url())
    secret = password or _ask("Password", confirm=True)
    made = client.auth.register(
        email, secret, display_name=display_name, code=code, fields=answers(field)
    )
    _welcome(made.token, save)


@app.command()
def logout(
    revoke: Annotated[bool, typer.Option("--revoke", help="End the session on the server")] = False,
) -> None:
    """Forget the saved token.

    Example: ctfy logout --revoke
    """
    url, saved = session.server_url(), hosts.load()
    if revoke:
        client = session.client()
        current = next((t for t in client.auth.list_tokens(limit=1000) if t.is_current), None)
        if current is None or current.kind != "user":
            fail("only a session that was signed in ends here", hint="ctfy auth tokens revoke")
        client.auth.logout()
    if saved.hosts.pop(url, None) is None and not revoke:
        say(f"You were not signed in to {url}.")
        return
    if saved.current == url:
        saved.current = next(iter(saved.hosts), "")
    hosts.save(saved)
    say(f"Signed out of {url}.")


@app.command()
@prints("server signed_in display_name email role token_kind")
def status(
    check: Annotated[bool, typer.Option("--check", help="Exit with 3 when signed out")] = False,
) -> dict[str, Any]:
    """Say to which server you are signed in, and as whom.

    Example: ctfy auth status --check
    """
    found: dict[str, Any] = {
        "server": session.server_url(),
        "signed_in": False,
        "display_name": "",
        "email": "",
        "role": "",
        "token_kind": "",
    }
    if session.token():
        try:
            me = session.client().me.get()
        except CtfyApiError as error:
            if error.status_code != 401:
                raise
        else:
            found |= {"signed_in": True} | me.model_dump(include=set(found) - {"server"})
    if check and not found["signed_in"]:
        fail(f"not signed in to {found['server']}", hint="ctfy login", code=Code.SIGNED_OUT)
    return found


@app.command()
def switch(
    target: Annotated[str, typer.Argument(help="A saved server, or a part of its URL")] = "",
) -> None:
    """Use another saved server from now on; without one, list them.

    Example: ctfy auth switch example.org
    """
    saved = hosts.load()
    if not target:
        for url, host in saved.hosts.items():
            mark = "*" if url == saved.current else " "
            out.print(f"{mark} {url}  {host.display_name} {host.email}", soft_wrap=True)
        return
    url = session.saved_url(target)
    if url not in saved.hosts:
        fail(f"not signed in to {url}", hint=f"ctfy --host {url} login", code=Code.SIGNED_OUT)
    saved.current = url
    hosts.save(saved)
    say(f"Now on {url} as {saved.hosts[url].display_name}.")


@identities.command("list")
@prints("id provider provider_email created_at", empty="No linked identities.")
def list_identities() -> list[LinkedIdentity]:
    """List the accounts elsewhere that sign you in.

    Example: ctfy auth identities list
    """
    return session.client().auth.list_identities()


@identities.command()
@prints()
def unbind(identity_id: Annotated[str, typer.Argument()]) -> str:
    """Unlink an account elsewhere.

    Example: ctfy auth identities unbind IDENTITY_ID
    """
    session.client().auth.unbind_identity(identity_id)
    return "Unlinked."


@password.command("set")
@prints()
def set_password(
    current: Annotated[str, typer.Option(help="Asked for when left out")] = "",
    new: Annotated[str, typer.Option(help="Asked for when left out")] = "",
    revoke_tokens: Annotated[
        bool, typer.Option("--revoke-tokens", help="Revoke every API token, too")
    ] = False,
    revoke_identities: Annotated[
        bool, typer.Option("--revoke-identities", help="Unlink every account elsewhere, too")
    ] = False,
) -> str:
    """Set a password, or change it, and say what else still opens the account.

    Example: ctfy auth password set --revoke-tokens
    """
    client = session.client()
    if not new:
        current = current or typer.prompt(
            "Current password (empty: none yet)", "", hide_input=True, show_default=False, err=True
        )
        new = _ask("New password", confirm=True)
    left = client.auth.set_password(
        new, current, revoke_tokens=revoke_tokens, revoke_identities=revoke_identities
    )
    for found, what, option in (
        ([token.label or token.id for token in left.tokens], "tokens", "--revoke-tokens"),
        (
            [identity.provider for identity in left.identities],
            "linked accounts",
            "--revoke-identities",
        ),
    ):
        if found:
            say(f"Still open your account: {what} {', '.join(found)} ({option} ends them).")
    return "Password set."


@password.command()
@prints()
def remove() -> str:
    """Sign in without a password from now on; another way must be linked.

    Example: ctfy auth password remove
    """
    session.client().auth.delete_password()
    return "Password removed."


@tokens.command("list")
@prints("id kind label created_at last_used_at expires_at is_current", empty="No tokens.")
def list_tokens() -> list[TokenInfo]:
    """List your sessions and tokens.

    Example: ctfy auth tokens list
    """
    return session.client().auth.list_tokens(limit=1000)


@tokens.command()
@prints("token id label expires_at competition_access permissions")
def mint(
    label: Annotated[str, typer.Option(help="What it is for")] = "",
    expires_in_days: Annotated[
        int | None, typer.Option(min=0, max=1825, help="0: never; default: the platform's")
    ] = None,
    competition_access: Annotated[
        str | None, typer.Option(help="all, selected or none; default: all")
    ] = None,
    competition: Annotated[list[str] | None, typer.Option(help="Only this one; repeatable")] = None,
    permission: Annotated[
        list[str] | None, typer.Option(help="CATEGORY=LEVEL, as instances=write; repeatable")
    ] = None,
) -> CreateFineGrainedTokenResponse:
    """Mint a token for a program; it is shown once.

    Example: ctfy auth tokens mint --label agent --permission challenges=read
    """
    permissions: dict[str, str] | None = None
    if permission:
        pairs = [item.partition("=") for item in permission]
        wrong = next(
            (item for item, pair in zip(permission, pairs, strict=True) if not pair[2]), ""
        )
        if wrong:
            fail(f"{wrong!r} names no level", hint="as instances=write", code=Code.USAGE)
        permissions = {category: level for category, _, level in pairs}
    if competition and competition_access is None:
        competition_access = "selected"
    return session.client().auth.mint_token(
        label,
        expires_in_days=expires_in_days,
        competition_access=competition_access,
        competition_ids=competition,
        permissions=permissions,
    )


@tokens.command()
@prints()
def revoke(token_id: Annotated[str, typer.Argument()]) -> str:
    """End a token or a session.

    Example: ctfy auth tokens revoke TOKEN_ID
    """
    session.client().auth.revoke_token(token_id)
    return "Revoked."


@totp.command("status")
@prints("enabled recovery_codes_left required")
def totp_status() -> TotpState:
    """Say whether two-factor sign-in is on.

    Example: ctfy auth totp status
    """
    return session.client().auth.totp()


@totp.command("setup")
@prints("secret uri")
def totp_setup(password: Password = "") -> TotpSetup:
    """Have a secret for your authenticator; `ctfy auth totp confirm` with its code turns it on.

    Example: ctfy auth totp setup
    """
    return session.client().auth.set_up_totp(password or _ask("Password"))


@totp.command("confirm")
@prints()
def totp_confirm(code: Annotated[str, typer.Argument(help="As your authenticator shows")]) -> str:
    """Turn two-factor sign-in on; prints the recovery codes, this once.

    Example: ctfy auth totp confirm 123456
    """
    return "\n".join(session.client().auth.confirm_totp(code))


@totp.command("disable")
@prints()
def totp_disable(
    code: Annotated[str, typer.Argument(help="Of your authenticator, or a recovery code")],
    password: Password = "",
) -> str:
    """Turn two-factor sign-in off.

    Example: ctfy auth totp disable 123456
    """
    session.client().auth.disable_totp(code, password or _ask("Password"))
    return "Two-factor sign-in is off."
