"""the whole player surface"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RECORD_ATTEMPTS = Path(__file__).with_name("0002_record_attempts.sql")


def upgrade() -> None:
    op.create_table(
        "event_cursors",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("xact", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_cursors")),
    )
    op.create_table(
        "announcements",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_announcements_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
    )
    op.create_index("ix_announcements_created", "announcements", ["created_at"], unique=False)
    op.create_table(
        "device_grants",
        sa.Column("device_hash", sa.String(), nullable=False),
        sa.Column("user_code", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ip_address", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_device_grants_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_hash", name=op.f("pk_device_grants")),
        sa.UniqueConstraint("user_code", name=op.f("uq_device_grants_user_code")),
    )
    op.create_index("ix_device_grants_expiry", "device_grants", ["expires_at"], unique=False)
    op.create_table(
        "identities",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("avatar_url", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_identities_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("provider", "subject", name=op.f("uq_identities_provider_subject")),
        sa.UniqueConstraint("user_id", "provider", name=op.f("uq_identities_user_id_provider")),
    )
    op.create_table(
        "mailed_tokens",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mailed_tokens_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_mailed_tokens")),
    )
    op.create_index(op.f("ix_mailed_tokens_user_id"), "mailed_tokens", ["user_id"], unique=False)
    op.create_table(
        "oauth_attempts",
        sa.Column("state_hash", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("redirect_to", sa.String(), nullable=False),
        sa.Column("link_user_id", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_user_id"],
            ["users.id"],
            name=op.f("fk_oauth_attempts_link_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_oauth_attempts")),
    )
    op.create_index("ix_oauth_attempts_expiry", "oauth_attempts", ["expires_at"], unique=False)
    op.create_table(
        "announcement_reads",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("announcement_id", sa.String(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"],
            ["announcements.id"],
            name=op.f("fk_announcement_reads_announcement_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_announcement_reads_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "announcement_id", name=op.f("pk_announcement_reads")),
    )
    op.create_table(
        "competition_admins",
        sa.Column("competition_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_competition_admins_competition_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["users.id"], name=op.f("fk_competition_admins_granted_by")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_competition_admins_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("competition_id", "user_id", name=op.f("pk_competition_admins")),
    )
    op.create_index("ix_competition_admins_user", "competition_admins", ["user_id"], unique=False)
    op.create_table(
        "competition_invites",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("competition_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("user_id IS NOT NULL OR email IS NOT NULL", name="somebody"),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_competition_invites_competition_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["users.id"], name=op.f("fk_competition_invites_invited_by")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_competition_invites_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_competition_invites")),
        sa.UniqueConstraint(
            "competition_id", "email", name=op.f("uq_competition_invites_competition_id_email")
        ),
        sa.UniqueConstraint(
            "competition_id", "user_id", name=op.f("uq_competition_invites_competition_id_user_id")
        ),
    )
    op.create_index("ix_competition_invites_email", "competition_invites", ["email"], unique=False)
    op.create_index("ix_competition_invites_user", "competition_invites", ["user_id"], unique=False)
    op.create_table(
        "achievement_unlocks",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("achievement_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("unlocked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("context", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["teams.id"],
            name=op.f("fk_achievement_unlocks_team_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_achievement_unlocks_user_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("team_id", "achievement_id", name=op.f("pk_achievement_unlocks")),
    )
    op.create_index(
        "ix_achievement_unlocks_achievement",
        "achievement_unlocks",
        ["achievement_id"],
        unique=False,
    )
    op.create_index(
        "ix_achievement_unlocks_recent", "achievement_unlocks", ["unlocked_at"], unique=False
    )
    op.create_table(
        "hint_unlocks",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("challenge_id", sa.String(), nullable=False),
        sa.Column("hint_id", sa.String(), nullable=False),
        sa.Column("competition_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("unlocked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_hint_unlocks_competition_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_hint_unlocks_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_hint_unlocks_user_id")),
        sa.PrimaryKeyConstraint("team_id", "challenge_id", "hint_id", name=op.f("pk_hint_unlocks")),
    )
    op.create_index("ix_hint_unlocks_competition", "hint_unlocks", ["competition_id"], unique=False)
    op.create_table(
        "reactions",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("challenge_id", sa.String(), nullable=False),
        sa.Column("reaction", sa.String(), nullable=False),
        sa.Column("competition_id", sa.String(), nullable=True),
        sa.Column("team_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_reactions_competition_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_reactions_team_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_reactions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "challenge_id", "reaction", name=op.f("pk_reactions")),
    )
    op.create_index(
        "ix_reactions_challenge", "reactions", ["challenge_id", "reaction"], unique=False
    )
    op.create_table(
        "standing_snapshots",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("competition_id", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("solved", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_standing_snapshots_competition_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["teams.id"],
            name=op.f("fk_standing_snapshots_team_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("team_id", "taken_at", name=op.f("pk_standing_snapshots")),
    )
    op.create_index(
        "ix_standing_snapshots_competition",
        "standing_snapshots",
        ["competition_id", "taken_at"],
        unique=False,
    )
    op.create_index(
        "ix_standing_snapshots_taken", "standing_snapshots", ["taken_at", "rank"], unique=False
    )
    op.create_table(
        "team_invites",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("competition_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("target_user_id", sa.String(), nullable=True),
        sa.Column("created_by_user_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("use_count", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_user_id"], ["users.id"], name=op.f("fk_team_invites_created_by_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["target_user_id"],
            ["users.id"],
            name=op.f("fk_team_invites_target_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["team_id", "competition_id"],
            ["teams.id", "teams.competition_id"],
            name=op.f("fk_team_invites_team_id_competition_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_invites")),
        sa.UniqueConstraint("code", name=op.f("uq_team_invites_code")),
    )
    op.create_index(
        "ix_team_invites_open",
        "team_invites",
        ["target_user_id", "team_id", "kind"],
        unique=True,
        postgresql_where=sa.text("status = 'pending' AND target_user_id IS NOT NULL"),
    )
    op.create_index("ix_team_invites_team", "team_invites", ["team_id", "created_at"], unique=False)
    op.create_table(
        "answer_digests",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("question_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=op.f("fk_answer_digests_instance_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_answer_digests")),
    )
    op.create_index(
        op.f("ix_answer_digests_instance_id"), "answer_digests", ["instance_id"], unique=False
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("competition_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("challenge_id", sa.String(), nullable=False),
        sa.Column("question_id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=True),
        sa.Column("other_team_id", sa.String(), nullable=True),
        sa.Column("other_instance_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["competition_id"],
            ["competitions.id"],
            name=op.f("fk_incidents_competition_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["other_instance_id"],
            ["instances.id"],
            name=op.f("fk_incidents_other_instance_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["other_team_id"],
            ["teams.id"],
            name=op.f("fk_incidents_other_team_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name=op.f("fk_incidents_submission_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_incidents_team_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_incidents_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(
        "ix_incidents_competition", "incidents", ["competition_id", "created_at"], unique=False
    )
    op.add_column(
        "competitions",
        sa.Column("registration_opens_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column(
        "competitions",
        sa.Column("registration_closes_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column(
        "competitions", sa.Column("freezes_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "competitions", sa.Column("rank_by", sa.String(), server_default="solved", nullable=False)
    )
    op.add_column(
        "competitions",
        sa.Column("first_blood_bonus", sa.Integer(), server_default="0", nullable=False),
    )
    op.add_column(
        "competitions",
        sa.Column(
            "brackets", postgresql.JSONB(astext_type=Text()), server_default="[]", nullable=False
        ),
    )
    op.add_column("competitions", sa.Column("max_team_size", sa.Integer(), nullable=True))
    op.add_column("competitions", sa.Column("max_instances_per_team", sa.Integer(), nullable=True))
    op.add_column("events", sa.Column("actor_id", sa.String(), nullable=True))
    op.create_index(
        "ix_events_actor",
        "events",
        ["actor_id", "id"],
        unique=False,
        postgresql_where=sa.text("actor_id IS NOT NULL"),
    )
    op.create_index("ix_events_created", "events", ["created_at"], unique=False)
    op.create_index("ix_events_team", "events", ["team_id", "id"], unique=False)
    op.add_column("teams", sa.Column("bracket", sa.String(), server_default="", nullable=False))
    op.add_column(
        "users", sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("users", sa.Column("avatar_url", sa.String(), server_default="", nullable=False))
    op.add_column("users", sa.Column("bio", sa.String(), nullable=True))
    op.add_column("users", sa.Column("country", sa.String(), nullable=True))
    op.add_column("users", sa.Column("website_url", sa.String(), nullable=True))
    op.add_column("users", sa.Column("timezone", sa.String(), nullable=True))
    op.add_column(
        "users",
        sa.Column(
            "social_links",
            postgresql.JSONB(astext_type=Text()),
            server_default="{}",
            nullable=False,
        ),
    )
    op.add_column(
        "users",
        sa.Column(
            "visibility", postgresql.JSONB(astext_type=Text()), server_default="{}", nullable=False
        ),
    )
    op.add_column("users", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("users", "email", existing_type=sa.VARCHAR(), nullable=True)
    op.create_index("ix_users_created", "users", ["created_at", "id"], unique=False)
    op.get_bind().exec_driver_sql(RECORD_ATTEMPTS.read_text())


def downgrade() -> None:
    op.execute("DROP FUNCTION ctfy_record_attempts(jsonb)")
    op.drop_index("ix_users_created", table_name="users")
    op.alter_column("users", "email", existing_type=sa.VARCHAR(), nullable=False)
    op.drop_column("users", "deleted_at")
    op.drop_column("users", "visibility")
    op.drop_column("users", "social_links")
    op.drop_column("users", "timezone")
    op.drop_column("users", "website_url")
    op.drop_column("users", "country")
    op.drop_column("users", "bio")
    op.drop_column("users", "avatar_url")
    op.drop_column("users", "email_verified_at")
    op.drop_column("teams", "bracket")
    op.drop_index("ix_events_team", table_name="events")
    op.drop_index("ix_events_created", table_name="events")
    op.drop_index(
        "ix_events_actor", table_name="events", postgresql_where=sa.text("actor_id IS NOT NULL")
    )
    op.drop_column("events", "actor_id")
    op.drop_column("competitions", "max_instances_per_team")
    op.drop_column("competitions", "max_team_size")
    op.drop_column("competitions", "brackets")
    op.drop_column("competitions", "first_blood_bonus")
    op.drop_column("competitions", "rank_by")
    op.drop_column("competitions", "freezes_at")
    op.drop_column("competitions", "registration_closes_at")
    op.drop_column("competitions", "registration_opens_at")
    op.drop_index("ix_incidents_competition", table_name="incidents")
    op.drop_table("incidents")
    op.drop_index(op.f("ix_answer_digests_instance_id"), table_name="answer_digests")
    op.drop_table("answer_digests")
    op.drop_index("ix_team_invites_team", table_name="team_invites")
    op.drop_index(
        "ix_team_invites_open",
        table_name="team_invites",
        postgresql_where=sa.text("status = 'pending' AND target_user_id IS NOT NULL"),
    )
    op.drop_table("team_invites")
    op.drop_index("ix_standing_snapshots_taken", table_name="standing_snapshots")
    op.drop_index("ix_standing_snapshots_competition", table_name="standing_snapshots")
    op.drop_table("standing_snapshots")
    op.drop_index("ix_reactions_challenge", table_name="reactions")
    op.drop_table("reactions")
    op.drop_index("ix_hint_unlocks_competition", table_name="hint_unlocks")
    op.drop_table("hint_unlocks")
    op.drop_index("ix_achievement_unlocks_recent", table_name="achievement_unlocks")
    op.drop_index("ix_achievement_unlocks_achievement", table_name="achievement_unlocks")
    op.drop_table("achievement_unlocks")
    op.drop_index("ix_competition_invites_user", table_name="competition_invites")
    op.drop_index("ix_competition_invites_email", table_name="competition_invites")
    op.drop_table("competition_invites")
    op.drop_index("ix_competition_admins_user", table_name="competition_admins")
    op.drop_table("competition_admins")
    op.drop_table("announcement_reads")
    op.drop_index("ix_oauth_attempts_expiry", table_name="oauth_attempts")
    op.drop_table("oauth_attempts")
    op.drop_index(op.f("ix_mailed_tokens_user_id"), table_name="mailed_tokens")
    op.drop_table("mailed_tokens")
    op.drop_table("identities")
    op.drop_index("ix_device_grants_expiry", table_name="device_grants")
    op.drop_table("device_grants")
    op.drop_index("ix_announcements_created", table_name="announcements")
    op.drop_table("announcements")
    op.drop_table("event_cursors")
