"""Picture: upright, in its own shape and light, and the very pixels that the filter gives for the decoded frames."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from livefilter import Filter
from livefilter.sinks import Encoding
from livefilter.sources import open_source
from tests.pipeline.conftest import Media

LOSSLESS = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0")
TAGS = ("color_range", "color_space", "color_primaries", "color_transfer")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("plain.mp4", ("-pix_fmt", "yuv420p")),
        ("full.mp4", ("-pix_fmt", "yuv420p", "-color_range", "pc", "-vf", "scale=out_range=pc")),
        ("422.mp4", ("-pix_fmt", "yuv422p")),
        ("444.mp4", ("-pix_fmt", "yuv444p")),
        ("ten.mp4", ("-pix_fmt", "yuv420p10le")),
        ("444-ten.mp4", ("-pix_fmt", "yuv444p10le")),
        ("interlaced.mp4", ("-flags", "+ilme+ildct", "-vf", "setfield=tff,format=yuv420p")),
    ],
)
def test_the_picture_is_the_filter_of_the_decoded_frame(name: str, arguments: tuple[str, ...], media: Media) -> None:
    """Written without loss and read back, it is what the filter gives from Python, bit by bit."""
    source = media.make(name, *LOSSLESS, *arguments, seconds=0.2)
    media.run(source, "out.mkv", encoding=Encoding(codec="ffv1"))
    negative = Filter(media.preset)
    with open_source(source) as before, open_source(media.folder / "out.mkv") as after:
        for original, made in zip(before, after, strict=True):
            np.testing.assert_array_equal(made.pixels, negative(original.pixels).image)


def test_black_stays_black_and_white_stays_white(media: Media) -> None:
    """Limited luma is expanded, filtered, and stored in limited range again: FFmpeg's own scale agrees to 1 level."""
    ramp = "geq=lum='16+219*X/255':cb=128:cr=128"
    source = media.make("in.mp4", "-vf", f"{ramp},format=yuv420p", *LOSSLESS, size="256x16", seconds=0.2)
    (media.folder / "same.yaml").write_text("steps: []\noverlay: {scores: false, name: false}\n")
    object.__setattr__(media, "preset", str(media.folder / "same.yaml"))
    media.run(source, "out.mp4", encoding=Encoding(crf=0))
    assert media.video(media.folder / "out.mp4")["pix_fmt"] == "yuv420p"
    raw = media.folder / "raw"
    for name in ("in.mp4", "out.mp4"):
        media.ffmpeg("-i", name, "-frames:v", 1, "-f", "rawvideo", raw)
        luma = np.fromfile(raw, np.uint8)[: 256 * 16].reshape(16, 256)
        assert (int(luma.min()), int(luma.max())) == (16, 235)
    media.ffmpeg(
        "-i", "in.mp4", "-frames:v", 1, "-vf", "scale=in_range=tv:out_range=pc,format=gray", "-f", "rawvideo", raw
    )
    theirs = np.fromfile(raw, np.uint8).reshape(16, 256)
    with open_source(media.folder / "out.mp4") as opened:
        ours = next(iter(opened)).pixels
    assert int(np.abs(ours.astype(int) - theirs).max()) <= 1
    assert (int(ours.min()), int(ours.max())) == (0, 255)


@pytest.mark.parametrize(
    "tags",
    [
        ("tv", "bt709", "bt709", "bt709"),
        ("tv", "smpte170m", "smpte170m", "smpte170m"),
        ("tv", "bt2020nc", "bt2020", "smpte2084"),
        ("pc", "bt470bg", "bt470m", "linear"),
    ],
)
@pytest.mark.parametrize("target", ["out.mp4", "out.mkv"])
def test_the_light_is_tagged_as_it_was(tags: tuple[str, ...], target: str, media: Media) -> None:
    """Range, matrix, primaries and transfer of the output are those of the input."""
    given = zip(("-color_range", "-colorspace", "-color_primaries", "-color_trc"), tags, strict=True)
    source = media.make(
        "in.mp4", *LOSSLESS, *(part for pair in given for part in pair), "-pix_fmt", "yuv420p", seconds=0.2
    )
    media.run(source, target)
    for path in (source, media.folder / target):
        seen = media.video(path)
        assert tuple(seen.get(tag) for tag in TAGS) == tags


@pytest.mark.parametrize("aspect", ["4/3", "16/15", "1"])
def test_the_pixels_keep_their_aspect(aspect: str, media: Media) -> None:
    """Anamorphic stays anamorphic."""
    source = media.make("in.mp4", *LOSSLESS, "-vf", f"setsar={aspect},format=yuv420p", seconds=0.2)
    media.run(source, "out.mp4")
    wanted = media.video(source)["sample_aspect_ratio"]
    assert media.video(media.folder / "out.mp4")["sample_aspect_ratio"] == wanted


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_rotated_clip_comes_out_upright_and_not_rotated_again(degrees: int, media: Media) -> None:
    """What FFmpeg shows of the input and of the output is the same picture; the output needs no turning."""
    flat = media.make("flat.mp4", *LOSSLESS, "-vf", "setsar=4/3,format=yuv420p", seconds=0.2)
    media.ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v", f"rotate={degrees}", "in.mp4")
    comes_out_upright(media, degrees)


@pytest.mark.parametrize(
    ("matrix", "degrees"),
    [((-1, 0, 0, 1), 0), ((1, 0, 0, -1), 0), ((0, 1, 1, 0), 90), ((0, -1, -1, 0), 90)],
    ids=["left to right", "upside down", "over one diagonal", "over the other"],
)
def test_a_mirrored_clip_comes_out_as_it_is_shown(matrix: tuple[int, ...], degrees: int, media: Media) -> None:
    """As front cameras of phones write them: mirrored, and perhaps rotated."""
    flat = media.make("flat.mp4", *LOSSLESS, "-vf", "setsar=4/3,format=yuv420p", seconds=0.2)
    content = bytearray(flat.read_bytes())
    a, b, c, d = (number << 16 for number in matrix)
    struct.pack_into(">9i", content, content.find(b"tkhd") + 44, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    (media.folder / "in.mp4").write_bytes(content)
    comes_out_upright(media, degrees)


def comes_out_upright(media: Media, degrees: int) -> None:
    """Filter in.mp4, and compare what FFmpeg shows of it, which is turned so, and of what came out."""
    media.run(media.folder / "in.mp4", "out.mp4", encoding=Encoding(crf=0))
    made = media.video(media.folder / "out.mp4")
    assert "side_data_list" not in made
    turned = degrees % 180 == 90
    assert (made["width"], made["height"]) == ((48, 64) if turned else (64, 48))
    assert made["sample_aspect_ratio"] == ("3:4" if turned else "4:3")
    shown = []
    for name in ("in.mp4", "out.mp4"):
        media.ffmpeg("-i", name, "-frames:v", 1, "-vf", "format=gray", "-f", "rawvideo", "raw")
        shown.append(np.fromfile(media.folder / "raw", np.uint8).astype(int))
    assert np.abs(255 - shown[0] - shown[1]).max() <= 2


@pytest.mark.parametrize("size", ["63x47", "2x2", "17x16"])
def test_odd_sizes_are_taken(size: str, media: Media) -> None:
    """4:2:0 grows by a repeated line, and a note says so; a format without such a rule keeps the size."""
    cols, rows = map(int, size.split("x"))
    shaped = f"format=yuv444p,scale={cols}:{rows}"
    source = media.make("in.mkv", "-c:v", "ffv1", "-vf", shaped, seconds=0.2)
    summary = media.run(source, "out.mp4")
    made = media.video(media.folder / "out.mp4")
    assert (made["width"], made["height"]) == (cols + cols % 2, rows + rows % 2)
    assert any("needs even sides" in note for note in summary.notes) == bool(cols % 2 or rows % 2)
    media.run(source, "out.mkv", encoding=Encoding(pix_fmt="yuv444p"))
    made = media.video(media.folder / "out.mkv")
    assert (made["width"], made["height"]) == (cols, rows)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-pix_fmt", "yuv420p10le"), "has 10 bits per sample; livefilter filters it in 8"),
        (("-flags", "+ilme+ildct", "-vf", "setfield=tff,format=yuv420p"), "is interlaced"),
        (("-pix_fmt", "yuv420p"), None),
    ],
)
def test_what_is_special_about_a_picture_is_noted(arguments: tuple[str, ...], says: str | None, media: Media) -> None:
    """More bits than are filtered, and fields that are filtered together."""
    summary = media.run(media.make("in.mp4", *LOSSLESS, *arguments, seconds=0.2), "out.mp4")
    assert [says] == [says for note in summary.notes if says and says in note] if says else summary.notes == ()


def frames(media: Media, name: str) -> list[Any]:
    """The gray frames of a file."""
    with open_source(media.folder / name) as opened:
        return [frame.pixels.copy() for frame in opened]


@pytest.mark.parametrize(
    ("name", "codec", "options", "allowed"),
    [
        ("out.mkv", "ffv1", {}, 0),
        ("out.gif", "gif", {}, 0),
        ("out.apng", "apng", {}, 0),
        ("out.mov", "png", {}, 0),
        ("out.mkv", "ffv1", {"pix_fmt": "gray16le"}, 0),
        ("out.mp4", "h264", {"crf": 0}, 1),
        ("out.mkv", "h264", {"pix_fmt": "nv12", "crf": 0}, 1),
        ("out.mkv", "h264", {"pix_fmt": "gray", "crf": 0}, 1),
        ("out.mkv", "h264", {"pix_fmt": "yuvj420p", "crf": 0}, 1),
        ("out.mp4", "h264", {"pix_fmt": "yuv420p10le", "crf": 0}, 2),
        ("out.mov", "prores", {}, 2),
        ("out.mkv", "hevc", {"crf": 4, "speed": "ultrafast"}, 2),
        ("out.mkv", "av1", {"crf": 10, "speed": "12"}, 4),
        ("out.webm", "vp9", {"crf": 4, "speed": "8"}, 4),
        ("out.avi", "mjpeg", {}, 4),
    ],
)
def test_every_codec_gives_the_picture_back(
    name: str, codec: str, options: dict[str, Any], allowed: int, media: Media
) -> None:
    """Every frame of it; those without loss exactly, the others with a mean difference that their quality allows."""
    source = media.make("in.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p", seconds=0.4, size="96x64")
    media.run(source, name, encoding=Encoding(codec=codec, **options))
    negative = Filter(media.preset)
    made = frames(media, name)
    with open_source(source) as before:
        expected = [negative(frame.pixels).image for frame in before]
    assert len(made) == len(expected)
    for ours, theirs in zip(made, expected, strict=True):
        assert float(np.abs(ours.astype(int) - theirs).mean()) <= allowed
