"""The protocol of sources: frames in order, and the properties of their stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from livefilter._deprecated import RenamedAttribute
from livefilter._timeline import Timeline
from livefilter.frame import Color, Colorimetry, Frame
from livefilter.sources._health import Health


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Properties of a stream that are known before its frames are read.

    Attributes:
        name: Name for people and for file names, such as "corridor.mp4".
        shape: (rows, cols) of the frames, in pixels, as displayed (rotation applied).
        rate: Nominal frames per second.
        time_base: Unit of the timestamps, in seconds; every time is a whole multiple of it.
        frame_count: Expected number of frames; None if unknown.
        is_live: Frames arrive in real time, and a frame that is not read in time is dropped.
        colorimetry: How the stream encodes colour, for outputs that keep it.
        path: The file whose audio, subtitles and chapters belong to these frames; None without one.
        timeline: How the file's timestamps become the times of the frames; None if they are the same.
        notes: Remarks for people that are no losses: what a device did not grant, what is special about a file.
        look: Deprecated name of ``colorimetry``.
    """

    name: str
    shape: tuple[int, int]
    rate: Fraction
    time_base: Fraction
    frame_count: int | None = None
    is_live: bool = False
    colorimetry: Colorimetry = field(default_factory=Colorimetry)
    path: Path | None = None
    timeline: Timeline | None = None
    notes: tuple[str, ...] = ()

    look = RenamedAttribute["Colorimetry"]("colorimetry")


class Source(Protocol):
    """The input of a pipeline: iterate it once, for Frames. Close what you open, best in a ``with`` block.

    Any thread may close a source, which ends its iteration; frames that were read stay valid. Cameras and streams
    reconnect by themselves: while one is lost, the iteration waits and ``health`` says so. It ends only when the source
    is closed or stopped, or when it gives up with a SourceError.

    Attributes:
        facts: Properties of the stream.
        loss: Description of what could not be read; None while nothing was lost.
        health: State of a camera or stream; any thread may read it. None for sources that are not live by themselves.
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
        """Skip most frames before a media time, where that is fast and exact; otherwise do nothing.

        Call it before the first frame is read. Frames from ``time_s`` on are the same either way; those before it, and
        the origin of indexes, may differ.
        """
        return

    def set_color(self, color: Color) -> None:
        """Choose what frames carry from now on: "gray" pixels, or BGR for "luma" and "rgb". Any thread may call it.

        A source without colors does nothing.
        """
        return

    def drop_backlog(self) -> None:
        """Drop frames that arrived before they were wanted, except the newest. Files do nothing.

        Call it before the first frame is read, to start with what is new.
        """
        return

    def close(self) -> None:
        """End the iteration and release the file or device; a second call does nothing."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@runtime_checkable
class PolledSource(Source, Protocol):
    """A live source that reads in a thread of its own, so that its consumer needs none.

    Attributes:
        health: State of the source.
        is_over: Whether there is nothing more to come.
    """

    health: Health
    is_over: bool

    def poll(self, timeout_s: float) -> Frame | None:
        """Return the next frame; None if none came within a time, or ``wake`` was called, or at the end.

        Args:
            timeout_s: Longest wait, in seconds; it may be shorter.

        Raises:
            SourceError: The stream broke, and nothing more can be read.
        """
        ...

    def wake(self) -> None:
        """End the wait of ``poll`` early; any thread may call it."""
        ...
