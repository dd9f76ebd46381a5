"""Memory: as much for a long clip as for a short one, and no more than a limit at 1080p."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.conftest import Media

pytestmark = [
    pytest.mark.jit,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc, which tells the peak of memory"),
]
PEAK = """
import os, sys
from pathlib import Path
if len(sys.argv) > 4:
    os.sched_setaffinity(0, map(int, sys.argv[4:]))
from livefilter import process
summary = process(sys.argv[1], sys.argv[2] or None, sys.argv[3])
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(summary.frames, summary.loss, peak.split()[1])
"""
"""Not ru_maxrss, which a process takes over from the one that started it."""


def peak_mb(media: Media, name: str, target: str, preset: str, frames: int, cores: list[int] | None = None) -> float:
    """Run a file through a preset in a process of its own, and return the most memory that it had."""
    if target:
        (media.folder / target).unlink(missing_ok=True)
    program = [sys.executable, "-c", PEAK, name, target, preset, *map(str, cores or ())]
    printed = subprocess.run(
        program, cwd=media.folder, stdout=subprocess.PIPE, text=True, check=True, timeout=100
    ).stdout.split()
    assert printed[:2] == [str(frames), "None"]
    return int(printed[2]) / 1024


@pytest.mark.parametrize(("frames", "target"), [(1500, ""), (1200, "out.mkv")])
def test_memory_does_not_grow_with_the_length_of_a_clip(frames: int, target: str, media: Media) -> None:
    """None of many frames is missing, and three hundred need as much memory, within 15 MB.

    A frame holds 25 KB, so that keeping all of them would show.
    """
    picture = f"color=gray:s=160x160:r=1000:d={frames / 1000}"
    media.ffmpeg("-f", "lavfi", "-i", picture, "-c:v", "rawvideo", "-pix_fmt", "gray", "-threads", 1, "long.nut")
    media.ffmpeg("-i", "long.nut", "-c", "copy", "-frames:v", 300, "short.nut")
    long_mb = peak_mb(media, "long.nut", target, media.preset, frames)
    assert long_mb < peak_mb(media, "short.nut", target, media.preset, 300) + 15


def test_full_hd_is_filtered_in_no_more_than_400_mb(media: Media) -> None:
    """Decoded, filtered, drawn on and encoded on two cores; each further one adds a thread at either end."""
    encoder = ("-vf", "noise=alls=8:allf=t", "-c:v", "libx264", "-preset", "ultrafast", "-bf", 2, "-refs", 3)
    media.make("in.mp4", *encoder, "-pix_fmt", "yuv420p", size="1920x1080", seconds=1.6)
    cores = sorted(os.sched_getaffinity(0))[:2]
    assert peak_mb(media, "in.mp4", "out.mp4", "edge", 40, cores) <= 400
