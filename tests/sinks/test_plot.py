"""Plots of scores over time, with the frames of the lowest and highest scores."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from livefilter.analysis import Analysis, Result
from livefilter.errors import MissingPackageError, OptionError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import PlotSink, Provenance


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def write(sink: PlotSink, densities: list[float], then: BaseException | None = None) -> None:
    """Write a frame for each density, with its index as gray level, and raise what comes then."""
    for index, density in enumerate(densities):
        pixels = np.full((480, 640), index, dtype=np.uint8)
        sink.write(
            Result.unfiltered(Frame(pixels, index, Fraction(index, 25), 0), EdgeScore(1 - density, 0.5, density))
        )
        pixels[:] = 255  # As a source does that uses its memory again.
    if then is not None:
        raise then


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_a_figure_is_drawn_in_its_endings_format(tmp_path: Path, ending: str) -> None:
    """A PNG is a picture with something on it; the others begin as their formats do."""
    path = tmp_path / f"a{ending}"
    with PlotSink(path, provenance=Provenance("hall $1.mp4", "edge", "0123456789abcdef")) as sink:
        write(sink, [0.1, 0.9, 0.3])
        assert sink.finish() == str(path)
    assert names(tmp_path) == [path.name]
    begins = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(begins)
    if ending == ".png":
        drawn = cv2.imread(str(path))
        assert drawn is not None
        assert drawn.std() > 10


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that plots are drawn on, which are not rendered."""
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: figures.append(figure))
    return figures


def test_the_frames_with_the_lowest_and_highest_of_each_score_are_kept_small(
    saved: list[Figure], tmp_path: Path
) -> None:
    """The first of equals; as they were when they came; nothing of the others."""
    with PlotSink(tmp_path / "a.png") as sink:
        write(sink, [0.5, 0.2, 0.2, 0.9, 0.9, 0.4])
    thumbnails = [axes for axes in saved[0].axes if axes.images]
    assert [axes.get_title().partition(":")[0] for axes in thumbnails] == [
        f"{extreme} {score}" for score in ("horizontal", "vertical", "density") for extreme in ("lowest", "highest")
    ]
    indices = [3, 1, 0, 0, 1, 3]
    assert [axes.get_xlabel() for axes in thumbnails] == [f"frame {index}, {index / 25:.2f} s" for index in indices]
    for axes, index in zip(thumbnails, indices, strict=True):
        shown = np.asarray(axes.images[0].get_array())
        assert shown.shape == (240, 320)
        assert (shown == index).all()


def test_a_small_picture_stays_as_it_is(saved: list[Figure], tmp_path: Path) -> None:
    """Nothing is blown up, and the memory is a copy."""
    with PlotSink(tmp_path / "a.png") as sink:
        pixels = np.full((3, 5, 3), 7, dtype=np.uint8)
        sink.write(Result.unfiltered(Frame(pixels, 0, Fraction(0), 0), EdgeScore(0, 0, 0)))
        pixels[:] = 0
    shown = np.asarray(next(axes for axes in saved[0].axes if axes.images).images[0].get_array())
    assert shown.shape == (3, 5, 3)
    assert (shown == 7).all()


def test_of_a_long_run_no_peak_is_lost(saved: list[Figure], tmp_path: Path) -> None:
    """A long run becomes 4000 points, among them the only high one and the only low one, in order of time."""
    pixels = np.zeros((2, 2), dtype=np.uint8)
    with PlotSink(tmp_path / "a.png") as sink:
        for index in range(9000):
            value = {1234: 1.0, 6789: 0.0}.get(index, 0.5)
            sink.write(Result.unfiltered(Frame(pixels, index, Fraction(index, 25), 0), EdgeScore(value, value, value)))
    times_s, drawn = np.asarray(saved[0].axes[0].lines[0].get_xydata()).T
    assert len(times_s) == 4000
    assert (drawn.min(), drawn.max()) == (0.0, 1.0)
    assert (np.diff(times_s) >= 0).all()
    assert (times_s[drawn.argmax()], times_s[drawn.argmin()]) == (1234 / 25, 6789 / 25)


def test_each_zone_has_a_line_in_each_plot(saved: list[Figure], tmp_path: Path) -> None:
    """Beside that of the frame, with its name in the legend, and a gap where it was not scored."""
    pixels = np.zeros((2, 2), dtype=np.uint8)
    door, hall = EdgeScore(0.1, 0.2, 0.3), EdgeScore(0.4, 0.5, 0.6)
    with PlotSink(tmp_path / "a.png") as sink:
        for index, zones in enumerate([{"door": door}, {"door": door, "hall": hall}, {"hall": hall}]):
            frame = Frame(pixels, index, Fraction(index, 25), 0)
            sink.write(Result(frame, pixels, pixels, Analysis(EdgeScore(0, 0, 0), zones)))
    plots = [axes for axes in saved[0].axes if not axes.images]
    for axes, first, second in zip(plots, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), strict=True):
        lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in axes.lines}
        assert np.array_equal(lines["door"], [first, first, np.nan], equal_nan=True)
        assert np.array_equal(lines["hall"], [np.nan, second, second], equal_nan=True)
        legend = axes.get_legend()
        assert legend is not None
        assert [text.get_text() for text in legend.get_texts()] == ["frame", "door", "hall"]


def test_a_long_run_of_a_zone_with_gaps_loses_no_peak(saved: list[Figure], tmp_path: Path) -> None:
    """Frames in which the zone was not scored hide none beside them."""
    pixels = np.zeros((2, 2), dtype=np.uint8)
    with PlotSink(tmp_path / "a.png") as sink:
        for index in range(9000):
            value = {1234: 1.0, 6789: 0.0}.get(index, 0.5)
            zones = {} if index in (1233, 6790) else {"door": EdgeScore(value, value, value)}
            frame = Frame(pixels, index, Fraction(index, 25), 0)
            sink.write(Result(frame, pixels, pixels, Analysis(EdgeScore(0, 0, 0), zones)))
    (line,) = (line for line in saved[0].axes[0].lines if line.get_label() == "door")
    drawn = np.asarray(line.get_ydata())
    assert (len(drawn), np.nanmin(drawn), np.nanmax(drawn)) == (4000, 0, 1)


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
