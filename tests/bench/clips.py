"""Clips for benchmarks of whole files, encoded by FFmpeg."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, cast

from livefilter.compiler import Filter
from livefilter.errors import MissingPackageError, SourceError
from livefilter.presets import Preset
from livefilter.sources import open_source
from livefilter.testing import running

ENCODER = ("-preset", "veryfast", "-crf", "18")
"""The default encoder settings of ``process``."""
_RATE = 30
TIMEOUT_S = 3600.0
"""Deadline of a program that makes or reads a clip; half an hour of video takes minutes."""
_SOURCE = f"testsrc2=size={{size}}:rate={_RATE}:duration={{seconds}},noise=alls=6:allf=t"
"""Moving shapes, text and gradients under the noise of a sensor; some 6 Mbit/s at 1080p."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file and its properties.

    Attributes:
        path: The file.
        shape: (rows, cols).
        rate: Frames per second.
        frames: Number of frames.
    """

    path: Path
    shape: tuple[int, int]
    rate: Fraction
    frames: int

    @property
    def title(self) -> str:
        """Title in tables."""
        return f"{self.path.name}, {self.shape[1]}x{self.shape[0]}, {self.frames} frames"

    def filtered_by(self, preset: Preset, path: Path) -> Path:
        """Write the filtered frames to a lossless file: raw in .nut, lossless H.264 in .mkv."""
        rows, cols = self.shape
        codec = ("libx264", "-preset", "ultrafast", "-qp", "0") if path.suffix == ".mkv" else ("rawvideo",)
        arguments = (
            *("-f", "rawvideo", "-pix_fmt", "gray", "-video_size", f"{cols}x{rows}"),
            *("-framerate", str(self.rate), "-i", "-"),
            *("-vf", "scale=in_range=full:out_range=limited,format=yuv420p", "-c:v", *codec, "-y", str(path)),
        )
        compiled = Filter(preset)
        with (
            open_source(self.path) as source,
            running(
                [ffmpeg_program(), "-v", "error", *arguments], deadline_s=TIMEOUT_S, stdin=subprocess.PIPE
            ) as writing,
        ):
            stdin = cast(IO[bytes], writing.stdin)
            with suppress(BrokenPipeError):  # ffmpeg ended early; its exit status says so.
                for frame in source:
                    stdin.write(compiled(frame.pixels).image.data)
                stdin.close()
            if writing.wait(TIMEOUT_S) != 0:
                raise SourceError(f"{path}: ffmpeg could not write it; is there room for {self.frames} raw frames?")
        return path


def make_clip(folder: Path, *, size: str = "1920x1080", seconds: int = 10, repeated: int = 1) -> Clip:
    """Encode an H.264 clip of a moving test pattern, 30 frames per second.

    Args:
        folder: Folder of the clip.
        size: Columns x rows.
        seconds: Length of the encoded pattern.
        repeated: How often the clip repeats it.

    Raises:
        MissingPackageError: ffmpeg is not installed.
    """
    once, path = folder / f"once-{size}.mp4", folder / f"clip-{size}.mp4"
    picture = _SOURCE.format(size=size, seconds=seconds)
    ffmpeg(
        *("-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"),
        *("-pix_fmt", "yuv420p", "-y"),
        to=once,
    )
    ffmpeg("-stream_loop", str(repeated - 1), "-i", str(once), "-c", "copy", "-y", to=path)
    once.unlink()
    return inspect_clip(path)


def inspect_clip(path: Path) -> Clip:
    """Return the properties of a clip, after counting its frames.

    Raises:
        SourceError: The clip cannot be read.
    """
    with open_source(path) as source:
        facts = source.facts
        return Clip(path, facts.shape, facts.rate, sum(1 for _ in source))


def ffmpeg(*arguments: str, to: Path | None = None) -> int:
    """Run ffmpeg and return the number of frames that it wrote.

    Args:
        arguments: All arguments but the output.
        to: Output file; by default the null device.

    Raises:
        MissingPackageError: ffmpeg is not installed.
        SourceError: ffmpeg failed; the message is its own.
    """
    finished = subprocess.run(
        [ffmpeg_program(), "-nostdin", "-v", "error", "-progress", "pipe:1", *arguments, str(to or os.devnull)],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    counts = [line.partition("=")[2] for line in finished.stdout.splitlines() if line.startswith("frame=")]
    if finished.returncode != 0 or not counts:
        raise SourceError(
            f"ffmpeg {' '.join(arguments)}: {finished.stderr.strip() or f'ended with {finished.returncode}'}"
        )
    return int(counts[-1])


def ffmpeg_version() -> str:
    """Return the version of FFmpeg.

    Raises:
        MissingPackageError: ffmpeg is not installed.
    """
    finished = subprocess.run(
        [ffmpeg_program(), "-version"], capture_output=True, text=True, check=True, timeout=TIMEOUT_S
    )
    return finished.stdout.split()[2]


def ffmpeg_program() -> str:
    """Return the path of ffmpeg.

    Raises:
        MissingPackageError: ffmpeg is not installed.
    """
    path = shutil.which("ffmpeg")
    if path is None:
        raise MissingPackageError(
            "ffmpeg: is not installed, but clips are encoded and compared with it; "
            "apt-get install ffmpeg, brew install ffmpeg, or winget install ffmpeg"
        )
    return path
