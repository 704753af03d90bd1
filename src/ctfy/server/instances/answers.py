"""Dynamic answers: derived from the platform's secret, stored nowhere."""

from __future__ import annotations

import hashlib
import hmac
import re

from ctfy.challenge.catalogue import Challenge
from ctfy.challenge.question import Question


def derive(secret: bytes, instance_id: str, question: Question) -> str:
    """The answer that this instance holds, in the form that the question's mode gives it."""
    message = f"{instance_id}|{question.id}".encode()
    return question.mint(hmac.new(secret, message, hashlib.sha256).hexdigest()[:32])


def instance_answers(secret: bytes, instance_id: str, challenge: Challenge) -> dict[str, str]:
    """Every minted answer of an instance, by question id."""
    return {
        question.id: derive(secret, instance_id, question)
        for question in challenge.metadata.questions
        if question.minted
    }


_DYNAMIC = re.compile(r"(FLAG\{)?[0-9a-f]{32}\}?")


def looks_dynamic(text: str) -> bool:
    """Whether a text has the form of a dynamic answer."""
    return _DYNAMIC.fullmatch(text.strip()) is not None


def digest(secret: bytes, answer: str) -> str:
    """What tells later whose answer this is, without being the answer."""
    message = f"answer-digest|{answer.strip()}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()
