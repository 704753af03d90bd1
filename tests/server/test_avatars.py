"""Pictures of people and logos of teams."""

from __future__ import annotations

import io

import httpx
import pytest
from PIL import Image

from ctfy.server.site.pictures import PictureRefused, redrawn
from tests.conftest import Arena
from tests.hostile_images import REDRAWN, REFUSED, SECRET, drawn
from tests.processes import wait_for
from tests.refusals import refusal


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_image_is_nobodys_picture(what: str) -> None:
    with pytest.raises(PictureRefused):
        redrawn(REFUSED[what], "avatar")


@pytest.mark.parametrize("what", REDRAWN)
def test_a_picture_has_nothing_but_its_pixels(what: str) -> None:
    assert SECRET not in redrawn(REDRAWN[what], "avatar").content


def test_a_picture_is_a_small_square_and_a_logo_keeps_its_shape() -> None:
    picture = redrawn(drawn("JPEG", (900, 600)), "avatar")
    assert (picture.width, picture.height, picture.content_type) == (256, 256, "image/webp")
    assert (redrawn(drawn(size=(40, 20)), "avatar").width) == 20
    logo = redrawn(drawn(size=(900, 600)), "team_logo")
    assert (logo.width, logo.height, logo.content_type) == (256, 171, "image/webp")


def test_a_person_has_the_picture_that_they_or_an_operator_uploaded_last(arena: Arena) -> None:
    ada, bob = arena.player("Ada"), arena.player("Bob")
    me = ada.me.get()
    first = ada.me.set_avatar(drawn("JPEG", (300, 300)))
    assert bob.users.get(me.id).avatar_url == ada.me.get().avatar_url == first.url
    answer = httpx.get(arena.url + first.url)
    assert "immutable" in answer.headers["cache-control"]
    assert Image.open(io.BytesIO(answer.content)).size == (256, 256)
    assert refusal(ada.me.set_avatar, b"<svg/>").code == "image_refused"
    assert refusal(ada.me.set_avatar, b"\0" * 5_000_000).status_code == 413
    # Another one is at another address, so that no cache shows the first.
    second = arena.admin.admin.users.set_avatar(me.id, drawn()).avatar_url
    assert second not in ("", first.url)
    assert httpx.get(arena.url + first.url).status_code == 404
    assert arena.admin.admin.users.remove_avatar(me.id).avatar_url == ""
    last = ada.me.set_avatar(drawn()).url
    # No page of the operators' lists them, and none deletes them.
    assert last not in [image.url for image in arena.admin.admin.images.list(limit=2000)]
    assert refusal(arena.admin.admin.images.delete, last.split("/")[-1]).code == "image_not_found"
    assert httpx.get(f"{arena.url}/api/v1/branding").json()["logo"] is None
    ada.me.delete_account(me.display_name)
    assert httpx.get(arena.url + last).status_code == 404


def test_a_captain_gives_the_team_its_logo_which_standings_show(arena: Arena) -> None:
    competition = arena.competition("notes")
    captain, member = arena.player("Captain"), arena.player("Member")
    inside = captain.competition(competition.id)
    team = inside.register("create", name=f"Logos {competition.id[:8]}")
    code = inside.team.invites.create().code
    member.competition(competition.id).register("join", code=code)
    refused = refusal(member.competition(competition.id).team.set_logo, drawn())
    assert refused.code == "not_captain"
    url = inside.team.set_logo(drawn()).logo_url
    assert captain.teams.get(team.id).logo_url == url
    wait_for("the standings", lambda: inside.scoreboard()[0].avatar_url == url)
    admin = arena.admin.admin
    other = admin.teams.set_logo(competition.id, team.id, drawn("WEBP")).logo_url
    assert httpx.get(arena.url + url).status_code == 404
    assert admin.teams.remove_logo(competition.id, team.id).logo_url == ""
    other = inside.team.set_logo(drawn()).logo_url
    admin.competitions.delete(competition.id, force=True)
    assert httpx.get(arena.url + other).status_code == 404
