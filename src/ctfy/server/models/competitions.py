"""Competitions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ctfy.server.models.base import Request, Response
from ctfy.server.models.challenges import ChallengeInfo, ChallengeState

Status = Literal["draft", "published", "archived"]
Access = Literal["public", "private_listed", "private_hidden"]
Phase = Literal["upcoming", "running", "past"]
RankBy = Literal["solved", "points"]
ScoreboardVisibility = Annotated[
    Literal["public", "players", "hidden"],
    Field(
        description="Who sees the standings, and what others solved: everybody who sees the "
        "competition, those who take part in it, or only whoever runs it"
    ),
]
Practice = Annotated[
    bool,
    Field(
        description="Whether those who take part can go on after the end, for nothing but practice"
    ),
]
PausedAt = Annotated[
    datetime | None, Field(description="Since when the clock is stopped; null while it runs")
]
Brackets = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=50)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=20_000)]
Prose = Annotated[str, Field(max_length=20_000, description="Markdown")]
ChallengeIds = Annotated[list[str], Field(max_length=10_000)]


class CompetitionInfo(Response):
    """A competition and what the caller is in it; `my_*` are -1 or empty when not taking part."""

    id: str
    title: str
    description: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    created_by: str
    created_by_name: str
    challenge_ids: list[str] = []
    status: Status = "published"
    access: Access = "public"
    phase: Phase = "running"
    registered_count: int = 0
    is_registered: bool = False
    can_participate: bool = True
    my_team_id: str = ""
    my_team_name: str = ""
    my_role: Literal["captain", "member", ""] = ""
    my_rank: int = -1
    my_score: int = -1
    my_solves: int = -1
    my_points: int = -1
    registration_opens_at: datetime | None = None
    registration_closes_at: datetime | None = None
    freezes_at: datetime | None = None
    writeups_until: datetime | None = None
    rank_by: RankBy = "solved"
    first_blood_bonus: int = 0
    brackets: list[str] = []
    max_team_size: int | None = None
    scoreboard_visibility: ScoreboardVisibility = "public"
    paused_at: PausedAt = None
    practice: Practice = False


class CompetitionDetail(CompetitionInfo):
    """One competition with its challenges, in the curator's order."""

    rules: Prose = ""
    prizes: Prose = ""
    challenges: list[ChallengeInfo] = []
    registered_at: datetime | None = None


class PublicCompetitionDetail(Response):
    """A public competition as its page shows it to visitors; `challenges`: how many show."""

    id: str
    title: str
    description: str = ""
    rules: Prose = ""
    prizes: Prose = ""
    phase: Phase
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    registration_opens_at: datetime | None = None
    registration_closes_at: datetime | None = None
    freezes_at: datetime | None = None
    writeups_until: datetime | None = None
    rank_by: RankBy = "solved"
    first_blood_bonus: int = 0
    brackets: list[str] = []
    max_team_size: int | None = None
    scoreboard_visibility: ScoreboardVisibility = "public"
    paused_at: PausedAt = None
    practice: Practice = False
    teams: int = 0
    challenges: int = 0


class CompetitionCreate(Request):
    """A new competition. No `starts_at`: running at once; no `ends_at`: for ever."""

    title: Title
    description: Description = ""
    rules: Prose = ""
    prizes: Prose = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    challenge_ids: ChallengeIds = []
    status: Status = "draft"
    access: Access = "public"
    registration_opens_at: datetime | None = None
    registration_closes_at: datetime | None = None
    freezes_at: datetime | None = None
    writeups_until: datetime | None = None
    rank_by: RankBy = "solved"
    first_blood_bonus: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    brackets: Brackets = []
    max_team_size: Annotated[int, Field(ge=1, le=1000)] | None = None
    max_instances_per_team: Annotated[int, Field(ge=1, le=100)] | None = None
    scoreboard_visibility: ScoreboardVisibility = "public"
    practice: Practice = False


class TestPlay(Response):
    """The hidden competition in which an operator plays a challenge, where nothing counts."""

    competition_id: str
    challenge_id: str


class CompetitionUpdate(Request):
    """What an operator changes; a field left out stays. Times and limits can be taken away."""

    title: Title | None = None
    description: Description | None = None
    rules: Prose | None = None
    prizes: Prose | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    challenge_ids: ChallengeIds | None = None
    status: Status | None = None
    access: Access | None = None
    registration_opens_at: datetime | None = None
    registration_closes_at: datetime | None = None
    freezes_at: datetime | None = None
    writeups_until: datetime | None = None
    rank_by: RankBy | None = None
    first_blood_bonus: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    brackets: Brackets | None = None
    max_team_size: Annotated[int, Field(ge=1, le=1000)] | None = None
    max_instances_per_team: Annotated[int, Field(ge=1, le=100)] | None = None
    scoreboard_visibility: ScoreboardVisibility | None = None
    practice: Practice | None = None


class CompetitionExtendRequest(Request):
    """By how much the end is put off."""

    minutes: Annotated[int, Field(ge=1, le=525_600)]


class FallingValue(Request):
    """What a challenge is worth: `initial` for the first solver, never less than `minimum`.

    It falls along a parabola over `decay` more solves, or by a `step` with each of them.
    """

    initial: Annotated[int, Field(ge=0, le=1_000_000)]
    minimum: Annotated[int, Field(ge=0, le=1_000_000)]
    decay: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    step: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class CompetitionChallengeInfo(Response):
    """A challenge as a competition has it; where it says nothing, the challenge's own rules hold.

    `draft`: being prepared, nobody but operators sees it, and it counts nothing. `hidden`: not
    offered any more; what teams solved of it still counts.
    """

    challenge_id: str
    name: str = ""
    position: int
    state: ChallengeState
    release_at: Annotated[
        datetime | None, Field(description="When a draft becomes visible by itself")
    ] = None
    value: int | FallingValue | None = None
    max_attempts: Annotated[
        int | None, Field(description="Wrong answers that a team has, for each question")
    ] = None
    lifetime_s: Annotated[int | None, Field(description="Of an instance, seconds")] = None
    ends_when_solved: Annotated[
        bool, Field(description="Whether an instance ends once its team solved the challenge")
    ] = False
    solves: int = 0


class CompetitionChallengeUpdate(Request):
    """What an operator changes; a field left out stays, and null takes an override away.

    A time of release makes a challenge a draft until then.
    """

    state: ChallengeState | None = None
    release_at: datetime | None = None
    value: Annotated[int, Field(ge=0, le=1_000_000)] | FallingValue | None = None
    max_attempts: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    lifetime_s: Annotated[int, Field(ge=60, le=31_536_000)] | None = None
    ends_when_solved: bool | None = None


class ChallengeOrder(Request):
    """A competition's challenges, all of them, in another order."""

    challenge_ids: Annotated[list[str], Field(max_length=10_000)]


class GrantCompetitionAdminRequest(Request):
    """Somebody, by id or by e-mail address."""

    user_id: Annotated[str, Field(max_length=64)] = ""
    email: Annotated[str, Field(max_length=320)] = ""


class CompetitionAdminInfo(Response):
    """Who administers a competition."""

    user_id: str
    display_name: str = ""
    email: str = ""
    granted_by: str = ""
    granted_at: datetime | None = None


class CompetitionInviteInfo(Response):
    """Who may take part in a private competition. No `user_id`: no account has the address yet."""

    user_id: str
    display_name: str = ""
    email: str = ""
    invited_by: str = ""
    invited_at: datetime | None = None


class CompetitionMembershipInfo(Response):
    """The caller's place in one competition."""

    competition_id: str
    competition_title: str
    competition_phase: Phase
    team_id: str
    team_name: str
    role: Literal["captain", "member"]
    running_instances: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    paused_at: PausedAt = None
    my_rank: int = -1
    competition_team_count: int = 0


class CompetitionRegistrationInfo(Response):
    """A team that takes part."""

    team_id: str
    team_name: str = ""
    registered_at: datetime | None = None
    members: int = 0
    solved: int = 0
    bracket: str = ""
    standing: str = "ranked"


class CompetitionCloneRequest(Request):
    """The copy's title; its times are empty and its status is `draft`."""

    title: Title


class CompetitionImportResult(Response):
    """What an import brought: rows by table, and whose accounts were made for it."""

    competition_id: str
    title: str
    counts: dict[str, int]
    users_matched: int = 0
    users_created: list[str] = []
