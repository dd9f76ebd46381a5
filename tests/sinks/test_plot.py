"""A figure of scores over time, with the frames that stand out."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from livefilter.errors import MissingPackageError, OptionError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import PlotSink, Provenance
from livefilter.sinks.scores._plot import _MOST_POINTS, _thinned


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def write(sink: PlotSink, densities: list[float], then: BaseException | None = None) -> None:
    """Write a frame for each density, of a gray level that tells which it is, and raise what comes then."""
    for index, density in enumerate(densities):
        pixels = np.full((480, 640), index, dtype=np.uint8)
        sink.write(Frame(pixels, index, Fraction(index, 25), 0), EdgeScore(1 - density, 0.5, density))
        pixels[:] = 255  # As a source does that uses its memory again.
    if then is not None:
        raise then


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_a_figure_is_drawn_in_its_endings_format(tmp_path: Path, ending: str) -> None:
    """A PNG is a picture with something on it; the others begin as their formats do."""
    path = tmp_path / f"a{ending}"
    with PlotSink(path, origin=Provenance("hall $1.mp4", "edge", "0123456789abcdef")) as sink:
        write(sink, [0.1, 0.9, 0.3])
        assert sink.finish() == str(path)
    assert names(tmp_path) == [path.name]
    begins = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(begins)
    if ending == ".png":
        drawn = cv2.imread(str(path))
        assert drawn is not None
        assert drawn.std() > 10


def test_the_frames_with_the_lowest_and_highest_of_each_score_are_kept_small(tmp_path: Path) -> None:
    """The first of equals; as they were when they came; nothing of the others."""
    sink = PlotSink(tmp_path / "a.png")
    write(sink, [0.5, 0.2, 0.2, 0.9, 0.9, 0.4])
    assert [one.index for one in sink._lowest] == [3, 0, 1]
    assert [one.index for one in sink._highest] == [1, 0, 3]
    for one in (*sink._lowest, *sink._highest):
        assert one.thumbnail.shape == (240, 320)
        assert (one.thumbnail == one.index).all()
    sink.discard()
    assert names(tmp_path) == []


def test_a_small_picture_stays_as_it_is(tmp_path: Path) -> None:
    """Nothing is blown up, and the memory is a copy."""
    with PlotSink(tmp_path / "a.png") as sink:
        pixels = np.full((3, 5, 3), 7, dtype=np.uint8)
        sink.write(Frame(pixels, 0, Fraction(0), 0), EdgeScore(0, 0, 0))
        pixels[:] = 0
        assert (sink._lowest[0].thumbnail == 7).all()
        assert sink._lowest[0].thumbnail.shape == (3, 5, 3)


def test_of_a_long_run_no_peak_is_lost() -> None:
    """An hour becomes a few thousand points, among them the only high one and the only low one, in order of time."""
    values = np.full(90_000, 0.5)
    values[12_345], values[67_890] = 1.0, 0.0
    times_s, drawn = _thinned(np.arange(90_000) / 25, values)
    assert len(drawn) == len(times_s) == _MOST_POINTS
    assert (drawn.min(), drawn.max()) == (0.0, 1.0)
    assert (np.diff(times_s) >= 0).all()
    assert times_s[drawn.argmax()] == 12_345 / 25


def test_an_interrupt_leaves_the_figure_so_far_and_no_frame_leaves_none(tmp_path: Path) -> None:
    """As of every output."""
    with pytest.raises(KeyboardInterrupt), PlotSink(tmp_path / "a.png") as sink:
        write(sink, [0.1], KeyboardInterrupt())
    with PlotSink(tmp_path / "b.png"):
        pass
    assert names(tmp_path) == ["a.partial.png"]


def test_another_ending_is_refused(tmp_path: Path) -> None:
    """The message lists those that there are."""
    with pytest.raises(OptionError, match=r"a plot ends in \.png, \.svg, \.pdf, found \.gif"):
        PlotSink(tmp_path / "a.gif")


def test_without_matplotlib_the_error_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is filtered, and nothing is left behind."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.figure", raising=False)
    with pytest.raises(MissingPackageError, match=r"pip install 'livefilter\[explain\]'"):
        PlotSink(tmp_path / "a.png")
    assert names(tmp_path) == []
