"""Benchmarks of whole video files: ``score`` and ``process`` next to FFmpeg and a plain OpenCV loop."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import cv2

from livefilter.bench import MismatchError
from livefilter.compiler import Filter
from livefilter.cpus import codec_threads
from livefilter.pipeline import process
from livefilter.presets import Preset
from livefilter.sinks import Encoding
from livefilter.sources import open_source
from tests.bench.clips import ENCODER, TIMEOUT_S, Clip, ffmpeg

OURS = "livefilter"
_MAX_DIFFERENCE = 4.0
"""Mean gray levels by which an encoded picture may differ from what was encoded, at the crf in use."""
_MAX_DIFFERENCE_CV2 = 6.0
"""OpenCV converts gray to 8-bit BGR and back before the gradient, which doubles the rounding error."""
_CHECKED_EVERY = 10
SOBEL = Preset.model_validate({"name": "sobel", "steps": [{"step": "gradient", "operator": "sobel", "norm": "l2"}]})
"""The same image as FFmpeg's filter ``sobel``."""
SOBEL_L1 = Preset.model_validate({"name": "sobel", "steps": [{"step": "gradient", "operator": "sobel", "norm": "l1"}]})
"""The image of the plain OpenCV loop: the sum of both derivatives, which is faster there than their length."""
_PEAK = """
import sys
from livefilter.cli import run
code = run(sys.argv[1:])
if sys.platform == "linux":  # Not getrusage: a child starts with the peak of its parent there.
    with open("/proc/self/status") as status:
        print(next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")))
else:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Method:
    """One way to do a job on a clip.

    Attributes:
        name: Name for people.
        run: Does the job once and returns the number of frames that it read.
        max_share: Goal: livefilter takes at most this share of the method's time; None without a goal.
        output: Video that it writes; None if it writes none.
        preset: Preset of the frames in that video.
        tolerance: Largest mean difference from the preset's frames, in gray levels.
    """

    name: str
    run: Callable[[], int] = field(repr=False)
    max_share: float | None = None
    output: Path | None = None
    preset: Preset = SOBEL
    tolerance: float = _MAX_DIFFERENCE


@dataclass(frozen=True, slots=True)
class FileMeasurement:
    """Measurement of one job on a clip.

    Attributes:
        job: The job, as a command.
        clip: Size, frames and codec.
        frames: Number of frames.
        seconds: Median wall-clock time by method.
        shares: livefilter's time as a share of each other method's, the median of paired ratios.
        aims: Goal of the share, for the methods that have one.
        peak_mb: Peak memory of a process that does nothing else, in 10^6 bytes; None where unknown.
    """

    job: str
    clip: str
    frames: int
    seconds: dict[str, float]
    shares: dict[str, float]
    aims: dict[str, float]
    peak_mb: float | None


def measure_files(clip: Clip, folder: Path, *, rounds: int) -> Iterator[FileMeasurement]:
    """Measure ``score`` and ``process`` on a clip, each next to other methods, and compare their outputs.

    Args:
        clip: Input.
        folder: Folder of the outputs, which stay there.
        rounds: Number of timed runs of each method, after one that is compared.

    Raises:
        MissingPackageError: There is no ffmpeg.
        MismatchError: A method lost frames, or its images differ.
    """
    for job, methods, arguments in (
        ("score", score_methods(clip, folder), ("-o", str(folder / "peak.csv"))),
        ("process", process_methods(clip, folder), ("-o", str(folder / "peak.mp4"), "--no-overlay")),
        (
            "process --codec ffv1",
            ffv1_methods(clip, folder),
            ("-o", str(folder / "peak.mkv"), "--no-overlay", "--codec", "ffv1"),
        ),
    ):
        for method in methods:
            check_method(method, clip)
        seconds = _timed(methods, rounds)
        ours = seconds[OURS]
        yield FileMeasurement(
            job,
            clip.title,
            clip.frames,
            {name: statistics.median(times) for name, times in seconds.items()},
            {
                name: statistics.median(our / their for our, their in zip(ours, times, strict=True))
                for name, times in seconds.items()
                if name != OURS
            },
            {method.name: method.max_share for method in methods if method.max_share is not None},
            peak_mb(job.split()[0], str(clip.path), *arguments, "-q", "--overwrite"),
        )


def peak_mb(*arguments: str) -> float | None:
    """Return the peak memory of ``livefilter ARGUMENTS`` in 10^6 bytes; None where unknown."""
    if sys.platform == "win32":
        return None
    finished = subprocess.run(
        [sys.executable, "-c", _PEAK, *arguments], stdout=subprocess.PIPE, text=True, check=True, timeout=TIMEOUT_S
    )
    return int(finished.stdout.split()[-1]) / 1e6


def _timed(methods: Sequence[Method], rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {method.name: [] for method in methods}
    for round_number in range(rounds):
        first = round_number % len(methods)
        for method in (*methods[first:], *methods[:first]):
            started = time.perf_counter()
            method.run()
            seconds[method.name].append(time.perf_counter() - started)
    return seconds


def check_method(method: Method, clip: Clip) -> None:
    """Run a method once and check that it read every frame and wrote the filtered images."""
    frames_read = method.run()
    if frames_read != clip.frames:
        raise MismatchError(f"{method.name}: read {frames_read} of {clip.frames} frames")
    if method.output is None:
        return
    filtered = Filter(method.preset)
    with open_source(clip.path) as originals, open_source(method.output) as encoded:
        pairs = zip(originals, encoded, strict=True)
        for original, frame in islice(pairs, 0, None, _CHECKED_EVERY):
            expected = filtered(original.pixels).image
            difference = cv2.mean(cv2.absdiff(expected, frame.pixels))[0]
            if difference > method.tolerance:
                raise MismatchError(f"{method.name}: frame {frame.index} differs by {difference:.1f} gray levels")


def score_methods(clip: Clip, folder: Path) -> list[Method]:
    """Return the methods that read a clip, and compute its scores or, with FFmpeg, its edges."""
    table = folder / "scores.csv"
    decoded = ("-i", str(clip.path))

    def ours() -> int:
        return process(clip.path, None, SOBEL, scores=table, overwrite=True).frames

    def command() -> int:
        _livefilter("score", str(clip.path), "-o", str(table), "-q", "--overwrite")
        with table.open(encoding="utf-8") as file:
            return sum(line[0].isdecimal() for line in file)

    return [
        Method(OURS, ours),
        Method("livefilter, start of Python included", command),
        Method("ffmpeg, decoding alone", lambda: ffmpeg(*decoded, "-f", "null"), 1.10),
        Method("ffmpeg, gray and sobel", lambda: ffmpeg(*decoded, "-vf", "format=gray,sobel", "-f", "null"), 0.5),
        Method("cv2, gray, two Sobel, mean", lambda: _cv2_scores(clip.path), 0.5),
    ]


def process_methods(clip: Clip, folder: Path) -> list[Method]:
    """Return the methods that write filtered videos, with x264 where they have it."""
    decoded = ("-i", str(clip.path))
    # As many threads as livefilter's encoder; by default FFmpeg takes half as many again and is no faster.
    x264 = ("-c:v", "libx264", *ENCODER, "-threads", str(codec_threads()), "-pix_fmt", "yuv420p", "-y")
    ours, filtered, by_cv2 = (folder / f"{name}.mp4" for name in ("ours", "filtered", "cv2"))

    def run() -> int:
        return process(clip.path, ours, SOBEL, overlay=False, overwrite=True).frames

    def encode(name: str, ending: str) -> Method:
        lossless, encoded = clip.filtered_by(SOBEL, folder / f"filtered{ending}"), folder / f"from{ending}.mp4"
        return Method(
            f"ffmpeg, encoding the filtered frames from {name}",
            lambda: ffmpeg("-i", str(lossless), *x264, to=encoded),
            1.05,
            encoded,
        )

    return [
        Method(OURS, run, output=ours),
        encode("lossless H.264", ".mkv"),
        encode("raw video", ".nut"),
        Method(
            "ffmpeg, decode, gray, sobel, encode",
            lambda: ffmpeg(*decoded, "-vf", "format=gray,sobel", *x264, to=filtered),
            1.0,
            filtered,
        ),
        Method(
            "cv2, gray, two Sobel, VideoWriter (mp4v)",
            lambda: _cv2_video(clip, by_cv2, "mp4v"),
            1.0,
            by_cv2,
            SOBEL_L1,
            _MAX_DIFFERENCE_CV2,
        ),
    ]


def ffv1_methods(clip: Clip, folder: Path) -> list[Method]:
    """Return the methods with FFV1, the one lossless encoder that OpenCV's wheel has too."""
    ours, by_cv2 = folder / "ours.mkv", folder / "cv2.mkv"

    def run() -> int:
        encoding = Encoding(codec="ffv1")
        return process(clip.path, ours, SOBEL, overlay=False, overwrite=True, encoding=encoding).frames

    return [
        Method(OURS, run, output=ours),
        Method(
            "cv2, gray, two Sobel, VideoWriter",
            lambda: _cv2_video(clip, by_cv2, "FFV1"),
            1.0,
            by_cv2,
            SOBEL_L1,
            _MAX_DIFFERENCE_CV2,
        ),
    ]


def _livefilter(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "livefilter", *arguments], check=True, timeout=TIMEOUT_S)


def _cv2_scores(path: Path) -> int:
    capture, means = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        gray = cv2.cvtColor(read[1], cv2.COLOR_BGR2GRAY)
        both = (cv2.Sobel(gray, cv2.CV_16S, 1, 0), cv2.Sobel(gray, cv2.CV_16S, 0, 1))
        means.append([cv2.mean(cv2.convertScaleAbs(derivative))[0] for derivative in both])
    capture.release()
    return len(means)


def _cv2_video(clip: Clip, path: Path, codec: str) -> int:
    """Filter a clip by OpenCV alone; its wheel has no x264, but the faster MPEG-4 part 2."""
    rows, cols = clip.shape
    capture, frames = cv2.VideoCapture(str(clip.path)), 0
    fourcc = cv2.VideoWriter.fourcc(*codec)
    writer = cv2.VideoWriter(str(path), fourcc, float(clip.rate), (cols, rows), isColor=False)
    while (read := capture.read())[0]:
        gray = cv2.cvtColor(read[1], cv2.COLOR_BGR2GRAY)
        x, y = (cv2.convertScaleAbs(cv2.Sobel(gray, cv2.CV_16S, *order)) for order in ((1, 0), (0, 1)))
        writer.write(cv2.add(x, y))
        frames += 1
    capture.release()
    writer.release()
    return frames
