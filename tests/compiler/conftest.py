"""What the compiler's tests share."""

from __future__ import annotations

import pytest

from livefilter.compiler import _chain


@pytest.fixture
def _short_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split even tiny frames into as many strips as there are threads."""
    monkeypatch.setattr(_chain, "_STRIP_US", 1e-9)
