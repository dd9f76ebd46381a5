"""Whole video files: ``score`` and ``process`` beside FFmpeg and a plain OpenCV loop, in interleaved rounds."""

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

from livefilter.bench._clips import ENCODER, Clip, ffmpeg
from livefilter.bench._verify import MismatchError
from livefilter.compiler import Filter
from livefilter.cpus import codec_threads
from livefilter.pipeline import process
from livefilter.presets import Preset
from livefilter.sinks import Encoding
from livefilter.sources import open_source

OURS = "livefilter"
_MOST_DIFFERENCE = 4.0
"""Mean gray levels by which an encoded picture may differ from what was encoded, at the crf in use."""
_MOST_DIFFERENCE_OF_CV2 = 6.0
"""Its gray went through 8-bit BGR before the gradient, which doubles what was rounded."""
_CHECKED_EVERY = 10
SOBEL = Preset.model_validate({"name": "sobel", "steps": [{"step": "gradient", "operator": "sobel", "norm": "l2"}]})
"""The picture that FFmpeg's filter ``sobel`` makes."""
SOBEL_L1 = Preset.model_validate({"name": "sobel", "steps": [{"step": "gradient", "operator": "sobel", "norm": "l1"}]})
"""What a plain OpenCV loop makes, which is quicker there: the sum of both parts rather than their length."""
_PEAK = """
import sys
from livefilter.cli import run
code = run(sys.argv[1:])
if sys.platform == "linux":  # Not getrusage: a child begins there with the peak of whoever started it.
    with open("/proc/self/status") as status:
        print(next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")))
else:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do a job on a clip.

    Attributes:
        name: For people.
        run: Does it once, and returns how many frames it saw.
        most: livefilter should take at most so many times the time of this; None where there is no such aim.
        makes: The video that it writes; None if it writes none.
        preset: What the pictures in that video are filtered with.
        tolerance: Mean gray levels by which they may differ from that.
    """

    name: str
    run: Callable[[], int] = field(repr=False)
    most: float | None = None
    makes: Path | None = None
    preset: Preset = SOBEL
    tolerance: float = _MOST_DIFFERENCE


@dataclass(frozen=True, slots=True)
class FileMeasurement:
    """What one job took on a clip.

    Attributes:
        job: What was done, as a command.
        clip: Size, frames and codec.
        frames: How many there are.
        seconds: Median wall-clock time by way.
        shares: livefilter's time as a share of each other way's, the median of paired ratios.
        aims: What the share should be at most, for those ways that have an aim.
        peak_mb: Peak memory of a process that does nothing else, in 10^6 bytes; None where it cannot be told.
    """

    job: str
    clip: str
    frames: int
    seconds: dict[str, float]
    shares: dict[str, float]
    aims: dict[str, float]
    peak_mb: float | None


def measure_files(clip: Clip, folder: Path, *, rounds: int) -> Iterator[FileMeasurement]:
    """Time ``score`` and ``process`` on a clip, each beside the others that do the same, outputs compared.

    Args:
        clip: What is read.
        folder: Where outputs go, which are left there.
        rounds: How often each way runs; the first run of each, which is not timed, is the one that is compared.

    Raises:
        MissingPackageError: There is no ffmpeg.
        MismatchError: A way lost frames, or made another picture.
    """
    for job, ways, arguments in (
        ("score", _ways_to_score(clip, folder), ("-o", str(folder / "peak.csv"))),
        ("process", _ways_to_process(clip, folder), ("-o", str(folder / "peak.mp4"), "--no-overlay")),
        (
            "process --codec ffv1",
            _ways_to_process_ffv1(clip, folder),
            ("-o", str(folder / "peak.mkv"), "--no-overlay", "--codec", "ffv1"),
        ),
    ):
        for way in ways:
            _check(way, clip)
        seconds = _timed(ways, rounds)
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
            {way.name: way.most for way in ways if way.most is not None},
            peak_mb(job.split()[0], str(clip.path), *arguments, "-q", "--overwrite"),
        )


def peak_mb(*arguments: str) -> float | None:
    """Return the peak memory of ``livefilter ARGUMENTS`` in 10^6 bytes; None where it cannot be told."""
    if sys.platform == "win32":
        return None
    done = subprocess.run([sys.executable, "-c", _PEAK, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1e6


def _timed(ways: Sequence[Way], rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    for turn in range(rounds):
        first = turn % len(ways)
        for way in (*ways[first:], *ways[:first]):
            started = time.perf_counter()
            way.run()
            seconds[way.name].append(time.perf_counter() - started)
    return seconds


def _check(way: Way, clip: Clip) -> None:
    """Run a way once; what it saw must be every frame, and what it wrote must be the filtered picture."""
    seen = way.run()
    if seen != clip.frames:
        raise MismatchError(f"{way.name}: saw {seen} of {clip.frames} frames")
    if way.makes is None:
        return
    filtered = Filter(way.preset)
    with open_source(clip.path) as originals, open_source(way.makes) as made:
        pairs = zip(originals, made, strict=True)
        for original, frame in islice(pairs, 0, None, _CHECKED_EVERY):
            expected = filtered(original.pixels).image
            difference = cv2.mean(cv2.absdiff(expected, frame.pixels))[0]
            if difference > way.tolerance:
                raise MismatchError(f"{way.name}: frame {frame.index} differs by {difference:.1f} gray levels")


def _ways_to_score(clip: Clip, folder: Path) -> list[Way]:
    table = folder / "scores.csv"
    decoded = ("-i", str(clip.path))

    def ours() -> int:
        return process(clip.path, None, SOBEL, scores=table, overwrite=True).frames

    def command() -> int:
        _livefilter("score", str(clip.path), "-o", str(table), "-q", "--overwrite")
        with table.open(encoding="utf-8") as file:
            return sum(line[0].isdecimal() for line in file)

    return [
        Way(OURS, ours),
        Way("livefilter, start of Python included", command),
        Way("ffmpeg, decoding alone", lambda: ffmpeg(*decoded, "-f", "null"), 1.10),
        Way("ffmpeg, gray and sobel", lambda: ffmpeg(*decoded, "-vf", "format=gray,sobel", "-f", "null"), 0.5),
        Way("cv2, gray, two Sobel, mean", lambda: _cv2_scores(clip.path), 0.5),
    ]


def _ways_to_process(clip: Clip, folder: Path) -> list[Way]:
    decoded = ("-i", str(clip.path))
    # As many threads as livefilter's encoder has; FFmpeg would take half as many again, and be no quicker.
    x264 = ("-c:v", "libx264", *ENCODER, "-threads", str(codec_threads()), "-pix_fmt", "yuv420p", "-y")
    ours, filtered, by_cv2 = (folder / f"{name}.mp4" for name in ("ours", "filtered", "cv2"))

    def run() -> int:
        return process(clip.path, ours, SOBEL, overlay=False, overwrite=True).frames

    def encode(name: str, ending: str) -> Way:
        lossless, encoded = clip.filtered_by(SOBEL, folder / f"filtered{ending}"), folder / f"from{ending}.mp4"
        return Way(
            f"ffmpeg, encoding the filtered frames from {name}",
            lambda: ffmpeg("-i", str(lossless), *x264, to=encoded),
            1.05,
            encoded,
        )

    return [
        Way(OURS, run, makes=ours),
        encode("lossless H.264", ".mkv"),
        encode("raw video", ".nut"),
        Way(
            "ffmpeg, decode, gray, sobel, encode",
            lambda: ffmpeg(*decoded, "-vf", "format=gray,sobel", *x264, to=filtered),
            1.0,
            filtered,
        ),
        Way(
            "cv2, gray, two Sobel, VideoWriter (mp4v)",
            lambda: _cv2_video(clip, by_cv2, "mp4v"),
            1.0,
            by_cv2,
            SOBEL_L1,
            _MOST_DIFFERENCE_OF_CV2,
        ),
    ]


def _ways_to_process_ffv1(clip: Clip, folder: Path) -> list[Way]:
    """One encoder, without loss, that OpenCV's wheel has too."""
    ours, by_cv2 = folder / "ours.mkv", folder / "cv2.mkv"

    def run() -> int:
        encoding = Encoding(codec="ffv1")
        return process(clip.path, ours, SOBEL, overlay=False, overwrite=True, encoding=encoding).frames

    return [
        Way(OURS, run, makes=ours),
        Way(
            "cv2, gray, two Sobel, VideoWriter",
            lambda: _cv2_video(clip, by_cv2, "FFV1"),
            1.0,
            by_cv2,
            SOBEL_L1,
            _MOST_DIFFERENCE_OF_CV2,
        ),
    ]


def _livefilter(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "livefilter", *arguments], check=True)


def _cv2_scores(path: Path) -> int:
    capture, means = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        gray = cv2.cvtColor(read[1], cv2.COLOR_BGR2GRAY)
        both = (cv2.Sobel(gray, cv2.CV_16S, 1, 0), cv2.Sobel(gray, cv2.CV_16S, 0, 1))
        means.append([cv2.mean(cv2.convertScaleAbs(one))[0] for one in both])
    capture.release()
    return len(means)


def _cv2_video(clip: Clip, path: Path, codec: str) -> int:
    """The wheel of OpenCV has no x264; MPEG-4 part 2, which is an mp4 too, is quicker."""
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
