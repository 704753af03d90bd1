"""Who may make an account by themselves: everybody, nobody, who knows a code, some mail domains.

Operators make accounts whatever the rule is.
"""

from __future__ import annotations

import secrets

from ctfy.core.errors import Forbidden, Unauthorized
from ctfy.server.settings import Settings


def check(settings: Settings, email: str, *, knows_code: bool) -> None:
    """Raise why somebody with this address may not make an account here.

    That is `sign_up_closed`, `registration_code_required` or `registration_domain_refused`.
    """
    match settings.registration:
        case "closed":
            raise Forbidden("sign_up_closed", "Nobody makes an account here by themselves.")
        case "code" if not knows_code:
            raise Forbidden(
                "registration_code_required", "Making an account here takes the organisers' code."
            )
        case "domains" if not _is_allowed(email, settings.registration_domains):
            known = ", ".join(settings.registration_domains) or "none yet"
            raise Forbidden(
                "registration_domain_refused",
                f"Accounts here are for addresses of these domains: {known}.",
                domains=settings.registration_domains,
            )


def knows_code(settings: Settings, code: str) -> bool:
    """Whether somebody sent the code, where one is asked for.

    Raises `registration_code_wrong` for another. While no code is set, every one is wrong.
    """
    if settings.registration != "code" or not code:
        return False
    expected = settings.registration_code
    if not expected or not secrets.compare_digest(code.encode(), expected.encode()):
        raise Unauthorized("registration_code_wrong", "This is not the organisers' code.")
    return True


def _is_allowed(email: str, domains: list[str]) -> bool:
    """Whether an address is of one of some domains; `*.example.org` are all below that one."""
    domain = email.rpartition("@")[2].lower()
    return any(
        domain.endswith(allowed[1:]) if allowed.startswith("*.") else domain == allowed
        for allowed in domains
    )
