"""What a preview writes on its window."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pytest

from livefilter.pipeline.live import LiveStats, OsdPanels, Stats, source_lines, statistics_lines, status_lines
from livefilter.sources import Health
from livefilter.testing import FakeClock

SECOND_NS = 1_000_000_000


def stats() -> LiveStats:
    """Of a pipeline that runs well, but for two frames."""
    made = Stats(Fraction(25), FakeClock())
    made.record_stage("filter", 0.002)
    made.record_latency("window", 0.01)
    for _ in range(2):
        made.drop("window")
    return made.snapshot()


def test_the_status_shows_the_pipelines_state() -> None:
    """Recording, rate, drops, compiling; paused instead of a rate."""
    shown = replace(stats(), fps_out=24.6)
    assert status_lines(shown, recorded_s=None, is_paused=False, is_switching=False) == ["25 fps  2 dropped"]
    assert status_lines(shown, recorded_s=75.9, is_paused=True, is_switching=True) == [
        "REC 1:15  paused  2 dropped  compiling ..."
    ]


def test_the_status_says_that_the_filter_is_too_slow() -> None:
    """By how much; not while it is paused."""
    slow = replace(stats(), dropped={}, fps_out=10, work_ms=80.2)
    lines = status_lines(slow, recorded_s=None, is_paused=False, is_switching=False)
    assert lines == ["10 fps", "too slow: 80 of 40 ms, frames are dropped"]
    assert len(status_lines(slow, recorded_s=None, is_paused=True, is_switching=False)) == 1


def test_a_source_that_is_lost_or_frozen_is_shown() -> None:
    """For how long, and why; nothing while it is well, or cannot be lost."""
    lost = Health("reconnecting", since_ns=5 * SECOND_NS, last_error="connection refused")
    assert source_lines(lost, 17 * SECOND_NS) == ["reconnecting 12 s", "connection refused"]
    assert source_lines(replace(lost, state="frozen"), 6 * SECOND_NS) == ["frozen 1 s"]
    assert source_lines(Health(), 0) == source_lines(None, 0) == []


def test_statistics_name_every_figure() -> None:
    """Rates, drops, corrected times, what happened to the source, latencies and stages."""
    health = Health(counts=MappingProxyType({"lost": 2}))
    lines = statistics_lines(replace(stats(), timestamps_fixed=3), health)
    for line in (
        "dropped\twindow 2",
        "times corrected\t3",
        "source\tlost 2",
        "to window\t10.0 / 10.0 / 10.0",
        "filter\t2.0 / 2.0 / 2.0",
    ):
        assert line in lines
    assert "dropped\tnone" in statistics_lines(replace(stats(), dropped={}))


def test_without_panels_the_picture_is_not_copied() -> None:
    """It goes to the window as it is."""
    picture = np.zeros((240, 320), np.uint8)
    assert OsdPanels().draw_on(picture, 0) is picture


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (48, 64), (240, 320), (720, 1280), (2160, 3840)])
def test_panels_are_drawn_on_a_copy_of_any_size(shape: tuple[int, int]) -> None:
    """All at once; the picture stays as it was."""
    panels = OsdPanels(
        ["status"], is_recording=True, notice="notice", broken="broken " * 30, statistics=["a"] * 20, help=["b\tc"] * 30
    )
    picture = np.full(shape, 200, np.uint8)
    drawn = panels.draw_on(picture, 10)
    assert drawn.shape == shape
    assert (picture == 200).all()
    assert (drawn != 200).any()


@pytest.mark.parametrize("shape", [(240, 320), (480, 640), (2160, 3840)])
def test_the_whole_help_fits(shape: tuple[int, int]) -> None:
    """In columns where there is little height: something is drawn for each of 25 lines, and a margin stays free."""
    lines = [f"{at}\twhat this key does" for at in range(25)]
    picture = np.zeros(shape, np.uint8)
    full = OsdPanels(help=lines).draw_on(picture, 0)
    assert not any(edge.any() for edge in (full[0], full[-1], full[:, 0], full[:, -1]))
    for at in range(25):
        without = OsdPanels(help=[*lines[:at], "", *lines[at + 1 :]]).draw_on(picture, 0)
        assert (without != full).any(), at
