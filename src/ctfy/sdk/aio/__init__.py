"""The asynchronous client: the same names, methods and types as `ctfy.sdk`, awaited.

    async with AsyncPlatformClient(url, token="pf_…") as client:
        competition = (await client.competitions.list(phase="running"))[0]

Everything but this file is written by tools/async_sdk.py from the synchronous modules.
"""

from ctfy.sdk.aio.admin import AsyncAdminClient
from ctfy.sdk.aio.client import AsyncPlatformClient
from ctfy.sdk.aio.events import AsyncEventStream
from ctfy.sdk.aio.node import AsyncNodeClient

__all__ = ["AsyncAdminClient", "AsyncEventStream", "AsyncNodeClient", "AsyncPlatformClient"]
