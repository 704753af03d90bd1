"""The enumerations that every part shares. Values are what the wire carries."""

from __future__ import annotations

from enum import StrEnum

from ctfy.core.platform_events import PlatformEvent as PlatformEvent


class InstanceStatus(StrEnum):
    """What a client sees of an instance's state."""

    STARTING = "starting"
    READY = "ready"
    ERROR = "error"
    STOPPED = "stopped"


class ServiceType(StrEnum):
    """How a service is spoken to."""

    SSH = "ssh"
    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"


class ChallengeCategory(StrEnum):
    """What a challenge is about."""

    WEB = "web"
    PWN = "pwn"
    REVERSE = "reverse"
    CRYPTO = "crypto"
    MISC = "misc"


class ScopeLevel(StrEnum):
    """What a token may do in one scope category; each level holds the ones before it."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
