"""Every frame, in order, into every sink; and what is left when something goes wrong."""

from __future__ import annotations

import csv
import dataclasses
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.compiler import edge_score, to_gray
from livefilter.errors import LivefilterError, OptionError, PresetError, SinkError, SourceError
from livefilter.frame import Frame
from livefilter.pipeline import Progress, process
from livefilter.sinks import Encoding
from livefilter.sources import Health, RealtimeSource, Source, VideoFile, open_source
from livefilter.testing import ArraySource, ListSink

Pixels = NDArray[np.uint8]
SMALL = [np.full((4, 6), 10 * level, np.uint8) for level in range(6)]


def frames_of(path: Path) -> list[Frame]:
    """What is in a video."""
    with VideoFile(path) as source:
        return list(source)


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def after(count: int, error: BaseException | None = None) -> Callable[[], bool]:
    """A ``should_stop`` that is true, or raises, when it was asked so often before."""
    asked = iter(range(1000))

    def should_stop() -> bool:
        if next(asked) < count:
            return False
        if error is not None:
            raise error
        return True

    return should_stop


def test_every_frame_comes_out_filtered_scored_and_in_order(negative: str) -> None:
    """Index, time and score are those of the frame that went in; pixels are the filter's."""
    source, sink = ArraySource(SMALL, rate=Fraction(30000, 1001)), ListSink()
    summary = process(source, sink, negative)
    assert [frame.index for frame in sink.frames] == list(range(6))
    assert [frame.time_s for frame in sink.frames] == [index * Fraction(1001, 30000) for index in range(6)]
    for frame, given in zip(sink.frames, SMALL, strict=True):
        np.testing.assert_array_equal(frame.pixels, 255 - given)
    assert (summary.frames, summary.loss, summary.is_interrupted, summary.dropped) == (6, None, False, 0)
    assert (summary.source, summary.preset, summary.outputs) == ("arrays", "negative", ())
    assert summary.fps == pytest.approx(summary.frames / summary.seconds)


def test_scores_are_of_the_unfiltered_picture(pictures: list[Pixels], negative: str) -> None:
    """The same as edge_score gives for what went in, and the summary holds their mean."""
    sink = ListSink()
    summary = process(ArraySource(pictures[:3]), sink, negative)
    assert sink.scores == [edge_score(picture) for picture in pictures[:3]]
    assert summary.mean_score is not None
    assert summary.mean_score.density == pytest.approx(sum(score.density for score in sink.scores) / 3)


def test_an_open_source_and_open_sinks_stay_open(negative: str) -> None:
    """The code that opened them closes them."""
    source, sink = ArraySource(SMALL), ListSink()
    process(source, [sink], negative)
    assert not source.is_closed
    assert sink.state == "open"


def test_a_clip_becomes_a_clip_with_the_same_times(
    make_clip: Callable[..., Path], pictures: list[Pixels], negative: str, tmp_path: Path
) -> None:
    """A rate that varies and a late start included: the frames of both files have equal times, exactly."""
    pts = [50, 51, 60, 61, 62, 90, 91, 140]
    path = make_clip(tmp_path / "in.mp4", pictures, pts=pts, time_base=Fraction(1, 100))
    summary = process(path, tmp_path / "out.mp4", negative, scores=tmp_path / "out.csv")
    assert summary.outputs == (str(tmp_path / "out.mp4"), str(tmp_path / "out.csv"))
    assert summary.frames == 8
    assert names(tmp_path) == ["in.mp4", "out.csv", "out.mp4"]
    assert [frame.time_s for frame in frames_of(tmp_path / "out.mp4")] == [Fraction(tick, 100) for tick in pts]
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [float(row["time_s"]) for row in csv.DictReader(line for line in file if line[0] != "#")] == [
            tick / 100 for tick in pts
        ]


def test_pictures_become_pictures(pictures: list[Pixels], negative: str, tmp_path: Path) -> None:
    """A folder in, a folder out, exactly; several outputs at once are given as a list."""
    (tmp_path / "in").mkdir()
    for index, picture in enumerate(pictures[:3]):
        cv2.imwrite(str(tmp_path / "in" / f"{index}.png"), picture)
    sink = ListSink()
    summary = process(tmp_path / "in", [f"{tmp_path}/out/", sink], negative)
    assert summary.outputs == (f"{tmp_path}/out/%06d.png",)
    for index, picture in enumerate(pictures[:3]):
        written = cv2.imread(str(tmp_path / "out" / f"{index:06d}.png"), cv2.IMREAD_UNCHANGED)
        assert written is not None
        np.testing.assert_array_equal(written, 255 - picture)
    assert len(sink.frames) == 3


def test_colour_is_taken_as_its_luma(negative: str) -> None:
    """A source of one's own may give BGR; the size is that of its rows and columns."""
    colour = np.zeros((4, 6, 3), np.uint8)
    colour[:] = (10, 200, 100)
    sink = ListSink()
    summary = process(ArraySource([colour]), sink, negative, compare="side")
    assert summary.loss is None
    np.testing.assert_array_equal(sink.frames[0].pixels, np.hstack([to_gray(colour), 255 - to_gray(colour)]))


def test_overlay_and_comparison_are_drawn_where_they_are_asked_for(negative: str) -> None:
    """The preset's settings hold unless the overlay is switched off altogether."""
    shown, bare, side = ListSink(), ListSink(), ListSink()
    black = [np.zeros((48, 64), np.uint8)]
    process(ArraySource(black), shown, "sobel-vertical")
    process(ArraySource(black), bare, "sobel-vertical", overlay=False)
    process(ArraySource(SMALL), side, negative, compare="side")
    assert any(frame.pixels.any() for frame in shown.frames)
    assert not any(frame.pixels.any() for frame in bare.frames)
    assert side.frames[0].pixels.shape == (4, 12)


def test_progress_is_reported_after_every_frame(negative: str) -> None:
    """How many are done, and how many there will be."""
    calls: list[Progress] = []
    process(ArraySource(SMALL), None, negative, progress=calls.append)
    assert calls == [Progress(count, 6) for count in range(1, 7)]


def test_the_number_of_threads_changes_nothing(pictures: list[Pixels]) -> None:
    """The same bytes, and a number that makes no sense is refused."""
    one, two = ListSink(), ListSink()
    process(ArraySource(pictures[:2]), one, "sobel-vertical", threads=1)
    process(ArraySource(pictures[:2]), two, "sobel-vertical", threads=2)
    for first, second in zip(one.frames, two.frames, strict=True):
        np.testing.assert_array_equal(first.pixels, second.pixels)
    with pytest.raises(OptionError, match="threads"):
        process(ArraySource(SMALL), None, "edge", threads=0)


def test_a_run_that_is_stopped_leaves_partial_outputs(clip: Path, negative: str, tmp_path: Path) -> None:
    """They hold the frames so far, can be played, and say by their names what they are."""
    summary = process(clip, tmp_path / "a.mp4", negative, scores=tmp_path / "a.jsonl", should_stop=after(3))
    assert summary.is_interrupted
    assert summary.frames == 3
    assert names(tmp_path) == ["a.partial.jsonl", "a.partial.mp4"]
    assert summary.outputs == (str(tmp_path / "a.partial.mp4"), str(tmp_path / "a.partial.jsonl"))
    assert len(frames_of(tmp_path / "a.partial.mp4")) == 3
    assert len((tmp_path / "a.partial.jsonl").read_text().splitlines()) == 4


def test_a_keyboard_interrupt_leaves_partial_outputs_too(clip: Path, negative: str, tmp_path: Path) -> None:
    """If the signal is not handled, the exception goes on to the caller, with the output finished."""
    with pytest.raises(KeyboardInterrupt):
        process(
            clip, tmp_path / "a.mp4", negative, scores=tmp_path / "a.csv", should_stop=after(5, KeyboardInterrupt())
        )
    assert names(tmp_path) == ["a.partial.csv", "a.partial.mp4"]
    assert len(frames_of(tmp_path / "a.partial.mp4")) == 5


def test_a_run_stopped_before_its_first_frame_leaves_nothing(clip: Path, negative: str, tmp_path: Path) -> None:
    """There is nothing to keep."""
    summary = process(clip, tmp_path / "a.mp4", negative, scores=tmp_path / "a.csv", should_stop=after(0))
    assert (summary.frames, summary.mean_score, summary.outputs) == (0, None, ())
    assert names(tmp_path) == []


def test_a_change_of_size_ends_the_run_with_what_came_before(negative: str, tmp_path: Path) -> None:
    """That output is complete, and the loss says at which frame and from what to what."""
    mixed = [*SMALL[:4], np.zeros((5, 6), np.uint8), *SMALL[:1]]
    summary = process(ArraySource(mixed), tmp_path / "a.mp4", negative)
    assert summary.frames == 4
    assert not summary.is_interrupted
    assert summary.loss is not None
    assert "the size changed from (4, 6) to (5, 6) at frame 4" in summary.loss
    assert names(tmp_path) == ["a.mp4"]
    assert len(frames_of(tmp_path / "a.mp4")) == 4


def test_a_source_that_breaks_midway_ends_the_run_with_what_came_before(negative: str, tmp_path: Path) -> None:
    """As when a camera is unplugged: complete up to there, and the loss named."""
    summary = process(ArraySource(SMALL, fails_after=2), tmp_path / "a.mp4", negative)
    assert summary.loss == "arrays: arrays: set to fail after 2 frames; the output holds what came before"
    assert len(frames_of(tmp_path / "a.mp4")) == 2


def test_a_source_that_breaks_at_once_is_an_error(negative: str, tmp_path: Path) -> None:
    """There is no output of no frames."""
    with pytest.raises(SourceError, match="set to fail after 0 frames"):
        process(ArraySource(SMALL, fails_after=0), tmp_path / "a.mp4", negative, scores=tmp_path / "a.csv")
    assert names(tmp_path) == []


def test_what_the_source_could_not_read_is_in_the_summary(negative: str) -> None:
    """Done, but with a loss."""
    summary = process(ArraySource(SMALL, loss="2 damaged packets"), None, negative)
    assert (summary.frames, summary.loss) == (6, "2 damaged packets")


def test_a_sink_that_fails_takes_the_other_outputs_with_it(negative: str, tmp_path: Path) -> None:
    """Half of a pair of outputs is none: nothing unfinished is left."""
    with pytest.raises(SinkError, match="set to fail at frame 3"):
        process(ArraySource(SMALL), [tmp_path / "a.mp4", ListSink(fails_at=3)], negative, scores=tmp_path / "a.csv")
    assert names(tmp_path) == []


def test_an_output_that_cannot_be_opened_takes_the_other_outputs_with_it(negative: str, tmp_path: Path) -> None:
    """Nothing is left of the one that could."""
    with pytest.raises(SinkError, match="does not exist"):
        process(ArraySource(SMALL), tmp_path / "a.mp4", negative, scores=tmp_path / "missing" / "a.csv")
    assert names(tmp_path) == []


def test_outputs_that_cannot_be_moved_into_place_stay_partial(
    negative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk may be full at the very end; what was written is there."""

    def fail(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(SinkError, match="No space left"):
        process(ArraySource(SMALL), tmp_path / "a.mp4", negative, scores=tmp_path / "a.csv")
    assert names(tmp_path) == ["a.partial.csv", "a.partial.mp4"]


@pytest.mark.parametrize("name", ["same.mp4", "./sub/../same.mp4", "link.mp4", "hard.mp4"])
def test_an_output_that_is_the_input_is_refused(
    name: str, clip: Path, negative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under whatever name, also with overwrite, and the input stays as it was."""
    monkeypatch.chdir(tmp_path)
    Path("sub").mkdir()
    Path("same.mp4").write_bytes(clip.read_bytes())
    Path("link.mp4").symlink_to("same.mp4")
    os.link("same.mp4", "hard.mp4")
    with pytest.raises(OptionError, match="is, or would be written over, the input"):
        process("same.mp4", name, negative, overwrite=True)
    assert Path("same.mp4").read_bytes() == clip.read_bytes()


def test_an_input_that_has_the_name_of_the_unfinished_output_is_refused(
    clip: Path, negative: str, tmp_path: Path
) -> None:
    """Filtering what an interrupt left: the new output would be written over it while it is read."""
    path = tmp_path / "a.partial.mp4"
    path.write_bytes(clip.read_bytes())
    with pytest.raises(OptionError, match="would be written over"):
        process(path, tmp_path / "a.mp4", negative)
    assert path.read_bytes() == clip.read_bytes()


@pytest.mark.parametrize(("source", "target"), [("in", "in/"), ("in/*.png", "in/%d.png"), ("in/1.png", "in/%d.png")])
def test_pictures_are_not_written_over_those_that_are_read(
    source: str, target: str, negative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with overwrite, which is for outputs."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for number in (1, 2):
        cv2.imwrite(f"in/{number}.png", SMALL[number])
    with pytest.raises(OptionError, match="would be written over"):
        process(source, target, negative, overwrite=True)
    assert names(tmp_path / "in") == ["1.png", "2.png"]


def test_two_outputs_to_one_place_are_refused(negative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be written into each other."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match="is given for two outputs"):
        process(ArraySource(SMALL), ["a.mp4", tmp_path / "a.mp4"], negative)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"source": "nothing.mp4"}, SourceError),
        ({"source": 97}, SourceError),
        ({"preset": "edgy"}, PresetError),
        ({"sink": "a.xyz"}, OptionError),
        ({"scores": "a.txt"}, OptionError),
        ({"scores": ""}, OptionError),
        ({"compare": "split"}, OptionError),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_written(
    options: dict[str, Any], error: type[LivefilterError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says so, and the folder stays empty."""
    monkeypatch.chdir(tmp_path)
    arguments: dict[str, Any] = {"source": ArraySource(SMALL), "sink": "a.mp4", "preset": "edge"} | options
    with pytest.raises(error):
        process(**arguments)
    assert names(tmp_path) == []


def test_a_source_that_was_opened_here_is_closed_also_after_an_error(
    clip: Path, negative: str, closed_sources: list[Source]
) -> None:
    """The code that opens a source closes it."""
    process(clip, None, negative)
    assert len(closed_sources) == 1
    with pytest.raises(SinkError):
        process(clip, ListSink(fails_at=0), negative)
    assert len(closed_sources) == 2


def test_a_scene_without_end_in_sight_can_be_stopped(negative: str) -> None:
    """A live source ends only so."""

    class Endless(ArraySource):
        """Gives its first array for ever."""

        def __iter__(self) -> Iterator[Frame]:
            for index in range(10**9):
                yield Frame(SMALL[0], index, Fraction(index), 0)

    summary = process(Endless(SMALL, is_live=True), None, negative, should_stop=after(20))
    assert (summary.frames, summary.is_interrupted) == (20, True)


def test_a_file_that_is_stopped_while_it_waits_for_its_next_frame_is_not_complete(
    clip: Path, negative: str, tmp_path: Path
) -> None:
    """Played as if it were live, it may notice the stop before the pipeline does; the output is a part all the same."""
    waits_s: list[float] = []
    answers = iter([False])
    with RealtimeSource(
        open_source(clip), clock=lambda: 0.0, sleep=waits_s.append, should_stop=lambda: bool(waits_s)
    ) as played:
        summary = process(played, tmp_path / "out.mp4", negative, should_stop=lambda: next(answers, True))
    assert (summary.frames, summary.is_interrupted) == (1, True)
    assert names(tmp_path) == ["out.partial.mp4"]


def test_a_live_source_may_notice_first_that_it_should_stop(negative: str) -> None:
    """It ends while it waits for a frame, which is an interrupt all the same; what it had to replace is dropped."""

    class Waiting(ArraySource):
        """A source that was overrun."""

        health = Health(counts={"dropped": 7})

    answers = [False, False, True]
    source = Waiting(SMALL[:2], is_live=True)
    source.facts = dataclasses.replace(source.facts, frame_count=None)
    summary = process(source, None, negative, should_stop=lambda: answers.pop(0))
    assert (summary.frames, summary.is_interrupted, summary.dropped) == (2, True, 7)


@pytest.mark.jit
def test_real_footage_has_a_score_for_every_frame(footage: Path) -> None:
    """The first frames of a security camera's clip: times on its grid of a tenth of a second, scores in range."""
    sink = ListSink()
    with open_source(footage / "one-by-one-person-detection.mp4") as source:
        process(source, sink, "sobel-vertical", should_stop=after(20))
    assert [frame.time_s for frame in sink.frames] == [Fraction(index, 10) for index in range(20)]
    assert all(0 < score.horizontal < score.density < 1 for score in sink.scores)


def test_an_encoding_that_cannot_be_had_is_refused_before_the_source_is_opened(negative: str, tmp_path: Path) -> None:
    """No decoder is at work while FFmpeg is asked why: a program that ends at that moment would hang."""
    with pytest.raises(OptionError, match="codec: nosuch cannot be encoded here"):
        process(tmp_path / "missing.mp4", tmp_path / "out.mp4", negative, encoding=Encoding(codec="nosuch"))
