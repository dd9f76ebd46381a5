"""From what a user types to the source that is meant."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from livefilter.errors import LivefilterError, OptionError, SourceError
from livefilter.sources import SourceKind, SourceOptions, SyntheticSource, kind_of, open_source
from livefilter.sources.synthetic import Scene


def test_a_path_to_a_video_opens_it(clip: Path) -> None:
    """As a text or as a path."""
    for spec in (clip, str(clip)):
        with open_source(spec) as source:
            assert source.facts.name == "clip.mp4"
            assert len(list(source)) == 8


def test_a_tilde_is_the_home_folder(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell, also where no shell replaced it."""
    monkeypatch.setenv("HOME", str(clip.parent))
    monkeypatch.setenv("USERPROFILE", str(clip.parent))
    with open_source("~/clip.mp4") as source:
        assert source.facts.name == "clip.mp4"


def test_a_picture_a_folder_and_a_glob_are_pictures(tmp_path: Path) -> None:
    """Each gives the same frame, at a rate of 25 unless one is given."""
    cv2.imencode(".png", np.full((4, 6), 8, np.uint8))[1].tofile(tmp_path / "a.png")
    for spec in (tmp_path / "a.png", tmp_path, tmp_path / "*.png"):
        with open_source(spec) as source:
            assert source.facts.rate == 25
            assert [frame.pixels.tolist() for frame in source] == [[[8] * 6] * 4]
    with open_source(tmp_path, rate=Fraction(10)) as source:
        assert source.facts.rate == 10


def test_the_test_chart_needs_no_file() -> None:
    """The same frames each time."""
    with open_source("synthetic:chart") as source, open_source("synthetic:chart") as again:
        assert source.facts.name == "synthetic-chart"
        for frame, same in islice(zip(source, again, strict=True), 2):
            assert frame.pixels.shape == source.facts.shape
            assert frame.time_s == frame.index / source.facts.rate
            np.testing.assert_array_equal(frame.pixels, same.pixels)
    assert source.loss is None


@pytest.mark.parametrize(("name", "frames"), [("webcam", 150), ("corridor", 200)])
def test_a_sample_clip_is_shipped_and_ends(
    name: str, frames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From any folder; once, unless it is to repeat."""
    monkeypatch.chdir(tmp_path)
    with open_source(f"sample:{name}") as source:
        assert source.facts.name == f"{name}.mp4"
        assert sum(1 for _ in source) == frames
    assert source.loss is None
    with open_source(f"sample:{name}", loop=True) as source:
        assert [frame.index for frame in islice(source, frames - 1, frames + 2)] == [frames - 1, frames, frames + 1]


def test_a_synthetic_scene_ends() -> None:
    """After as many frames as its facts promise."""
    scene = Scene(
        "dot", "A dot.", (1, 1), Fraction(5), 3, lambda index: np.full((1, 1), index, np.uint8), lambda: {"levels": 3}
    )
    with SyntheticSource(scene) as source:
        assert source.facts.frame_count == 3
        assert [int(frame.pixels[0, 0]) for frame in source] == [0, 1, 2]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("synthetic:charts", "synthetic:charts: there is no such synthetic scene; use synthetic:chart"),
        ("synthetic:webcam", "no such synthetic scene; use sample:webcam"),
        ("synthetic:corridor", "no such synthetic scene; use sample:corridor"),
        ("synthetic:zzz", "no such synthetic scene; there are sample:webcam, sample:corridor, synthetic:chart"),
        ("sample:chart", "no such sample clip; use synthetic:chart"),
        ("sample:", "no such sample clip; there are sample:webcam"),
        ("sample:../recordings/webcam", "no such sample clip"),
        ("camera:", "a camera is camera:NUMBER"),
        ("camera:front", "a camera is camera:NUMBER"),
        (-1, "a camera is camera:NUMBER, counted from 0"),
        ("", "empty text"),
        ("nothing.mp4", "nothing.mp4: no such file"),
        ("nothing.png", "nothing.png: no such file"),
        ("~nobody-of-that-name/a.mp4", "no such file"),
        ("n" * 5000, "no such file"),
        ("nothing\0.mp4", "no such file"),
        ("nothing*.png", "no such file, and as a pattern it matches nothing"),
    ],
)
def test_what_is_not_there_is_refused_in_plain_words(
    spec: str | int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind says what is wrong and, where it can, what would be right."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=says):
        open_source(spec)


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-5)])
def test_a_rate_must_be_positive(rate: Fraction, tmp_path: Path) -> None:
    """Zero or fewer frames per second stand for nothing."""
    with pytest.raises(OptionError, match="must be positive"):
        open_source(tmp_path, rate=rate)


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        (0, SourceKind.CAMERA),
        ("12", SourceKind.CAMERA),
        ("camera:1", SourceKind.CAMERA),
        ("/dev/v4l/by-id/usb-cam", SourceKind.CAMERA),
        ("rtsp://host/stream", SourceKind.STREAM),
        ("RTP://host:5004", SourceKind.STREAM),
        ("rtsp:host", SourceKind.STREAM),
        ("https://host/clip.mp4", SourceKind.STREAM),
        ("-", SourceKind.STANDARD_INPUT),
        ("synthetic:chart", SourceKind.SCENE),
        ("sample:webcam", SourceKind.SAMPLE),
        ("frames/*.png", SourceKind.IMAGES),
        (".", SourceKind.IMAGES),
        (Path("clip.mp4"), SourceKind.VIDEO_FILE),
        ("C:/clip.mp4", SourceKind.VIDEO_FILE),
    ],
)
def test_a_spec_names_its_kind(spec: str | int | Path, kind: SourceKind) -> None:
    """Without opening anything; only cameras and streams are live."""
    assert kind_of(spec) is kind
    assert kind_of(spec).is_live == (kind in (SourceKind.CAMERA, SourceKind.STREAM))


@pytest.mark.parametrize(
    ("spec", "given", "says"),
    [
        (
            "synthetic:chart",
            {"rate": Fraction(10)},
            "rate: is for cameras, video files, images and standard input only",
        ),
        ("clip.mp4", {"size": (4, 6)}, r"size: is for raw video \(--input-format\) only"),
        ("camera:0", {"loop": True}, "loop: is for video files, images, sample clips and synthetic scenes only"),
        (".", {"input_format": "gray8"}, "input_format: is for video files and standard input only, and . is images"),
    ],
)
def test_an_option_that_a_source_does_not_know_is_refused(spec: str, given: dict[str, Any], says: str) -> None:
    """It is never ignored, and the message says what it is for."""
    with pytest.raises(OptionError, match=says):
        open_source(spec, **given)


def test_options_can_be_given_as_one_value_and_changed(tmp_path: Path) -> None:
    """As commands do, which read them from their flags."""
    cv2.imencode(".png", np.full((4, 6), 8, np.uint8))[1].tofile(tmp_path / "a.png")
    with open_source(tmp_path, SourceOptions(rate=Fraction(10), loop=True), loop=False) as source:
        assert source.facts.rate == 10
        assert len(list(source)) == 1


def test_every_refusal_is_one_line(tmp_path: Path) -> None:
    """The command line prints the message as it is."""
    for spec in (tmp_path, "nothing.mp4", "synthetic:x", "camera:x"):
        with pytest.raises(LivefilterError) as caught:
            open_source(spec)
        assert "\n" not in str(caught.value)
