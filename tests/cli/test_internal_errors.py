"""Errors that livefilter does not foresee, on the command line: exit code 1, and what is kept is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from livefilter.analysis import Result
from livefilter.cli import run
from livefilter.layers import Overlay
from livefilter.pipeline import InputResult, OutputSpec, ProcessOptions, Progress, run_batch
from livefilter.presets import load_preset
from livefilter.sources import open_source

BUG = "31 is not a valid Type"


@pytest.mark.parametrize(
    "line", ["process clip.mp4 -o a.mp4 --scores a.csv", "preview clip.mp4 --no-window --record a.mp4 --scores a.csv"]
)
def test_a_bug_is_reported_with_what_is_kept(
    line: str,
    clip: Path,
    negative: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Here in what draws on the picture, at the sixth frame; five can be played, and the table has five rows."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    observe = Overlay.observe

    def fail_late(self: Overlay, result: Result) -> None:
        if result.frame.time_s >= Fraction(5, 25):
            raise ValueError(BUG)
        observe(self, result)

    monkeypatch.setattr(Overlay, "observe", fail_late)
    assert run([*line.split(), "-p", negative]) == 1
    told = capsys.readouterr().err.splitlines()
    assert any(f"a bug: ValueError: {BUG}" in one for one in told), told
    for name in ("a.partial.mp4", "a.partial.csv"):
        assert f"livefilter: the output so far is kept in {name}" in told
    with open_source(tmp_path / "a.partial.mp4") as kept:
        assert sum(1 for _ in kept) == 5
    assert sum(row[0].isdecimal() for row in (tmp_path / "a.partial.csv").read_text().splitlines()) == 5
    assert not (tmp_path / "a.mp4").exists()


class Broken:
    """An observer of a batch with a bug."""

    def on_start(self, sources: Sequence[str], sizes: Sequence[int]) -> None:
        """Take note of nothing."""

    def on_progress(self, place: int, progress: Progress) -> None:
        """Fail once there are frames."""
        if progress.frames:
            raise ValueError(BUG)

    def on_done(self, place: int, result: InputResult) -> None:
        """Take note of nothing."""


@pytest.mark.jit
def test_a_bug_beside_a_batch_keeps_what_its_workers_have(
    negative: str, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    """They end as after an interrupt, instead of being killed."""
    noise = list(np.random.default_rng(0).integers(0, 256, (20, 48, 64), dtype=np.uint8))
    clip = make_clip(tmp_path / "long.mp4", noise * 250, preset="ultrafast")
    job = ProcessOptions(preset=load_preset(negative))
    with pytest.raises(ValueError, match=BUG):
        run_batch([str(clip)], tmp_path / "out", job, OutputSpec("", ".csv"), observer=Broken())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["long.partial.csv", "long.partial.mp4"]
    with open_source(tmp_path / "out" / "long.partial.mp4") as kept:
        assert 0 < sum(1 for _ in kept) < 5000
