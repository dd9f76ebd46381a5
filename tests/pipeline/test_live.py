"""A live pipeline without a window: faults, outputs, and an end that is always the same."""

from __future__ import annotations

import gc
import json
import logging
import sys
import threading
import urllib.request
from concurrent.futures import Future
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import pytest

from livefilter.analysis import Result
from livefilter.compiler import Filter
from livefilter.errors import MissingPackageError, SinkError, SourceError
from livefilter.kernels import EdgeScore
from livefilter.pipeline import LivePipeline, NullOutput, PrometheusExporter, StatsLog, Summary, low_latency
from livefilter.pipeline.live import DisplaySlot
from livefilter.sources import Health, Source, open_source
from livefilter.testing import ArraySource, FaultySource, ListSink, wait_until

SHAPE = (48, 64)
ARRAYS = [np.full(SHAPE, level, np.uint8) for level in range(10, 90, 10)]
RATE = Fraction(200)
STEP = 1 / RATE


def at_once(made: Filter) -> Future[None]:
    """Make a Filter ready where nothing is compiled."""
    assert made.chain
    done: Future[None] = Future()
    done.set_result(None)
    return done


def live(source: Source, preset: str, **options: Any) -> LivePipeline:
    """A pipeline that draws nothing."""
    return LivePipeline(source, preset, overlay=False, prepare=at_once, **options)


def run(source: Source, preset: str, *sinks: ListSink, **options: Any) -> tuple[Summary, LivePipeline]:
    """Run a pipeline into sinks until its source ends."""
    made = live(source, preset, **options)
    for number, sink in enumerate(sinks):
        made.add_sink(f"sink {number}", sink)
    return made.run(), made


def levels(sink: ListSink) -> list[int]:
    """The gray level of each picture that a sink has."""
    return [int(frame.pixels[0, 0]) for frame in sink.frames]


def test_every_frame_of_a_file_reaches_every_sink_in_order(negative: str) -> None:
    """With its own times; the sinks are finished, and the threads gone."""
    before = set(threading.enumerate())
    first, second = ListSink(), ListSink()
    summary, _ = run(ArraySource(ARRAYS, rate=RATE), negative, first, second)
    assert levels(first) == levels(second) == [255 - level for level in range(10, 90, 10)]
    assert [frame.time_s for frame in first.frames] == [index * STEP for index in range(8)]
    assert (first.state, second.state) == ("complete", "complete")
    assert (summary.frames, summary.dropped, summary.loss, summary.failure) == (8, 0, None, None)
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert left <= {"livefilter.compiler.worker"}


def test_what_was_loaded_before_is_no_garbage_at_low_latency() -> None:
    """The collector walks through what the run makes only; afterwards everything is as it was."""
    before = gc.get_freeze_count()
    with low_latency():
        assert gc.get_freeze_count() > before
    assert gc.get_freeze_count() == 0


def test_a_thread_that_computes_lets_others_run_soon_at_low_latency() -> None:
    """Planning a preset does not keep the picture waiting; afterwards everything is as it was."""
    before = sys.getswitchinterval()
    with low_latency():
        assert sys.getswitchinterval() < before / 5
    assert sys.getswitchinterval() == before


def test_two_pipelines_at_once_leave_the_process_and_each_other_alone(negative: str) -> None:
    """The first to end takes nothing from the second; neither changes a setting of the whole process."""

    def settings() -> tuple[object, ...]:
        return sys.getswitchinterval(), gc.get_freeze_count(), gc.isenabled(), gc.get_threshold(), cv2.getNumThreads()

    before = settings()
    sinks = [ListSink(), ListSink()]
    first, second = (live(ArraySource(ARRAYS, rate=RATE), negative) for _ in sinks)
    for made, sink in zip((first, second), sinks, strict=True):
        made.add_sink("list", sink)
    with second:
        with first:
            assert settings() == before
            wait_until(lambda: first.is_over, timeout_s=60)
        assert settings() == before
        wait_until(lambda: second.is_over, timeout_s=60)
    assert settings() == before
    assert levels(sinks[0]) == levels(sinks[1]) == [255 - level for level in range(10, 90, 10)]


def test_what_is_live_is_filtered_or_counted_and_never_twice(negative: str) -> None:
    """Frames that come faster than they can be handled are dropped, not queued."""
    sink = ListSink()
    summary, made = run(ArraySource(ARRAYS * 20, is_live=True), negative, sink)
    indexes = [frame.index for frame in sink.frames]
    assert indexes == sorted(set(indexes))
    dropped = made.stats.snapshot().dropped
    assert len(indexes) + sum(dropped.values()) == 160
    assert indexes[-1] == 159
    assert summary.dropped == dropped.get("filter", 0)


def test_none_frames_are_dropped_by_the_source(negative: str) -> None:
    """They are counted, and the others come."""
    sink = ListSink()
    _, made = run(FaultySource(ARRAYS[0], [0 * STEP, None, STEP, None], rate=RATE), negative, sink)
    assert len(sink.frames) == 2
    assert made.stats.snapshot().dropped == {"source": 2}


def test_times_that_are_odd_are_set_right(negative: str) -> None:
    """No number, and times that jump back: what is recorded goes on."""
    sink = ListSink()
    _, made = run(FaultySource(ARRAYS[0], [0 * STEP, float("nan"), 2 * STEP, 0 * STEP], rate=RATE), negative, sink)
    assert [frame.time_s for frame in sink.frames] == [0, STEP, 2 * STEP, 3 * STEP]
    assert made.stats.snapshot().timestamps_fixed == 2


def test_a_source_that_breaks_midway_is_a_loss(negative: str) -> None:
    """All sinks are finished."""
    sink = ListSink()
    script = [0 * STEP, STEP, SourceError("the cable is out")]
    summary, _ = run(FaultySource(ARRAYS[0], script, rate=RATE), negative, sink)
    assert (summary.frames, summary.loss, sink.state) == (2, "the cable is out", "complete")


@pytest.mark.parametrize("is_live", [False, True])
def test_any_other_exception_of_a_source_is_raised_once_sinks_are_finished(negative: str, is_live: bool) -> None:
    """A bug must be seen, but costs no recording, whose name says that it is a part."""
    sink = ListSink()
    source = FaultySource(ARRAYS[0], [0 * STEP, ZeroDivisionError("a bug")], rate=RATE, is_live=is_live)
    with pytest.raises(ZeroDivisionError):
        run(source, negative, sink)
    assert sink.state == "partial"


def test_a_source_that_breaks_before_its_first_frame_is_an_error(negative: str) -> None:
    """There is nothing to keep."""
    with pytest.raises(SourceError, match="no camera"):
        run(FaultySource(ARRAYS[0], [SourceError("no camera")]), negative, ListSink())


def test_a_change_of_size_begins_a_next_part_of_the_recording(negative: str, tmp_path: Path) -> None:
    """Both can be played."""
    wide = np.full((48, 96), 50, np.uint8)
    source = FaultySource(ARRAYS[0], [0 * STEP, STEP, wide, wide, wide], rate=RATE)
    made = live(source, negative)
    made.record(tmp_path / "a.mp4")
    summary = made.run()
    assert summary.outputs == (str(tmp_path / "a.mp4"), str(tmp_path / "a-2.mp4"))
    found = []
    for output in summary.outputs:
        with open_source(output) as recorded:
            found.append((recorded.facts.shape, len(list(recorded))))
    assert found == [(SHAPE, 2), ((48, 96), 3)]


def test_one_sink_that_fails_does_not_end_the_others(negative: str) -> None:
    """The program goes on, and reports the error at the end."""
    bad, good = ListSink(fails_at=2), ListSink()
    summary, _ = run(ArraySource(ARRAYS, rate=RATE), negative, bad, good)
    assert len(good.frames) == 8
    assert (len(bad.frames), bad.state) == (2, "partial")
    assert summary.failure is not None
    assert "set to fail at frame 2" in summary.failure


def test_it_ends_when_no_sink_is_left(negative: str) -> None:
    """No output would get what follows."""
    source = ArraySource(ARRAYS * 10_000, rate=RATE)
    summary, _ = run(source, negative, ListSink(fails_at=1))
    assert summary.frames < 1000
    assert summary.failure is not None


def test_a_reader_that_had_enough_ends_it_quietly(negative: str) -> None:
    """As with any program whose output is piped into head."""

    class Closed(ListSink):
        """A pipe without a reader."""

        def write(self, result: Result) -> None:
            """Fail as a pipe does."""
            raise BrokenPipeError

    other = ListSink()
    summary, _ = run(ArraySource(ARRAYS * 10_000, rate=RATE), negative, Closed(), other)
    assert (summary.failure, summary.is_interrupted) == (None, False)
    assert other.state == "complete"


def test_a_bug_in_a_sink_is_raised(negative: str) -> None:
    """Once the others are finished."""

    class Broken(ListSink):
        """A sink with a bug."""

        def write(self, result: Result) -> None:
            """Fail."""
            raise ZeroDivisionError

    other = ListSink()
    with pytest.raises(ZeroDivisionError):
        run(ArraySource(ARRAYS, rate=RATE), negative, Broken(), other)
    assert other.state == "complete"


def test_an_interrupt_finishes_what_was_recorded(negative: str, tmp_path: Path) -> None:
    """Under its own name: that is how a live recording ends."""
    made = live(ArraySource(ARRAYS * 10_000, rate=RATE), negative)
    made.record(tmp_path / "a.mp4")
    summary = made.run(lambda: made.loop.means.frames >= 20)
    assert summary.is_interrupted
    assert summary.outputs == (str(tmp_path / "a.mp4"),)
    with open_source(tmp_path / "a.mp4") as recorded:
        assert len(list(recorded)) == summary.frames


def test_frames_without_a_consumer_are_not_filtered(negative: str) -> None:
    """Idle costs nothing: they pass by, and are not dropped."""
    made = live(ArraySource(ARRAYS, rate=RATE), negative)
    made.add_sink("camera", ListSink(), has_consumer=lambda: False)
    made.run()
    measured = made.stats.snapshot()
    assert (measured.frames_in, measured.frames_out, measured.dropped) == (8, 0, {})


def test_without_any_sink_it_runs_for_its_figures(negative: str) -> None:
    """Scores and rates."""
    made = live(ArraySource(ARRAYS, rate=RATE), negative)
    made.add_output(NullOutput())
    summary = made.run()
    assert summary.frames == 8
    assert made.loop.score == EdgeScore(0, 0, 0)


def test_outputs_are_dropped_where_the_start_fails(negative: str, tmp_path: Path) -> None:
    """Nothing unfinished is left behind."""
    made = live(ArraySource(ARRAYS), negative)
    made.record(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir())
    made.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_filter_that_is_too_slow_is_reported(negative: str) -> None:
    """Frames are dropped then, and the status says why."""
    made = live(ArraySource(ARRAYS, rate=Fraction(10_000), is_live=True), negative)
    made.add_output(NullOutput())
    made.run()
    assert made.stats.snapshot().is_slow


def test_a_picture_is_drawn_again_for_screens_only(negative: str) -> None:
    """A recording has no frame twice."""
    made = live(ArraySource(ARRAYS[:1], rate=RATE), negative)
    screen, sink = DisplaySlot(made.stats), ListSink()
    made.add_output(screen)
    made.add_sink("recording", sink)
    made.loop.step(0)
    for _ in range(3):
        made.redraw()
        made.loop.step(0)
        assert screen.take(0) is not None
    with made:
        pass
    assert len(sink.frames) == 1


@pytest.fixture
def figured(negative: str) -> LivePipeline:
    """A pipeline that has filtered eight frames of a source that was interrupted once."""
    source = ArraySource(ARRAYS, rate=RATE)
    source.health = Health("reconnecting", counts=MappingProxyType({"lost": 1}), last_error="gone")
    made = live(source, negative)
    made.add_sink("recording", ListSink())
    made.run()
    made.stats.drop("window")
    made.stats.timestamp_fixed()
    return made


def test_statistics_are_logged(figured: LivePipeline, tmp_path: Path) -> None:
    """A row at the end at least, added to what is there; every figure has a name."""
    path = tmp_path / "stats.jsonl"
    for _ in range(2):
        with StatsLog(figured, path, every_s=1000):
            pass
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == 2
    row = rows[0]
    assert (row["preset"], row["frames_in"], row["frames_out"]) == ("negative", 8, 8)
    assert row["dropped"] == {"window": 1}
    assert set(row["latency"]["recording"]) == {"p50_ms", "p95_ms", "p99_ms"}
    assert {"filter", "overlay", "recording"} <= set(row["stages"])
    assert row["score"] == {"horizontal": 0, "vertical": 0, "density": 0}
    assert row["source"] == {"state": "reconnecting", "counts": {"lost": 1}, "lost_s": 0.0, "last_error": "gone"}


def test_statistics_are_logged_every_now_and_then(figured: LivePipeline, tmp_path: Path) -> None:
    """While it runs, for programs that follow the file."""
    path = tmp_path / "stats.jsonl"
    with StatsLog(figured, path, every_s=0.001):
        wait_until(lambda: path.read_text().count("\n") >= 3)
    assert all("latency" in json.loads(line) for line in path.read_text().splitlines())


def test_a_log_that_cannot_be_made_is_an_error(figured: LivePipeline, tmp_path: Path) -> None:
    """At once."""
    with pytest.raises(SinkError, match="No such file"):
        StatsLog(figured, tmp_path / "none" / "stats.jsonl")


def test_a_log_on_a_full_disk_does_not_end_what_it_is_about(
    figured: LivePipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning is logged once."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    with caplog.at_level(logging.WARNING), StatsLog(figured, full, every_s=1000):
        pass
    assert "No space left" in caplog.text


def test_metrics_are_served_to_this_machine(figured: LivePipeline) -> None:
    """As Prometheus reads them; the port is free again afterwards."""
    pytest.importorskip("prometheus_client")
    with PrometheusExporter(figured, 0) as served:
        with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        with pytest.raises(SinkError, match="choose another port"):
            PrometheusExporter(figured, served.port)
    for line in (
        "livefilter_frames_in_total 8.0",
        "livefilter_frames_filtered_total 8.0",
        'livefilter_frames_dropped_total{where="window"} 1.0',
        "livefilter_timestamps_fixed_total 1.0",
        'livefilter_score{name="density"} 0.0',
        "livefilter_source_up 0.0",
        'livefilter_source_events_total{reason="lost"} 1.0',
    ):
        assert line in lines
    assert any(line.startswith('livefilter_latency_seconds{name="recording",quantile="0.99"} ') for line in lines)
    assert any(line.startswith('livefilter_stage_seconds{name="filter",quantile="0.5"} ') for line in lines)
    again = PrometheusExporter(figured, served.port)
    again.close()


def test_metrics_without_their_package_say_how_to_get_it(
    figured: LivePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command, in the error."""
    monkeypatch.setitem(__import__("sys").modules, "prometheus_client", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'livefilter\[live\]'"):
        PrometheusExporter(figured, 0)
