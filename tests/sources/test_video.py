"""Video files: exact times, true gray, the right way up, and a plain word about what is missing or broken."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.sources import VideoFile

Images = list[NDArray[np.uint8]]
Clip = Callable[..., Path]


def read(path: Path) -> tuple[list[Frame], VideoFile]:
    """Return all frames of a file, and the source, closed."""
    with VideoFile(path) as source:
        return list(source), source


def difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> int:
    """The largest difference of two pictures, in gray levels."""
    return int(np.abs(first.astype(np.int64) - second).max())


def with_rotation(path: Path, target: Path, degrees: int) -> Path:
    """Copy an MP4 with another matrix in its track header: how a telephone notes how it was held."""
    content = path.read_bytes()
    at = content.index(b"tkhd") + 4 + 40  # ISO 14496-12, 8.3.2: the matrix comes after 40 bytes in version 0.
    one = 1 << 16
    cos, sin = {0: (one, 0), 90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees]
    matrix = struct.pack(">9i", cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30)
    target.write_bytes(content[:at] + matrix + content[at + len(matrix) :])
    return target


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("limited.mp4", {}),
        ("full.mp4", {"full_range": True}),
        ("yuvj.mp4", {"pix_fmt": "yuvj420p", "full_range": True}),
        ("444.mp4", {"pix_fmt": "yuv444p"}),
        ("422.mp4", {"pix_fmt": "yuv422p"}),
        ("motion.avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p", "full_range": True, "qmin": "1", "qmax": "1"}),
        ("lossless.mkv", {"codec": "ffv1"}),
        ("rgb.mkv", {"codec": "ffv1", "pix_fmt": "bgr0", "full_range": True}),
        ("ten.mkv", {"pix_fmt": "yuv420p10le"}),
        ("ten-full.mkv", {"pix_fmt": "yuv420p10le", "full_range": True}),
    ],
)
def test_gray_is_full_range_whatever_the_file_holds(
    name: str, options: dict[str, object], make_clip: Clip, pictures: Images, tmp_path: Path
) -> None:
    """What was gray before the encoder is the same gray after it: 0 stays black, 255 stays white.

    The tolerance: limited range has 220 levels for 256, so one level is lost; JPEG loses a little more.
    """
    frames, source = read(make_clip(tmp_path / name, pictures, **options))
    assert source.loss is None
    assert len(frames) == len(pictures)
    allowed = 6 if name.endswith(".avi") else 1
    for frame, picture in zip(frames, pictures, strict=True):
        assert frame.pixels.dtype == np.uint8
        assert difference(frame.pixels, picture) <= allowed


@pytest.mark.parametrize("full_range", [False, True])
def test_gray_is_what_opencv_shows(full_range: bool, make_clip: Clip, pictures: Images, tmp_path: Path) -> None:
    """The decoded luma equals cv2.cvtColor of the frame that OpenCV decodes, within its rounding of 1."""
    path = make_clip(tmp_path / "clip.mp4", pictures, full_range=full_range)
    frames, _ = read(path)
    capture = cv2.VideoCapture(str(path))
    for frame in frames:
        is_read, picture = capture.read()
        assert is_read
        assert difference(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8), frame.pixels) <= 1
    capture.release()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_times_are_the_files_own(suffix: str, make_clip: Clip, pictures: Images, tmp_path: Path) -> None:
    """A stream that starts late and has a rate that varies keeps every time exactly, as a fraction of a second."""
    pts = [50, 51, 60, 61, 62, 90, 91, 140]
    frames, source = read(make_clip(tmp_path / f"clip{suffix}", pictures, pts=pts, time_base=Fraction(1, 100)))
    assert [frame.time_s for frame in frames] == [Fraction(tick, 100) for tick in pts]
    assert [frame.index for frame in frames] == list(range(8))
    assert all((frame.time_s / source.facts.time_base).denominator == 1 for frame in frames)
    assert source.loss is None


def test_a_rate_of_30000_over_1001_is_kept_as_a_fraction(make_clip: Clip, pictures: Images, tmp_path: Path) -> None:
    """29.97 frames per second are neither 29 nor 30: each time is a multiple of 1001/30000 s."""
    path = make_clip(tmp_path / "ntsc.mp4", pictures, time_base=Fraction(1001, 30000), rate=Fraction(30000, 1001))
    frames, source = read(path)
    assert source.facts.rate == Fraction(30000, 1001)
    assert [frame.time_s for frame in frames] == [index * Fraction(1001, 30000) for index in range(8)]


def test_facts_are_known_before_the_first_frame(clip: Path) -> None:
    """Name, size, rate and number of frames are there at once, and a file is not live."""
    with VideoFile(clip) as source:
        facts = source.facts
    assert (facts.name, facts.shape, facts.frame_count) == ("clip.mp4", (48, 64), 8)
    assert facts.rate == 25
    assert not facts.is_live


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_rotated_clip_is_shown_upright(degrees: int, clip: Path, tmp_path: Path, pictures: Images) -> None:
    """The matrix that a telephone writes turns the picture clockwise, as players do, and its size with it."""
    frames, source = read(with_rotation(clip, tmp_path / "turned.mp4", degrees))
    expected = np.rot90(pictures[0], -degrees // 90)
    assert source.facts.shape == expected.shape
    assert frames[0].pixels.flags.c_contiguous
    assert difference(frames[0].pixels, expected) <= 1


@pytest.mark.parametrize("shape", [(47, 63), (1, 1), (33, 2)])
def test_odd_sizes_are_kept(shape: tuple[int, int], make_clip: Clip, tmp_path: Path) -> None:
    """Rows and columns need not be even, and padding that the decoder adds to lines is not shown."""
    picture = np.arange(shape[0] * shape[1], dtype=np.int64).reshape(shape).astype(np.uint8)
    frames, source = read(make_clip(tmp_path / "odd.mkv", [picture], codec="ffv1", pix_fmt="yuv444p"))
    assert source.facts.shape == shape
    assert difference(frames[0].pixels, picture) <= 1


def test_a_name_with_a_colon_is_a_file(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg would take "a:" for a protocol; here it is a part of the name."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, "a:b.mp4")
    assert len(read(Path("a:b.mp4"))[0]) == 8


def test_frames_that_an_edit_list_hides_are_no_loss(make_clip: Clip, pictures: Images, tmp_path: Path) -> None:
    """A clip cut without re-encoding keeps frames before its start only to decode from; none counts as missing."""
    path = make_clip(tmp_path / "whole.mp4", pictures, bf="0")
    content = path.read_bytes()
    at = content.index(b"elst") + 4 + 4 + 4  # Version and flags, count; then duration, media time, rate.
    duration, begins = struct.unpack_from(">Ii", content, at)
    ticks = 3 * 12800 // 25  # PyAV's time scale for 25 frames per second.
    edit = struct.pack(">Ii", duration - 3 * 1000 // 25, begins + ticks)
    path.write_bytes(content[:at] + edit + content[at + len(edit) :])
    frames, source = read(path)
    assert difference(frames[0].pixels, pictures[3]) <= 1
    assert (len(frames), source.loss) == (5, None)


def test_a_file_cut_off_gives_what_is_there_and_names_the_loss(
    make_clip: Clip, pictures: Images, tmp_path: Path
) -> None:
    """An MP4 whose index comes first plays up to where it ends, and says of how many frames it was cut."""
    path = make_clip(tmp_path / "clip.mp4", pictures, g="1")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 7 // 10])
    frames, source = read(path)
    assert 1 <= len(frames) < 8
    assert source.loss is not None
    assert f"only {len(frames)} of 8 frames" in source.loss


def test_a_matroska_file_cut_off_names_the_loss(make_clip: Clip, pictures: Images, tmp_path: Path) -> None:
    """Matroska counts no frames, but notes how long it is: what ends long before that was cut off."""
    path = make_clip(tmp_path / "clip.mkv", pictures, pts=range(0, 80, 10), g="1")
    assert read(path)[1].loss is None
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    frames, source = read(path)
    assert 1 <= len(frames) < 8
    assert source.loss is not None
    assert "the file is cut off" in source.loss


def test_a_damaged_packet_is_passed_over_and_counted(make_clip: Clip, pictures: Images, tmp_path: Path) -> None:
    """One frame that cannot be decoded costs that frame, not those after it."""
    path = make_clip(tmp_path / "clip.avi", pictures, codec="mjpeg", pix_fmt="yuvj420p", full_range=True)
    with av.open(str(path)) as container:
        packets = [(packet.pos or 0, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    at, size = packets[4]
    content[at : at + size] = bytes(size)
    path.write_bytes(content)
    frames, source = read(path)
    assert len(frames) == 7
    assert frames[-1].time_s == Fraction(7, 25)
    assert source.loss is not None
    assert "1 damaged packet could not be decoded" in source.loss


def _only_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac" if path.suffix == ".mp4" else "mp3", rate=44100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.rate = 44100
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.mp4", None, "no such file"),
        ("x" * 300 + ".mp4", None, "no such file"),
        ("empty.mp4", b"", "is empty"),
        ("letter.mp4", b"Dear all,\n" * 50, "is not a video"),
        ("letter.txt", b"Dear all,\n" * 50, "is text, not a video"),
        ("noise.mp4", bytes(range(256)) * 8, "is not a video"),
    ],
)
def test_what_is_no_video_is_refused_in_plain_words(
    name: str, content: bytes | None, says: str, tmp_path: Path
) -> None:
    """The message names the file and what is wrong with it."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=says) as caught:
        VideoFile(path)
    assert str(caught.value).startswith(str(path))


def test_a_file_cut_before_its_index_is_refused(make_clip: Clip, pictures: Images, tmp_path: Path) -> None:
    """Without its index, which an MP4 may have at its end, nothing of it can be decoded."""
    path = make_clip(tmp_path / "clip.mp4", pictures, faststart=False)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SourceError, match="is not a video, or is damaged"):
        VideoFile(path)


def test_a_file_cut_before_its_first_frame_is_refused(make_clip: Clip, pictures: Images, tmp_path: Path) -> None:
    """An index alone is no video."""
    path = make_clip(tmp_path / "clip.mp4", pictures)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + 6])
    with pytest.raises(SourceError, match="has no frame that can be decoded"):
        VideoFile(path)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".bmp", ".webp"])
def test_a_picture_with_the_ending_of_a_video_is_refused(kind: str, pictures: Images, tmp_path: Path) -> None:
    """It is called a picture, and the message says how to read it as one."""
    path = tmp_path / "picture.mp4"
    path.write_bytes(cv2.imencode(kind, pictures[0])[1].tobytes())
    with pytest.raises(SourceError, match=r"is an image .*use its own suffix"):
        VideoFile(path)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    """A file without a video stream says so."""
    path = tmp_path / "sound.mp4"
    _only_sound(path)
    with pytest.raises(SourceError, match="has no video stream"):
        VideoFile(path)


def test_the_cover_of_a_piece_of_music_is_no_video(pictures: Images, tmp_path: Path) -> None:
    """An attached picture is a stream of one frame for FFmpeg, but not for a person."""
    sound = tmp_path / "bare.mp3"
    _only_sound(sound)
    picture = cv2.imencode(".png", pictures[0])[1].tobytes()
    # ID3v2.3: an APIC frame with the type 3, the front cover.
    body = b"\0image/png\0\3\0" + picture
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    path = tmp_path / "covered.mp3"
    path.write_bytes(b"ID3\3\0\0" + size + frame + sound.read_bytes())
    with av.open(str(path)) as container:
        assert container.streams.video
    with pytest.raises(SourceError, match="has no video stream"):
        VideoFile(path)


def test_a_file_that_may_not_be_read_is_refused(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system's reason is passed on; the root user may read all, so it is played."""

    def refuse(*_: object, **__: object) -> None:
        raise av.error.PermissionError(13, "Permission denied")

    monkeypatch.setattr(av, "open", refuse)
    with pytest.raises(SourceError, match="cannot be opened: Permission denied"):
        VideoFile(clip)


def test_a_disk_that_fails_midway_ends_the_stream_with_a_loss(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before stays good."""

    class Failing:
        """A container whose disk breaks after four packets."""

        def __init__(self, container: av.container.InputContainer) -> None:
            self._container = container

        def __getattr__(self, name: str) -> object:
            return getattr(self._container, name)

        def demux(self, stream: av.VideoStream) -> Iterator[av.Packet[av.VideoStream]]:
            """As the container."""
            for count, packet in enumerate(self._container.demux(stream)):
                if count == 4:
                    raise av.error.OSError(5, "Input/output error")
                yield packet

    open_file = av.open
    monkeypatch.setattr(av, "open", lambda *args, **options: Failing(open_file(*args, **options)))
    source = VideoFile(clip)
    frames = list(source)
    source.close()
    assert len(frames) < 8
    assert source.loss is not None
    assert "Input/output error" in source.loss


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    """Given a folder, the video reader says so instead of failing in FFmpeg."""
    with pytest.raises(SourceError, match="is a folder"):
        VideoFile(tmp_path)


def test_a_second_round_gives_nothing_and_a_second_close_does_nothing(clip: Path) -> None:
    """A stream is read once; closing is safe at any time, as often as one likes."""
    source = VideoFile(clip)
    assert len(list(source)) == 8
    assert list(source) == []
    source.close()
    source.close()


def test_real_footage_is_read_whole(footage: Path) -> None:
    """A full-range Matroska file of a webcam: every frame, times that grow, no loss."""
    frames, source = read(footage / "book.mkv")
    times = [frame.time_s for frame in frames]
    assert times == sorted(set(times))
    assert source.facts.shape == (480, 640)
    assert source.loss is None
    assert max(int(frame.pixels.max()) for frame in frames[:5]) > 200


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """A file is read in two places; of a pipe, each would get a part, and one without a writer would block."""
    os.mkfifo(tmp_path / "pipe.mkv")
    with pytest.raises(SourceError, match=r"pipe\.mkv: is a pipe or a device"):
        VideoFile(tmp_path / "pipe.mkv")
