"""Tools for proofs on whole files: FFmpeg's own programs make them, and judge what comes out."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from livefilter.pipeline import Summary, process
from livefilter.sources import Source, VideoFile


@dataclass(frozen=True, slots=True)
class Media:
    """FFmpeg's programs, and the pipeline, in a folder of their own.

    Attributes:
        folder: Where files are made.
        preset: A preset that is quick, also where nothing is compiled, and draws nothing.
    """

    folder: Path
    preset: str

    def ffmpeg(self, *arguments: object) -> str:
        """Run ffmpeg in the folder and return what it prints."""
        done = subprocess.run(
            ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make(self, name: str, *arguments: object, size: str = "64x48", rate: object = 25, seconds: float = 1) -> Path:
        """Make a clip of a moving pattern, encoded as the arguments say."""
        pattern = f"testsrc2=s={size}:r={rate}:d={seconds}"
        self.ffmpeg("-f", "lavfi", "-i", pattern, *arguments, name)
        return self.folder / name

    def probe(self, path: Path, *entries: str) -> dict[str, Any]:
        """Return what ffprobe sees."""
        done = subprocess.run(
            [
                "ffprobe",
                "-v",
                "error",
                "-of",
                "json",
                *(entries or ("-show_streams", "-show_chapters", "-show_format")),
                path,
            ],
            stdout=subprocess.PIPE,
            check=True,
            timeout=100,
        )
        made: dict[str, Any] = json.loads(done.stdout)
        return made

    def video(self, path: Path) -> dict[str, Any]:
        """Return what ffprobe sees of the video stream."""
        made: dict[str, Any] = next(stream for stream in self.probe(path)["streams"] if stream["codec_type"] == "video")
        return made

    def times(self, path: Path) -> list[Fraction]:
        """Return the time of every video frame, exactly."""
        seen = self.probe(
            path, "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp:stream=time_base"
        )
        unit = Fraction(seen["streams"][0]["time_base"])
        return [int(frame["best_effort_timestamp"]) * unit for frame in seen["frames"]]

    def hashes(self, path: Path, kinds: str = "as") -> list[str]:
        """Return a hash of the bytes of every stream of some kinds (a sound, s subtitles), in order."""
        wanted = [argument for kind in kinds for argument in ("-map", f"0:{kind}?")]
        lines = self.ffmpeg("-i", path, *wanted, "-c", "copy", "-f", "streamhash", "-").split()
        return [line.split(",", 1)[1] for line in lines]

    def run(self, source: Path, target: str, **options: Any) -> Summary:
        """Filter a file, nothing drawn on it."""
        return process(source, self.folder / target, self.preset, **({"overlay": False} | options))


@pytest.fixture
def media(tmp_path: Path, negative: str, require: Callable[[object, str], None], machine_code: None) -> Media:
    """FFmpeg's programs in a temporary folder."""
    require(shutil.which("ffmpeg") and shutil.which("ffprobe"), "needs ffmpeg and ffprobe")
    return Media(tmp_path, negative)


@pytest.fixture
def closed_sources(monkeypatch: pytest.MonkeyPatch) -> list[Source]:
    """Return a list of the video files that have been closed, which grows during the test."""
    close = VideoFile.close
    closed: list[Source] = []

    def record(self: VideoFile) -> None:
        close(self)
        if not any(self is other for other in closed):
            closed.append(self)

    monkeypatch.setattr(VideoFile, "close", record)
    return closed
