"""Scenes as a source."""

from __future__ import annotations

import time
from collections.abc import Iterator

from livefilter.frame import Frame
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources.synthetic._scene import Scene


class SyntheticSource(Source):
    """A scene, rendered frame by frame.

    Args:
        scene: The scene.
    """

    def __init__(self, scene: Scene) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self._scene = scene
        self.facts = SourceFacts(f"synthetic-{scene.name}", scene.shape, scene.rate, 1 / scene.rate, scene.frame_count)

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """End the iteration; nothing is open."""
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        for index in range(self._scene.frame_count):
            yield Frame(self._scene.render(index), index, index / self._scene.rate, time.monotonic_ns())
