"""What a fresh platform is given by its environment, so that somebody can sign in at all."""

from __future__ import annotations

from sqlalchemy import select

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.access import secrets
from ctfy.server.accounts.service import ensure_super_admin
from ctfy.server.competitions.editing import create
from ctfy.server.database.connections import Database
from ctfy.server.models.competitions import CompetitionCreate
from ctfy.server.nodes.service import admit
from ctfy.server.settings import Settings
from ctfy.server.tables.access import User
from ctfy.server.tables.competitions import Competition


async def bootstrap(settings: Settings) -> None:
    """Make the first super admin, a node's registration token and a demo competition.

    Each only as the `bootstrap_*` settings ask, and only where there is none yet; a second start
    changes nothing.
    """
    if not settings.bootstrap_password:
        return
    catalogue = Catalogue.load(settings.challenges_dir)
    database = Database(settings.database_url)
    async with database.transaction() as session:
        await ensure_super_admin(session, settings.bootstrap_email, settings.bootstrap_password)
        if settings.bootstrap_node_token:
            await admit(session, secrets.token_hash(settings.bootstrap_node_token))
        if settings.bootstrap_demo and not await session.scalar(select(Competition.id).limit(1)):
            admin = await session.scalar(select(User.id).where(User.role == "super_admin").limit(1))
            body = CompetitionCreate(
                title="Demo",
                description="Every challenge here, open to everybody, for ever.",
                # What can be launched comes first.
                challenge_ids=sorted(
                    catalogue.challenges, key=lambda id_: catalogue.challenges[id_].is_qa_only
                ),
                status="published",
            )
            await create(session, catalogue, admin or "", body)
    await database.close()
