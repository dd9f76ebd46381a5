"""What changes midway in a video, and how its pictures are to be shown: followed, or named."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from livefilter.errors import OptionError
from livefilter.frame import Frame
from livefilter.sources import VideoFile, open_source, probe

Pixels = NDArray[np.uint8]
ROWS, COLS = 48, 64


def ramp(rows: int = ROWS, cols: int = COLS) -> Pixels:
    """Return a picture that grows brighter from left to right."""
    return np.tile(np.linspace(0, 255, cols).astype(np.uint8), (rows, 1))


def encode(
    path: Path,
    pictures: list[Pixels],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    full_range: bool = False,
    rate: int = 25,
    **options: str,
) -> bytes:
    """Encode gray or RGBA pictures, and return the bytes of the file."""
    rows, cols = pictures[0].shape[:2]
    color_range = ColorRange.JPEG if full_range else ColorRange.MPEG
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width, stream.pix_fmt = rows, cols, pix_fmt
        if pix_fmt == "yuva420p":
            stream.metadata["alpha_mode"] = "1"
        if codec == "libx264":
            stream.codec_context.options = {"crf": "0", "threads": "1"} | options
            stream.codec_context.color_range = color_range
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="gray" if picture.ndim == 2 else "rgba")
            frame = frame.reformat(format=pix_fmt, dst_color_range=color_range)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def joined(path: Path, *parts: bytes) -> Path:
    """Write parts one after the other."""
    path.write_bytes(b"".join(parts))
    return path


def read(path: Path, **options: Any) -> tuple[list[Frame], VideoFile]:
    """Return all frames of a file, and the source, closed."""
    with VideoFile(path, **options) as source:
        return list(source), source


@pytest.mark.parametrize(("before", "after"), [("yuv420p", "yuv444p"), ("yuv444p", "yuv420p"), ("yuv420p", "yuv422p")])
@pytest.mark.parametrize("color", ["gray", "luma", "rgb"])
def test_a_pixel_format_that_changes_is_followed(before: str, after: str, color: str, tmp_path: Path) -> None:
    """Every frame has the planes of the first one, and the same gray, also between the parts."""
    parts = [encode(tmp_path / f"{n}.h264", [ramp()] * 3, pix_fmt=name) for n, name in enumerate((before, after))]
    frames, source = read(joined(tmp_path / "both.h264", *parts), color=color)
    assert (len(frames), source.loss) == (6, None)
    first = frames[0]
    for frame in frames:
        assert frame.pixels.shape == first.pixels.shape
        assert np.abs(frame.pixels.astype(int) - first.pixels).max() <= 2
        if color == "luma":
            assert frame.chroma is not None
            assert first.chroma is not None
            assert [plane.shape for plane in frame.chroma] == [plane.shape for plane in first.chroma]
            assert all(np.abs(plane.astype(int) - 128).max() <= 1 for plane in frame.chroma)
    notes = [note for note in source.facts.notes if "frame 3" in note]
    assert len(notes) == (1 if color == "luma" else 0)


@pytest.mark.parametrize("color", ["gray", "luma", "rgb"])
def test_a_range_that_changes_is_followed(color: str, tmp_path: Path) -> None:
    """Black and white stay where they were."""
    tags: dict[str, Any] = {"x264-params": "colorprim=bt709"}  # Otherwise x264 says nothing about limited range.
    parts = [encode(tmp_path / f"{full}.h264", [ramp()] * 2, full_range=full, **tags) for full in (False, True)]
    frames, source = read(joined(tmp_path / "both.h264", *parts), color=color)
    assert (len(frames), source.loss) == (4, None)
    assert all(np.abs(frame.pixels.astype(int) - frames[0].pixels).max() <= 2 for frame in frames)


@pytest.mark.parametrize("color", ["gray", "luma", "rgb"])
def test_a_size_that_changes_is_scaled_to_the_first_and_a_loss(color: str, tmp_path: Path) -> None:
    """No frame is lost; the message says from where on their size is another one."""
    parts = [encode(tmp_path / f"{n}.h264", [ramp(*size)] * 3) for n, size in enumerate([(48, 64), (96, 128)])]
    frames, source = read(joined(tmp_path / "both.h264", *parts), color=color)
    assert [frame.pixels.shape[:2] for frame in frames] == [(48, 64)] * 6
    assert source.loss is not None
    assert "the size changes to 128x96 at frame 3; livefilter scales it to 64x48" in source.loss
    assert np.abs(frames[5].pixels.astype(int) - frames[0].pixels).max() <= 8


def noisy_part(path: Path, sounds: int, seconds: int, start_s: int) -> bytes:
    """Return a piece of a transport stream that is larger than FFmpeg probes, with a number of silent sounds."""
    noise = np.random.default_rng(0).integers(0, 256, (288, 384), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg2video", rate=25, options={"qmin": "1", "qmax": "1", "g": "1"})
        video.height, video.width, video.pix_fmt = *noise.shape, "yuv420p"
        audio = [container.add_stream("mp2", rate=44100) for _ in range(sounds)]
        for index in range(25 * seconds):
            frame = av.VideoFrame.from_ndarray(np.roll(noise, index), format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = index + 25 * start_s, Fraction(1, 25)
            container.mux(video.encode(frame))
        for sound in audio:
            for index in range(38 * seconds):
                silence = av.AudioFrame("s16", "mono", 1152)
                silence.planes[0].update(bytes(silence.planes[0].buffer_size))
                silence.sample_rate, silence.time_base = 44100, Fraction(1, 44100)
                silence.pts = 1152 * index + 44100 * start_s
                container.mux(sound.encode(silence))
        container.mux(video.encode(None))
        for sound in audio:
            container.mux(sound.encode(None))
    return path.read_bytes()


def test_streams_that_appear_midway_are_named_and_no_frame_is_lost(tmp_path: Path) -> None:
    """FFmpeg finds them while it reads, long after the file was opened."""
    parts = [
        noisy_part(tmp_path / "first.ts", 1, 2, 0),
        noisy_part(tmp_path / "second.ts", 2, 1, 2),
        noisy_part(tmp_path / "third.ts", 1, 1, 3),
    ]
    assert len(parts[0]) > 5_000_000  # More than FFmpeg probes at the beginning,
    assert len(parts[2]) > 500_000  # and at the end.
    frames, source = read(joined(tmp_path / "both.ts", *parts))
    assert len(frames) == 100
    assert source.loss is not None
    assert "audio stream 2 appears midway" in source.loss


@pytest.mark.parametrize("suffix", ["h264", "hevc", "m2v"])
def test_a_bare_stream_has_the_rate_of_its_codec(suffix: str, tmp_path: Path) -> None:
    """It has no times, but its headers hold a rate; FFmpeg would take 25."""
    codec = {"h264": "libx264", "hevc": "libx265", "m2v": "mpeg2video"}[suffix]
    options: dict[str, Any] = {"x265-params": "log-level=error"} if suffix == "hevc" else {}
    path = tmp_path / f"bare.{suffix}"
    encode(path, [np.roll(ramp(), index) for index in range(12)], codec=codec, rate=60, **options)
    frames, source = read(path)
    assert source.facts.rate == 60
    assert probe(path).video[0].rate == 60
    assert source.loss is None
    assert [frame.time_s for frame in frames] == [Fraction(index, 60) for index in range(12)]
    assert all((frame.time_s / source.facts.time_base).denominator == 1 for frame in frames)


def test_a_rate_replaces_that_of_a_bare_stream_and_is_refused_elsewhere(tmp_path: Path) -> None:
    """A file with times of its own keeps them."""
    bare, timed = tmp_path / "bare.h264", tmp_path / "timed.mp4"
    for path in (bare, timed):
        encode(path, [ramp()] * 4)
    with open_source(bare, rate=Fraction(30000, 1001)) as source:
        assert [frame.time_s for frame in source] == [Fraction(1001 * index, 30000) for index in range(4)]
    with pytest.raises(OptionError, match=r"rate: is for videos without times of their own, and timed\.mp4 has them"):
        open_source(timed, rate=Fraction(50))


def test_an_empty_packet_repeats_a_frame_and_ends_nothing(tmp_path: Path) -> None:
    """Theora writes one where the picture stays; a decoder takes it for the end of the stream."""
    path = tmp_path / "still.nut"
    encode(tmp_path / "whole.nut", [ramp()] * 6, codec="mjpeg", pix_fmt="yuvj420p", full_range=True)
    with av.open(str(tmp_path / "whole.nut")) as source, av.open(str(path), "w") as target:
        copy = target.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(source.demux(video=0)):
            if packet.dts is None:
                continue
            copied: av.Packet[Any] = av.Packet(b"" if index == 2 else bytes(packet))
            copied.pts, copied.dts, copied.time_base = packet.pts, packet.dts, packet.time_base
            copied.stream = copy
            target.mux(copied)
    frames, source_ = read(path)
    assert (len(frames), source_.loss) == (5, None)


def test_samples_beyond_their_depth_are_white(tmp_path: Path) -> None:
    """10 bits are stored in 16, and a damaged file may use them all."""
    path = tmp_path / "deep.nut"
    words = np.full((ROWS, COLS), 60_000, dtype="<u2")
    words[0] = 64  # Black.
    chroma = np.full((ROWS // 2, COLS // 2), 512, dtype="<u2")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        stream.height, stream.width, stream.pix_fmt = ROWS, COLS, "yuv420p10le"
        frame = av.VideoFrame(COLS, ROWS, "yuv420p10le")
        for plane, content in zip(frame.planes, (words, chroma, chroma), strict=True):
            plane.update(np.pad(content, ((0, 0), (0, plane.line_size // 2 - content.shape[1]))).tobytes())
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    pixels = read(path)[0][0].pixels
    assert set(np.unique(pixels[0])) == {0}
    assert set(np.unique(pixels[1:])) == {255}


def with_clean_aperture(path: Path, content: bytes, size: tuple[int, int], offset: tuple[int, int]) -> Path:
    """Add a box to the first sample entry of an MP4: ISO 14496-12, 12.1.4, rows and columns, and their offsets."""
    box = struct.pack(">I4s8i", 40, b"clap", size[1], 1, size[0], 1, offset[1], 1, offset[0], 1)
    made = bytearray(content)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4v"):
        at = made.rindex(name) - 4
        made[at : at + 4] = struct.pack(">I", struct.unpack_from(">I", made, at)[0] + len(box))
    end = at + struct.unpack_from(">I", made, at)[0] - len(box)
    made[end:end] = box
    path.write_bytes(made)
    return path


def remuxed(path: Path, target: Path) -> Path:
    """Copy a video to another container."""
    with av.open(str(path)) as source, av.open(str(target), "w") as container:
        copy = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                container.mux(packet)
    return target


@pytest.mark.parametrize("color", ["gray", "luma", "rgb"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_crop_of_a_container_is_applied_and_told(suffix: str, color: str, tmp_path: Path) -> None:
    """Rows and columns at the sides are hidden: by the clean aperture of an MP4, and by Matroska's own elements."""
    content = encode(tmp_path / "whole.mp4", [ramp()] * 2, codec="mpeg4")
    whole = read(tmp_path / "whole.mp4", color=color)[0][0]
    path = with_clean_aperture(tmp_path / "crop.mp4", content, size=(42, 40), offset=(-1, 4))
    if suffix == "mkv":
        path = remuxed(path, tmp_path / "crop.mkv")
    frames, source = read(path, color=color)
    assert source.facts.shape == (42, 40)
    assert probe(path).video[0].crop == (2, 4, 16, 8)
    assert np.array_equal(frames[0].pixels, whole.pixels[2:44, 16:56])
    if color == "luma":
        assert frames[0].chroma is not None
        assert frames[0].chroma[0].shape == (21, 20)
    assert any("2 at the top, 4 at the bottom, 16 at the left, 8 at the right" in note for note in source.facts.notes)


def transparent() -> Pixels:
    """Return RGBA pixels: the left half hidden, the right half red."""
    rgba = np.zeros((ROWS, COLS, 4), np.uint8)
    rgba[..., 0] = 255
    rgba[:, COLS // 2 :, 3] = 255
    return rgba


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("alpha.mov", {"codec": "prores_ks", "pix_fmt": "yuva444p10le", "profile": "4"}),
        ("alpha.mov", {"codec": "qtrle", "pix_fmt": "argb"}),
        ("alpha.mkv", {"codec": "ffv1", "pix_fmt": "yuva420p"}),
        ("alpha.mkv", {"codec": "ffv1", "pix_fmt": "bgra"}),
        ("alpha.apng", {"codec": "apng", "pix_fmt": "rgba"}),
        ("alpha.webm", {"codec": "libvpx-vp9", "pix_fmt": "yuva420p", "crf": "4", "b": "0"}),
        ("alpha.mkv", {"codec": "libvpx", "pix_fmt": "yuva420p", "b": "2M", "auto-alt-ref": "0"}),
    ],
)
@pytest.mark.parametrize(("background", "level"), [("black", 0), ("white", 255), ("#808080", 128)])
@pytest.mark.parametrize("color", ["gray", "luma", "rgb"])
def test_what_is_transparent_shows_the_background(
    name: str, options: dict[str, Any], background: str, level: int, color: str, tmp_path: Path
) -> None:
    """Whatever is stored there is hidden. A note says so."""
    encode(tmp_path / name, [transparent()] * 2, **options)
    frames, source = read(tmp_path / name, color=color, background=background)
    hidden, shown = frames[0].pixels[:, :24], frames[0].pixels[:, 40:]
    assert np.abs(hidden.astype(int) - level).max() <= 3
    assert np.abs(shown.astype(int) - ([0, 0, 255] if shown.ndim == 3 else 76)).max() <= 26  # BT.601 or BT.709.
    assert np.abs(frames[0].gray[:, 40:].astype(int) - 76).max() <= 26
    assert (color == "gray") <= (shown.ndim == 2)
    assert (color == "rgb") <= (shown.ndim == 3)
    assert any(f"has transparent parts, composed on {background}" in note for note in source.facts.notes)


def test_a_video_with_an_alpha_channel_that_hides_nothing_has_no_note(tmp_path: Path) -> None:
    """Its pixels are those of the luma plane."""
    rgba = transparent()
    rgba[..., 3] = 255
    encode(tmp_path / "opaque.mkv", [rgba], codec="ffv1", pix_fmt="yuva420p")
    assert read(tmp_path / "opaque.mkv")[1].facts.notes == ()


def test_a_color_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """Before anything is opened."""
    with pytest.raises(OptionError, match="background: must be a color such as black"):
        open_source(tmp_path / "none.mp4", background="blurple")


def test_what_a_video_carries_beside_its_pictures_is_noted(tmp_path: Path) -> None:
    """HDR data, which livefilter does not write."""
    mastering = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
    options: dict[str, Any] = {"x265-params": f"log-level=error:{mastering}"}
    encode(tmp_path / "hdr.mp4", [ramp()] * 5, codec="libx265", pix_fmt="yuv420p10le", **options)
    notes = read(tmp_path / "hdr.mp4")[1].facts.notes
    for name in ("HDR mastering data", "HDR light levels"):
        assert notes.count(f"carries {name}, which livefilter does not write") == 1


def captioned(path: Path, frames: int, captions: range) -> Path:
    """Write a bare MPEG-2 stream with captions at some frames: user data (ATSC A/53, part 4) before the slices."""
    content = encode(path, [ramp()] * frames, codec="mpeg2video", g="10", bf="0")
    starts = [at for at in range(len(content) - 4) if content[at : at + 4] == b"\0\0\1\1"]
    for at in reversed(starts[captions.start : captions.stop]):
        content = content[:at] + b"\0\0\1\xb2GA94\3\xc1\xff\xfc\x80\x80\xff" + content[at:]
    path.write_bytes(content)
    return path


def test_captions_go_with_the_frames(tmp_path: Path) -> None:
    """An encoder takes them from there."""
    frames, source = read(captioned(tmp_path / "captions.m2v", 20, range(5, 12)))
    assert [frame.index for frame in frames if frame.captions is not None] == list(range(5, 12))
    assert source.facts.notes == ()


def test_a_scan_names_a_size_that_changes(tmp_path: Path) -> None:
    """Frames of another size are scaled, which is a loss."""
    parts = [encode(tmp_path / f"{n}.h264", [ramp(*size)] * 3) for n, size in enumerate([(48, 64), (96, 128)])]
    facts = probe(joined(tmp_path / "both.h264", *parts), scan=True)
    assert facts.scan is not None
    assert facts.scan.frames == 6
    assert facts.loss is not None
    assert "the size changes to 128x96 at frame 3" in facts.loss
