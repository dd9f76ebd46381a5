"""On-screen display of the preview: status, statistics, help and errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from livefilter.frame import Pixels
from livefilter.layers import draw_panel
from livefilter.pipeline.live._stats import LiveStats, Percentiles
from livefilter.sources import Health


@dataclass(slots=True)
class OsdPanels:
    """Text to display; empty fields show nothing.

    Attributes:
        status: Lines below the preset's name.
        is_recording: Draw a disc before the first of them.
        notice: Message about what has just happened.
        broken: Error in the preset's file.
        statistics: Lines of figures.
        help: A line for each key.
    """

    status: Sequence[str] = ()
    is_recording: bool = False
    notice: str = ""
    broken: str = ""
    statistics: Sequence[str] = ()
    help: Sequence[str] = ()

    def draw_on(self, picture: Pixels, name_rows: int) -> Pixels:
        """Return a copy of a picture with the panels on it; the picture itself if there are none.

        Args:
            picture: uint8, gray or BGR.
            name_rows: Rows at its top that are in use.
        """
        lines = [*self.status, *filter(None, [self.notice])]
        if not (lines or self.broken or self.statistics or self.help):
            return picture
        picture = picture.copy()
        top = [*lines, *self.statistics]
        if top:
            draw_panel(picture, top, top=name_rows, left=0, dot=self.is_recording)
        if self.help:
            draw_panel(picture, self.help)
        if self.broken:
            draw_panel(picture, [self.broken])
        return picture


def status_lines(stats: LiveStats, *, recorded_s: float | None, is_paused: bool, is_switching: bool) -> list[str]:
    """Return the state of the pipeline: recording, frame rate, dropped frames and their cause."""
    words = []
    if recorded_s is not None:
        words.append(f"REC {int(recorded_s) // 60}:{int(recorded_s) % 60:02d}")
    words.append("paused" if is_paused else f"{stats.fps_out:.0f} fps")
    dropped = sum(stats.dropped.values())
    if dropped:
        words.append(f"{dropped} dropped")
    if is_switching:
        words.append("compiling ...")
    lines = ["  ".join(words)]
    if stats.is_slow and not is_paused:
        lines.append(f"too slow: {stats.work_ms:.0f} of {stats.budget_ms:.0f} ms, frames are dropped")
    return lines


def source_lines(health: Health | None, now_ns: int) -> list[str]:
    """Return the state of a source in trouble and its duration; nothing while it is connected."""
    if health is None or health.state == "connected":
        return []
    seconds = (now_ns - health.since_ns) // 1_000_000_000
    return [f"{health.state} {seconds} s", *filter(None, [health.last_error if health.state != "frozen" else None])]


def statistics_lines(stats: LiveStats, health: Health | None = None) -> list[str]:
    """Return figures: rates, drops by reason, latencies, and durations of each part."""
    return list(_statistics(stats, health))


def _statistics(stats: LiveStats, health: Health | None) -> Iterator[str]:
    yield f"in\t{stats.fps_in:.1f} fps, {stats.frames_in} frames"
    yield f"filtered\t{stats.fps_out:.1f} fps, {stats.frames_out} frames"
    yield "dropped\t" + (", ".join(f"{where} {count}" for where, count in stats.dropped.items()) or "none")
    if stats.timestamps_fixed:
        yield f"times corrected\t{stats.timestamps_fixed}"
    if health is not None and health.counts:
        yield "source\t" + ", ".join(f"{reason} {count}" for reason, count in health.counts.items())
    yield "ms\tp50 / p95 / p99"
    for name, latency in stats.latency.items():
        yield f"to {name}\t{_figures(latency)}"
    for name, stage in stats.stages.items():
        yield f"{name}\t{_figures(stage)}"


def _figures(percentiles: Percentiles) -> str:
    return f"{percentiles.p50_ms:.1f} / {percentiles.p95_ms:.1f} / {percentiles.p99_ms:.1f}"
