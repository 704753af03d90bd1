"""Write-ups: handed in by teams, judged by operators, published after the end."""

from __future__ import annotations

from ctfy.server.domain import Domain, PersonalData
from ctfy.server.tables.writeups import Writeup
from ctfy.server.writeups.admin_routes import router as admin_routes
from ctfy.server.writeups.routes import router

# What the judges say is theirs, not the author's.
_JUDGES = frozenset({"notes", "mark", "judged_by", "judged_at"})

DOMAIN = Domain(
    routers=(router, admin_routes),
    personal_data=(
        PersonalData(Writeup, "submitted_by", on_deletion="keep", withheld=_JUDGES),
        PersonalData(Writeup, "judged_by", on_deletion="keep", exported=False),
    ),
)
