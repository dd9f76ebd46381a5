"""What every source is: frames in order, and what is known about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from livefilter.frame import Colorimetry, Frame
from livefilter.sources._health import Health


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What is known of a stream before its frames are read.

    Attributes:
        name: For people and for file names, such as "corridor.mp4".
        shape: (rows, cols) of its frames, in pixels, as they are shown (rotation applied).
        rate: Nominal frames per second.
        time_base: Seconds that every time stamp is a whole multiple of.
        frame_count: How many frames to expect; None if that is not known.
        is_live: Frames come when they come, and one that is not taken is gone.
        look: How the stream's own numbers are meant, for outputs that keep it.
        path: The file whose sound, subtitles and chapters belong to these frames at these times; None if there is none.
        notes: What should be known before, though nothing is lost by it, in words: what a device was asked for and did
            not give, what is special about a file.
    """

    name: str
    shape: tuple[int, int]
    rate: Fraction
    time_base: Fraction
    frame_count: int | None = None
    is_live: bool = False
    look: Colorimetry = field(default_factory=Colorimetry)
    path: Path | None = None
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """One end of a pipeline: iterate it, once, for Frames. Whoever opens it closes it, best in a ``with``.

    Any thread may close it, which ends its iteration; frames that were read stay good. Cameras and streams mend
    themselves: while they are lost the iteration waits, and ``health`` says so; it ends only when it is closed, told to
    stop, or given up with a SourceError.

    Attributes:
        facts: What is known of the stream.
        loss: What could not be read, in words; None while nothing was lost.
        health: How a camera or stream is doing; any thread may read it. None for what is not live by itself.
    """

    facts: SourceFacts
    loss: str | None
    health: Health | None = None

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames in order.

        Raises:
            SourceError: The stream broke, and nothing more can be read.
        """
        ...

    def seek(self, time_s: Fraction) -> None:
        """Leave out what comes long before a media time, where that is quick and sure; otherwise do nothing.

        It is called before the first frame is read. Frames from ``time_s`` on are the same either way; those before it,
        and how indexes are counted, may not be.
        """
        return

    def drop_backlog(self) -> None:
        """Leave out what came while nobody took it, but for the newest; otherwise do nothing, as a file does.

        It is called before the first frame is read, by whoever wants what is new.
        """
        return

    def close(self) -> None:
        """End the iteration and let go of the file or device; a second call does nothing."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
