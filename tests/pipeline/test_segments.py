"""A recording in parts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from livefilter.analysis import Result
from livefilter.errors import SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.pipeline.live import SegmentedSink
from livefilter.sinks import Sink
from livefilter.testing import ListSink

SCORE = EdgeScore(0, 0, 0)


class Parts:
    """Opens parts, and remembers them."""

    def __init__(self) -> None:
        self.opened: dict[str, ListSink] = {}
        self.kept: list[str] = []

    def open(self, path: Path) -> Sink:
        """Open a part, which is where it says when it is finished."""

        class Part(ListSink):
            """A list with a place."""

            def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
                """Finish, and say where."""
                super().finish(is_complete=is_complete, end_s=end_s)
                return str(path)

        path.touch()
        self.opened[path.name] = Part()
        return self.opened[path.name]


def written(recording: SegmentedSink, *shapes: tuple[int, ...]) -> None:
    """Write a frame of each shape."""
    for index, shape in enumerate(shapes):
        recording.write(Result.unfiltered(Frame(np.zeros(shape, np.uint8), index, Fraction(index), 0), SCORE))


def test_pictures_of_one_size_are_one_file(tmp_path: Path) -> None:
    """Opened before the first frame, so that a missing folder is reported at once."""
    parts = Parts()
    recording = SegmentedSink(tmp_path / "a.mp4", parts.open, parts.kept.append)
    assert list(parts.opened) == ["a.mp4"]
    written(recording, (2, 2), (2, 2))
    assert recording.finish() == str(tmp_path / "a.mp4")
    assert len(parts.opened["a.mp4"].frames) == 2
    assert parts.kept == []


def test_another_size_begins_a_numbered_part(tmp_path: Path) -> None:
    """The file before is complete; a number that is taken is left out."""
    (tmp_path / "a-2.mp4").write_bytes(b"of the user")
    parts = Parts()
    recording = SegmentedSink(tmp_path / "a.mp4", parts.open, parts.kept.append)
    written(recording, (2, 2), (2, 4), (2, 4), (2, 2))
    assert list(parts.opened) == ["a.mp4", "a-3.mp4", "a-4.mp4"]
    assert parts.kept == [str(tmp_path / "a.mp4"), str(tmp_path / "a-3.mp4")]
    assert [len(part.frames) for part in parts.opened.values()] == [1, 2, 1]
    assert (tmp_path / "a-2.mp4").read_bytes() == b"of the user"
    recording.discard()
    assert list(parts.opened.values())[-1].state == "discarded"


def test_colours_begin_a_part_and_so_does_their_end(tmp_path: Path) -> None:
    """A video is gray or in colour as a whole."""
    parts = Parts()
    recording = SegmentedSink(tmp_path / "a.mp4", parts.open, parts.kept.append)
    written(recording, (2, 2), (2, 2, 3), (2, 2, 3), (2, 2))
    recording.finish()
    assert [len(part.frames) for part in parts.opened.values()] == [1, 2, 1]


def test_a_part_that_cannot_be_opened_is_an_error_that_names_it(tmp_path: Path) -> None:
    """What came before is complete."""
    parts = Parts()

    def fail(path: Path) -> Sink:
        if path.name != "a.mp4":
            raise SinkError(f"{path}: no space")
        return parts.open(path)

    recording = SegmentedSink(tmp_path / "a.mp4", fail, parts.kept.append)
    with pytest.raises(SinkError, match=r"a-2\.mp4: no space"):
        written(recording, (2, 2), (2, 4))
    assert recording.target == str(tmp_path / "a-2.mp4")
    assert parts.kept == [str(tmp_path / "a.mp4")]


@pytest.mark.parametrize("is_discarded", [False, True])
def test_a_recording_that_has_ended_begins_no_part(is_discarded: bool, tmp_path: Path) -> None:
    """A picture that comes too late is refused, also one of another size."""
    parts = Parts()
    recording = SegmentedSink(tmp_path / "a.mp4", parts.open, parts.kept.append)
    written(recording, (2, 3))
    recording.discard() if is_discarded else recording.finish()
    for shape in ((2, 3), (4, 6)):
        with pytest.raises(SinkError, match="is closed"):
            written(recording, shape)
    assert (list(parts.opened), parts.kept) == (["a.mp4"], [])


def test_every_part_begins_at_zero(tmp_path: Path) -> None:
    """A recording that is begun late has no void before it, and its frames keep their distances."""
    parts = Parts()
    recording = SegmentedSink(tmp_path / "a.mp4", parts.open, parts.kept.append)
    for time_s, cols in ((43, 2), (44, 2), (46, 4), (47, 4), (50, 4)):
        recording.write(Result.unfiltered(Frame(np.zeros((2, cols), np.uint8), time_s, Fraction(time_s), 0), SCORE))
    assert [[int(frame.time_s) for frame in part.frames] for part in parts.opened.values()] == [[0, 1], [0, 1, 4]]
    assert [frame.index for frame in parts.opened["a.mp4"].frames] == [43, 44]
