"""Mailed links, through a real SMTP server on this machine."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage

import psycopg
import pytest
from aiosmtpd.controller import Controller

from ctfy.sdk import PlatformClient
from ctfy.server.platform_settings.service import of_environment
from ctfy.server.settings import Settings
from tests.conftest import ADMIN_EMAIL, PASSWORD, lone_server_and_database, sign_in
from tests.processes import free_port, wait_for
from tests.refusals import refusal


class Postbox:
    """Keeps what is delivered."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.turned_away: set[str] = set()
        self.refused: list[str] = []

    async def handle_DATA(self, _: object, __: object, envelope: object) -> str:
        address = envelope.rcpt_tos[0]  # type: ignore[attr-defined]
        if address in self.turned_away:
            self.refused.append(address)
            return "451 Come again"
        content = email.message_from_bytes(envelope.content, policy=policy.default)  # type: ignore[attr-defined]
        self.mails.append((address, content))
        return "250 OK"

    def token(self, address: str, subject: str) -> str:
        def newest() -> str | None:
            for to, mail in reversed(self.mails):
                if to == address and mail["Subject"] == subject:
                    found = re.search(r"#token=(\S+)", mail.get_content())
                    return found[1] if found else None
            return None

        return wait_for(f"mail to {address}", newest)


VERIFY, RESET = "Verify your e-mail address · ctfy", "Set a new password · ctfy"
INVITE = "Your account · ctfy"


@pytest.fixture(scope="module")
def post() -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture(scope="module")
def server(
    post: tuple[Postbox, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """The address of a server that sends mail, and its database's."""
    environment = {
        "CTFY_SMTP_HOST": "127.0.0.1",
        "CTFY_SMTP_PORT": str(post[1]),
        "CTFY_SMTP_TLS": "none",
        "CTFY_VERIFIED_EMAIL_REQUIRED": "true",
        "CTFY_REGISTRATION_PROOF_BITS": "4",
    }
    folder = tmp_path_factory.mktemp("mail")
    with lone_server_and_database(folder, **environment) as where:
        yield where


@pytest.fixture(scope="module")
def url(server: tuple[str, str]) -> str:
    return server[0]


def register(url: str, address: str) -> PlatformClient:
    auth = PlatformClient(url).auth
    return PlatformClient(url, auth.register(address, PASSWORD, "Mia", proof=prove(url)).token)


def prove(url: str) -> str:
    from ctfy.server.accounts.proof_of_work import proves

    asked = PlatformClient(url).auth.registration_challenge()
    number = 0
    while not proves(f"{asked.challenge}:{number}", asked.bits):
        number += 1
    return f"{asked.challenge}:{number}"


def test_an_address_is_verified_before_a_competition_can_be_entered(
    url: str, post: tuple[Postbox, int]
) -> None:
    player = register(url, "verify@example.org")
    with sign_in(url, ADMIN_EMAIL) as admin:
        competition = admin.admin.competitions.create(title="Cup", status="published")
    assert refusal(player.competition(competition.id).register).code == "email_not_verified"
    first = post[0].token("verify@example.org", VERIFY)
    player.auth.send_verification()
    second = wait_for(
        "a second mail",
        lambda: (t := post[0].token("verify@example.org", VERIFY)) != first and t,
    )
    assert refusal(player.auth.verify_email, first).code == "mailed_token_invalid"
    player.auth.verify_email(second)
    assert player.me.get().email_verified
    assert refusal(player.auth.verify_email, second).code == "mailed_token_invalid"
    assert player.competition(competition.id).register().name == "Mia"


def test_a_forgotten_password_is_set_anew_once_and_ends_every_session(
    url: str, post: tuple[Postbox, int]
) -> None:
    player = register(url, "reset@example.org")
    nobody = PlatformClient(url).auth
    nobody.forgot_password("reset@example.org")
    nobody.forgot_password("stranger@example.org")
    token = post[0].token("reset@example.org", RESET)
    assert refusal(nobody.reset_password, token, "short").code == "validation_error"
    fresh = nobody.reset_password(token, "an-entirely-new-secret").token
    assert PlatformClient(url, fresh).me.get().email == "reset@example.org"
    assert refusal(player.me.get).code == "unauthorized"
    assert refusal(nobody.login, "reset@example.org", PASSWORD).code == "invalid_credentials"
    assert refusal(nobody.reset_password, token, PASSWORD).code == "mailed_token_invalid"
    assert "stranger@example.org" not in [to for to, _ in post[0].mails]


def test_who_registered_an_address_first_keeps_nothing_once_its_owner_has_reset_the_password(
    server: tuple[str, str], post: tuple[Postbox, int]
) -> None:
    url, database = server
    squatter = register(url, "owner@example.org")
    api_token = PlatformClient(url, squatter.auth.mint_token("for later").token)
    device = PlatformClient(url).auth.device_code()
    squatter.auth.approve_device(device.user_code)
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO identities (id, user_id, provider, subject, email, display_name, login,"
            " avatar_url, created_at, last_used_at)"
            " VALUES ('i', %s, 'corp', 'squatter', '', '', '', '', now(), now())",
            [squatter.me.get().id],
        )
    nobody = PlatformClient(url).auth
    nobody.forgot_password("owner@example.org")
    fresh = nobody.reset_password(post[0].token("owner@example.org", RESET), "the-owners-secret")
    owner = PlatformClient(url, fresh.token)
    assert owner.me.get().email_verified
    assert [token.kind for token in owner.auth.list_tokens()] == ["user"]
    assert owner.auth.list_identities() == []
    for theirs in (squatter, api_token):
        assert refusal(theirs.me.get).code == "unauthorized"
    assert refusal(nobody.device_token, device.device_code).code == "device_code_invalid"


def test_a_reset_of_a_verified_account_keeps_its_tokens(
    url: str, post: tuple[Postbox, int]
) -> None:
    player = register(url, "keeps@example.org")
    player.auth.verify_email(post[0].token("keeps@example.org", VERIFY))
    agent = PlatformClient(url, player.auth.mint_token("agent").token)
    nobody = PlatformClient(url).auth
    nobody.forgot_password("keeps@example.org")
    nobody.reset_password(post[0].token("keeps@example.org", RESET), "another-long-secret")
    assert agent.me.get().email == "keeps@example.org"


@pytest.mark.parametrize("first", ["invited", "registered"])
def test_an_invitation_is_for_whoever_has_verified_its_address(
    url: str, post: tuple[Postbox, int], first: str
) -> None:
    address = f"guest-{first}@example.org"
    with sign_in(url, ADMIN_EMAIL) as admin:
        hidden = admin.admin.competitions.create(
            title="By invitation", status="published", access="private_hidden"
        )
        invite = admin.admin.competition_invites.invite
        if first == "invited":
            assert invite(hidden.id, email=address).user_id == ""
        player = register(url, address)
        if first == "registered":
            assert invite(hidden.id, email=address).user_id == ""
        assert refusal(invite, hidden.id, email=address).code == "invite_already_pending"
        grant = admin.admin.competition_admins.grant
        assert refusal(grant, hidden.id, email=address).code == "email_not_verified"
        assert refusal(player.competitions.get, hidden.id).code == "competition_not_found"
        invite(hidden.id, user_id=player.me.get().id)  # what both come to is one invitation
        player.auth.verify_email(post[0].token(address, VERIFY))
        assert player.competitions.get(hidden.id).can_participate
        (invited,) = admin.admin.competition_invites.list(hidden.id)
        assert invited.email == address


def test_a_team_invites_only_whoever_has_verified_the_address(
    url: str, post: tuple[Postbox, int]
) -> None:
    captain, guest = register(url, "captain@example.org"), register(url, "mate@example.org")
    captain.auth.verify_email(post[0].token("captain@example.org", VERIFY))
    with sign_in(url, ADMIN_EMAIL) as admin:
        competition = admin.admin.competitions.create(title="Cup", status="published")
    comp = captain.competition(competition.id)
    comp.register("create", name="Team")
    assert refusal(comp.team.invites.send, "mate@example.org").code == "user_not_found"
    guest.auth.verify_email(post[0].token("mate@example.org", VERIFY))
    assert comp.team.invites.send("mate@example.org").target_user_id == guest.me.get().id


def test_an_invitation_is_claimed_by_a_reset_as_well(url: str, post: tuple[Postbox, int]) -> None:
    with sign_in(url, ADMIN_EMAIL) as admin:
        hidden = admin.admin.competitions.create(
            title="By invitation", status="published", access="private_hidden"
        )
        admin.admin.competition_invites.invite(hidden.id, email="late@example.org")
        register(url, "late@example.org")
        nobody = PlatformClient(url).auth
        nobody.forgot_password("late@example.org")
        token = post[0].token("late@example.org", RESET)
        owner = PlatformClient(url, nobody.reset_password(token, "another-long-secret").token)
        assert owner.competitions.get(hidden.id).can_participate
        admin.admin.competition_invites.revoke(hidden.id, "late@example.org")
        assert refusal(owner.competitions.get, hidden.id).code == "competition_not_found"


def test_registering_takes_work_that_is_used_once(url: str) -> None:
    auth = PlatformClient(url).auth
    assert refusal(auth.register, "a@example.org", PASSWORD).code == "validation_error"
    proof = prove(url)
    auth.register("a@example.org", PASSWORD, proof=proof)
    error = refusal(auth.register, "b@example.org", PASSWORD, proof=proof)
    assert error.detail["issues"][0]["loc"] == ["body", "proof"]
    forged = "9999999999.00." + "0" * 32 + ":1"
    assert refusal(auth.register, "b@example.org", PASSWORD, proof=forged).status_code == 422


def test_an_operators_link_is_mailed_and_verifies_the_address(
    url: str, post: tuple[Postbox, int]
) -> None:
    with sign_in(url, ADMIN_EMAIL) as admin:
        made = admin.admin.users.create("invited@example.org", "Invited")
        assert made.link is not None
        assert (made.link.mailed, made.link.url) == (True, "")
        token = post[0].token("invited@example.org", INVITE)
        session = PlatformClient(url).auth.reset_password(token, PASSWORD).token
        with PlatformClient(url, session) as invited:
            assert invited.me.get().email_verified
        shown = admin.admin.users.make_links([made.user.id], mail=False)[0]
        assert "/set-password#token=" in shown.url


def test_a_link_handed_over_outlives_a_mail_that_comes_late(
    server: tuple[str, str], post: tuple[Postbox, int]
) -> None:
    (url, database), box = server, post[0]
    late = "late-mail@example.org"
    box.turned_away.add(late)
    with sign_in(url, ADMIN_EMAIL) as admin:
        made = admin.admin.users.create(late, "Late")
        wait_for("a first try", lambda: late in box.refused)
        card = admin.admin.users.make_links([made.user.id], mail=False)[0]
    box.turned_away.remove(late)
    with psycopg.connect(database, autocommit=True) as connection:

        def settled() -> bool:
            found = connection.execute(
                "SELECT 1 FROM procrastinate_jobs WHERE args ->> 'user_id' = %s", [made.user.id]
            )
            return found.fetchone() is None

        wait_for("the mail to be done with", settled)
    assert late not in [to for to, _ in box.mails]
    PlatformClient(url).auth.reset_password(card.url.partition("#token=")[2], PASSWORD)


def test_people_of_a_file_get_a_link_by_mail(url: str, post: tuple[Postbox, int]) -> None:
    with sign_in(url, ADMIN_EMAIL) as admin:
        file = admin.admin.people_imports.check(b"email\nfrom-a-file@example.org\n")
        admin.admin.tasks.wait(admin.admin.people_imports.apply(file.id).id)
    token = post[0].token("from-a-file@example.org", INVITE)
    assert PlatformClient(url).auth.reset_password(token, PASSWORD).token


def test_the_mail_server_is_set_while_the_platform_runs_and_tried(
    server: tuple[str, str], post: tuple[Postbox, int]
) -> None:
    """Another admin hears what the server says; its password is kept readably nowhere."""
    url, database = server
    with sign_in(url, ADMIN_EMAIL) as root:
        settings = root.admin.settings
        sent = settings.test_mail()
        assert (sent.ok, sent.to) == (True, ADMIN_EMAIL)
        assert [mail["Subject"] for to, mail in post[0].mails if to == ADMIN_EMAIL] == [
            "A test mail · ctfy"
        ]
        post[0].turned_away.add(ADMIN_EMAIL)
        assert (settings.test_mail().ok, settings.test_mail().said) == (False, "451 Come again")
        post[0].turned_away.clear()

        changed = settings.set("smtp_password", "a-password")
        assert (changed.value, changed.write_only) == ("(secret)", True)
        seen = repr(settings.list()) + repr(root.admin.observability.activities())
        with psycopg.connect(database) as connection:
            stored = connection.execute(
                "SELECT string_agg(s::text, ''), (SELECT string_agg(e::text, '') FROM events e)"
                " FROM platform_settings s"
            ).fetchone()
        assert "a-password" not in seen + str(stored)

        settings.set("smtp_port", free_port())
        refused = settings.test_mail()
        assert not refused.ok
        assert "onnect" in refused.said
        settings.unset("smtp_port")
        settings.set("smtp_host", "localhost")  # another server is not told the password
        values = {setting.key: setting.value for setting in settings.list()}
        assert values["smtp_password"] == ""
        settings.unset("smtp_host")
        assert refusal(settings.set, "smtp_from", "nobody").code == "validation_error"
        settings.set("smtp_from", "Cup <cup@example.org>")
        assert settings.test_mail().ok
        assert post[0].mails[-1][1]["From"] == "Cup <cup@example.org>"
        settings.unset("smtp_from")


def test_a_password_of_the_environment_goes_to_its_mail_server_alone() -> None:
    environment = Settings(smtp_host="mail.example.org", smtp_password="x")
    for stored, expected in (
        ({}, "x"),
        ({"smtp_host": "mail.example.org"}, "x"),
        ({"smtp_host": "evil.example.org"}, ""),
    ):
        assert of_environment(environment, "smtp_password", stored) == expected
