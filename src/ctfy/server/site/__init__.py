"""How the platform looks to its visitors: branding, the operators' pages, images."""

from __future__ import annotations

from ctfy.server.domain import Domain
from ctfy.server.site.branding import LiveBranding
from ctfy.server.site.images import ImageWorkshop
from ctfy.server.site.routes import router

DOMAIN = Domain(
    routers=(router,),
    services=(LiveBranding, ImageWorkshop),
)
