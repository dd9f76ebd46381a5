"""Uncompressed video on standard output."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.analysis import Result
from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import PipeFormat, RawPipeSink, letterbox

Pixels = NDArray[np.uint8]
SCORE = EdgeScore(0, 0, 0)
RATE = Fraction(30000, 1001)
HEAD = b"YUV4MPEG2 W4 H3 F30000:1001 Ip A1:1 Cmono XCOLORRANGE=FULL\n"


def piped(path: Path, pipe_format: PipeFormat, *pictures: Pixels) -> bytes:
    """What arrives of these pictures."""
    with path.open("wb") as file, RawPipeSink(pipe_format, rate=RATE, descriptor=file.fileno()) as sink:
        for index, picture in enumerate(pictures):
            sink.write(Result.unfiltered(Frame(picture, index, Fraction(index), 0), SCORE))
        assert sink.finish() is None
    return path.read_bytes()


def test_y4m_tells_size_rate_and_range_and_marks_each_frame(tmp_path: Path) -> None:
    """In the words of mjpegtools and FFmpeg; the header comes once."""
    one, two = np.arange(12, dtype=np.uint8).reshape(3, 4), np.full((3, 4), 255, np.uint8)
    found = piped(tmp_path / "out", "y4m", one, two)
    assert found == HEAD + b"FRAME\n" + one.tobytes() + b"FRAME\n" + two.tobytes()


def test_raw_is_nothing_but_pixels(tmp_path: Path) -> None:
    """Row by row, whatever their layout in memory."""
    one = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert piped(tmp_path / "out", "raw", one, one[:, ::-1]) == one.tobytes() + one[:, ::-1].tobytes()


def test_all_pictures_have_the_size_of_the_first_one(tmp_path: Path) -> None:
    """A pipe cannot change it."""
    found = piped(tmp_path / "out", "raw", np.full((4, 8), 9, np.uint8), np.full((4, 4), 9, np.uint8))
    assert len(found) == 2 * 32
    assert found[32:] == bytes([0, 0, 9, 9, 9, 9, 0, 0]) * 4


@pytest.mark.parametrize(
    ("given", "shape", "covered"),
    [((5, 20), (2, 4), (1, 4)), ((7, 7), (9, 3), (3, 3)), ((7, 7), (1, 1), (1, 1)), ((2, 2), (6, 8), (6, 6))],
)
def test_a_picture_is_scaled_into_a_size_as_a_whole(
    given: tuple[int, int], shape: tuple[int, int], covered: tuple[int, int]
) -> None:
    """Its proportions stay; what is beside it is black."""
    made = letterbox(np.full(given, 200, np.uint8), shape)
    assert made.shape == shape
    assert made.dtype == np.uint8
    assert made.flags.c_contiguous
    assert (int(made.any(axis=1).sum()), int(made.any(axis=0).sum())) == covered
    assert np.count_nonzero(made == 200) == covered[0] * covered[1]


def test_ffmpeg_reads_the_very_pixels(tmp_path: Path, require: Callable[[object, str], None]) -> None:
    """All 256 levels: nothing takes full range for limited."""
    require(shutil.which("ffmpeg"), "needs ffmpeg")
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16)
    given = piped(tmp_path / "out", "y4m", picture, picture[::-1])
    read = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "-", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        input=given,
        capture_output=True,
        check=True,
        timeout=100,
    )
    assert read.stdout == picture.tobytes() + picture[::-1].tobytes()


def test_raw_colours_are_bgr_and_the_first_picture_decides(tmp_path: Path) -> None:
    """A pipe cannot change: later gray pictures are converted to colour, and the other way round."""
    gray, bgr = np.arange(12, dtype=np.uint8).reshape(3, 4), np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    assert piped(tmp_path / "out", "raw", bgr, gray) == bgr.tobytes() + np.dstack([gray] * 3).tobytes()
    as_gray = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    assert piped(tmp_path / "out", "raw", gray, bgr) == gray.tobytes() + as_gray.tobytes()


def test_ffmpeg_reads_the_colours_of_y4m(tmp_path: Path, require: Callable[[object, str], None]) -> None:
    """Within the rounding of luma and chroma: neither range nor matrix is taken for another, no chroma is lost."""
    require(shutil.which("ffmpeg"), "needs ffmpeg")
    picture = np.random.default_rng(3).integers(0, 256, (16, 16, 3), np.uint8)
    given = piped(tmp_path / "out", "y4m", picture, picture[::-1])
    assert given.startswith(b"YUV4MPEG2 W16 H16 F30000:1001 Ip A1:1 C444 XCOLORRANGE=FULL\n")
    read = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "-", "-sws_flags", "accurate_rnd", "-f", "rawvideo", "-pix_fmt", "bgr24", "-"],
        input=given,
        capture_output=True,
        check=True,
        timeout=100,
    )
    pixels = np.frombuffer(read.stdout, np.uint8).reshape(2, 16, 16, 3).astype(int)
    assert np.abs(pixels[0] - picture).max() <= 3
    assert np.abs(pixels[1] - picture[::-1]).max() <= 3


def test_a_closed_pipe_is_left_to_the_caller() -> None:
    """It is no failure of ours."""
    reads, writes = os.pipe()
    os.close(reads)
    with RawPipeSink("raw", rate=RATE, descriptor=writes) as sink:
        os.close(writes)
        with pytest.raises(BrokenPipeError):
            sink.write(Result.unfiltered(Frame(np.zeros((2, 2), np.uint8), 0, Fraction(0), 0), SCORE))


def test_a_full_disk_is_an_error() -> None:
    """Standard output may be a file."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    with full.open("wb") as file:
        sink = RawPipeSink("raw", rate=RATE, descriptor=file.fileno())
    with pytest.raises(SinkError, match="standard output: cannot be written: No space"):
        sink.write(Result.unfiltered(Frame(np.zeros((2, 2), np.uint8), 0, Fraction(0), 0), SCORE))
    sink.discard()


def test_a_pipe_that_takes_little_at_a_time_gets_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing to a pipe may write less than all."""
    taken = io.BytesIO()

    class Slow(io.RawIOBase):
        """Takes at most five bytes."""

        def write(self, content: Any) -> int:
            """Take some."""
            return taken.write(content[:5])

    def open_slow(descriptor: int, *_: object, **__: object) -> Slow:
        os.close(descriptor)
        return Slow()

    with (tmp_path / "out").open("wb") as file, monkeypatch.context() as patch:
        patch.setattr("builtins.open", open_slow)
        sink = RawPipeSink("raw", rate=RATE, descriptor=file.fileno())
    with sink:
        sink.write(Result.unfiltered(Frame(np.arange(16, dtype=np.uint8).reshape(4, 4), 0, Fraction(0), 0), SCORE))
    assert taken.getvalue() == bytes(range(16))


def test_a_terminal_gets_no_pictures() -> None:
    """It would be full of rubbish."""
    if not hasattr(os, "openpty"):
        pytest.skip("needs pseudo-terminals")
    ours, theirs = os.openpty()
    try:
        with pytest.raises(OptionError, match="is a terminal"):
            RawPipeSink("raw", rate=RATE, descriptor=theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def test_another_format_is_an_error() -> None:
    """The message names those that there are."""
    with pytest.raises(OptionError, match="y4m or raw, found 'avi'"):
        RawPipeSink("avi", rate=RATE, descriptor=1)  # type: ignore[arg-type]
