"""Errors that livefilter does not foresee: whatever part raises them, what was recorded stays and can be played."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from livefilter.analysis import Result
from livefilter.errors import SinkError
from livefilter.pipeline import LivePipeline, process
from livefilter.sinks import ScoreSink, Sink, VideoSink
from livefilter.sources import Source, open_source
from livefilter.testing import ArraySource, FaultySource, ListSink

SHAPE = (48, 64)
GRAY = np.full(SHAPE, 90, np.uint8)
RATE = Fraction(50)
FRAMES = 6
BUG = "31 is not a valid Type"


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def frames_in(path: Path) -> int:
    """How many frames a video holds, all of them decoded."""
    with open_source(path) as source:
        count = sum(1 for _ in source)
    assert source.loss is None
    return count


def rows_in(path: Path) -> int:
    """How many rows a table of scores holds."""
    return sum(line[0].isdecimal() for line in path.read_text().splitlines())


def broken(*, is_live: bool = False) -> Source:
    """A source that raises a bug after its frames."""
    script = [*(index / RATE for index in range(FRAMES)), ValueError(BUG)]
    return FaultySource(GRAY, script, rate=RATE, is_live=is_live)


def whole() -> Source:
    """A source of as many frames, without a bug."""
    return ArraySource([GRAY] * FRAMES, rate=RATE)


def after(count: int) -> Callable[[object], None]:
    """A callback for progress that raises a bug once so many frames are done."""
    left = iter(range(count - 1))

    def raise_late(_: object) -> None:
        if next(left, None) is None:
            raise ValueError(BUG)

    return raise_late


def no_time() -> float:
    """A clock that is broken."""
    raise ValueError(BUG)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
@pytest.mark.parametrize("part", ["source", "progress", "sink"])
def test_a_bug_in_a_run_keeps_all_outputs_as_partial_ones(
    part: str, suffix: str, negative: str, tmp_path: Path
) -> None:
    """Videos, tables and plots; the error goes on, and notes on it name what is kept."""
    source = broken() if part == "source" else whole()
    sinks: list[Sink | Path] = [tmp_path / f"a{suffix}"]
    if part == "sink":
        sinks.append(ListSink(fails_at=FRAMES - 1, error=ValueError(BUG)))
    with pytest.raises(ValueError, match=BUG) as raised:
        process(
            source,
            sinks,
            negative,
            scores=tmp_path / "a.csv",
            plot=tmp_path / "a.svg",
            progress=after(FRAMES) if part == "progress" else None,
        )
    kept = ["a.partial.csv", f"a.partial{suffix}", "a.partial.svg"]
    assert names(tmp_path) == sorted(kept)
    assert frames_in(tmp_path / f"a.partial{suffix}") == FRAMES
    assert rows_in(tmp_path / "a.partial.csv") >= FRAMES - 1
    assert {Path(note).name for note in raised.value.__notes__} == set(kept)


def test_an_error_that_is_foreseen_leaves_nothing_unfinished(negative: str, tmp_path: Path) -> None:
    """A full disk is no bug; parts would keep it full."""
    with pytest.raises(SinkError):
        process(whole(), [tmp_path / "a.mp4", ListSink(fails_at=2)], negative, scores=tmp_path / "a.csv")
    assert names(tmp_path) == []


def test_a_table_that_cannot_be_finished_takes_no_video_with_it(
    negative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The videos hold every frame, so they are complete; notes on the error name them."""

    def fail(*_: object, **__: object) -> None:
        raise SinkError("full")

    monkeypatch.setattr(ScoreSink, "finish", fail)
    videos = [tmp_path / "a.mp4", tmp_path / "b.mkv"]
    with pytest.raises(SinkError, match="full") as raised:
        process(whole(), videos, negative, scores=tmp_path / "a.csv")
    assert names(tmp_path) == ["a.mp4", "b.mkv"]
    assert [frames_in(path) for path in videos] == [FRAMES, FRAMES]
    assert raised.value.__notes__ == [f"wrote {path}" for path in videos]


def test_a_video_that_cannot_be_finished_takes_no_table_with_it(
    negative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bug is raised, and the table holds every frame."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError(BUG)

    monkeypatch.setattr(VideoSink, "finish", fail)
    with pytest.raises(ValueError, match=BUG) as raised:
        process(whole(), tmp_path / "a.mp4", negative, scores=tmp_path / "a.csv")
    assert names(tmp_path) == ["a.csv"]
    assert rows_in(tmp_path / "a.csv") == FRAMES
    assert f"wrote {tmp_path / 'a.csv'}" in raised.value.__notes__


def test_a_bug_at_the_end_of_a_video_keeps_its_pictures(
    negative: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the last piece of its sound: the file is closed all the same, and can be played."""

    def fail(*_: object) -> None:
        raise ValueError(BUG)

    # No public part of a video sink fails as late as the end of its stream copy.
    monkeypatch.setattr("livefilter.sinks.video._remux.StreamCopier.finish", fail)
    with pytest.raises(ValueError, match=BUG):
        process(clip, tmp_path / "a.mp4", negative)
    assert names(tmp_path) == ["a.partial.mp4"]
    assert frames_in(tmp_path / "a.partial.mp4") == 8


def test_a_bug_and_an_output_that_cannot_be_finished_leave_the_others(negative: str, tmp_path: Path) -> None:
    """Both at once: the first error is raised, the second is a note on it, and the video can be played."""
    with (
        pytest.raises(ValueError, match=BUG) as raised,
        VideoSink(tmp_path / "a.mp4", rate=RATE, time_base=1 / RATE) as video,
        ListSink(finish_error=SinkError("full")) as faulty,
    ):
        process(broken(), [video, faulty], negative)
    assert faulty.state == "discarded"
    assert names(tmp_path) == ["a.partial.mp4"]
    assert frames_in(tmp_path / "a.partial.mp4") == FRAMES
    assert raised.value.__notes__[0] == "a list: could not be kept: full"


def live(source: Source, preset: str, folder: Path, *others: Sink) -> LivePipeline:
    """A live pipeline with a recording, a table and other sinks."""
    made = LivePipeline(source, preset, overlay=False)
    for number, sink in enumerate(others):
        made.add_sink(f"sink {number}", sink)
    made.add_sink("scores", ScoreSink(folder / "a.csv"))
    made.record(folder / "a.mp4")
    return made


def assert_kept(folder: Path, error: BaseException, *, frames: int | None = FRAMES) -> None:
    """Look at what is left of a live run."""
    assert names(folder) == ["a.partial.csv", "a.partial.mp4"]
    counts = frames_in(folder / "a.partial.mp4"), rows_in(folder / "a.partial.csv")
    assert min(counts) > 0
    assert frames is None or counts == (frames, frames)
    assert {Path(note).name for note in error.__notes__} == {"a.partial.csv", "a.partial.mp4"}


def test_a_bug_in_the_source_of_a_live_run_keeps_its_outputs(negative: str, tmp_path: Path) -> None:
    """A file that is played, which waits for its sinks."""
    with pytest.raises(ValueError, match=BUG) as raised:
        live(broken(), negative, tmp_path).run()
    assert_kept(tmp_path, raised.value)


def test_a_bug_in_a_camera_keeps_its_outputs(negative: str, tmp_path: Path) -> None:
    """As many frames as were filtered: the others were replaced by newer ones."""
    with pytest.raises(ValueError, match=BUG) as raised:
        live(broken(is_live=True), negative, tmp_path).run()
    assert_kept(tmp_path, raised.value, frames=None)


def test_a_bug_in_the_calling_thread_keeps_the_outputs_of_a_live_run(negative: str, tmp_path: Path) -> None:
    """In the window, in a preset that is loaded: in whatever the thread does that services the pipeline."""
    made = live(FaultySource(GRAY, [index / RATE for index in range(500)], rate=RATE), negative, tmp_path)
    seen = threading.Event()

    class Seen(ListSink):
        def write(self, result: Result) -> None:
            """Say that frames have come."""
            super().write(result)
            if len(self.frames) > FRAMES:
                seen.set()

    made.add_sink("seen", Seen())

    def service() -> None:
        with made:
            assert seen.wait(60)
            raise ValueError(BUG)

    with pytest.raises(ValueError, match=BUG) as raised:
        service()
    assert_kept(tmp_path, raised.value, frames=None)


@pytest.mark.parametrize(
    "others",
    [
        [ListSink(fails_at=1, error=ValueError(BUG))],
        [ListSink(finish_error=ValueError(BUG))],
        [ListSink(fails_at=1, error=ValueError(BUG), finish_error=ZeroDivisionError("again"))],
    ],
    ids=["write", "finish", "both"],
)
def test_a_bug_in_one_sink_of_a_live_run_costs_the_others_nothing(
    others: Sequence[Sink], negative: str, tmp_path: Path
) -> None:
    """The run goes on without it, the others are complete, and the error is raised at the end."""
    with pytest.raises(ValueError, match=BUG) as raised:
        live(whole(), negative, tmp_path, *others).run()
    assert names(tmp_path) == ["a.csv", "a.mp4"]
    assert (frames_in(tmp_path / "a.mp4"), rows_in(tmp_path / "a.csv")) == (FRAMES, FRAMES)
    assert {Path(note).name for note in raised.value.__notes__} == {"a.csv", "a.mp4"}


def test_statistics_that_break_keep_what_was_recorded(
    negative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are counted by the threads of sinks, too, which must not die in silence."""
    made = live(whole(), negative, tmp_path)
    monkeypatch.setattr(made.stats, "record_latency", lambda *_: no_time())
    with pytest.raises(ValueError, match=BUG):
        made.run()
    assert names(tmp_path) == ["a.partial.csv", "a.partial.mp4"]
    assert frames_in(tmp_path / "a.partial.mp4") == 1
