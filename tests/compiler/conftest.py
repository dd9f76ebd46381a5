"""What the compiler's tests share."""

from __future__ import annotations

import pytest

from livefilter.compiler import _chain, _sides


@pytest.fixture
def _short_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split even tiny frames into as many strips as there are threads, and each of them into batches of side rows."""
    monkeypatch.setattr(_chain, "_STRIP_US", 1e-9)
    monkeypatch.setattr(_sides, "_COLUMNS", 1)
    monkeypatch.setattr(_sides, "_LEAST_ROWS", 4)
