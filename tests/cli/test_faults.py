"""What goes wrong around a run: codecs, folders, signals, another run; each ends with its code, and says what it is."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from livefilter.cli import run
from livefilter.sources import open_source
from livefilter.testing import running, wait_until

LONG = 1600
"""Frames of a clip whose scores are more than any pipe holds."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> Path:
    """A folder with the clip in it, which is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    return tmp_path


@pytest.fixture(scope="session")
def only_long(tmp_path_factory: pytest.TempPathFactory, make_clip: Callable[..., Path]) -> Path:
    """A clip of LONG frames of noise, so that a file grows soon that is made of it."""
    noise = list(np.random.default_rng(0).integers(0, 256, (20, 48, 64), dtype=np.uint8))
    return make_clip(tmp_path_factory.mktemp("long") / "long.mp4", noise * (LONG // 20), preset="ultrafast")


@pytest.fixture
def long(tmp_path: Path, only_long: Path) -> Path:
    """The long clip, in a folder of the test's own."""
    os.link(only_long, tmp_path / "long.mp4")
    return tmp_path / "long.mp4"


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def _is_gone(group: int) -> bool:
    """Whether a group of processes is empty."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@contextmanager
def _held_up(arguments: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start livefilter with scores on standard output: it stays at work while its output is not read."""
    program = [sys.executable, "-m", "livefilter", *arguments]
    with running(program, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        started.stdout.readline()
        yield started


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("-o a.mp4 --codec nosuch", 2, "codec: nosuch cannot be encoded here; choose one of h264"),
        ("-o a.mp4 --codec aac", 2, "codec: aac is no video codec"),
        ("-o a.mp4 --codec prores", 2, "codec: mp4 cannot hold prores"),
        ("-o a.mp4 --crf 60", 2, "crf: for h264 it must be from 0 to 51"),
        ("-o a.mkv --codec ffv1 --crf 3", 2, "crf: ffv1 has no such setting"),
        ("-o a.mp4 --pix-fmt nosuch", 2, "pix_fmt: h264 takes yuv420p"),
        ("-o a.mp4 --speed sideways", 2, "cannot be opened here with"),
        ("-o %03d.png --crf 20", 2, "encoding: is for videos"),
        ("-o a.mp4 --container nut", 2, "container: .mp4 stands for mp4"),
        ("-o a.mp4 --start 100", 2, "no frame of clip.mp4 lies between them"),
        ("-o a.mp4 --scores a.mp4", 2, "is given for two outputs"),
        ("-o clip.mp4 --overwrite", 2, "written over, the input"),
        ("-o missing/a.mp4", 4, "the folder missing does not exist"),
        ("-o clip.mp4/a.mp4", 4, "is a file, not a folder"),
    ],
)
def test_what_cannot_be_written_is_told(
    line: str, code: int, says: str, here: Path, negative: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a line, and nothing is left behind."""
    assert run(["process", "clip.mp4", "-p", negative, "-q", *line.split()]) == code
    told = capsys.readouterr()
    assert says in told.err
    assert (told.err.count("\n"), told.out) == (1, "")
    assert names(here) == ["clip.mp4"]


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no folder here that cannot be written")
@pytest.mark.parametrize("name", ["a.mp4", "a.csv"])
def test_a_folder_that_cannot_be_written_is_told(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also to the one who may do everything, before anything is read."""
    arguments = ["process", "clip.mp4"] if name == "a.mp4" else ["score", "clip.mp4"]
    assert run([*arguments, "-o", f"/sys/kernel/{name}", "-q"]) == 4
    assert "cannot be written" in capsys.readouterr().err


@pytest.fixture(scope="module")
def as_anybody() -> list[str]:
    """What a command line begins with so that a folder's mode holds for it, also where the tests run as root."""
    if sys.platform == "win32":
        pytest.skip("folders have no mode there")
    if os.geteuid() != 0:
        return []
    found = shutil.which("setpriv")
    if found is None:
        pytest.skip("root may write everywhere, and there is no setpriv to become less")
    return [found, "--bounding-set", "-dac_override,-dac_read_search"]


@pytest.mark.jit
@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("process clip.mp4 -o shut/a.mp4", "shut/a.partial.mp4"),
        ("process clip.mp4 -o shut/%03d.png", "shut/000.partial.png"),
        ("process clip.mp4 -o new.mp4 --scores shut/a.csv", "shut/a.partial.csv"),
        ("process clip.mp4 -d shut/made", "shut/made"),
        ("score clip.mp4 -d shut", "shut/clip.partial.csv"),
    ],
)
def test_a_read_only_folder_is_told(line: str, at: str, here: Path, negative: str, as_anybody: list[str]) -> None:
    """Exit code 4, the file that could not be made, and nothing is left of what could."""
    (here / "shut").mkdir(mode=0o555)
    ran = subprocess.run(
        [*as_anybody, sys.executable, "-m", "livefilter", *line.split(), "-p", negative, "-q"],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 4
    assert f"{at}: cannot be " in ran.stderr
    assert ran.stderr.endswith(": Permission denied\n")
    assert ran.stderr.count("\n") == 1
    assert (names(here), names(here / "shut")) == (["clip.mp4", "shut"], [])


@pytest.fixture(scope="module")
def on_a_small_disk() -> list[str]:
    """What a command line begins with so that the folder ``disk`` is a file system of 64 KiB, which only it sees."""
    script = 'mount -t tmpfs -o size=64k small disk && "$@"; code=$?; ls -A disk; exit $code'
    begins = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare, to mount a disk of its own")
    mounted = subprocess.run(
        [*begins, "mount -t tmpfs small /mnt"], capture_output=True, text=True, check=False, timeout=100
    )
    if mounted.returncode:
        pytest.skip(f"no disk of its own can be mounted here: {mounted.stderr.strip()}")
    return [*begins, script, "sh"]


@pytest.mark.jit
@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("process long.mp4 -o disk/a.mp4", "disk/a.mp4"),
        ("process long.mp4 -o disk/a.mkv --scores disk/a.csv", "disk/a.mkv"),
        ("score long.mp4 -o disk/a.jsonl", "disk/a.jsonl"),
        ("process long.mp4 -d disk", "disk/long.mp4"),
    ],
)
def test_a_disk_that_fills_up_leaves_nothing(
    line: str, target: str, long: Path, negative: str, on_a_small_disk: list[str]
) -> None:
    """Exit code 4, the reason, how far it came; not even a part is left, which would keep the disk full."""
    (long.parent / "disk").mkdir()
    ran = subprocess.run(
        [*on_a_small_disk, sys.executable, "-m", "livefilter", *line.split(), "-p", negative, "-q"],
        cwd=long.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 4
    said = re.search(r"(\S+): cannot be written: No space left on device \(after (\d+) frames\)\n", ran.stderr)
    assert said is not None
    assert (said[1], 0 < int(said[2]) <= LONG) == (target, True)
    assert (ran.stderr.count("\n"), ran.stdout) == (1, "")


@pytest.mark.jit
@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed")
def test_an_output_that_is_removed_under_a_run_is_told(long: Path, negative: str, tmp_path: Path) -> None:
    """Its folder with it; exit code 4, and what was lost."""
    (tmp_path / "out").mkdir()
    arguments = ["process", "long.mp4", "-o", "out/a.mp4", "-p", negative, "--scores", "-", "-q"]
    with _held_up(arguments, tmp_path) as started:
        shutil.rmtree(tmp_path / "out")
        _, told = started.communicate(timeout=100)
    assert started.returncode == 4
    assert told.startswith("livefilter: out/a.mp4: ")
    assert (told.count("\n"), names(tmp_path)) == (1, ["long.mp4"])


@pytest.mark.jit
def test_two_runs_at_once_do_not_write_one_output(long: Path, negative: str, tmp_path: Path) -> None:
    """The second run reports the first one, whose video is complete."""
    arguments = ["process", "long.mp4", "-o", "out.mp4", "-p", negative, "-q"]
    with _held_up([*arguments, "--scores", "-"], tmp_path) as first:
        second = subprocess.run(
            [sys.executable, "-m", "livefilter", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert second.returncode == 4
        assert "another run is writing it" in second.stderr
        first.communicate(timeout=100)
    assert first.returncode == 0
    with open_source(tmp_path / "out.mp4") as made:
        assert made.facts.frame_count == LONG
    assert names(tmp_path) == ["long.mp4", "out.mp4"]


@pytest.mark.jit
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_a_batch_and_keeps_what_is_done(name: str, long: Path, negative: str, tmp_path: Path) -> None:
    """Exit code 130, a playable part, no process left behind; resumed, it does what is missing."""
    (tmp_path / "in").mkdir()
    for stem in ("a", "b"):
        os.link(long, tmp_path / "in" / f"{stem}.mp4")
    arguments = [
        sys.executable,
        "-m",
        "livefilter",
        "process",
        "in",
        "-d",
        "out",
        "-p",
        negative,
        "-q",
        "--jobs",
        "2",
        "--realtime",
    ]
    with running(arguments, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True) as started:
        part = tmp_path / "out" / "a.partial.mp4"
        wait_until(lambda: started.poll() is not None or (part.exists() and part.stat().st_size > 0))
        assert started.poll() is None
        os.killpg(started.pid, getattr(signal, name))  # As a terminal does, to all processes of the run.
        _, told = started.communicate(timeout=100)
    assert started.returncode == 130
    # Not the whole output: Python's helper for semaphores warns on SIGHUP.
    assert "livefilter: interrupted; 0 of 2 inputs are done; --resume continues" in told.splitlines()
    wait_until(lambda: _is_gone(started.pid))  # Python's own helper for semaphores ends a moment after the others.
    with open_source(part) as made:
        assert 0 < sum(1 for _ in made) < LONG
    assert not (tmp_path / "out" / "a.mp4").exists()
