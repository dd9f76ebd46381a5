"""Sinks after their end: what is written is refused, what is ended stays as it is, and the process lives on.

FFmpeg answers a picture for a closed file with a segmentation fault, so videos are ended in a process of their own,
which runs this file.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from livefilter.analysis import Result
from livefilter.errors import SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import PlotSink, RawPipeSink, ScoreSink, Sink, StreamCopyOptions, open_sink
from livefilter.testing import ListSink

RATE = Fraction(25)
VIDEOS = ("a.mp4", "along.mkv", "a.gif", "a.avi")
ENDS: dict[str, tuple[int, Callable[[Sink], object]]] = {
    "finished": (1, lambda sink: sink.finish()),
    "partial": (1, lambda sink: sink.finish(is_complete=False)),
    "discarded": (1, lambda sink: sink.discard()),
    "finished-empty": (0, lambda sink: sink.finish()),
    "discarded-empty": (0, lambda sink: sink.discard()),
}
"""By name, how many pictures are written before the end, and the end."""


def opened(kind: str, clip: Path, folder: Path) -> Sink:
    """Open a sink that writes into a folder, if it writes files."""
    if kind == "list":
        return ListSink()
    if kind == "pipe":
        with open(folder / "pipe", "wb") as file:
            return RawPipeSink("y4m", rate=RATE, descriptor=file.fileno())
    if kind == "-":
        return ScoreSink(Path("-"))
    if kind.startswith("scores"):
        return ScoreSink(folder / kind)
    if kind.startswith("plot"):
        return PlotSink(folder / kind)
    return open_sink(
        folder / kind,
        rate=RATE,
        time_base=1 / RATE,
        stream_copy=StreamCopyOptions(clip) if kind.startswith("along") else None,
    )


def write(sink: Sink, index: int) -> None:
    """Write one picture."""
    pixels = np.full((48, 64), index, np.uint8)
    sink.write(Result.unfiltered(Frame(pixels, index, index / RATE, 0), EdgeScore(0, 0, 0)))


def files(folder: Path) -> dict[str, bytes]:
    """Return what is in the files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def after_its_end(kind: str, way: str, clip: Path, folder: Path) -> list[str]:
    """End a sink, use it on, and return what it did that it should not have done."""
    count, end = ENDS[way]
    sink = opened(kind, clip, folder)
    for index in range(count):
        write(sink, index)
    end(sink)
    there = files(folder)
    wrong = []
    for index in range(count, count + 40):
        try:
            write(sink, index)
            wrong.append(f"took picture {index}")
        except SinkError as error:
            if "is closed" not in str(error):
                wrong.append(f"refused picture {index} with: {error}")
    again = [sink.finish(), sink.finish(is_complete=False)]
    sink.discard()
    if again != [None, None]:
        wrong.append(f"ended again with {again}")
    if files(folder) != there:
        wrong.append("changed its files")
    return wrong


@pytest.mark.parametrize("way", ENDS)
@pytest.mark.parametrize(
    "kind",
    ["%03d.png", "a.png", "scores.csv", "scores.jsonl", "scores.parquet", "-", "plot.png", "pipe", "list"],
)
def test_a_sink_takes_nothing_after_its_end(kind: str, way: str, clip: Path, tmp_path: Path) -> None:
    """Finished, kept as a part, or discarded, with or without a picture: it stays so, whatever is called later."""
    assert after_its_end(kind, way, clip, tmp_path) == []


def test_a_video_takes_nothing_after_its_end(clip: Path, tmp_path: Path) -> None:
    """As other sinks; with sound to copy, too."""
    done = subprocess.run([sys.executable, __file__, clip, tmp_path], capture_output=True, timeout=100)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr.decode()[-2000:]}"
    assert done.stdout.decode().splitlines() == [f"{kind} {way} []" for kind in VIDEOS for way in ENDS]


WHILE_WRITTEN = """
import sys, threading
from fractions import Fraction
from pathlib import Path
import av
import numpy as np
from livefilter.analysis import Result
from livefilter.errors import SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import open_sink

RATE = Fraction(25)
pixels = np.random.default_rng(0).integers(0, 256, (240, 320), dtype=np.uint8)
for index in range(5):
    path = Path(sys.argv[1]) / f"{index}.{sys.argv[2]}"
    sink = open_sink(path, rate=RATE, time_base=1 / RATE)
    has_begun = threading.Event()
    taken, refused = 0, None

    def write():
        global taken, refused
        try:
            while True:
                sink.write(Result.unfiltered(Frame(pixels, taken, taken / RATE, 0), EdgeScore(0, 0, 0)))
                taken += 1
                has_begun.set()
        except SinkError as error:
            refused = str(error)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    assert has_begun.wait(30)
    kept = sink.finish()
    writer.join(30)
    assert not writer.is_alive()
    with av.open(kept) as container:
        frames = sum(packet.size > 0 for packet in container.demux(video=0))
    print(frames == taken, "is closed" in refused)
"""


@pytest.mark.parametrize("ending", ["mkv", "gif"])
def test_a_video_can_be_finished_by_another_thread(ending: str, tmp_path: Path) -> None:
    """It holds all pictures that were taken, and the thread that goes on writing gets an error."""
    done = subprocess.run([sys.executable, "-c", WHILE_WRITTEN, tmp_path, ending], capture_output=True, timeout=100)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr.decode()[-2000:]}"
    assert done.stdout.decode().splitlines() == ["True True"] * 5


if __name__ == "__main__":
    for video in VIDEOS:
        for how in ENDS:
            place = Path(sys.argv[2]) / f"{video}-{how}"
            os.mkdir(place)
            print(video, how, after_its_end(video, how, Path(sys.argv[1]), place), flush=True)
