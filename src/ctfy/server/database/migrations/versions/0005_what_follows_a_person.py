"""what follows a person, and names that differ"""

from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Who was wrong was not written down; the captain stands for the team.
    op.add_column("question_attempts", sa.Column("user_id", sa.String()))
    op.add_column("question_attempts", sa.Column("competition_id", sa.String()))
    op.add_column(
        "question_attempts",
        sa.Column("follows", sa.Boolean(), server_default="true", nullable=False),
    )
    op.execute(
        "UPDATE question_attempts q SET user_id = t.captain_user_id, "
        "competition_id = t.competition_id FROM teams t WHERE t.id = q.team_id"
    )
    op.alter_column("question_attempts", "user_id", nullable=False)
    op.alter_column("question_attempts", "competition_id", nullable=False)
    op.drop_constraint("pk_question_attempts", "question_attempts", type_="primary")
    op.create_primary_key(
        "pk_question_attempts",
        "question_attempts",
        ["team_id", "challenge_id", "question_id", "user_id"],
    )
    op.create_foreign_key(
        op.f("fk_question_attempts_user_id"),
        "question_attempts",
        "users",
        ["user_id"],
        ["id"],
    )
    op.create_foreign_key(
        op.f("fk_question_attempts_competition_id"),
        "question_attempts",
        "competitions",
        ["competition_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index(
        "ix_question_attempts_user",
        "question_attempts",
        ["user_id", "competition_id", "challenge_id"],
    )
    op.create_index("ix_hint_unlocks_user", "hint_unlocks", ["user_id", "competition_id"])
    op.add_column("teams", sa.Column("name_folded", sa.String()))
    op.add_column("teams", sa.Column("name_shape", sa.String()))
    for form in ("name_folded", "name_shape"):
        op.create_unique_constraint(
            f"uq_teams_competition_{form}", "teams", ["competition_id", form]
        )
    _give_keys()


def _give_keys() -> None:
    """Keys to the teams that somebody is on; of some with the same name, to the oldest alone."""
    alike = _lookalikes()
    connection = op.get_bind()
    teams = connection.execute(
        sa.text(
            "SELECT id, competition_id, name FROM teams t WHERE EXISTS "
            "(SELECT FROM team_members m WHERE m.team_id = t.id) ORDER BY created_at, id"
        )
    )
    taken: set[tuple[str, str, str]] = set()
    rows = []
    for team_id, competition_id, name in teams:
        plain = unicodedata.normalize("NFKC", name)
        folded, shape = _fold(_skeleton(plain, alike)), _skeleton(_fold(plain), alike)
        places = {(competition_id, "folded", folded), (competition_id, "shape", shape)}
        if not places & taken:
            taken |= places
            rows.append({"id": team_id, "folded": folded, "shape": shape})
    if rows:
        update = "UPDATE teams SET name_folded = :folded, name_shape = :shape WHERE id = :id"
        connection.execute(sa.text(update), rows)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())


def _skeleton(text: str, alike: dict[str, str]) -> str:
    decomposed = re.sub("(?<=[ijıȷіј])\u0307", "", unicodedata.normalize("NFD", text))
    return "".join(
        alike.get(character, character)
        for character in decomposed
        if character not in "\u200c\u200d\ufe0f" and not character.isspace()
    )


def _lookalikes() -> dict[str, str]:
    from confusable_homoglyphs.confusables import confusables_data

    parents: dict[str, str] = {}

    def root(text: str) -> str:
        while (parent := parents.setdefault(text, text)) != text:
            text = parent
        return text

    def bare(text: str) -> str:
        return unicodedata.normalize("NFD", text.strip("\u200e\u200f"))

    for character, others in confusables_data.items():
        for other in others:
            ends = root(bare(character)), root(bare(other["c"]))
            ours, theirs = sorted(ends, key=lambda text: (not text.isascii(), -len(text), text))
            parents[theirs] = ours
    one = {text: root(text) for text in parents if len(text) == 1}
    return {text: "".join(one.get(c, c) for c in stands) for text, stands in one.items()}


def downgrade() -> None:
    for form in ("name_folded", "name_shape"):
        op.drop_constraint(f"uq_teams_competition_{form}", "teams", type_="unique")
        op.drop_column("teams", form)
    op.drop_index("ix_hint_unlocks_user", "hint_unlocks")
    op.drop_index("ix_question_attempts_user", "question_attempts")
    op.execute(
        "CREATE TEMPORARY TABLE summed ON COMMIT DROP AS SELECT team_id, challenge_id, question_id, "
        "sum(wrong)::int AS wrong FROM question_attempts GROUP BY 1, 2, 3"
    )
    op.execute("DELETE FROM question_attempts")
    op.drop_constraint("pk_question_attempts", "question_attempts", type_="primary")
    op.drop_column("question_attempts", "user_id")
    op.drop_column("question_attempts", "competition_id")
    op.drop_column("question_attempts", "follows")
    op.create_primary_key(
        "pk_question_attempts", "question_attempts", ["team_id", "challenge_id", "question_id"]
    )
    op.execute("INSERT INTO question_attempts SELECT * FROM summed")
