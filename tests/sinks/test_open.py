"""From the path that a user gives to the sink that is meant, and to what it would write over."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from livefilter.errors import OptionError
from livefilter.sinks import ImageSequenceSink, ImageSink, Sink, VideoSink, open_sink, would_overwrite


def opened(target: str | Path) -> Sink:
    """The sink, dropped at once."""
    sink = open_sink(target, rate=Fraction(25), time_base=Fraction(1, 25))
    sink.discard()
    return sink


@pytest.mark.parametrize("name", ["a.mp4", "a.MKV", "a.m4v", "a.mov", "a.webm", "a.avi", "a.gif", "a.apng"])
def test_the_ending_of_a_video_opens_a_video(name: str, tmp_path: Path) -> None:
    """As a text or as a path, in any case."""
    assert isinstance(opened(tmp_path / name), VideoSink)
    assert isinstance(opened(str(tmp_path / name)), VideoSink)


@pytest.mark.parametrize("name", ["f%04d.png", "%d.JPG", "there", "there.v2", "new/", "new.v2/"])
def test_a_pattern_or_a_folder_opens_pictures(name: str, tmp_path: Path) -> None:
    """A folder that exists, or that is written as one, dot in its name or not."""
    for there in ("there", "there.v2"):
        (tmp_path / there).mkdir()
    assert isinstance(opened(f"{tmp_path}/{name}"), ImageSequenceSink)


@pytest.mark.parametrize("name", ["a.png", "a%.jpeg"])
def test_a_name_without_a_number_opens_one_picture(name: str, tmp_path: Path) -> None:
    """The name of one photograph."""
    assert isinstance(opened(tmp_path / name), ImageSink)


@pytest.mark.parametrize("name", ["a.ts", "a", "a.csv"])
def test_any_other_ending_is_refused(name: str, tmp_path: Path) -> None:
    """The message lists what there is and what was found."""
    with pytest.raises(OptionError, match=r"the ending must be one of \.mp4, .*\.png, .*, or a folder; found"):
        opened(f"{tmp_path}/{name}")


def test_an_output_replaces_its_target_and_what_lies_beside_it(tmp_path: Path) -> None:
    """The unfinished file has a name too, and a link is the file that it leads to."""
    for name in ("a.mp4", "a.partial.mp4", "b.mp4"):
        (tmp_path / name).touch()
    (tmp_path / "link.mp4").symlink_to(tmp_path / "a.mp4")
    assert would_overwrite(tmp_path / "a.mp4", tmp_path / "a.mp4")
    assert would_overwrite(tmp_path / "a.mp4", tmp_path / "a.partial.mp4")
    assert would_overwrite(tmp_path / "link.mp4", tmp_path / "a.mp4")
    assert would_overwrite(tmp_path / "a.mp4", tmp_path / "link.mp4")
    assert not would_overwrite(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert not would_overwrite(tmp_path / "new.mp4", tmp_path / "b.mp4")
    assert not would_overwrite("-", tmp_path / "a.mp4")
    assert not would_overwrite("", tmp_path / "a.mp4")


def test_a_sequence_replaces_what_it_could_be_numbered_as(tmp_path: Path) -> None:
    """Pictures of the same pattern in the same folder."""
    (tmp_path / "f1.png").touch()
    (tmp_path / "g1.png").touch()
    (tmp_path / "more").mkdir()
    assert would_overwrite(tmp_path / "f%d.png", tmp_path / "f1.png")
    assert not would_overwrite(tmp_path / "f%d.png", tmp_path / "g1.png")
    assert not would_overwrite(tmp_path / "more" / "f%d.png", tmp_path / "f1.png")
