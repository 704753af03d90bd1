"""`ctfy achievement`."""

from __future__ import annotations

from typing import Annotated

import typer

from ctfy.cli import session
from ctfy.cli.output import Code, fail, out, print_table, prints
from ctfy.cli.paging import Limit, Offset
from ctfy.server.models.achievements import (
    AchievementCatalogEntry,
    EasterEggClaim,
    MyAchievementsResponse,
    RecentUnlock,
    StarGazerVerifyResponse,
)

app = typer.Typer(no_args_is_help=True)
Competition = Annotated[str, typer.Option("--competition-id", help="In this competition")]


@app.command()
@prints("id name tier points rarity earned_by_count description", empty="There are none.")
def catalog(offset: Offset = 0, limit: Limit = 50) -> list[AchievementCatalogEntry]:
    """List what there is to get.

    Example: ctfy achievement catalog
    """
    return session.anyone().achievements.catalog(offset, limit)


@app.command()
@prints("unlocked_at team_name name tier", empty="Nobody has any yet.")
def recent(offset: Offset = 0, limit: Limit = 50) -> list[RecentUnlock]:
    """List who got what lately.

    Example: ctfy achievement recent --limit 5
    """
    return session.anyone().achievements.recent_unlocks(offset, limit)


@app.command()
@prints(people=lambda found: _show(found))
def me(competition_id: Competition = "") -> MyAchievementsResponse:
    """Show what you have, and what is left.

    Example: ctfy achievement me
    """
    return session.client().me.achievements(competition_id)


def _show(found: MyAchievementsResponse) -> None:
    summary = found.summary
    out.print(
        f"{summary.unlocked_count} of {summary.total_count}, "
        f"{summary.score} of {summary.total_score} points"
    )
    rows = [["yes", a.name, a.tier, a.description] for a in found.unlocked]
    rows += [["", a.name, a.tier, a.description] for a in found.locked]
    print_table(("have", "name", "tier", "for"), rows, wrapped=("for",))


@app.command()
@prints("egg_id achievement already_unlocked")
def claim_egg(
    egg_id: Annotated[str, typer.Argument()], competition_id: Competition = ""
) -> EasterEggClaim:
    """Claim an easter egg that you found.

    Example: ctfy achievement claim-egg EGG_ID
    """
    return session.client().achievements.claim_easter_egg(egg_id, competition_id)


@app.command()
@prints(people=lambda found: _say_verified(found))
def verify_star_gazer(competition_id: Competition = "") -> StarGazerVerifyResponse:
    """Have the server look whether you starred the project; exits with 1 if you did not.

    Example: ctfy achievement verify-star-gazer
    """
    return session.client().me.verify_star_gazer(competition_id)


def _say_verified(found: StarGazerVerifyResponse) -> None:
    if not found.verified:
        fail(found.reason or "not starred", code=Code.FAILED)
    out.print("Verified.")
