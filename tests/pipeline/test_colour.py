"""Colours through whole pipelines: the same live and from a file."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from livefilter import process
from livefilter.compiler import Filter
from livefilter.frame import Color, Frame, Pixels
from livefilter.pipeline import LivePipeline
from livefilter.presets import load_preset
from livefilter.sources import open_source
from livefilter.testing import ArraySource, ListSink

SHAPE = (40, 56)
RATE = Fraction(200)
COLORS: tuple[Color, ...] = ("gray", "luma", "rgb")


@pytest.fixture
def coloured() -> list[Pixels]:
    """Pictures with colors that saturate, and parts without any."""
    rng = np.random.default_rng(11)
    pictures = []
    for _ in range(5):
        picture = cv2.resize(rng.integers(0, 256, (5, 7, 3), np.uint8), SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
        picture[:8] = picture[:8, :, :1]
        pictures.append(np.asarray(picture, dtype=np.uint8))
    return pictures


@pytest.fixture
def preset(tmp_path: Path) -> str:
    """The path of a preset with a kernel, which draws its name and the scores."""
    path = tmp_path / "sharp.yaml"
    path.write_text("steps:\n  - kernel: {weights: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]}\n  - tone: {invert: true}\n")
    return str(path)


def at_once(made: Filter) -> Future[None]:
    """Make a Filter ready where nothing is compiled."""
    assert made.chain
    done: Future[None] = Future()
    done.set_result(None)
    return done


@pytest.mark.parametrize("color", COLORS)
def test_live_and_from_a_file_pictures_and_scores_are_equal(color: Color, coloured: list[Pixels], preset: str) -> None:
    """With overlay and comparison, in each colour mode; scores are of the gray in all of them."""
    live_sink, file_sink = ListSink(), ListSink()
    live = LivePipeline(ArraySource(coloured, rate=RATE), preset, color=color, compare="wipe", prepare=at_once)
    live.add_sink("list", live_sink)
    live.run()
    process(ArraySource(coloured, rate=RATE), file_sink, preset, color=color, compare="wipe")
    assert len(live_sink.results) == len(file_sink.results) == len(coloured)
    for here, there in zip(live_sink.results, file_sink.results, strict=True):
        np.testing.assert_array_equal(here.picture, there.picture)
        np.testing.assert_array_equal(here.filtered, there.filtered)
        np.testing.assert_array_equal(here.frame.gray, there.frame.gray)
        assert here.picture.ndim == (2 if color == "gray" else 3)
    grays = [np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8) for picture in coloured]
    assert live_sink.scores == file_sink.scores == [Filter(load_preset(preset))(gray).score for gray in grays]


@pytest.mark.parametrize("color", COLORS)
def test_a_picture_is_what_its_colour_mode_says(color: Color, coloured: list[Pixels], preset: str) -> None:
    """The filtered gray; the gray's change added to each channel; or each channel filtered."""
    sink, made = ListSink(), Filter(load_preset(preset))
    live = LivePipeline(ArraySource(coloured, rate=RATE), preset, color=color, overlay=False, prepare=at_once)
    live.add_sink("list", sink)
    live.run()
    for result, picture in zip(sink.results, coloured, strict=True):
        gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        change = made(gray).image.astype(int) - gray
        expected = {
            "gray": made(gray).image,
            "luma": (picture + change[..., np.newaxis]).clip(0, 255),
            "rgb": np.dstack([made(np.ascontiguousarray(picture[..., at])).image for at in range(3)]),
        }
        np.testing.assert_array_equal(result.picture, expected[color])


class Switchable(ArraySource):
    """A source with colors that are delivered only where they are wanted."""

    color: Color = "gray"

    def set_color(self, color: Color) -> None:
        """Note what is wanted."""
        self.color = color

    def _frames(self) -> Iterator[Frame]:
        for frame in super()._frames():
            yield frame.with_pixels(frame.gray) if self.color == "gray" else frame


def with_color(preset: str, color: Color) -> str:
    """Write a preset with a colour mode of its own, beside another one, and return its path."""
    path = Path(preset).with_name(f"{color}.yaml")
    path.write_text(f"color: {color}\n{Path(preset).read_text()}")
    return str(path)


@pytest.mark.parametrize("color", [None, *COLORS])
def test_a_presets_colour_mode_counts_where_none_is_asked_for(
    color: Color | None, coloured: list[Pixels], preset: str
) -> None:
    """The source is asked for what that needs, and for nothing else."""
    source, sink = Switchable(coloured, rate=RATE), ListSink()
    live = LivePipeline(source, with_color(preset, "luma"), color=color, overlay=False, prepare=at_once)
    assert source.color == ("gray" if color == "gray" else "rgb")
    live.add_sink("list", sink)
    live.run()
    filed = ListSink()
    process(ArraySource(coloured, rate=RATE), filed, with_color(preset, color or "luma"), overlay=False)
    for here, there in zip(sink.results, filed.results, strict=True):
        np.testing.assert_array_equal(here.picture, there.picture)


def test_another_preset_may_bring_colours_and_take_them_away(
    coloured: list[Pixels], preset: str, tmp_path: Path
) -> None:
    """While it runs; the recording goes on in a next file, as a video is gray or in colour as a whole."""
    source, sink = Switchable(coloured * 400, rate=RATE), ListSink()
    live = LivePipeline(source, preset, overlay=False, prepare=at_once)
    live.add_sink("list", sink)
    live.record(tmp_path / "a.mp4")
    presets = iter([with_color(preset, "rgb"), with_color(preset, "gray")])
    asked: list[Color] = []

    def should_stop() -> bool:
        """Go on to the next preset once there are enough pictures as the one before makes them."""
        wanted = 3 if len(asked) == 1 else 2
        if len(sink.results) < 5 or any(result.picture.ndim != wanted for result in sink.results[-5:]):
            return False
        asked.append(source.color)
        following = next(presets, None)
        if following is not None:
            live.preset.switch(following)
        return following is None

    live.run(should_stop)
    assert asked[:3] == ["gray", "rgb", "gray"]
    channels = [result.picture.ndim for result in sink.results]
    assert np.count_nonzero(np.diff(channels)) == 2, "no picture in between is of another kind"
    videos = [tmp_path / name for name in ("a.mp4", "a-2.mp4", "a-3.mp4")]
    counts = []
    for video, is_coloured in zip(videos, (False, True, False), strict=True):
        with open_source(video, color="rgb") as recorded:
            frames = list(recorded)
        counts.append(len(frames))
        spread = np.median([np.ptp(frame.pixels[10:].astype(int), axis=2).mean() for frame in frames])
        assert (spread > 20) == is_coloured
    assert sum(counts) == len(channels)


def test_a_single_picture_has_its_colours_when_a_preset_wants_them(coloured: list[Pixels], preset: str) -> None:
    """No later frame would bring them: it is asked for them at once."""
    source = Switchable(coloured[:1], rate=RATE)
    LivePipeline(source, preset, prepare=at_once).discard()
    assert source.color == "rgb"
