"""Analysers before the renderer: one that holds frames back, one that is slow, one that fails."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from livefilter.analysers import Analyser
from livefilter.analysis import Analysis, Detection, Region
from livefilter.errors import OptionError, SourceError
from livefilter.frame import Frame
from livefilter.pipeline import LivePipeline, Progress, process
from livefilter.sources import Source
from livefilter.testing import ArraySource, FaultySource, ListSink, wait_until

ARRAYS = [np.full((48, 64), level, np.uint8) for level in range(10, 90, 10)]
RATE = Fraction(25)
HERE = Region(0, 0, 1, 1)
Analysed = tuple[Frame, Analysis]


class Brightest(Analyser):
    """Finds in every frame the highest level of a window around it; it holds back what that window still needs.

    Args:
        frames: How many frames it looks ahead; infinity for all of them.
    """

    def __init__(self, frames: float) -> None:
        self.lookahead_s = frames / float(RATE)
        self.seen: list[int] = []
        self.resets = 0
        self._frames = frames
        self._held: list[Analysed] = []

    def push(self, frame: Frame, so_far: Analysis) -> Iterable[Analysed]:
        """Release the oldest frame once the window after it is full."""
        self.seen.append(frame.index)
        self._held.append((frame, so_far))
        if len(self._held) > self._frames:
            yield self._released()

    def finish(self) -> Iterable[Analysed]:
        """Release all frames."""
        while self._held:
            yield self._released()

    def reset(self) -> None:
        """Count."""
        assert not self._held
        self.resets += 1

    def _released(self) -> Analysed:
        level = max(int(frame.gray.max()) for frame, _ in self._held)
        frame, analysis = self._held.pop(0)
        return frame, replace(analysis, detections=(*analysis.detections, Detection(str(level), HERE)))


class Slow(Analyser):
    """Takes a frame when the test lets it."""

    is_slow = True

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.resets = 0
        self.has_begun, self.may_end = threading.Semaphore(0), threading.Semaphore(0)

    def push(self, frame: Frame, so_far: Analysis) -> Iterable[Analysed]:
        """Wait for the test, and find the frame's number."""
        self.seen.append(frame.index)
        self.has_begun.release()
        assert self.may_end.acquire(timeout=60)
        return [(frame, replace(so_far, detections=(Detection(str(frame.index), HERE),)))]

    def reset(self) -> None:
        """Count."""
        self.resets += 1


class Failing(Analyser):
    """Fails at one frame."""

    def __init__(self, at: int, *, is_slow: bool = False) -> None:
        self.is_slow = is_slow
        self._at = at

    def push(self, frame: Frame, so_far: Analysis) -> Iterable[Analysed]:
        """Fail, or find nothing."""
        if frame.index == self._at:
            raise ZeroDivisionError(f"at {frame.index}")
        return [(frame, so_far)]


def labels(sink: ListSink) -> list[list[str]]:
    """What was found in each frame."""
    return [[one.label for one in result.analysis.detections] for result in sink.results]


def write_video(path: Path, count: int) -> None:
    """Write a clip whose frames get brighter."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), float(RATE), (64, 48), isColor=False)
    for index in range(count):
        writer.write(np.full((48, 64), 10 * index + 10, np.uint8))
    writer.release()


@pytest.mark.parametrize("frames", [0, 1, 3, 100])
def test_frames_that_are_held_back_come_once_and_in_order(negative: str, frames: int) -> None:
    """Each with what is known of it when the window is full, and its own picture."""
    sink, held = ListSink(), Brightest(frames)
    summary = process(ArraySource(ARRAYS, rate=RATE), sink, negative, overlay=False, analysers=[held])
    assert [result.frame.index for result in sink.results] == held.seen == list(range(8))
    assert labels(sink) == [[str(min(10 * (index + frames) + 10, 80))] for index in range(8)]
    assert [int(result.picture[0, 0]) for result in sink.results] == [255 - level for level in range(10, 90, 10)]
    assert summary.frames == 8


def test_each_analyser_knows_what_those_before_it_found(negative: str) -> None:
    """Also if the first one holds frames back."""
    sink = ListSink()
    process(ArraySource(ARRAYS, rate=RATE), sink, negative, analysers=[Brightest(2), Brightest(0), Brightest(1)])
    assert labels(sink)[:3] == [["30", "10", "20"], ["40", "20", "30"], ["50", "30", "40"]]
    assert labels(sink)[-1] == ["80", "80", "80"]


def test_a_file_is_read_twice_for_one_that_needs_all_of_it(negative: str, tmp_path: Path) -> None:
    """The first pass analyses, the second one filters; progress says which it is."""
    write_video(tmp_path / "in.avi", 8)
    sink, held, seen = ListSink(), Brightest(math.inf), list[Progress]()
    process(tmp_path / "in.avi", sink, negative, analysers=[held], progress=seen.append)
    assert labels(sink) == [["80"]] * 8
    assert held.seen == list(range(8))
    assert [(one.frames, one.is_first_pass) for one in seen] == [
        (count, is_first) for is_first in (True, False) for count in range(1, 9)
    ]


def test_an_input_that_can_be_read_once_is_held_in_memory_and_no_more_than_fits(negative: str) -> None:
    """512 MB; what is too large is refused before the memory is full."""

    class Endless(ArraySource):
        """Gives one large picture again and again."""

        def __iter__(self) -> Iterator[Frame]:
            large = np.broadcast_to(np.uint8(7), (1 << 13, 1 << 13))
            for index in range(100):
                yield Frame(large, index, index / RATE, 0)

    sink = ListSink()
    process(ArraySource(ARRAYS, rate=RATE), sink, negative, analysers=[Brightest(math.inf)])
    assert labels(sink) == [["80"]] * 8
    endless = Endless([np.zeros((1 << 13, 1 << 13), np.uint8)], rate=RATE)
    held = Brightest(math.inf)
    with pytest.raises(OptionError, match="looks ahead by more than fits into 512 MB"):
        process(endless, ListSink(), negative, analysers=[held])
    assert len(held.seen) == 9


def test_what_is_held_back_when_a_source_breaks_is_not_lost(negative: str) -> None:
    """It is written, as what came before it, and the loss is named."""
    sink = ListSink()
    source = FaultySource(ARRAYS[1], [Fraction(0), 1 / RATE, SourceError("unplugged")], rate=RATE)
    summary = process(source, sink, negative, analysers=[Brightest(5)])
    assert labels(sink) == [["20"], ["20"]]
    assert summary.loss is not None
    assert "unplugged" in summary.loss


def test_a_stream_that_does_not_continue_resets_every_analyser(negative: str) -> None:
    """After what it holds back was released."""

    class Cut(ArraySource):
        """Begins again in the middle."""

        def __iter__(self) -> Iterator[Frame]:
            for frame in super().__iter__():
                yield replace(frame, is_discontinuity=frame.index == 4)

    sink, held = ListSink(), Brightest(3)
    process(Cut(ARRAYS, rate=RATE), sink, negative, analysers=[held])
    assert held.resets == 1
    assert labels(sink) == [["40"]] * 4 + [["80"]] * 4


@pytest.mark.parametrize("is_slow", [False, True])
def test_an_analyser_that_fails_ends_a_run_and_keeps_what_was_written(
    negative: str, tmp_path: Path, is_slow: bool
) -> None:
    """In files; live, too, in whatever thread it runs."""
    with pytest.raises(ZeroDivisionError, match="at 3"):
        process(ArraySource(ARRAYS, rate=RATE), tmp_path / "a.mp4", negative, analysers=[Failing(3, is_slow=is_slow)])
    assert (tmp_path / "a.partial.mp4").stat().st_size > 0
    made = live(ArraySource(ARRAYS * 100, rate=RATE), negative, Failing(3, is_slow=is_slow))
    made.record(tmp_path / "b.mp4")
    with pytest.raises(ZeroDivisionError, match="at 3"):
        made.run()
    assert (tmp_path / "b.partial.mp4").stat().st_size > 0


def live(source: Source, preset: str, *analysers: Analyser) -> LivePipeline:
    """A live pipeline with analysers."""
    made = LivePipeline(source, preset, analysers=analysers)
    made.preset.filter.compile()
    return made


def test_a_slow_analyser_sees_the_newest_frame_and_holds_up_none(negative: str) -> None:
    """Its last answer holds until the next one; a quick one beside it sees every frame."""
    source = ArraySource(ARRAYS * 500, rate=Fraction(100))
    sink, slow, quick = ListSink(), Slow(), Brightest(0)
    made = live(source, negative, slow, quick)
    made.add_sink("list", sink)
    with made:
        assert slow.has_begun.acquire(timeout=60)
        wait_until(lambda: len(sink.results) >= 20, timeout_s=60)
        assert {tuple(found[1:]) for found in labels(sink)} == {()}  # The slow one has found nothing yet.
        slow.may_end.release()
        assert slow.has_begun.acquire(timeout=60)
        begun = len(sink.results)
        wait_until(lambda: len(sink.results) >= begun + 20, timeout_s=60)
        for _ in range(1000):
            slow.may_end.release()
    found = labels(sink)
    first = next(place for place, one in enumerate(found) if len(one) == 2)
    assert first >= 20
    assert all(one[1] == "0" for one in found[first : begun + 20])  # What it found in its first frame.
    assert slow.seen[0] == 0
    assert slow.seen[1] >= 19  # It skipped those that came meanwhile.
    assert quick.seen[:40] == list(range(40))


def test_a_live_stream_refuses_to_look_ahead(negative: str) -> None:
    """It cannot."""
    with pytest.raises(OptionError, match="looks ahead, which only stored videos allow"):
        live(ArraySource(ARRAYS), negative, Brightest(1))
