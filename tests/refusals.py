"""What a refusal says."""

from __future__ import annotations

import pytest
from firstbad.tracer.errors import FirstbadError


def slug(error: pytest.ExceptionInfo[FirstbadError]) -> str:
    """The slug of an error, whose remedy is a sentence of its own; the dot behind its message is put there later."""
    assert error.value.remedy.endswith(".")
    assert not error.value.message.endswith(".")
    return error.value.slug
