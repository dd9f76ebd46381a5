"""A sink that keeps results in lists."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Literal

from livefilter.analysis import EdgeScore, Result
from livefilter.errors import SinkError
from livefilter.frame import Frame
from livefilter.sinks import Needs, Sink

State = Literal["open", "complete", "partial", "discarded"]


class ListSink(Sink):
    """Keeps results in a list.

    Args:
        fails_at: Raise an error instead of taking the frame of this position, from 0; None never fails.
        error: What is raised there; a SinkError by default.
        finish_error: What is raised instead of finishing; None finishes.
        needs: What the sink uses of results.

    Attributes:
        results: The written results, in order; their pixels are not copied.
        state: "open", or how it ended: "complete", "partial" (after an interrupt) or "discarded" (after an error).

    Example:
        >>> from livefilter import process
        >>> sink = ListSink()
        >>> summary = process("synthetic:chart", sink, "edge", should_stop=iter([False, False, True]).__next__)
        >>> len(sink.frames), sink.state
        (2, 'open')
    """

    def __init__(
        self,
        *,
        fails_at: int | None = None,
        error: Exception | None = None,
        finish_error: Exception | None = None,
        needs: Needs = Needs.ALL,
    ) -> None:
        self.target = "a list"
        self.needs = needs
        self.results: list[Result] = []
        self.state: State = "open"
        self._fails_at = fails_at
        self._error = error
        self._finish_error = finish_error

    @property
    def frames(self) -> list[Frame]:
        """The frames, with the pixels of the pictures to show."""
        return [
            replace(result.frame.with_pixels(result.picture), chroma=result.frame.chroma) for result in self.results
        ]

    @property
    def scores(self) -> list[EdgeScore]:
        """The scores of the frames."""
        return [result.score for result in self.results]

    def write(self, result: Result) -> None:
        """Append a result."""
        if self.state != "open":
            raise SinkError(f"{self.target}: is closed, so nothing more can be written to it")
        if len(self.results) == self._fails_at:
            raise self._error or SinkError(f"{self.target}: cannot be written: set to fail at frame {self._fails_at}")
        self.results.append(result)

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Record the end; the list stays."""
        if self._finish_error is not None and self.state == "open":
            raise self._finish_error
        if self.state == "open":
            self.state = "complete" if is_complete else "partial"
        return None

    def discard(self) -> None:
        """Record the end; the list stays."""
        if self.state == "open":
            self.state = "discarded"
