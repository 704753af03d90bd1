"""Challenges made and changed without a shell: every change is a version of the current one."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import unicodedata
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctfy.challenge.documents import parse, rewrite
from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.sdk.errors import ConflictError, ValidationError
from tests.conftest import Arena
from tests.hostile_names import UNSEEN

METADATA = {
    "name": "Sums",
    "description": "How much is it?\n\nThink.",
    "difficulty": "easy",
    "tags": ["t"],
    "questions": [{"id": "sum", "prompt": "1 + 1?", "answer": "2"}],
}


@pytest.fixture
def admin(arena: Arena) -> PlatformClient:
    return arena.admin


def fresh() -> str:
    return f"edited-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def challenge(admin: PlatformClient) -> str:
    """A challenge that is only asked."""
    name = fresh()
    assert admin.admin.challenges.set_metadata(name, METADATA, base=0).version == 1
    return name


def refusal(call: Callable[..., Any], *args: Any, **more: Any) -> str:
    with pytest.raises(CtfyApiError) as refused:
        call(*args, **more)
    return str(refused.value.code)


def test_a_challenge_that_was_made_by_clicking_is_played(arena: Arena, challenge: str) -> None:
    competition = arena.competition(challenge)
    player = arena.registered(competition)
    answer = partial(player.submissions.submit_qa, challenge, competition.id, question_id="sum")
    assert not answer("3").correct
    questions = [{"id": "sum", "prompt": "1 + 2?", "answer": "3"}]
    changed = {**METADATA, "questions": questions}
    arena.admin.admin.challenges.set_metadata(challenge, changed, base=1)
    assert answer("3").correct


def test_an_operator_plays_a_challenge_where_nothing_counts(arena: Arena, challenge: str) -> None:
    admin, player = arena.admin, arena.player()
    played = admin.admin.challenges.test_play(challenge)
    where = {"question_id": "sum"}
    assert admin.submissions.submit_qa(challenge, played.competition_id, "2", **where).correct
    assert admin.competition(played.competition_id).scoreboard() == []
    assert played.competition_id not in {row.id for row in player.competitions.list(limit=500)}
    again = admin.admin.challenges.test_play(challenge)
    assert again.competition_id != played.competition_id
    assert refusal(admin.competitions.get, played.competition_id) == "competition_not_found"
    assert admin.submissions.submit_qa(challenge, again.competition_id, "2", **where).correct
    assert refusal(admin.admin.challenges.test_play, "no-such-thing") == "challenge_not_found"
    admin.admin.competitions.delete(again.competition_id, force=True)


def test_who_saves_second_is_told_and_changes_nothing(
    admin: PlatformClient, challenge: str
) -> None:
    challenges = admin.admin.challenges
    challenges.write_file(challenge, "attachments/one.txt", b"1", base=1)
    for call in (
        lambda: challenges.write_file(challenge, "attachments/one.txt", b"2", base=1),
        lambda: challenges.delete_file(challenge, "attachments/one.txt", base=1),
        lambda: challenges.set_metadata(challenge, METADATA, base=1),
        lambda: challenges.set_metadata(challenge, METADATA, base=0),
        lambda: challenges.make_example(challenge, "Again", "web"),
    ):
        with pytest.raises(ConflictError) as refused:
            call()
        assert refused.value.code == "version_outdated"
        assert refused.value.detail["version"] == 2
    assert challenges.read_file(challenge, "attachments/one.txt") == b"1"
    assert len(challenges.versions(challenge)) == 2


def test_what_the_audit_refuses_is_told_by_line_and_changes_nothing(
    admin: PlatformClient, challenge: str
) -> None:
    challenges = admin.admin.challenges
    with pytest.raises(ValidationError) as refused:
        challenges.set_metadata(challenge, {**METADATA, "desciption": "x"}, base=1)
    assert refused.value.code == "challenge_refused"
    (finding,) = refused.value.detail["findings"]
    assert "did you mean" in finding["problem"] + finding["fix"]
    assert finding["line"] > 0
    gone = refusal(challenges.delete_file, challenge, "metadata.yaml", base=1)
    assert gone == "challenge_refused"
    assert challenges.files(challenge).version == 1


@pytest.mark.parametrize("name", ["Upper", "a b", "é", "a" * 129, "-a"])
def test_a_new_challenge_has_an_id_that_folders_may_have(admin: PlatformClient, name: str) -> None:
    code = refusal(admin.admin.challenges.set_metadata, name, METADATA, base=0)
    assert code == "challenge_refused"


@pytest.mark.parametrize(
    "path",
    [
        "../out",
        "/etc/passwd",
        "attachments/../../out",
        "a\0b",
        ".",
        "~/x",
        "metadata.yaml/x",
    ],
)
def test_no_path_leads_out_of_a_challenge(admin: PlatformClient, challenge: str, path: str) -> None:
    challenges = admin.admin.challenges
    code = refusal(challenges.write_file, challenge, path, b"x", base=1)
    assert code in {"path_refused", "validation_error"}
    assert challenges.files(challenge).version == 1


@pytest.mark.parametrize("name", UNSEEN.values(), ids=UNSEEN.keys())
def test_a_file_of_an_odd_name_is_refused_or_found_again(
    admin: PlatformClient, challenge: str, name: str
) -> None:
    challenges, path = admin.admin.challenges, f"attachments/{name}"
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in name):
        assert refusal(challenges.write_file, challenge, path, b"x", base=1) == "path_refused"
    else:
        challenges.write_file(challenge, path, b"x", base=1)
        assert path in {file.path for file in challenges.files(challenge).files}
        assert challenges.read_file(challenge, path) == b"x"


def test_two_files_do_not_differ_in_case_alone(admin: PlatformClient, challenge: str) -> None:
    challenges = admin.admin.challenges
    challenges.write_file(challenge, "attachments/a.txt", b"1", base=1)
    for path in ("attachments/A.txt", "Attachments/b.txt"):
        code = refusal(challenges.write_file, challenge, path, b"2", base=2)
        assert code == "path_refused"


def test_an_answer_of_forty_digits_outlives_a_browser(admin: PlatformClient) -> None:
    name, answer = fresh(), 10**40 + 1
    question = {"id": "sum", "prompt": "n?", "answer": answer}
    admin.admin.challenges.set_metadata(name, {**METADATA, "questions": [question]}, base=0)
    (shown,) = admin.admin.challenges.files(name).metadata["questions"]
    assert (shown["answer"], shown["mode"]) == (str(answer), "numeric")


def test_a_file_of_some_megabytes_is_taken_and_one_of_300_is_not(
    arena: Arena, admin: PlatformClient, challenge: str
) -> None:
    challenges = admin.admin.challenges
    large = bytes(5_000_000)
    challenges.write_file(challenge, "attachments/large.bin", io.BytesIO(large), base=1)
    assert challenges.read_file(challenge, "attachments/large.bin") == large
    # The length that a request says is enough: nothing of it is read.
    connection = http.client.HTTPConnection(arena.url.removeprefix("http://"))
    path = f"/api/v1/admin/challenges/{challenge}/files/content?path=x&base=2"
    connection.putrequest("PUT", path)
    connection.putheader("Authorization", f"Bearer {admin.token}")
    connection.putheader("Content-Length", "300000000")
    connection.endheaders()
    with contextlib.closing(connection), connection.getresponse() as answer:
        assert json.loads(answer.read())["code"] == "payload_too_large"


def test_an_example_runs_and_is_solved_at_once(arena: Arena) -> None:
    name = fresh()
    made = arena.admin.admin.challenges.make_example(name, "Mine", "web", tags=["mine"])
    assert made.findings == []
    seen = arena.admin.admin.challenges.files(name)
    assert (seen.metadata["name"], seen.metadata["tags"]) == ("Mine", ["mine"])
    assert "services/web/app.py" in {file.path for file in seen.files}


def test_a_save_keeps_the_comments_of_what_did_not_change() -> None:
    text = (
        "# of the team\nname: A  # short\n\n# how hard\ndifficulty: easy\n"
        "description: |\n  Long\n  # no comment\ntags: [a, b]\n"
    )
    saved = rewrite(
        text, {"name": "A", "difficulty": "hard", "description": "B", "tags": ["a", "b"]}
    )
    assert saved == (
        "# of the team\nname: A  # short\n\n# how hard\ndifficulty: hard\n"
        "description: B\ntags: [a, b]\n"
    )


_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "é é", "# c"]), inner, max_size=3)
    ),
    max_leaves=8,
)
_content = st.dictionaries(st.sampled_from(["name", "tags", "x y", "- z", "value"]), _plain)


@given(before=_content, after=_content)
def test_what_is_saved_says_what_was_meant(before: dict[str, Any], after: dict[str, Any]) -> None:
    first = rewrite("# a comment\n", before)
    assert parse(first.encode()).content == (before or {})
    assert parse(rewrite(first, after).encode()).content == (after or {})


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc000000301010018dd8db00000000049454e44ae426082"
)


def test_an_image_is_shown_to_whom_the_text_is_shown_that_has_it(
    arena: Arena, challenge: str
) -> None:
    challenges = arena.admin.admin.challenges
    for place, name in enumerate(("map.png", "nudge.png", "draft.png"), start=1):
        challenges.write_file(challenge, f"images/{name}", PNG, base=place)
    texts = {
        "description": "Look: ![a map](images/map.png)",
        "hints": [{"id": "nudge", "text": "![here](./images/nudge.png)", "cost": 5}],
    }
    challenges.set_metadata(challenge, {**METADATA, **texts}, base=4)
    competition = arena.competition(challenge)
    ada, stranger = arena.registered(competition), arena.player()

    def seen(who: PlatformClient, name: str) -> bytes | str:
        try:
            return who.challenges.image(challenge, name)
        except CtfyApiError as refused:
            return refused.code

    shown = who_sees(seen, {"Ada": ada, "stranger": stranger, "admin": arena.admin})
    assert shown == {
        "map.png": {"Ada", "stranger", "admin"},
        "nudge.png": {"admin"},
        "draft.png": {"admin"},
    }
    ada.competition(competition.id).unlock_hint(challenge, "nudge")
    assert seen(ada, "nudge.png") == PNG
    assert seen(stranger, "nudge.png") == "image_not_found"
    assert seen(arena.admin, "metadata.yaml") == "image_not_found"
    assert seen(arena.admin, "..%2Fmetadata.yaml") == "image_not_found"
    arena.admin.admin.competitions.update(competition.id, status="draft")
    assert seen(stranger, "map.png") == "challenge_not_found"


def who_sees(
    seen: Callable[[PlatformClient, str], bytes | str], people: dict[str, PlatformClient]
) -> dict[str, set[str]]:
    """Who of these people is sent each image."""
    return {
        name: {person for person, client in people.items() if seen(client, name) == PNG}
        for name in ("map.png", "nudge.png", "draft.png")
    }
