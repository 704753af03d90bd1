"""The package's tree of errors: everything that ctfy raises of its own is a `PlatformError`."""

from __future__ import annotations

from typing import Any


class PlatformError(Exception):
    """The root of all errors of this package. They go from process to process, as pickles."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[PlatformError], args: tuple[Any, ...], state: dict[str, Any]
) -> PlatformError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigError(PlatformError):
    """The configuration is not one to start with."""


class StateError(PlatformError):
    """Something is in a state that does not allow what was asked."""


class ChallengeError(PlatformError):
    """A challenge is broken, or not what it says."""


class ChallengeNotFoundError(PlatformError):
    """No challenge has that id."""

    def __init__(self, challenge_id: str) -> None:
        super().__init__(f"there is no challenge {challenge_id!r}")
        self.challenge_id = challenge_id


class TeamNotFoundError(PlatformError):
    """No team has that id."""

    def __init__(self, team_id: str) -> None:
        super().__init__(f"there is no team {team_id!r}")
        self.team_id = team_id


class InstanceNotFoundError(PlatformError):
    """No instance has that id."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"there is no instance {instance_id!r}")
        self.instance_id = instance_id


class InstanceStartError(PlatformError):
    """An instance did not start."""

    def __init__(self, instance_id: str, reason: str) -> None:
        super().__init__(f"instance {instance_id} failed: {reason}")
        self.instance_id = instance_id
        self.reason = reason


class InstanceAlreadyRunningError(PlatformError):
    """The challenge runs already, for that team."""

    def __init__(self, challenge_id: str, team_id: str = "") -> None:
        whose = f" for team {team_id}" if team_id else ""
        super().__init__(f"challenge {challenge_id!r} runs already{whose}")
        self.challenge_id = challenge_id
        self.team_id = team_id


class FlagNotFoundError(PlatformError):
    """An instance has no such answer."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"instance {instance_id} has no such answer")
        self.instance_id = instance_id


class CapacityExceededError(PlatformError):
    """There is no room left, or the team has all that it may have."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class RateLimitError(PlatformError):
    """Too often."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class NotAuthorizedError(PlatformError):
    """Nobody, or a token that is not valid."""

    def __init__(self, message: str = "Not authorized") -> None:
        super().__init__(message)


class ForbiddenError(PlatformError):
    """Somebody without the right."""

    def __init__(self, message: str = "Forbidden") -> None:
        super().__init__(message)


class ProviderError(PlatformError):
    """What runs the instances failed."""


class HealthCheckError(ProviderError):
    """A service does not answer."""

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"{service} does not answer: {reason}")
        self.service = service
        self.reason = reason


class NodeRequestError(ProviderError):
    """A node refused."""

    def __init__(self, status_code: int, detail: str) -> None:
        super().__init__(f"the node refused: {detail} [{status_code}]")
        self.status_code = status_code
        self.detail = detail
