"""Segmented recordings: a new numbered file where the current one cannot continue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import count
from os.path import lexists
from pathlib import Path

from livefilter.analysis import Result
from livefilter.sinks import Encoding, Needs, Sink, open_sink
from livefilter.sources import SourceFacts

_FRAGMENT_S = 2
"""Length of the fragments of a recording: at most so much is lost when the process is killed."""


class SegmentedSink(Sink):
    """A sink that starts a new file where pictures change size, or between gray and colour. Each begins at time 0.

    Args:
        path: First segment; the others are NAME-2, NAME-3 and so on in its folder, under the first free numbers.
        open_segment: Opens the sink of one part.
        on_segment: Called with the place of every part that is finished before the last one.

    Raises:
        SinkError: The first part cannot be made.
    """

    needs = Needs.PICTURE

    def __init__(self, path: Path, open_segment: Callable[[Path], Sink], on_segment: Callable[[str], object]) -> None:
        self.target = str(path)
        self._path = path
        self._open_segment = open_segment
        self._on_segment = on_segment
        self._segment = open_segment(path)
        self._is_open = True
        self._shape: tuple[int, ...] | None = None
        self._origin_s = Fraction(0)

    def write(self, result: Result) -> None:
        """Write one picture, into a next part if its size or its channels are not those of the one before."""
        if self._is_open and self._shape is not None and result.picture.shape != self._shape:
            finished = self._segment.finish()
            if finished is not None:
                self._on_segment(finished)
            part = self._free_path()
            self.target = str(part)
            self._segment = self._open_segment(part)
            self._shape = None
        if self._shape is None:
            self._origin_s = result.frame.time_s
        self._shape = result.picture.shape
        frame = replace(result.frame, time_s=result.frame.time_s - self._origin_s)
        self._segment.write(replace(result, frame=frame))

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Finish the last part and return where it is."""
        self._is_open = False  # From now on the last segment refuses every write.
        return self._segment.finish(is_complete=is_complete, end_s=end_s)

    def discard(self) -> None:
        """Discard the last segment; earlier ones stay."""
        self._is_open = False
        self._segment.discard()

    def _free_path(self) -> Path:
        numbered = (self._path.with_name(f"{self._path.stem}-{number}{self._path.suffix}") for number in count(2))
        return next(path for path in numbered if not lexists(path))


def open_recording(
    path: Path, facts: SourceFacts, on_segment: Callable[[str], object], *, overwrite: bool = False
) -> SegmentedSink:
    """Open a video that stays playable even if the process is killed, and that may consist of several segments.

    Args:
        path: First segment.
        facts: Facts about the source of the pictures.
        on_segment: Called with the path of every segment that is finished before the last one.
        overwrite: Replace the first segment if it exists.

    Raises:
        SinkError: The file cannot be created.
        OptionError: The file's ending is unknown.
    """
    encoding = Encoding(is_fragmented=True, gop=max(1, round(_FRAGMENT_S * facts.rate)))

    def open_segment(segment: Path) -> Sink:
        return open_sink(
            segment,
            rate=facts.rate,
            time_base=facts.time_base,
            overwrite=overwrite and segment == path,
            encoding=encoding,
        )

    return SegmentedSink(path, open_segment, on_segment)
