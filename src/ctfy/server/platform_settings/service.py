"""Settings that operators change: the database's value over the environment's over the default."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any, Literal, get_args, get_origin

import structlog
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.core.errors import Invalid, NotFound, field_error
from ctfy.server.access.secrets import Seal, Secret, Unreadable
from ctfy.server.cache import Cache
from ctfy.server.database.base import now
from ctfy.server.database.connections import Background, Database
from ctfy.server.database.statement import Statement
from ctfy.server.events.outbox import emit
from ctfy.server.events.relay import Relay
from ctfy.server.events.types import Event
from ctfy.server.models.platform_settings import PlatformSettingInfo
from ctfy.server.platform_settings.events import PlatformSettingChanged
from ctfy.server.services import provided
from ctfy.server.settings import Settings
from ctfy.server.tables.platform_settings import PlatformSetting

log = structlog.get_logger()

# Sealed in the database, and shown to nobody: whether there is one is all that anybody reads.
WRITE_ONLY = frozenset({"smtp_password"})
_SECRET = frozenset({"registration_code"})  # what they are, the activity log does not say
KEYS = (
    "event_name",
    "accent_color",
    "landing_text",
    "footer_text",
    "rate_limiting_enabled",
    "rate_limits",
    "disabled_challenges",
    "question_attempt_caps",
    "password_auth_enabled",
    "require_totp_for_operators",
    "registration",
    "registration_code",
    "registration_domains",
    "admin_shell_idle_timeout_s",
    "admin_shell_hard_timeout_s",
    "admin_shell_max_concurrent_per_admin",
    "admin_shell_mint_rate_limit",
    "admin_shell_session_ttl_s",
    "admin_shell_allowed_origins",
    "compose_up_timeout_s",
    "default_instance_ttl_s",
    "max_instance_ttl_s",
    "placement_max_load",
    "smtp_host",
    "smtp_port",
    "smtp_username",
    "smtp_password",
    "smtp_tls",
    "smtp_from",
)
SECRET = "(secret)"  # stands for one
_TYPES = {bool: "boolean", int: "integer", str: "string", list: "list", dict: "object"}
_NOT_MORE = {
    "default_instance_ttl_s": "max_instance_ttl_s",
    "admin_shell_idle_timeout_s": "admin_shell_hard_timeout_s",
}


_STORED = Statement(select(PlatformSetting.key, PlatformSetting.value))


class LiveSettings:
    """Keeps one `Settings` at what the database, the environment and the defaults say together.

    Whoever holds that object sees each change at once.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        background: Background,
        cache: Cache,
        relay: Relay,
        secret: Secret,
    ) -> None:
        self.settings = settings
        self._secret = secret
        self.environment = settings.model_copy()
        self._database = background
        self._cache = cache
        self._turn = asyncio.Lock()  # whoever read last has the last word
        # What this process changes holds at once, and elsewhere when the relay brings it.
        database.on_commit(lambda event: self._follow(type(event)))
        relay.observe(lambda event: self._follow(event.kind))

    async def load(self) -> None:
        """Take over what the database says."""
        async with self._turn:
            rows = await self._database.read(_STORED)
            values = {row.key: row.value for row in rows}
            for key in KEYS:
                value = of_environment(self.environment, key, values)
                if key in values:
                    try:
                        value = validated(key, self._opened(key, values[key]))
                    except ValidationError as error:  # of another version; it does no harm to wait
                        log.warning("setting_ignored", key=key, error=str(error))
                    except Unreadable:
                        log.warning("setting_ignored", key=key, error="of another secret key")
                setattr(self.settings, key, value)
        self._cache.clear()

    async def open(self) -> None:
        """Take over what the database says, from now on at every change."""
        await self.load()

    async def close(self) -> None:
        """Do nothing: who tells of a change waits for it."""

    def sealed(self, key: str, value: Any) -> Any:
        """A value as the database has it."""
        return self._seal(key).close(value).decode() if key in WRITE_ONLY and value else value

    def _opened(self, key: str, stored: Any) -> Any:
        return self._seal(key).open(stored.encode()) if key in WRITE_ONLY and stored else stored

    def _seal(self, key: str) -> Seal:
        return Seal(self._secret, f"platform-setting|{key}")

    def _follow(self, kind: type[Event] | None) -> Awaitable[None] | None:
        return self._reload() if kind is PlatformSettingChanged else None

    async def _reload(self) -> None:
        try:
            await self.load()
        except Exception:
            log.exception("settings_not_loaded")


TheLiveSettings = Annotated[LiveSettings, provided(LiveSettings)]


def validated(key: str, value: Any) -> Any:
    """A value as the key's type has it. Raises pydantic.ValidationError."""
    checked = Settings.__pydantic_validator__.validate_assignment(
        Settings.model_construct(), key, value, strict=None
    )
    return getattr(checked, key)


def of_environment(environment: Settings, key: str, stored: dict[str, Any]) -> Any:
    """What holds where the database says nothing of a setting, but perhaps of others.

    A password is sent to no other mail server than the one that it was set with.
    """
    elsewhere = stored.get("smtp_host", environment.smtp_host) != environment.smtp_host
    return "" if key == "smtp_password" and elsewhere else getattr(environment, key)


def _field(key: str) -> FieldInfo:
    if key not in KEYS:
        raise NotFound(
            "setting_not_found", f"There is no setting '{key}'; there are: {', '.join(KEYS)}."
        )
    return Settings.model_fields[key]


def info(live: LiveSettings, key: str, stored: dict[str, Any]) -> PlatformSettingInfo:
    """A setting on the wire; `stored` holds what the database has."""
    field = _field(key)
    in_environment = key in live.environment.model_fields_set
    otherwise = of_environment(live.environment, key, stored)
    default = field.get_default(call_default_factory=True)
    bounds = {
        name: getattr(constraint, name)
        for constraint in field.metadata
        for name in ("ge", "le", "max_length")
        if hasattr(constraint, name)
    }
    if get_origin(field.annotation) is Literal:
        bounds["one_of"] = list(get_args(field.annotation))
    return PlatformSettingInfo(
        key=key,
        type=_TYPES[type(default)],
        description=field.description or "",
        value=_readable(key, stored.get(key, otherwise)),
        source="db" if key in stored else "env" if in_environment else "default",
        env_value=_readable(key, otherwise) if in_environment else None,
        default_value=default,
        bounds=bounds,
        write_only=key in WRITE_ONLY,
    )


def _readable(key: str, value: Any) -> Any:
    return SECRET if key in WRITE_ONLY and value else value


async def stored_values(session: AsyncSession) -> dict[str, Any]:
    """What the database has, by key."""
    rows = await session.execute(select(PlatformSetting.key, PlatformSetting.value))
    return {row.key: row.value for row in rows}


async def change(
    session: AsyncSession, live: LiveSettings, caller_id: str, key: str, value: Any
) -> PlatformSettingInfo:
    """Set a setting. Raises `setting_not_found`, and 422 on a value that it cannot have."""
    _field(key)
    stored = await stored_values(session)
    try:
        checked = validated(key, value)
    except ValidationError as error:
        issues = [
            {
                "loc": ["body", "value", *e["loc"][1:]],
                "msg": e["msg"].removeprefix("Value error, "),
                "type": e["type"],
            }
            for e in error.errors()
        ]
        raise Invalid("validation_error", f"{key}: {issues[0]['msg']}", issues=issues) from None
    _check_together(live, {**stored, key: checked})
    before = info(live, key, stored).value
    kept = live.sealed(key, checked)
    await session.execute(
        insert(PlatformSetting)
        .values(key=key, value=kept, updated_by=caller_id, updated_at=now())
        .on_conflict_do_update(
            index_elements=[PlatformSetting.key],
            set_={"value": kept, "updated_by": caller_id, "updated_at": now()},
        )
    )
    await _forget_password(session, key, before, checked)
    return _emit_changed(session, live, key, {**stored, key: checked}, before, caller_id)


async def _forget_password(session: AsyncSession, key: str, before: Any, after: Any) -> None:
    """Whoever changes the mail server must not have it told the password of the one before."""
    if key == "smtp_host" and after != before:
        await session.execute(delete(PlatformSetting).where(PlatformSetting.key == "smtp_password"))


async def unset(
    session: AsyncSession, live: LiveSettings, caller_id: str, key: str
) -> PlatformSettingInfo:
    """Go back to the environment's value, else the default. Raises `setting_not_found`."""
    _field(key)
    stored = await stored_values(session)
    before = info(live, key, stored).value
    stored.pop(key, None)
    _check_together(live, stored)
    await session.execute(delete(PlatformSetting).where(PlatformSetting.key == key))
    await _forget_password(session, key, before, info(live, key, stored).value)
    return _emit_changed(session, live, key, stored, before, caller_id)


def _check_together(live: LiveSettings, stored: dict[str, Any]) -> None:
    for small, large in _NOT_MORE.items():
        values = [stored.get(key, getattr(live.environment, key)) for key in (small, large)]
        if values[0] > values[1]:
            raise field_error(
                ["body", "value"],
                f"`{small}` ({values[0]}) would be more than `{large}` ({values[1]})",
            )


def _emit_changed(
    session: AsyncSession,
    live: LiveSettings,
    key: str,
    stored: dict[str, Any],
    before: Any,
    caller_id: str,
) -> PlatformSettingInfo:
    now_ = info(live, key, stored)
    emit(
        session,
        PlatformSettingChanged(setting_key=key, source=now_.source),
        before={"value": _shown(key, before)},
        after={"value": _shown(key, now_.value)},
        actor_id=caller_id,
    )
    return now_


def _shown(key: str, value: Any) -> Any:
    """A value as the activity log has it."""
    return SECRET if key in _SECRET and value else value
