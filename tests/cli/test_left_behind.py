"""Partial files of runs that were killed: every command keeps them, and says so on standard error."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from livefilter.cli import run
from livefilter.sources import open_source
from livefilter.testing import running, wait_until

LEFT = b"an hour of night"
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("line", "partial", "kept"),
    [
        ("process clip.mp4 -o a.mp4", "a.partial.mp4", "a.partial.1.mp4"),
        ("process clip.mp4 -o f%03d.png", "f003.partial.png", "f003.partial.1.png"),
        ("process clip.mp4 -o a.mp4 --scores a.csv", "a.partial.csv", "a.partial.1.csv"),
        ("process clip.mp4 -o a.mp4 --plot a.png", "a.partial.png", "a.partial.1.png"),
        ("score clip.mp4 -o a.jsonl", "a.partial.jsonl", "a.partial.1.jsonl"),
        ("preview clip.mp4 --no-window --record a.mp4", "a.partial.mp4", "a.partial.1.mp4"),
        ("preview clip.mp4 --no-window --scores a.csv", "a.partial.csv", "a.partial.1.csv"),
        ("explain PRESET -o a.svg", "a.partial.svg", "a.partial.1.svg"),
        ("bench --quick --plot a.svg 'nosuch job'", "a.partial.svg", "a.partial.1.svg"),
    ],
)
def test_a_command_says_where_it_keeps_what_was_left(
    line: str,
    partial: str,
    kept: str,
    clip: Path,
    negative: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In one line, when it begins; bytes are as they were."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    (tmp_path / partial).write_bytes(LEFT)
    arguments = shlex.split(line.replace("PRESET", "blur"))
    if arguments[0] not in ("explain", "bench"):
        arguments += ["-p", negative]
    code = run(arguments)
    assert code == (2 if arguments[0] == "bench" else 0)  # No such job: nothing is measured.
    assert (tmp_path / kept).read_bytes() == LEFT
    said = f"{partial} was left by an earlier run; it is kept as {kept}"
    assert sum(said in told for told in capsys.readouterr().err.splitlines()) == 1


@pytest.mark.jit
def test_the_demo_says_where_it_keeps_what_was_left(
    negative: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It replaces its own results, but no part of them."""
    (tmp_path / "webcam-negative.partial.mp4").write_bytes(LEFT)
    assert run(["demo", "-d", str(tmp_path), "-p", negative]) == 0
    assert (tmp_path / "webcam-negative.partial.1.mp4").read_bytes() == LEFT
    assert "it is kept as" in capsys.readouterr().err


@pytest.mark.jit
@pytest.mark.parametrize("flags", [[], ["--resume"]])
def test_a_batch_says_where_it_keeps_what_was_left(
    flags: list[str],
    clip: Path,
    negative: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Its workers are processes of their own; each message is printed once."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "clip.partial.mp4").write_bytes(LEFT)
    assert run(["process", "clip.mp4", "-d", "out", "-p", negative, *flags]) == 0
    partial, kept = (os.path.join("out", name) for name in ("clip.partial.mp4", "clip.partial.1.mp4"))
    assert (tmp_path / kept).read_bytes() == LEFT
    said = f"livefilter: {partial} was left by an earlier run; it is kept as {kept}"
    assert capfd.readouterr().err.splitlines().count(said) == 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_night_that_was_killed_outlives_the_next_one(negative: str, tmp_path: Path) -> None:
    """The same command again and again, killed each time: every recording and every table is still there."""
    program = [sys.executable, "-m", "livefilter", "preview", "synthetic:chart", "--realtime", "--loop", "--no-window"]
    program += ["-p", negative, "--record", "night.mp4", "--scores", "night.csv"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    parts = [tmp_path / "night.partial.mp4", tmp_path / "night.partial.csv"]
    kept = [tmp_path / "night.partial.1.mp4", tmp_path / "night.partial.1.csv"]
    before: list[bytes] = []

    def are_written(awaited: list[Path]) -> bool:
        return all(path.exists() and path.stat().st_size > 0 for path in awaited)

    for awaited in (parts, [*kept, *parts]):
        with running(program, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as preview:
            wait_until(lambda awaited=awaited: preview.poll() is not None or are_written(awaited), timeout_s=50)  # type: ignore[misc]
            assert preview.poll() is None
            preview.kill()
            _, told = preview.communicate(timeout=20)
        if before:
            assert [path.read_bytes() for path in kept] == before
            assert all(f"it is kept as {path.name}" in told for path in kept)
            with open_source(kept[0]) as recorded:
                assert sum(1 for _ in recorded) > 0
        before = [part.read_bytes() for part in parts]
