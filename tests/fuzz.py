"""Fuzzing with damaged files: livefilter ends in time, with an exit code of its table.

    python tests/fuzz.py --count 10000

Each case damages a small file and passes it to ``process``, ``score`` or ``probe`` in a worker process, which is killed
if it hangs and reported if it dies. The number of a case is its seed, so ``--first NUMBER --count 1`` repeats it; files
that break something are kept.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

import av
import cv2
import numpy as np

from livefilter.cli import run

FRAMES, ROWS, COLS = 12, 48, 64
ALLOWED = {0, 2, 3, 4, 5}
"""Exit codes allowed for a damaged input: done, a stream that needs an option, not readable, not writable (a size that
no encoder accepts), done with losses."""
PRESET = "steps: [tone: {invert: true}]\noverlay: {scores: false, name: false}\n"
SEEDS: dict[str, tuple[str, str, str]] = {
    "h264.mp4": ("libx264", "yuv420p", "aac"),
    "hevc.mkv": ("libx265", "yuv420p", ""),
    "mpeg4.avi": ("mpeg4", "yuv420p", "mp2"),
    "mpeg2.ts": ("mpeg2video", "yuv420p", "mp2"),
    "vp9.webm": ("libvpx-vp9", "yuv420p", "libopus"),
    "mjpeg.mov": ("mjpeg", "yuvj420p", ""),
    "ffv1.mkv": ("ffv1", "yuv444p", ""),
    "palette.gif": ("gif", "rgb8", ""),
}
"""File name: video encoder, pixel format and audio encoder."""
PICTURES = ("picture.png", "picture.jpg", "picture.webp", "picture.tiff")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a case: its number, the command, the exit code, and what is wrong (empty if nothing)."""

    case: int
    command: str
    code: int | None
    wrong: str
    seconds: float


def make_seeds(folder: Path) -> list[Path]:
    """Write the undamaged files and return their paths."""
    pictures = [np.roll(np.tile(np.linspace(0, 255, COLS).astype(np.uint8), (ROWS, 1)), at, 1) for at in range(FRAMES)]
    for name, (codec, pix_fmt, sound) in SEEDS.items():
        with av.open(str(folder / name), "w") as container:
            options = {"threads": "1", "g": "4", "x265-params": "log-level=none:pools=1:frame-threads=1"}
            video = container.add_stream(codec, rate=Fraction(25), options=options)
            assert isinstance(video, av.VideoStream)
            video.height, video.width, video.pix_fmt = ROWS, COLS, pix_fmt
            audio = container.add_stream(sound, rate=48000) if sound else None
            for picture in pictures:
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="gray").reformat(format=pix_fmt)))
            if isinstance(audio, av.AudioStream):
                tone = (np.sin(np.arange(23040) / 20) * 8000).astype(np.int16)[None]
                heard = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
                heard.sample_rate, heard.pts, heard.time_base = 48000, 0, Fraction(1, 48000)
                fifo = av.AudioFifo()
                resampled = av.AudioResampler(audio.format, audio.layout, 48000).resample(heard)
                for part in resampled:
                    part.pts = None
                    fifo.write(part)
                for part in fifo.read_many(audio.codec_context.frame_size or 960):
                    part.pts = None
                    container.mux(audio.encode(part))
                container.mux(audio.encode(None))
            container.mux(video.encode(None))
    for name in PICTURES:
        cv2.imwrite(str(folder / name), pictures[0])
    return [folder / name for name in (*SEEDS, *PICTURES)]


def damage(content: bytes, rng: random.Random) -> bytes:
    """Return the content with one to eight faults, of the kinds that disks, networks and faulty programs cause."""
    buffer = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        if len(buffer) < 16:
            break
        at = (
            rng.randrange(len(buffer) // 8) if rng.random() < 0.3 else rng.randrange(len(buffer))
        )  # Headers more often.
        length = min(rng.choice((1, 4, 16, 200, 2000)), len(buffer) - at)
        match rng.randrange(8):
            case 0:
                buffer[at] ^= 1 << rng.randrange(8)
            case 1:
                buffer[at : at + length] = rng.randbytes(length)
            case 2:
                buffer[at : at + length] = bytes(length)
            case 3:
                del buffer[at : at + length]
            case 4:
                buffer[at:at] = buffer[at : at + length]
            case 5:
                del buffer[at:]
            case 6:  # A number that is too large, or negative.
                buffer[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1"))
            case 7:  # Two parts swap places.
                other = rng.randrange(len(buffer))
                first, second = bytes(buffer[at : at + length]), bytes(buffer[other : other + length])
                buffer[at : at + len(second)], buffer[other : other + len(first)] = second, first
    return bytes(buffer)


def try_case(case: int, seeds: list[Path], folder: Path) -> Verdict:
    """Damage a file and run a command on it, in this process."""
    rng = random.Random(case)
    seed = rng.choice(seeds)
    damaged, out = folder / f"damaged{seed.suffix}", folder / "out"
    damaged.write_bytes(damage(seed.read_bytes(), rng))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    made = out / ("made/%03d.png" if seed.name in PICTURES else rng.choice(("made.mp4", "made.mkv")))
    (out / "made").mkdir()
    arguments = rng.choice(
        [
            ["process", str(damaged), "-o", str(made), "-p", str(folder.parent / "preset.yaml"), "-q"],
            ["score", str(damaged), "-o", str(out / "made.csv"), "-q"],
            ["probe", str(damaged), "--json", "--scan"],
        ]
    )
    told, printed, began_s = io.StringIO(), io.StringIO(), time.monotonic()
    try:
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(printed):
            code: int | None = run(arguments)
        wrong = _wrong(code, told.getvalue(), out)
    except BaseException as error:  # No exception may leave the command line.
        code, wrong = None, f"{type(error).__name__} was not caught: {error}"
    return Verdict(case, " ".join(arguments), code, wrong, time.monotonic() - began_s)


def _wrong(code: int | None, told: str, out: Path) -> str:
    """Return what is wrong with the result of a run; empty if nothing."""
    if code not in ALLOWED:
        return f"exit code {code}: {told.strip()}"
    if "Traceback" in told:
        return f"a traceback: {told.strip()}"
    if code != 0 and not told.startswith("livefilter: "):
        return f"exit code {code} without a message: {told.strip()!r}"
    left = [path.name for path in out.rglob("*.partial*")]
    return f"left behind {', '.join(left)}" if left else ""


def work(channel: Connection, seeds: list[Path], folder: Path) -> None:
    """Try the cases that come through the channel until it is closed."""
    folder.mkdir(exist_ok=True)
    # Hide the messages of OpenCV and libpng; livefilter's are captured before they come here.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            channel.send(try_case(channel.recv(), seeds, folder))


@dataclass(slots=True)
class Worker:
    """A worker process, its current case, and when it began."""

    process: SpawnProcess
    channel: Connection
    folder: Path
    case: int | None = None
    since_s: float = 0.0


def verdicts(first: int, count: int, *, jobs: int, limit_s: float, folder: Path) -> Iterator[Verdict]:
    """Yield the verdict of each case as soon as it is known."""
    seeds_folder = folder / "seeds"
    seeds_folder.mkdir()
    seeds = make_seeds(seeds_folder)
    (folder / "preset.yaml").write_text(PRESET)
    context = multiprocessing.get_context("spawn")
    cases = iter(range(first, first + count))
    made = 0

    def start() -> Worker:
        nonlocal made
        made += 1
        ours, theirs = context.Pipe()
        place = folder / f"worker{made}"
        process = context.Process(target=work, args=(theirs, seeds, place), daemon=True)
        process.start()
        theirs.close()
        return Worker(process, ours, place)

    def give(worker: Worker) -> bool:
        worker.case = next(cases, None)
        if worker.case is not None:
            worker.channel.send(worker.case)
            worker.since_s = time.monotonic()
        return worker.case is not None

    workers = [worker for worker in (start() for _ in range(jobs)) if give(worker)]
    while workers:
        ready = wait([worker.channel for worker in workers], timeout=0.5)
        for worker in list(workers):
            assert worker.case is not None
            seconds = time.monotonic() - worker.since_s
            verdict = None
            if worker.channel in ready:
                try:
                    verdict = worker.channel.recv()
                except (EOFError, OSError):
                    worker.process.join(20)
                    verdict = Verdict(worker.case, "", None, f"died with {worker.process.exitcode}", seconds)
            elif seconds > limit_s:
                worker.process.kill()
                worker.process.join(20)
                verdict = Verdict(worker.case, "", None, f"still at work after {limit_s:g} s", seconds)
            if verdict is None:
                continue
            yield verdict  # While its damaged file still exists.
            is_alive = worker.process.is_alive()
            workers.remove(worker)
            follower = worker if is_alive else start()
            if give(follower):
                workers.append(follower)


def main(arguments: list[str], say: Callable[[str], object] = print) -> int:
    """Run the cases, print what is wrong, and return 0 if nothing is."""
    parser = argparse.ArgumentParser(description="Give damaged files to livefilter.")
    parser.add_argument("--count", type=int, default=1000, help="number of cases")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--jobs", type=int, default=2, help="number of worker processes")
    parser.add_argument("--limit", type=float, default=60, help="most seconds for a case")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"), help="folder for files that broke something")
    given = parser.parse_args(arguments)
    codes: Counter[int | None] = Counter()
    wrong, slowest, began_s = 0, Verdict(given.first, "", None, "", 0.0), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="livefilter-fuzz-") as name:
        folder = Path(name)
        for verdict in verdicts(given.first, given.count, jobs=given.jobs, limit_s=given.limit, folder=folder):
            codes[verdict.code] += 1
            slowest = max(slowest, verdict, key=lambda verdict: verdict.seconds)
            if verdict.wrong:
                wrong += 1
                kept = keep(verdict, folder, given.keep)
                say(f"case {verdict.case}: {verdict.wrong}\n  {verdict.command}\n  kept as {kept}")
            if sum(codes.values()) % 1000 == 0:
                say(f"{sum(codes.values())} cases, {wrong} wrong")
    ends = ", ".join(f"{count} x {'none' if code is None else code}" for code, count in sorted(codes.items(), key=str))
    took = f"{time.monotonic() - began_s:.0f} s, the slowest, {slowest.case}, {slowest.seconds:.1f} s"
    say(f"{sum(codes.values())} cases in {took}; exit codes: {ends}")
    say(f"{wrong} wrong" if wrong else "nothing wrong")
    return 1 if wrong else 0


def keep(verdict: Verdict, folder: Path, kept: Path) -> Path:
    """Write the damaged file of a case to a folder, and return its path."""
    rng = random.Random(verdict.case)
    seed = rng.choice([folder / "seeds" / name for name in (*SEEDS, *PICTURES)])
    kept.mkdir(parents=True, exist_ok=True)
    path = kept / f"{verdict.case}{seed.suffix}"
    path.write_bytes(damage(seed.read_bytes(), rng))
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
