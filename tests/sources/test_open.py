"""From what a user types to the source that is meant."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from livefilter.errors import LivefilterError, OptionError, SourceError
from livefilter.sources import open_source


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


@pytest.mark.parametrize("name", ["webcam", "corridor", "chart"])
def test_a_synthetic_scene_needs_no_file(name: str) -> None:
    """The same frames each time."""
    with open_source(f"synthetic:{name}") as source, open_source(f"synthetic:{name}") as again:
        assert source.facts.name == f"synthetic-{name}"
        for frame, same in islice(zip(source, again, strict=True), 2):
            assert frame.pixels.shape == source.facts.shape
            assert frame.time_s == frame.index / source.facts.rate
            np.testing.assert_array_equal(frame.pixels, same.pixels)
    assert source.loss is None


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("synthetic:charts", "did you mean 'chart'.*known: webcam, corridor, chart"),
        ("synthetic:zzz", "no such scene; known: webcam"),
        ("camera:", "a camera is camera:NUMBER"),
        ("camera:front", "a camera is camera:NUMBER"),
        (-1, "a camera is camera:NUMBER, counted from 0"),
        ("", "empty text"),
        ("nothing.mp4", "nothing.mp4: no such file"),
        ("nothing.png", "nothing.png: no such file"),
        ("~nobody-of-that-name/a.mp4", "no such file"),
        ("n" * 5000, "no such file"),
        ("nothing\0.mp4", "no such file"),
        ("nothing*.png", "no picture matches"),
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


@pytest.mark.parametrize("spec", ["synthetic:chart", "clip.mp4", "camera:0"])
def test_only_pictures_take_a_rate(spec: str) -> None:
    """Everything else knows its own, which a flag must not overrule silently."""
    with pytest.raises(OptionError, match="has a rate of its own"):
        open_source(spec, rate=Fraction(10))


def test_every_refusal_is_one_line(tmp_path: Path) -> None:
    """The command line prints the message as it is."""
    for spec in (tmp_path, "nothing.mp4", "synthetic:x", "camera:x"):
        with pytest.raises(LivefilterError) as caught:
            open_source(spec)
        assert "\n" not in str(caught.value)
