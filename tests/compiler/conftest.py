"""Fixtures of the compiler's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from livefilter.compiler.native._disk_cache import is_interpreted
from livefilter.compiler.plan import _halo  # Its batches of halo rows are longer than frames of tests are.
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
    """Split even tiny frames into as many strips as there are threads, and each of them into batches of halo rows."""
    monkeypatch.setattr(_strips, "_PART_US", 1e-9)
    monkeypatch.setattr(_halo, "_BATCH_COLUMNS", 1)
    monkeypatch.setattr(_halo, "_MIN_BATCH_ROWS", 4)


# The same pixels in other memory layouts.
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "contiguous": np.ascontiguousarray,
    "every other pixel": lambda image: np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)[::2, ::2],
    "cut out": lambda image: np.pad(image, [(3, 2), (5, 1)] + [(0, 0)] * (image.ndim - 2))[3:-2, 5:-1],
    "upside down": lambda image: np.ascontiguousarray(image[::-1])[::-1],
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1])[:, ::-1],
    "Fortran order": np.asfortranarray,
    "read-only": lambda image: np.frombuffer(image.tobytes(), np.uint8).reshape(image.shape),
    "broadcast": lambda image: np.broadcast_to(image[:1], image.shape),
}


@pytest.fixture(params=LAYOUTS)
def lay_out(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Return a function that returns the pixels of an image in another memory layout."""
    return LAYOUTS[request.param]
