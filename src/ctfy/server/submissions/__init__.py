"""Submissions: grading answers, scoring solves."""

from __future__ import annotations

from ctfy.server.domain import Domain, PersonalData
from ctfy.server.submissions.admin_routes import router as admin_routes
from ctfy.server.submissions.routes import router
from ctfy.server.submissions.service import Submissions
from ctfy.server.submissions.writer import SubmissionWriter
from ctfy.server.tables.submissions import QuestionAttempts, Solve, Submission

DOMAIN = Domain(
    routers=(router, admin_routes),
    services=(SubmissionWriter, Submissions),
    personal_data=(
        PersonalData(Submission, "user_id", on_deletion="keep"),
        PersonalData(Solve, "user_id", on_deletion="keep"),
        PersonalData(QuestionAttempts, "user_id", on_deletion="keep"),
    ),
)
