"""the operator surface"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "node_samples",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("sampled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_healthy", sa.Boolean(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("cpu_percent", sa.Double(), nullable=False),
        sa.Column("memory_percent", sa.Double(), nullable=False),
        sa.Column("disk_percent", sa.Double(), nullable=False),
        sa.Column("latency_ms", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["node_id"], ["nodes.id"], name=op.f("fk_node_samples_node_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node_samples")),
    )
    op.create_index("ix_node_samples_node", "node_samples", ["node_id", "sampled_at"], unique=False)
    op.create_index("ix_node_samples_sampled", "node_samples", ["sampled_at"], unique=False)
    op.create_table(
        "platform_settings",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["updated_by"],
            ["users.id"],
            name=op.f("fk_platform_settings_updated_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_platform_settings")),
    )
    op.create_table(
        "scheduled_jobs",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=True),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.String(), nullable=False),
        sa.Column("last_summary", sa.String(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("last_duration_s", sa.Double(), nullable=False),
        sa.Column("run_count", sa.Integer(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["updated_by"],
            ["users.id"],
            name=op.f("fk_scheduled_jobs_updated_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_scheduled_jobs")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("progress_message", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("error_detail", sa.String(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_tasks_created_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index("ix_tasks_created", "tasks", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.create_table(
        "task_logs",
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name=op.f("fk_task_logs_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "seq", name=op.f("pk_task_logs")),
    )
    op.create_table(
        "attempt_resets",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("challenge_id", sa.String(), nullable=False),
        sa.Column("question_id", sa.String(), nullable=False),
        sa.Column("reset_by", sa.String(), nullable=False),
        sa.Column("reset_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reset_by"], ["users.id"], name=op.f("fk_attempt_resets_reset_by")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_attempt_resets_team_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_resets")),
    )
    op.create_index(
        "ix_attempt_resets_team", "attempt_resets", ["team_id", "reset_at"], unique=False
    )
    op.create_table(
        "instance_records",
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.Column("artifact_dir", sa.String(), nullable=False),
        sa.Column("has_manifest", sa.Boolean(), nullable=False),
        sa.Column("has_container_log", sa.Boolean(), nullable=False),
        sa.Column("events_count", sa.Integer(), nullable=False),
        sa.Column("submissions_count", sa.Integer(), nullable=False),
        sa.Column("traffic_count", sa.Integer(), nullable=False),
        sa.Column("pcap_bytes", sa.BigInteger(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=op.f("fk_instance_records_instance_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_instance_records")),
    )
    op.create_index(
        "ix_instance_records_archived",
        "instance_records",
        ["archived_at"],
        unique=False,
        postgresql_where=sa.text("pruned_at IS NULL"),
    )
    op.create_table(
        "shell_sessions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("instance_id", sa.String(), nullable=True),
        sa.Column("node_id", sa.String(), nullable=True),
        sa.Column("ticket_hash", sa.String(), nullable=False),
        sa.Column("container", sa.String(), nullable=False),
        sa.Column("shell", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("burned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.String(), nullable=False),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("force_close_requested", sa.Boolean(), nullable=False),
        sa.Column("recording_path", sa.String(), nullable=False),
        sa.Column("recording_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=op.f("fk_shell_sessions_instance_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["node_id"], ["nodes.id"], name=op.f("fk_shell_sessions_node_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_shell_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shell_sessions")),
        sa.UniqueConstraint("ticket_hash", name=op.f("uq_shell_sessions_ticket_hash")),
    )
    op.create_index(
        "ix_shell_sessions_open",
        "shell_sessions",
        ["user_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_shell_sessions_requested", "shell_sessions", ["requested_at"], unique=False)
    op.add_column("events", sa.Column("audit", postgresql.JSONB(astext_type=Text()), nullable=True))
    op.create_index("ix_events_name", "events", ["name", "id"], unique=False)
    op.add_column(
        "incidents",
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=Text()), server_default="{}", nullable=False
        ),
    )
    op.add_column("incidents", sa.Column("fingerprint", sa.String(), nullable=True))
    op.add_column(
        "incidents", sa.Column("status", sa.String(), server_default="open", nullable=False)
    )
    op.add_column("incidents", sa.Column("note", sa.String(), server_default="", nullable=False))
    op.add_column("incidents", sa.Column("resolved_by", sa.String(), nullable=True))
    op.add_column("incidents", sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("incidents", "team_id", existing_type=sa.VARCHAR(), nullable=True)
    op.alter_column("incidents", "user_id", existing_type=sa.VARCHAR(), nullable=True)
    op.create_index("ix_incidents_created", "incidents", ["created_at", "id"], unique=False)
    op.create_unique_constraint(op.f("uq_incidents_fingerprint"), "incidents", ["fingerprint"])
    op.create_foreign_key(
        op.f("fk_incidents_resolved_by"),
        "incidents",
        "users",
        ["resolved_by"],
        ["id"],
        ondelete="SET NULL",
    )
    op.add_column(
        "instances",
        sa.Column(
            "node_labels", postgresql.JSONB(astext_type=Text()), server_default="{}", nullable=False
        ),
    )
    op.drop_index(op.f("ix_instances_challenge"), table_name="instances")
    op.create_index(
        "ix_instances_challenge", "instances", ["challenge_id", "requested_at"], unique=False
    )
    op.create_index(
        "ix_instances_ended",
        "instances",
        ["stopped_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('stopped', 'error')"),
    )
    op.create_index("ix_instances_requested", "instances", ["requested_at"], unique=False)
    op.add_column(
        "nodes", sa.Column("overloaded", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column(
        "nodes", sa.Column("draining", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column(
        "nodes", sa.Column("ready_challenges", postgresql.JSONB(astext_type=Text()), nullable=True)
    )
    op.create_index("ix_submissions_instance", "submissions", ["instance_id"], unique=False)
    op.create_index("ix_submissions_submitted", "submissions", ["submitted_at"], unique=False)
    op.add_column("users", sa.Column("promoted_by", sa.String(), nullable=True))
    op.add_column("users", sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "users", sa.Column("suspended_reason", sa.String(), server_default="", nullable=False)
    )
    op.create_foreign_key(
        op.f("fk_users_promoted_by"), "users", "users", ["promoted_by"], ["id"], ondelete="SET NULL"
    )


def downgrade() -> None:
    op.execute("DELETE FROM incidents WHERE team_id IS NULL OR user_id IS NULL")
    op.drop_constraint(op.f("fk_users_promoted_by"), "users", type_="foreignkey")
    op.drop_column("users", "suspended_reason")
    op.drop_column("users", "suspended_at")
    op.drop_column("users", "promoted_at")
    op.drop_column("users", "promoted_by")
    op.drop_index("ix_submissions_submitted", table_name="submissions")
    op.drop_index("ix_submissions_instance", table_name="submissions")
    op.drop_column("nodes", "ready_challenges")
    op.drop_column("nodes", "draining")
    op.drop_column("nodes", "overloaded")
    op.drop_index("ix_instances_requested", table_name="instances")
    op.drop_index(
        "ix_instances_ended",
        table_name="instances",
        postgresql_where=sa.text("state IN ('stopped', 'error')"),
    )
    op.drop_index("ix_instances_challenge", table_name="instances")
    op.create_index(op.f("ix_instances_challenge"), "instances", ["challenge_id"], unique=False)
    op.drop_column("instances", "node_labels")
    op.drop_constraint(op.f("fk_incidents_resolved_by"), "incidents", type_="foreignkey")
    op.drop_constraint(op.f("uq_incidents_fingerprint"), "incidents", type_="unique")
    op.drop_index("ix_incidents_created", table_name="incidents")
    op.alter_column("incidents", "user_id", existing_type=sa.VARCHAR(), nullable=False)
    op.alter_column("incidents", "team_id", existing_type=sa.VARCHAR(), nullable=False)
    op.drop_column("incidents", "resolved_at")
    op.drop_column("incidents", "resolved_by")
    op.drop_column("incidents", "note")
    op.drop_column("incidents", "status")
    op.drop_column("incidents", "fingerprint")
    op.drop_column("incidents", "evidence")
    op.drop_index("ix_events_name", table_name="events")
    op.drop_column("events", "audit")
    op.drop_index("ix_shell_sessions_requested", table_name="shell_sessions")
    op.drop_index(
        "ix_shell_sessions_open",
        table_name="shell_sessions",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_table("shell_sessions")
    op.drop_index(
        "ix_instance_records_archived",
        table_name="instance_records",
        postgresql_where=sa.text("pruned_at IS NULL"),
    )
    op.drop_table("instance_records")
    op.drop_index("ix_attempt_resets_team", table_name="attempt_resets")
    op.drop_table("attempt_resets")
    op.drop_table("task_logs")
    op.drop_index(
        "ix_tasks_open",
        table_name="tasks",
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.drop_index("ix_tasks_created", table_name="tasks")
    op.drop_table("tasks")
    op.drop_table("scheduled_jobs")
    op.drop_table("platform_settings")
    op.drop_index("ix_node_samples_sampled", table_name="node_samples")
    op.drop_index("ix_node_samples_node", table_name="node_samples")
    op.drop_table("node_samples")
