"""Benchmark of a long file: memory must stay flat, and the ETA after the first tenth must come true."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from livefilter.pipeline import Progress, RateEstimate, process
from tests.bench.clips import Clip, ffmpeg
from tests.bench.files import SOBEL, peak_mb


@dataclass(frozen=True, slots=True)
class LongMeasurement:
    """Measurement of a long clip.

    Attributes:
        clip: Size and frames.
        seconds: Wall-clock time of the whole run.
        promised_s: Total time that the ETA predicted after the first tenth.
        peak_mb: Peak memory of a process that does nothing else, in 10^6 bytes; None where unknown.
        tenth_peak_mb: The same for the first tenth of the clip.
    """

    clip: str
    seconds: float
    promised_s: float
    peak_mb: float | None
    tenth_peak_mb: float | None

    @property
    def eta_error(self) -> float:
        """Error of the prediction, as a share of the total time."""
        return abs(self.promised_s - self.seconds) / self.seconds


def measure_long(clip: Clip, folder: Path) -> LongMeasurement:
    """Process a clip, then the clip and its first tenth in separate processes to measure their memory.

    Args:
        clip: Input.
        folder: Folder of the outputs.
    """
    pace, promised_s = RateEstimate(), 0.0

    def watch(progress: Progress) -> None:
        nonlocal promised_s
        pace.update(progress)
        if progress.frames == clip.frames // 10:
            promised_s = pace.elapsed_s + (pace.remaining_s or 0.0)

    process(clip.path, folder / "long.mp4", SOBEL, overlay=False, overwrite=True, progress=watch)
    tenth = folder / "tenth.mp4"
    ffmpeg("-i", str(clip.path), "-frames:v", str(clip.frames // 10), "-c", "copy", "-y", to=tenth)
    whole_mb, tenth_mb = (
        peak_mb("process", str(path), "-o", str(folder / "peak.mp4"), "--no-overlay", "-q", "--overwrite")
        for path in (clip.path, tenth)
    )
    return LongMeasurement(clip.title, pace.elapsed_s, promised_s, whole_mb, tenth_mb)
