"""`/admin/mail`."""

from __future__ import annotations

from ctfy.server.access.caller import Admin
from ctfy.server.access.idempotency import Router
from ctfy.server.accounts import mail
from ctfy.server.kernel import TheDatabase, TheSettings
from ctfy.server.models.platform_settings import MailTest

router = Router(prefix="/admin/mail", tags=["settings"])


@router.post("/test")
async def send_test_mail(settings: TheSettings, database: TheDatabase, caller: Admin) -> MailTest:
    """Send a mail to the caller's own address now, and say what the mail server said."""
    return await mail.send_test(settings, database, caller.user_id)
