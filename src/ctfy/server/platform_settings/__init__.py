"""Settings that operators change while the platform runs."""

from __future__ import annotations

from ctfy.server.domain import Domain
from ctfy.server.platform_settings.routes import router
from ctfy.server.platform_settings.service import LiveSettings

DOMAIN = Domain(
    routers=(router,),
    services=(LiveSettings,),
)
