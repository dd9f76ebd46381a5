"""Frames with their results, one by one, and scores alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from livefilter import Filter, Progress, Trim, filter_frames, parse_time, score
from livefilter.errors import PresetError, SourceError
from livefilter.frame import Pixels
from livefilter.sources import Source, VideoFile
from livefilter.testing import ArraySource


def test_every_frame_comes_with_what_the_filter_makes_of_it(clip: Path, negative: str) -> None:
    """The frame as it is read, the picture and the score as of a direct call."""
    filtered = Filter(negative)
    with VideoFile(clip) as source:
        expected = [(frame.index, frame.time_s, frame.pixels, filtered(frame.pixels)) for frame in source]
    got = list(filter_frames(clip, negative))
    assert len(got) == len(expected) == 8
    for (frame, result), (index, time_s, pixels, wanted) in zip(got, expected, strict=True):
        assert (frame.index, frame.time_s, result.score) == (index, time_s, wanted.score)
        assert np.array_equal(frame.pixels, pixels)
        assert np.array_equal(result.image, wanted.image)


def test_a_source_that_is_open_stays_open(pictures: list[Pixels], negative: str) -> None:
    """The code that opens a source closes it."""
    with ArraySource(pictures) as source:
        assert len(list(filter_frames(source, negative))) == 8
        assert not source.is_closed


def test_frames_end_with_their_source(pictures: list[Pixels], negative: str) -> None:
    """A source that is closed meanwhile ends the iteration, and what was filtered stays good."""
    source = ArraySource(pictures)
    results = filter_frames(source, negative)
    frame, filtered = next(results)
    source.close()
    assert list(results) == []
    assert np.array_equal(filtered.image, 255 - frame.pixels)


def test_a_source_that_is_opened_here_is_closed_with_the_generator(
    clip: Path, negative: str, closed_sources: list[Source]
) -> None:
    """Also when it is left early."""
    frames = filter_frames(clip, negative)
    next(frames)
    assert closed_sources == []
    frames.close()  # type: ignore[attr-defined]
    assert len(closed_sources) == 1


def test_errors_are_raised_at_the_first_frame(negative: str) -> None:
    """As of a pipeline."""
    with pytest.raises(SourceError, match="no such file"):
        next(filter_frames("missing.mp4", negative))
    with pytest.raises(PresetError, match="unknown preset"):
        next(filter_frames("missing.mp4", "nothing"))


def test_scores_are_counted_written_and_reported(clip: Path, tmp_path: Path) -> None:
    """A row for each frame, a call after each, the mean in the summary."""
    seen: list[Progress] = []
    summary = score(clip, scores=tmp_path / "a.jsonl", progress=seen.append)
    head, *rows = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert (summary.frames, summary.preset, head["preset"]) == (8, "edge", "edge")
    assert [progress.frames for progress in seen] == list(range(1, 9))
    assert summary.mean_score is not None
    assert summary.mean_score.density == pytest.approx(sum(row["density"] for row in rows) / 8)


def test_scoring_can_be_stopped(clip: Path) -> None:
    """From outside, between two frames."""
    summary = score(clip, should_stop=iter([False, False, True]).__next__)
    assert (summary.frames, summary.is_interrupted) == (2, True)


def test_a_part_can_be_filtered_and_scored(clip: Path, negative: str, tmp_path: Path) -> None:
    """Frames keep their times, and the plot is drawn of them alone."""
    trim = Trim(start=parse_time("2f"), end=parse_time("7f"), stride=2)
    assert [float(frame.time_s) for frame, _ in filter_frames(clip, negative, trim=trim)] == [0.08, 0.16, 0.24]
    summary = score(clip, trim=trim, plot=tmp_path / "a.png")
    assert (summary.frames, summary.outputs) == (3, (str(tmp_path / "a.png"),))
