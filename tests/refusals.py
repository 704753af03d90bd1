"""What the platform says no to."""

from __future__ import annotations

import pytest

from ctfy.sdk import CtfyApiError


def refusal(call: object, *arguments: object, **named: object) -> CtfyApiError:
    """The error with which a call is refused."""
    with pytest.raises(CtfyApiError) as caught:
        call(*arguments, **named)  # type: ignore[operator]
    return caught.value
