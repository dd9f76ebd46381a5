"""The seeded scenes as a source: the same frames on every machine, no file and no camera needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from difflib import get_close_matches

from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._scenes import SCENES
from livefilter.sources._source import Source, SourceFacts


class Synthetic(Source):
    """A scene, rendered frame by frame from its seed.

    Args:
        name: One of the scenes: webcam, corridor, chart.

    Raises:
        SourceError: There is no such scene.
    """

    def __init__(self, name: str) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        if name not in SCENES:
            raise SourceError(f"synthetic:{name}: no such scene{_did_you_mean(name)}; known: {', '.join(SCENES)}")
        self._scene = SCENES[name]
        rate = self._scene.rate
        self.facts = SourceFacts(f"synthetic-{name}", self._scene.shape, rate, 1 / rate, self._scene.frame_count)

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """End the iteration; a scene holds nothing open."""
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        for index in range(self._scene.frame_count):
            yield Frame(self._scene.render(index), index, index / self._scene.rate, time.monotonic_ns())


def _did_you_mean(name: str) -> str:
    close = get_close_matches(name, SCENES, n=1)
    return f", did you mean {close[0]!r}?" if close else ""
