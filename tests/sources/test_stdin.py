"""Standard input as a source."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.errors import OptionError, SourceError
from livefilter.frame import Frame
from livefilter.sources import Source, open_source
from livefilter.testing import running

PICTURES = [np.arange(15, dtype=np.uint8).reshape(3, 5) * 10 + level for level in (16, 40, 90)]
HEADER = b"YUV4MPEG2 W5 H3 F50:1 C420jpeg XCOLORRANGE=FULL\n"
CHROMA = bytes([128] * 12)


def y4m(pictures: list[NDArray[np.uint8]], header: bytes = HEADER, chroma: bytes = CHROMA) -> bytes:
    """A whole stream."""
    return header + b"".join(b"FRAME\n" + picture.tobytes() + chroma for picture in pictures)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Source]]:
    """Opens standard input, on which some bytes come; a thread writes them."""
    threads: list[threading.Thread] = []
    inputs: list[Any] = []

    def pipe(data: bytes, **options: Any) -> Source:
        reading, writing = os.pipe()

        def write() -> None:
            # It need not be read to its end; closing writes what is left, and may fail as well.
            with suppress(BrokenPipeError), open(writing, "wb") as end:
                end.write(data)

        threads.append(threading.Thread(target=write))
        threads[-1].start()
        inputs.append(os.fdopen(reading))
        monkeypatch.setattr(sys, "stdin", inputs[-1])
        return open_source("-", **options)

    yield pipe
    for one in inputs:
        one.close()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def frames_and_loss(source: Source) -> tuple[list[Frame], str | None]:
    """Its frames, and what it says was lost."""
    with source:
        frames = list(source)
    return frames, source.loss


def test_yuv4mpeg2_is_read_as_it_is(piped: Callable[..., Source]) -> None:
    """The luma of each frame, exact times, the rate of the header; frames do not share memory."""
    source = piped(y4m(PICTURES))
    assert source.facts.name == "standard input"
    assert (source.facts.shape, source.facts.rate, source.facts.is_live) == ((3, 5), Fraction(50), False)
    assert source.facts.colorimetry.is_full_range
    frames, loss = frames_and_loss(source)
    assert [frame.time_s for frame in frames] == [0, Fraction(1, 50), Fraction(2, 50)]
    for frame, picture in zip(frames, PICTURES, strict=True):
        np.testing.assert_array_equal(frame.pixels, picture)
    assert loss is None


def test_limited_range_is_expanded(piped: Callable[..., Source]) -> None:
    """16 is black and 235 is white."""
    stored = np.array([[16, 235, 126, 0, 255]] * 3, np.uint8)
    frames, _ = frames_and_loss(piped(y4m([stored], b"YUV4MPEG2 W5 H3 F25:1\n")))
    assert frames[0].pixels[0].tolist() == [0, 255, 128, 0, 255]


def test_more_than_eight_bits_are_rounded_to_eight(piped: Callable[..., Source]) -> None:
    """And noted; a number beyond the highest is the highest."""
    stored = np.array([[0, 1023, 512, 3, 60000]] * 3, "<u2")
    header = b"YUV4MPEG2 W5 H3 F25:1 Ib Cmono10 XCOLORRANGE=FULL\n"
    source = piped(header + b"FRAME\n" + stored.tobytes())
    assert source.facts.notes == (
        "has 10 bits per sample; livefilter filters it in 8",
        "is interlaced; livefilter filters both fields of a frame as one image",
    )
    frames, _ = frames_and_loss(source)
    assert frames[0].pixels[0].tolist() == [0, 255, 128, 1, 255]


def test_frames_may_have_parameters_of_their_own(piped: Callable[..., Source]) -> None:
    """They describe fields, and are skipped."""
    data = HEADER + b"FRAME Ipp Xsomething\n" + PICTURES[0].tobytes() + CHROMA
    frames, loss = frames_and_loss(piped(data))
    assert (len(frames), loss) == (1, None)


@pytest.mark.parametrize(
    ("cut", "count", "says"),
    [
        (-1, 2, "ends within frame 2; 32 bytes belong to no whole frame"),
        (-27, 2, "ends within frame 2; 6 bytes belong to no whole frame"),
        (-32, 2, "ends within frame 2; 1 byte belongs to no whole frame"),
        (-33, 2, None),
    ],
)
def test_a_stream_that_is_cut_off_is_a_named_loss(
    cut: int, count: int, says: str | None, piped: Callable[..., Source]
) -> None:
    """Whole frames are kept; only an end between two frames is a good one."""
    frames, loss = frames_and_loss(piped(y4m(PICTURES)[:cut]))
    assert len(frames) == count
    assert loss == (says and f"standard input: {says}")


def test_damage_between_frames_ends_the_stream_with_a_loss(piped: Callable[..., Source]) -> None:
    """The start of the next frame is unknown."""
    frames, loss = frames_and_loss(piped(y4m(PICTURES[:1]) + b"BLAME\n" + bytes(40)))
    assert len(frames) == 1
    assert loss == "standard input: reading stopped after frame 1: Invalid data found when processing input"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty; did the upstream command fail"),
        (b"RIFF....AVI ", "is not a video, or is damaged beyond reading; raw video needs --input-format"),
        (HEADER, "has no frame that can be decoded"),
        (y4m(PICTURES)[:60], "has no frame that can be decoded"),
        (HEADER.replace(b"W5", b"W0"), "the first line must hold width and height"),
        (HEADER.replace(b"H3 ", b""), "the first line must hold width and height"),
        (HEADER.replace(b"C4", b"Cx"), "the first line has an unknown colour space, found .*; use -pix_fmt yuv420p"),
        (HEADER.replace(b"W5", b"W99999999"), "the first line must hold width and height"),
        (b"\xff\xd8\xff\xd9", "has no frame that can be decoded"),
    ],
)
def test_what_is_no_stream_of_pictures_is_refused(data: bytes, says: str, piped: Callable[..., Source]) -> None:
    """When it is opened."""
    with pytest.raises(SourceError, match=f"standard input: {says}"):
        piped(data)


def test_raw_gray_is_taken_as_it_is(piped: Callable[..., Source]) -> None:
    """Of the size and the rate that are given."""
    data = b"".join(picture.tobytes() for picture in PICTURES)
    source = piped(data + b"xx", input_format="gray8", size=(3, 5), rate=Fraction(30000, 1001))
    assert source.facts.rate == Fraction(30000, 1001)
    frames, loss = frames_and_loss(source)
    assert [frame.time_s for frame in frames] == [0, Fraction(1001, 30000), Fraction(2002, 30000)]
    for frame, picture in zip(frames, PICTURES, strict=True):
        np.testing.assert_array_equal(frame.pixels, picture)
    assert loss == "standard input: ends within frame 3; 2 bytes belong to no whole frame"


def test_raw_video_in_a_file_is_read_like_that_in_a_pipe(piped: Callable[..., Source], tmp_path: Path) -> None:
    """The same frames, the same loss; a size without its format is refused, since other formats have their own."""
    path = tmp_path / "clip.raw"
    path.write_bytes(b"".join(picture.tobytes() for picture in PICTURES)[:-1])
    options: dict[str, Any] = {"input_format": "gray8", "size": (3, 5), "rate": Fraction(10)}
    frames, loss = frames_and_loss(open_source(path, **options))
    assert loss == f"{path}: ends within frame 2; 14 bytes belong to no whole frame"
    again, loss = frames_and_loss(piped(path.read_bytes(), **options))
    assert loss == "standard input: ends within frame 2; 14 bytes belong to no whole frame"
    for frame, same, picture in zip(frames, again, PICTURES[:2], strict=True):
        np.testing.assert_array_equal(frame.pixels, picture)
        np.testing.assert_array_equal(same.pixels, picture)
        assert frame.time_s == same.time_s == Fraction(frame.index, 10)
    with pytest.raises(OptionError, match="size: is for raw video"):
        open_source(path, size=(3, 5))


@pytest.mark.parametrize("format_", ["yuv4mpeg2", "bgr24", "jpeg"])
@pytest.mark.parametrize("is_switched", [False, True])
def test_colours_come_where_they_are_wanted(format_: str, is_switched: bool, piped: Callable[..., Source]) -> None:
    """From the first frame on, also if they are asked for after it was opened; the gray is the same without them."""
    bgr = np.full((16, 24, 3), (200, 40, 90), np.uint8)
    gray = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    planes = [plane.tobytes() for plane in cv2.split(cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb))]
    header = b"YUV4MPEG2 W24 H16 F50:1 C444 XCOLORRANGE=FULL\n"
    data, options = {
        "yuv4mpeg2": (y4m([gray] * 3, header, planes[2] + planes[1]), {}),
        "bgr24": (bgr.tobytes() * 3, {"input_format": "bgr24", "size": (16, 24), "rate": Fraction(50)}),
        "jpeg": (cv2.imencode(".jpg", bgr)[1].tobytes() * 3, {}),
    }[format_]
    plain, _ = frames_and_loss(piped(data, **options))
    source = piped(data, **options, color="gray" if is_switched else "rgb")
    if is_switched:
        source.set_color("rgb")
    coloured, loss = frames_and_loss(source)
    assert (len(plain), len(coloured), loss) == (3, 3, None)
    for without, with_colours in zip(plain, coloured, strict=True):
        np.testing.assert_array_equal(with_colours.gray, without.pixels)
        assert with_colours.pixels.shape == bgr.shape
        assert np.abs(with_colours.pixels.astype(int) - bgr).max() <= 3


def test_raw_colour_becomes_gray(piped: Callable[..., Source]) -> None:
    """As OpenCV converts BGR."""
    picture = np.random.default_rng(4).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    frames, loss = frames_and_loss(piped(picture.tobytes(), input_format="bgr24", size=(3, 5), rate=Fraction(25)))
    np.testing.assert_array_equal(frames[0].pixels, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    assert loss is None


@pytest.mark.parametrize(
    ("data", "options", "says"),
    [
        (b"", {"input_format": "gray8"}, "gray8 needs a size and a rate; add --size 1280x720 --rate 30"),
        (b"", {"input_format": "gray8", "size": (3, 5)}, "needs a size and a rate"),
        (HEADER, {"size": (3, 5)}, "size: is for raw video"),
        (
            y4m(PICTURES),
            {"rate": Fraction(9)},
            "rate: is for videos without times of their own, and standard",
        ),
        (HEADER, {"loop": True}, "loop: is for .*, and - is standard input"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    data: bytes, options: dict[str, Any], says: str, piped: Callable[..., Source]
) -> None:
    """Never overruled in silence."""
    with pytest.raises(OptionError, match=says):
        piped(data, **options)


def test_jpeg_pictures_one_after_the_other(piped: Callable[..., Source]) -> None:
    """At 25 frames per second by default; one that is damaged or torn leaves a gap in time, and is counted."""
    picture = np.random.default_rng(5).integers(0, 256, (48, 64), dtype=np.uint8)
    good = [cv2.imencode(".jpg", image)[1].tobytes() for image in (picture, 255 - picture)]
    damaged = good[0][:2] + b"\xff\xfe\x00\x04no" + b"\xff\xd9"
    torn = good[0][: len(good[0]) // 2]
    source = piped(good[0] + damaged + b"!!" + good[1] + torn, rate=Fraction(10))
    assert source.facts.shape == (48, 64)
    frames, loss = frames_and_loss(source)
    for frame, image in zip(frames, (picture, 255 - picture), strict=True):
        assert abs(frame.pixels.astype(int) - image).mean() < 12
    assert [frame.time_s for frame in frames] == [0, Fraction(2, 10)]
    assert loss is not None
    assert loss.startswith("standard input: 2 damaged packets could not be decoded")
    assert frames_and_loss(piped(good[0]))[1] is None


@pytest.mark.skipif(sys.platform == "win32", reason="there, a pipe cannot be waited for")
@pytest.mark.parametrize("format_", ["y4m", "raw"])
def test_a_frame_is_there_as_soon_as_its_last_byte(format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that is piped in does not lag behind: nothing is read ahead, neither at first nor later."""
    reading, writing = os.pipe()
    head, mark = (HEADER, b"FRAME\n") if format_ == "y4m" else (b"", b"")
    options: dict[str, Any] = (
        {} if format_ == "y4m" else {"input_format": "gray8", "size": (3, 5), "rate": Fraction(50)}
    )
    chroma = CHROMA if format_ == "y4m" else b""
    with os.fdopen(reading) as end, os.fdopen(writing, "wb", buffering=0) as program:
        monkeypatch.setattr(sys, "stdin", end)
        program.write(head + mark + PICTURES[0].tobytes() + chroma)
        with open_source("-", **options) as source:  # Waits for ever if it needs more than is there.
            frames = iter(source)
            np.testing.assert_array_equal(next(frames).pixels, PICTURES[0])
            for picture in PICTURES[1:]:
                program.write(mark + picture.tobytes() + chroma)
                np.testing.assert_array_equal(next(frames).pixels, picture)


def test_a_terminal_is_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal has no video; and what is closed cannot be read."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(SourceError, match="is a terminal; pipe a video into it: ffmpeg"):
        open_source("-")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SourceError, match="is closed"):
        open_source("-")


@pytest.mark.skipif(sys.platform == "win32", reason="there, a pipe cannot be waited for")
def test_waiting_for_a_silent_program_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first byte it is an interrupt, later the end of the stream, and no loss."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as end, os.fdopen(writing, "wb") as program:
        monkeypatch.setattr(sys, "stdin", end)
        with pytest.raises(KeyboardInterrupt):
            open_source("-", should_stop=lambda: True)
        program.write(y4m(PICTURES)[:-5])
        program.flush()
        source = open_source("-", should_stop=lambda: True)
        assert len(list(source)) == 2
        assert source.loss is None


def test_ffmpeg_piped_into_a_command_gives_the_frames_of_the_file(
    clip: Path, require: Callable[[object, str], None], tmp_path: Path
) -> None:
    """As users type it: every frame, and to the last digit the scores of the same file read directly."""
    require(shutil.which("ffmpeg"), "needs ffmpeg")
    decode = ["ffmpeg", "-v", "error", "-i", str(clip), "-f", "yuv4mpegpipe", "-"]
    score = [sys.executable, "-m", "livefilter", "score", "-q"]
    with running(decode, stdout=subprocess.PIPE) as program:
        piped = subprocess.run(
            [*score, "-"], stdin=program.stdout, capture_output=True, text=True, check=True, timeout=100
        )
    direct = subprocess.run([*score, str(clip)], capture_output=True, text=True, check=True, timeout=100)
    rows = [line for line in piped.stdout.splitlines() if '"index"' in line]
    assert len(rows) == 8
    assert rows == [line for line in direct.stdout.splitlines() if '"index"' in line]
    assert piped.stderr == ""


MIXED = HEADER.replace(b"C420", b"Im C420")
COMMENT = HEADER.replace(b"\n", b" X" + b"comment" * 50 + b"\n")
SENT = {
    "whole": y4m(PICTURES),
    "cut": y4m(PICTURES)[:-3],
    "mixed fields": y4m(PICTURES, MIXED),
    "a long comment": y4m(PICTURES, COMMENT),
    "a long comment, cut": y4m(PICTURES, COMMENT)[:-3],
    "line ends of Windows": y4m(PICTURES, HEADER[:-1] + b"\r\n").replace(b"FRAME\n", b"FRAME\r\n"),
    "parameters of frames": y4m(PICTURES * 20).replace(b"FRAME\n", b"FRAME Ipp\n"),
    "no size": y4m(PICTURES, HEADER.replace(b"W5", b"W0")),
}


@pytest.mark.parametrize("name", SENT)
def test_a_file_and_a_pipe_of_the_same_bytes_give_the_same(
    name: str, piped: Callable[..., Source], tmp_path: Path
) -> None:
    """Frames, times, notes and losses, or the same error."""
    data = SENT[name]
    path = tmp_path / "clip.y4m"
    path.write_bytes(data)
    given: list[object] = []
    for source_name in ("standard input", str(path)):
        try:
            source = piped(data) if source_name == "standard input" else open_source(path)
            frames, loss = frames_and_loss(source)
        except SourceError as error:
            given.append(str(error).removeprefix(source_name))
            continue
        given.append(
            (
                [(frame.pixels.tolist(), frame.time_s, frame.index) for frame in frames],
                source.facts.notes,
                source.facts.rate,
                loss and loss.removeprefix(source_name),
            )
        )
    assert given[0] == given[1]
    if name == "no size":
        assert "must hold width and height" in str(given[0])
        return
    assert len(frames) == 3 - ("cut" in name) + 57 * (name == "parameters of frames")
    assert frames[-1].time_s == Fraction(len(frames) - 1, 50)
    assert (loss is not None) == ("cut" in name)


@pytest.mark.parametrize("container", ["mkv", "avi", "nut", "ts", "mjpeg", "gif"])
def test_every_container_that_ffmpeg_reads_in_order_comes_through_a_pipe(
    container: str, piped: Callable[..., Source], make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    """The same frames at the same times as from the file."""
    pictures = [np.random.default_rng(index).integers(0, 256, (48, 64), dtype=np.uint8) for index in range(5)]
    codec = {"ts": "mpeg2video", "mjpeg": "mjpeg", "gif": "gif"}.get(container, "mpeg4")
    pix_fmt = {"gif": "gray", "mjpeg": "yuvj420p"}.get(container, "yuv420p")
    path = make_clip(tmp_path / f"clip.{container}", pictures, codec=codec, pix_fmt=pix_fmt)
    with open_source(path) as file:
        expected = [(frame.time_s, frame.pixels) for frame in file]
    frames, loss = frames_and_loss(piped(path.read_bytes()))
    assert loss is None
    assert len(frames) == 5
    for frame, (time_s, pixels) in zip(frames, expected, strict=True):
        assert frame.time_s == time_s
        np.testing.assert_array_equal(frame.pixels, pixels)


def test_an_mp4_whose_index_is_at_the_end_cannot_come_through_a_pipe(
    piped: Callable[..., Source], make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    """FFmpeg would have to go back; a file as standard input is read as a file, in any order."""
    noise = list(np.random.default_rng(6).integers(0, 256, (9, 96, 128), dtype=np.uint8))
    path = make_clip(tmp_path / "clip.mp4", noise, faststart=False)
    with pytest.raises(SourceError, match="has its index at the end; save it to a file"):
        piped(path.read_bytes())
    with path.open("rb") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", file)
        frames, loss = frames_and_loss(open_source("-"))
    assert (len(frames), loss) == (9, None)
