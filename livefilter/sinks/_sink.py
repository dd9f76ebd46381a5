"""What every sink is: it takes results in order, and leaves nothing half done behind."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from livefilter.frame import Frame
from livefilter.kernels import EdgeScore


class Sink(Protocol):
    """One end of a pipeline. Whoever opens it closes it, best in a ``with``, which finishes, keeps or discards as fits.

    Any thread may finish or discard it; it waits for a write that is under way.

    Attributes:
        target: Where it goes, for people.
        loss: What of its input it could not take over, in words; None while nothing was lost.
        notes: What it does not keep as it was, though nothing is lost by it, in words.
    """

    target: str
    loss: str | None = None
    notes: tuple[str, ...] = ()

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Take one result: the filtered picture at the time of its frame, and the frame's score.

        Raises:
            SinkError: It cannot be written, or was finished or discarded already.
        """
        ...

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Finish the output, and return where it is; None if there is nothing to keep. A second call does nothing.

        Args:
            is_complete: False after an interrupt: what is there is made usable, under a name that says that it is
                partial.

        Raises:
            SinkError: It cannot be written.
        """
        ...

    def discard(self) -> None:
        """Drop the output, after an error; nothing happens if it is finished already."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A closed pipe ends a run as an interrupt does: the reader of one output has enough, what others hold is good.
        if error is not None and not isinstance(error, KeyboardInterrupt | BrokenPipeError):
            self.discard()
            return
        try:
            self.finish(is_complete=error is None)
        except BaseException:
            self.discard()
            raise
