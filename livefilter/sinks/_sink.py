"""The protocol of sinks: they take results in order and leave no unfinished output behind."""

from __future__ import annotations

from enum import Flag, auto
from fractions import Fraction
from types import TracebackType
from typing import Protocol, Self

from livefilter.analysis import Result
from livefilter.errors import KernelError, LivefilterError, PixelTypeError, ShapeError


class Needs(Flag):
    """What a sink uses of a result beside its times. A pipeline makes and keeps no more than its sinks need."""

    ANALYSIS = auto()
    """The scores and whatever else was found."""
    FRAME = auto()
    """The frame as it was read."""
    PICTURE = auto()
    """The picture to show, and the chroma that it keeps."""
    ALL = ANALYSIS | FRAME | PICTURE


class Sink(Protocol):
    """An output of a pipeline. The code that opens a sink closes it, best with a ``with`` block.

    At the end of the block, the output is finished; after an interrupt or an unforeseen error it is kept as a partial
    one; after any other error it is discarded. Any thread may finish or discard a sink: it waits for a write in
    progress.

    Attributes:
        target: Name of the output, for messages.
        needs: What the sink uses of a result; the rest may be missing where results wait in a queue.
        loss: What is missing from the output because the input is damaged; None while nothing is.
        notes: Differences between input and output that lose nothing, such as rounded times.
    """

    target: str
    needs: Needs = Needs.ALL
    loss: str | None = None
    notes: tuple[str, ...] = ()

    def write(self, result: Result) -> None:
        """Write one result.

        Args:
            result: The result; the times of its frames must increase.

        Raises:
            SinkError: Writing fails, or the sink is finished or discarded.
        """
        ...

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Finish the output. A second call does nothing.

        Args:
            is_complete: False after an interrupt or an error: what is written becomes usable, under a name that says
                that it is partial.
            end_s: Media time at which the kept part of the source ends, so that sound and subtitles end there too.
                None: they end with the source.

        Returns:
            Where the output is; None if there is nothing to keep.

        Raises:
            SinkError: Writing fails.
        """
        ...

    def discard(self) -> None:
        """Remove the output, after an error; does nothing after ``finish``."""
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
            path = self.finish(is_complete=error is None)
        except BaseException as failure:
            self.discard()
            if error is None or isinstance(error, BrokenPipeError) or not isinstance(failure, Exception):
                raise
            # Raise the first error: the other outputs are kept or discarded according to it.
            error.add_note(f"{self.target}: could not be kept: {failure}")
            return
        if error is not None and path is not None:
            error.add_note(f"the output so far is kept in {path}")


def keeps_outputs(error: BaseException) -> bool:
    """Return whether an error leaves partial outputs, instead of discarding them.

    Partial outputs remain after an interrupt, after a closed pipe and after any error that livefilter does not foresee:
    a bug must not cost what was recorded. They do not if an input, an output or an option is wrong.
    """
    return not isinstance(error, LivefilterError) or isinstance(error, KernelError | PixelTypeError | ShapeError)
