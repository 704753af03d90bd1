from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ctfy.challenge.modes.dynamic import Dynamic
from ctfy.server.instances.answers import derive

text = st.text(min_size=1, max_size=40)


@given(st.binary(min_size=1), text, text)
def test_answers_differ_by_instance_question_and_secret(secret: bytes, one: str, two: str) -> None:
    question = Dynamic(id="flag", prompt="?")
    answer = derive(secret, one, question)
    assert question.is_correct(answer, answer)
    assert (derive(secret, two, question) == answer) == (one == two)
    assert derive(secret + b"x", one, question) != answer
    assert derive(secret, one, Dynamic(id="other", prompt="?")) != answer


def test_a_raw_answer_is_bare_hex() -> None:
    raw = derive(b"s", "i", Dynamic(id="q", prompt="?", format="raw"))
    assert len(raw) == 32
    assert int(raw, 16) >= 0
