"""The Python SDK: everything that a player, an operator or a node does over the wire."""

from ctfy.sdk.admin import AdminClient
from ctfy.sdk.client import PlatformClient
from ctfy.sdk.errors import BadAnswer, CtfyApiError, CtfyError, InstanceFailed, StartTimeout
from ctfy.sdk.events import EventStream
from ctfy.sdk.node import TypedNodeClient
from ctfy.sdk.node_client import NodeClient
from ctfy.sdk.resources.instances import InstanceReadyResult

__all__ = [
    "AdminClient",
    "BadAnswer",
    "CtfyApiError",
    "CtfyError",
    "EventStream",
    "InstanceFailed",
    "InstanceReadyResult",
    "NodeClient",
    "PlatformClient",
    "StartTimeout",
    "TypedNodeClient",
]
