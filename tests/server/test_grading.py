from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ctfy.challenge.metadata import Question
from ctfy.server.instances.answers import derive
from ctfy.server.submissions.grading import is_correct

text = st.text(min_size=1, max_size=40)
choices = st.lists(text, min_size=2, max_size=8, unique=True)


@given(text, text)
def test_a_text_is_right_when_it_is_the_answer_but_for_space_around(
    answer: str, given_: str
) -> None:
    question = Question(id="q", prompt="?", answer=answer)
    assert is_correct(question, "", f"  {answer}\n")
    assert is_correct(question, "", given_) == (given_.strip() == answer.strip())


@given(choices, st.data())
def test_a_multiple_choice_compares_as_sets(options: list[str], data: st.DataObject) -> None:
    right = data.draw(st.lists(st.sampled_from(options), min_size=1, unique=True))
    chosen = data.draw(st.lists(st.sampled_from(options), min_size=1))
    question = Question(id="q", prompt="?", choices=options, answer=right)
    assert is_correct(question, "", data.draw(st.permutations(right)))
    assert is_correct(question, "", chosen) == (set(chosen) == set(right))


@given(st.binary(min_size=1), text, text)
def test_answers_differ_by_instance_question_and_secret(secret: bytes, one: str, two: str) -> None:
    question = Question(id="flag", prompt="?")
    answer = derive(secret, one, question)
    assert is_correct(question, answer, answer)
    assert (derive(secret, two, question) == answer) == (one == two)
    assert derive(secret + b"x", one, question) != answer
    assert derive(secret, one, Question(id="other", prompt="?")) != answer


def test_a_raw_answer_is_bare_hex() -> None:
    raw = derive(b"s", "i", Question(id="q", prompt="?", format="raw"))
    assert len(raw) == 32
    assert int(raw, 16) >= 0
