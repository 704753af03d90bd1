"""The kinds of channels: a file each."""

from __future__ import annotations

from ctfy.server.notifications.notifiers import service, webhook
from ctfy.server.notifications.notifiers.base import Notifier

NOTIFIERS: dict[str, Notifier] = {
    notifier.name: notifier for notifier in (service.NOTIFIER, webhook.NOTIFIER)
}
