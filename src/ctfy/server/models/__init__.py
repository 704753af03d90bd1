"""What travels on the wire: every type by its name, each in the file of its domain."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctfy.server.models.accounts import *
    from ctfy.server.models.achievements import *
    from ctfy.server.models.activity import *
    from ctfy.server.models.audits import *
    from ctfy.server.models.awards import *
    from ctfy.server.models.base import *
    from ctfy.server.models.builds import *
    from ctfy.server.models.challenges import *
    from ctfy.server.models.competitions import *
    from ctfy.server.models.fields import *
    from ctfy.server.models.inbox import *
    from ctfy.server.models.incidents import *
    from ctfy.server.models.instances import *
    from ctfy.server.models.meta import *
    from ctfy.server.models.nodes import *
    from ctfy.server.models.notifications import *
    from ctfy.server.models.observability import *
    from ctfy.server.models.people import *
    from ctfy.server.models.platform_settings import *
    from ctfy.server.models.records import *
    from ctfy.server.models.shell import *
    from ctfy.server.models.site import *
    from ctfy.server.models.standings import *
    from ctfy.server.models.submissions import *
    from ctfy.server.models.tasks import *
    from ctfy.server.models.teams import *
    from ctfy.server.models.writeups import *
else:

    def __getattr__(name: str) -> Any:
        """A model by its name; a file is read when one of its names is first asked for."""
        if not name.startswith("_"):
            for module in pkgutil.iter_modules(__path__):
                found = getattr(importlib.import_module(f"{__name__}.{module.name}"), name, None)
                if getattr(found, "__module__", "").startswith("ctfy."):
                    return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
