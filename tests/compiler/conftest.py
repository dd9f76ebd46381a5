"""Fixtures of the compiler's tests: a team of eight threads that shares even tiny frames, and memory layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from livefilter.compiler.native import is_interpreted
from livefilter.compiler.plan import _halo  # Its batches of halo rows are longer than frames of tests are.
from livefilter.compiler.threads import ThreadTeam, using_team
from livefilter.testing import wait_until


@pytest.fixture(scope="session")
def _team_of_eight() -> ThreadTeam:
    # Not kept off the caller's processor: spinning threads that share one can starve each other for many seconds.
    return ThreadTeam(max_workers=7, min_share_us=1e-9, current_cpu=None)


@pytest.fixture
def team(_team_of_eight: ThreadTeam) -> Iterator[ThreadTeam]:
    """The process's team during a test: seven workers, on any number of processors, all of them ready."""
    with using_team(_team_of_eight) as team:
        if not is_interpreted():
            # Asleep, not merely started: a worker that is about to fall asleep misses the frame that comes just then.
            wait_until(lambda: team.start(7) and team.is_asleep, timeout_s=60)
        yield team


@pytest.fixture
def _many_tiles(monkeypatch: pytest.MonkeyPatch, team: ThreadTeam) -> None:
    """Split even tiny frames into a tile for each thread, and each of them into batches of halo rows."""
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
