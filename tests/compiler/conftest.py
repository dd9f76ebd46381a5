"""What the compiler's tests share."""

from __future__ import annotations

import pytest

from livefilter.compiler.native._disk_cache import is_interpreted
from livefilter.compiler.plan import _halo as _sides
from livefilter.compiler.threads import _pool
from livefilter.compiler.threads import _tiling as _strips
from livefilter.testing import wait_until


@pytest.fixture
def _seven_helpers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that has seven helpers, on however many processors, and that is ready."""
    if is_interpreted():
        return
    monkeypatch.setattr(_pool, "usable_cpus", lambda: 8)
    wait_until(lambda: _pool.current_team().ready(7), timeout_s=60)


@pytest.fixture
def _short_strips(monkeypatch: pytest.MonkeyPatch, _seven_helpers: None) -> None:
    """Split even tiny frames into as many strips as there are threads, and each of them into batches of side rows."""
    monkeypatch.setattr(_strips, "_PART_US", 1e-9)
    monkeypatch.setattr(_sides, "_BATCH_COLUMNS", 1)
    monkeypatch.setattr(_sides, "_MIN_BATCH_ROWS", 4)
