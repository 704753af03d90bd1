"""Telling the outside what happens: channels to chats, mail and webhooks."""

from __future__ import annotations

from procrastinate import RetryStrategy

from ctfy.server.domain import Domain, Job
from ctfy.server.notifications.routes import router
from ctfy.server.notifications.sending import JOB, run, send

DOMAIN = Domain(
    routers=(router,),
    # After 5, 10, 15 … seconds, until `send` gives the message up for its age.
    jobs=(Job(JOB, send, retry=RetryStrategy(max_attempts=60, linear_wait=5)),),
    background=(run,),
)
