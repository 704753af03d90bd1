"""Know the code that opened games long ago."""

from __future__ import annotations

from ctfy.server.achievements.rule import Achievement

ACHIEVEMENT = Achievement(
    id="secret_handshake",
    name="Secret handshake",
    description="Know the code that opened games long ago.",
    icon="🤝",
    tier="secret",
    eggs=("secret_handshake", "konami"),
)
