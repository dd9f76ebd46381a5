"""Synthetic scenes as a source: the same frames on every machine, without a file or a camera."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources.scenes import SCENES, Scene


class SyntheticSource(Source):
    """A scene, rendered frame by frame from its seed.

    Args:
        name: One of the scenes: webcam, corridor, chart.
        scenes: The scenes by name.

    Raises:
        SourceError: The name is unknown.
    """

    def __init__(self, name: str, scenes: Mapping[str, Scene] = SCENES) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        if name not in scenes:
            raise SourceError(
                f"synthetic:{name}: there is no such scene{_did_you_mean(name, scenes)}; known: {', '.join(scenes)}"
            )
        self._scene = scenes[name]
        rate = self._scene.rate
        self.facts = SourceFacts(f"synthetic-{name}", self._scene.shape, rate, 1 / rate, self._scene.frame_count)

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """End the iteration; nothing is open."""
        self._guard.close()

    def _frames(self) -> Iterator[Frame]:
        for index in range(self._scene.frame_count):
            yield Frame(self._scene.render(index), index, index / self._scene.rate, time.monotonic_ns())


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f", did you mean {close[0]!r}?" if close else ""
