"""How the platform's own credentials are spelled: who makes them, and who must not pass them on."""

from __future__ import annotations

SESSION_COOKIE = "ctfy_session"
# No secret: tells a page's script that there is a session, so that it need not ask to hear 401.
SIGNED_IN_COOKIE = "ctfy_signed_in"
OAUTH_STATE_COOKIE = "ctfy_oauth_state"
COOKIES = (SESSION_COOKIE, SIGNED_IN_COOKIE, OAUTH_STATE_COOKIE)

API_TOKEN_PREFIX = "pf_"
SESSION_TOKEN_PREFIX = "ps_"
NODE_TOKEN_PREFIX = "nt_"
REGISTRATION_TOKEN_PREFIX = "nr_"
TOKEN_PREFIXES = (
    API_TOKEN_PREFIX,
    SESSION_TOKEN_PREFIX,
    NODE_TOKEN_PREFIX,
    REGISTRATION_TOKEN_PREFIX,
)
SHORTEST_TOKEN = 40  # characters after the prefix: 256 bits make 43, a node's own are longer
