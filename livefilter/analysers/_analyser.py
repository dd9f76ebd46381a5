"""The protocol of analysers: they look at frames in order, and say what they found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from livefilter.analysis import Analysis
from livefilter.frame import Frame


class Analyser(Protocol):
    """Looks at the gray of frames and adds to their analyses; it never changes pixels. One run uses it.

    Attributes:
        lookahead_s: How much later than a frame its analysis is certain, in seconds of media time: 0 if ``push``
            answers at once, infinity if it needs the whole stream. A live pipeline accepts only 0.
        is_slow: It may take longer than a frame lasts. In a live pipeline, a slow one gets the newest frame in a thread
            of its own, and its last answer holds until the next; otherwise it sees every frame.
    """

    lookahead_s: float = 0.0
    is_slow: bool = False

    def push(self, frame: Frame, so_far: Analysis) -> Iterable[tuple[Frame, Analysis]]:
        """Take the next frame, and return the frames whose analyses are certain now: each once, in order.

        Args:
            frame: The frame; it may be held back.
            so_far: What the analysers before this one know of it.
        """
        ...

    def finish(self) -> Iterable[tuple[Frame, Analysis]]:
        """Return the frames that are held back: the stream has ended."""
        return ()

    def reset(self) -> None:
        """Forget the frames so far: what comes next does not continue them. Nothing is held back at this time."""
        return
