"""Flags of other platforms: whatever was right there is right here, and the rest is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.documents import write_yaml
from ctfy.challenge.importers import Report, bring
from ctfy.challenge.importers.draft import Draft
from ctfy.challenge.importers.flags import Flag, ask, flags_of
from ctfy.challenge.metadata import Metadata
from ctfy.challenge.question import Question


def asked(flags: list[Flag], **options: Any) -> tuple[Draft, list[Question]]:
    draft = Draft(Path("/x/challenge.yml"), "X")
    ask(draft, flags, **options)
    if "questions" not in draft.metadata:
        return draft, []
    about = {"name": "X", "description": "d", "difficulty": "easy", "tags": ["x"]}
    return draft, Metadata.model_validate({**about, **draft.metadata}).questions


def said(draft: Draft) -> dict[str, tuple[str, str]]:
    return {one.field: (one.became, one.why) for one in draft.fields}


def test_several_texts_are_several_answers() -> None:
    _, (question,) = asked(flags_of(["flag{a}", {"content": "flag{b}"}]))
    assert question.model_dump()["answers"] == ["flag{a}", "flag{b}"]
    assert not question.is_correct("FLAG{A}")


def test_texts_that_differ_in_case_rules_keep_them() -> None:
    _, (question,) = asked(
        flags_of(["flag{a.c}", {"content": "flag{b}", "data": "case_insensitive"}])
    )
    right = [text for text in ("flag{a.c}", "FLAG{B}") if question.is_correct(text)]
    assert right == ["flag{a.c}", "FLAG{B}"]
    assert not question.is_correct("FLAG{A.C}")
    assert not question.is_correct("flag{abc}")


def test_one_expression_is_the_pattern_itself() -> None:
    draft, (question,) = asked([Flag("flag", r"flag\{[0-9]+\}", "regex", ignore_case=True)])
    assert question.model_dump()["pattern"] == r"flag\{[0-9]+\}"
    assert question.is_correct("FLAG{42}")
    assert said(draft) == {"flag": ("carried", "")}


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (r"flag\{(?!no).*\}", "look-around"),
        (r"(fl)ag\1", "back-references"),
        ("flag{(", "no regular expression"),
        (".*", "fits an empty answer"),
        (".+", "whatever one writes"),
        ("(?x) flag", "invalid perl operator"),
        ("a" * 1001, "1000 characters"),
    ],
)
def test_an_expression_that_no_question_holds_is_reported_with_why(
    expression: str, why: str
) -> None:
    draft, (question,) = asked([Flag("flag 1", expression, "regex"), Flag("flag 2", "flag{x}")])
    became, reason = said(draft)["flag 1"]
    assert became == "dropped"
    assert why in reason
    assert question.model_dump()["answer"] == "flag{x}"


@pytest.mark.parametrize(
    ("expression", "right", "wrong"),
    [
        (r"flag{a{,2}}\Z", "flag{aa}", "flag{aaa}"),
        (r"x[[:alpha:]]", "x[]", "xb"),
        ("x[\\u00e9]", "x\u00e9", "xe"),
    ],
)
def test_what_both_spell_differently_means_the_same(
    expression: str, right: str, wrong: str
) -> None:
    _, (question,) = asked([Flag("flag", expression, "regex")])
    assert question.is_correct(right)
    assert not question.is_correct(wrong)


def test_classes_of_unicode_are_named_as_changed() -> None:
    draft, _ = asked([Flag("flag", r"flag\{\d+\}", "regex")])
    became, why = said(draft)["flag"]
    assert (became, "ASCII" in why) == ("changed", True)


def test_flags_that_are_all_asked_for_are_a_question_each() -> None:
    _, questions = asked(flags_of(["flag{a}", "flag{b}"]), each=True, attempts=3)
    assert [(q.id, q.attempts, q.is_correct("flag{b}")) for q in questions] == [
        ("flag1", 3, False),
        ("flag2", 3, True),
    ]


def test_more_than_a_pattern_holds_is_reported() -> None:
    flags = [Flag(f"flag {n}", f"{n}{'x' * 300}[0-9]", "regex") for n in range(4)]
    draft, (question,) = asked(flags)
    assert said(draft)["flag 3"][0] == "dropped"
    assert question.is_correct(f"2{'x' * 300}7")


TEXTS = st.text(st.sampled_from("aAbB1{}[]()^$.*+?|\\- \u00e9\u017f"), min_size=1, max_size=8)


@given(st.lists(st.tuples(TEXTS, st.booleans()), min_size=1, max_size=5), TEXTS)
def test_texts_are_right_whatever_they_are_put_together_with(
    texts: list[tuple[str, bool]], other: str
) -> None:
    flags = [Flag(f"flag {n}", text, "static", case) for n, (text, case) in enumerate(texts)]
    flags.append(Flag("flag x", r"zz[0-9]+", "regex"))
    _, (question,) = asked(flags)
    texts = [(text.strip(), case) for text, case in texts if text.strip()]
    for text, _ in texts:
        assert question.is_correct(text)
    if other.strip().casefold() not in {text.casefold() for text, _ in texts}:
        assert not question.is_correct(other)


PIECES = st.sampled_from(
    [r"[a-c]", r"[^]a]", "a", "b{,2}", "c+", "(ab|c)?", r"\.", "x{1,3}", r"\{", "^", "$"]
)


@given(st.lists(PIECES, min_size=1, max_size=6), st.text("abc.x]{", min_size=1, max_size=6))
def test_an_expression_takes_what_it_took(pieces: list[str], text: str) -> None:
    expression = "q" + "".join(pieces)
    _, (question,) = asked([Flag("flag", expression, "regex")])
    assert question.is_correct(f"q{text}") == (re.fullmatch(expression, f"q{text}") is not None)


def brought(tmp_path: Path, format_: str, files: dict[str, Any]) -> tuple[Report, Question]:
    for name, content in files.items():
        path = tmp_path / "old" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else write_yaml(content))
    (report,) = bring(format_, tmp_path / "old", tmp_path / "new")
    assert report.findings == []
    (question,) = Catalogue.load(tmp_path / "new").challenges[report.id].metadata.questions
    return report, question


def test_rctf_flags_may_be_several_and_expressions(tmp_path: Path) -> None:
    given = {
        "name": "H",
        "description": "d",
        "category": "misc",
        "flag": ["flag{a}", {"regex": "flag{[0-9]}"}],
    }
    _, question = brought(tmp_path, "rctf", {"h/challenge.yaml": given})
    assert question.is_correct("flag{a}")
    assert question.is_correct("flag{7}")


def test_kctf_flags_of_its_metadata_are_all_right(tmp_path: Path) -> None:
    challenge = {"apiVersion": "kctf.dev/v1", "kind": "Challenge", "metadata": {"name": "k"}}
    report, question = brought(
        tmp_path,
        "kctf",
        {
            "k/challenge.yaml": challenge,
            "k/metadata.yaml": {"flags": ["CTF{a}", "CTF{b}"], "description": "d"},
            "k/challenge/Dockerfile": "FROM x\nCOPY flag /\n",
            "k/challenge/flag": "CTF{of-the-image}",
        },
    )
    assert question.model_dump()["answers"] == ["CTF{a}", "CTF{b}"]
    assert "flag in challenge/flag: it is another than that in metadata.yaml" in report.lost
