"""What an agent reads when a call is refused: one plain sentence, and which tool to call next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import httpx
from pydantic import ValidationError

from ctfy.sdk import CtfyApiError, CtfyError, StartTimeout

# What to do about a refusal, by its stable code.
_NEXT = {
    "all_answered": "Go on with another challenge.",
    "attachment_not_found": "list_challenge_attachments and get_instance name the files.",
    "capacity_exceeded": "Call stop_instance for one that you do not need, then try again.",
    "challenge_has_no_instance": "Call submit_qa_answer.",
    "challenge_locked": "Solve those first.",
    "challenge_not_found": "Call list_challenges.",
    "competition_ended": "Answers no longer count: call list_competitions.",
    "competition_not_found": "Call list_competitions.",
    "competition_paused": "Wait: get_competition tells when paused_at is empty again.",
    "competition_scope_required": "Pass one of these as competition_id.",
    "hint_not_found": "Call list_hints.",
    "instance_not_found": "list_instances shows yours; start_instance makes one.",
    "instance_not_running": "Call start_instance for a new one.",
    "not_a_qa_challenge": "Call start_instance, then submit_answer.",
    "not_registered": "Call register_for_competition first.",
    "openvpn_config_not_available": "Use the URLs in the instance's services.",
    "question_attempt_cap_exceeded": "No attempt is left: go on with another question.",
    "question_locked": "get_instance shows which questions are open.",
    "rate_limit": "Wait before the next call.",
    "scoreboard_hidden": "Go on without it: list_challenges shows what your team solved.",
    "team_missing": "Call register_for_competition first.",
    "token_competition_forbidden": "list_competitions shows those that this token reaches.",
    "token_missing_scope": "Ask for a token with that scope.",
    "unknown_challenge": "Call list_challenges.",
    "unknown_question_id": "Leave question_id out where one question is open.",
}
# Where the server's own words are for programs that speak HTTP.
_INSTEAD = {
    "unauthorized": "The token is not valid: ask whoever runs you for a new one.",
    "not_found": "There is nothing of that name: check the ids that you passed.",
    "http_error": "The ctfy server cannot be reached. Wait, then try again.",
    "internal_error": "The ctfy server failed at this. Try again; if it stays so, go on without.",
}
BROKEN = _INSTEAD["internal_error"]


def explained(error: BaseException | None, arguments: Mapping[str, Any]) -> str:
    """A failure that was to be expected, in words with the next step; empty for any other.

    `arguments`: the tool's, by name, as their schemas.
    """
    if isinstance(error, CtfyApiError):
        return f"{_words(error, arguments)} [{error.code}] {_NEXT.get(error.code, '')}".rstrip()
    if isinstance(error, StartTimeout):
        return f"{error}. Call wait_until_ready with instance_id={error.instance_id}."
    if isinstance(error, CtfyError):
        return str(error)
    if isinstance(error, httpx.TransportError):
        return "The ctfy server does not answer. Wait, then try again."
    return ""


def _words(error: CtfyApiError, arguments: Mapping[str, Any]) -> str:
    if error.code in _INSTEAD:
        return _INSTEAD[error.code]
    detail = error.detail if isinstance(error.detail, dict) else {"message": error.detail}
    if detail.get("issues"):
        return " ".join(_issue(issue, arguments) for issue in detail["issues"])
    message = str(detail.get("message", "")).rstrip(".")
    context = {name: _shown(value) for name, value in detail.items() if name != "message"}
    untold = [f"{name}: {words}" for name, words in context.items() if words not in message]
    return f"{message} ({'; '.join(untold)})." if untold else f"{message}."


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    if isinstance(value, dict):
        return " ".join(str(one) for one in value.values())
    return str(value)


def _issue(issue: dict[str, Any], arguments: Mapping[str, Any]) -> str:
    """What is wrong with an argument as the server found it."""
    name = next((str(part) for part in reversed(issue["loc"]) if isinstance(part, str)), "")
    if issue["type"] == "value_error":  # the platform's own words
        return f"{name}: {issue['msg'].removeprefix('Value error, ')}."
    schema = arguments.get(name, {})
    wanted = kind(schema)
    return _sentence(name, "does not fit" if wanted == "text" else f"must be {wanted}", schema)


def of_arguments(
    tool: str, given: Mapping[str, Any], schema: dict[str, Any], error: ValidationError | None
) -> str:
    """What is wrong with a tool's arguments; empty when nothing is.

    `error`: how the library refused them.
    """
    known: dict[str, dict[str, Any]] = schema["properties"]
    if unknown := [name for name in given if name not in known]:
        takes = ", ".join(known) or "no arguments"
        return f"{tool} does not know {', '.join(unknown)}. It takes: {takes}."
    wrong = {name: "is missing" for name in schema.get("required", ()) if name not in given}
    for issue in error.errors() if error is not None else ():
        name = str(issue["loc"][0])
        # What an argument's own check says is for agents; what the library says is not.
        own = str(issue["ctx"]["error"]) if issue["type"] == "value_error" else ""
        wrong.setdefault(name, _fault(given[name], known[name], own))
    return " ".join(_sentence(name, fault, known[name]) for name, fault in wrong.items())


def _fault(value: Any, schema: dict[str, Any], own: str) -> str:
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return "is empty"
    return own or f"must be {kind(schema)}"


def _sentence(name: str, fault: str, schema: dict[str, Any]) -> str:
    need = schema.get("description")
    return f"{name} {fault}: pass {need}." if need else f"{name} {fault}."


def kind(schema: dict[str, Any]) -> str:
    """What a schema asks for, in words."""
    if "enum" in schema:
        return f"one of {_shown(schema['enum'])}"
    if "anyOf" in schema:
        return _either(kind(way) for way in schema["anyOf"])
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = "" if low is None else f" from {low}" if high is None else f" from {low} to {high}"
    words = {"string": "text", "integer": "a whole number", "array": "a list of texts"}
    words["object"] = "values by their names"
    return words.get(schema.get("type", ""), "something else") + bounds


def _either(kinds: Iterable[str]) -> str:
    return " or ".join(kinds)
