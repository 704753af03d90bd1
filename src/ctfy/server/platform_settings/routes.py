"""`/admin/platform-settings`."""

from __future__ import annotations

from ctfy.server.access.caller import Admin, SuperAdmin
from ctfy.server.access.idempotency import Router
from ctfy.server.database.connections import Session
from ctfy.server.models.platform_settings import PlatformSettingInfo, PlatformSettingPatch
from ctfy.server.platform_settings import service
from ctfy.server.platform_settings.service import TheLiveSettings

router = Router(prefix="/admin/platform-settings", tags=["settings"])


@router.get("")
async def list_settings(
    live_settings: TheLiveSettings, session: Session, _: Admin
) -> list[PlatformSettingInfo]:
    """Every setting that can be changed while the platform runs."""
    stored = await service.stored_values(session)
    return [service.info(live_settings, key, stored) for key in service.KEYS]


@router.patch("/{key}")
async def set_setting(
    key: str,
    body: PlatformSettingPatch,
    live_settings: TheLiveSettings,
    session: Session,
    caller: SuperAdmin,
) -> PlatformSettingInfo:
    """Set a setting; every replica follows within a second."""
    live = live_settings
    return await service.change(session, live, caller.user_id, key, body.value)


@router.delete("/{key}")
async def unset_setting(
    key: str, live_settings: TheLiveSettings, session: Session, caller: SuperAdmin
) -> PlatformSettingInfo:
    """Go back to the environment's value, else the default."""
    return await service.unset(session, live_settings, caller.user_id, key)
