"""What every sink is: it takes results in order, and leaves nothing half done behind."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from livefilter.errors import KernelError, LivefilterError, PixelTypeError, ShapeError
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
            is_complete: False after an interrupt or an error: what is there is made usable, under a name that says
                that it is partial.

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
        if error is not None and not keeps_outputs(error):
            self.discard()
            return
        try:
            kept = self.finish(is_complete=error is None)
        except BaseException as failure:
            self.discard()
            if error is None or isinstance(error, BrokenPipeError) or not isinstance(failure, Exception):
                raise
            # The first error goes on: in its place, this one would decide about the outputs that are left.
            error.add_note(f"{self.target}: could not be kept: {failure}")
            return
        if error is not None and kept is not None:
            error.add_note(f"the output so far is kept in {kept}")


def keeps_outputs(error: BaseException) -> bool:
    """Return whether outputs are finished as partial ones after an error, instead of being discarded.

    They are after an interrupt, after a closed pipe, whose reader has enough, and after any error that livefilter does
    not foresee: a bug must not cost what was recorded. They are not where an input, an output or an option is wrong.
    """
    return not isinstance(error, LivefilterError) or isinstance(error, KernelError | PixelTypeError | ShapeError)
