"""A sink that keeps results in lists."""

from __future__ import annotations

from typing import Literal

from livefilter.errors import SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import Sink

State = Literal["open", "complete", "partial", "discarded"]


class ListSink(Sink):
    """Keeps frames and scores in lists.

    Args:
        fails_at: Raise an error instead of taking the frame of this position, from 0; None never fails.
        error: What is raised there; a SinkError by default.
        finish_error: What is raised instead of finishing; None finishes.

    Attributes:
        frames: The written frames, in order; their pixels are not copied.
        scores: Their scores.
        state: "open", or how it ended: "complete", "partial" (after an interrupt) or "discarded" (after an error).

    Example:
        >>> from livefilter import process
        >>> sink = ListSink()
        >>> summary = process("synthetic:chart", sink, "edge", should_stop=iter([False, False, True]).__next__)
        >>> len(sink.frames), sink.state
        (2, 'open')
    """

    def __init__(
        self, *, fails_at: int | None = None, error: Exception | None = None, finish_error: Exception | None = None
    ) -> None:
        self.target = "a list"
        self.frames: list[Frame] = []
        self.scores: list[EdgeScore] = []
        self.state: State = "open"
        self._fails_at = fails_at
        self._error = error
        self._finish_error = finish_error

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Append a frame and its scores."""
        if self.state != "open":
            raise SinkError(f"{self.target}: is closed, so nothing more can be written to it")
        if len(self.frames) == self._fails_at:
            raise self._error or SinkError(f"{self.target}: cannot be written: set to fail at frame {self._fails_at}")
        self.frames.append(frame)
        self.scores.append(score)

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Record the end; the lists stay."""
        if self._finish_error is not None and self.state == "open":
            raise self._finish_error
        if self.state == "open":
            self.state = "complete" if is_complete else "partial"
        return None

    def discard(self) -> None:
        """Record the end; the lists stay."""
        if self.state == "open":
            self.state = "discarded"
