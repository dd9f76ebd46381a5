"""Colour: the luma filtered and the chroma kept to the bit, or each channel filtered; scores are of gray either way."""

from __future__ import annotations

import csv
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter import Filter
from livefilter.frame import Color
from livefilter.pipeline import process
from livefilter.sinks import Encoding
from livefilter.sources import open_source
from livefilter.testing import ListSink
from tests.pipeline.conftest import Media

Plane = NDArray[np.uint8]
LOSSLESS = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0")


def planes(path: Path) -> list[list[Plane]]:
    """The planes of every frame, as they are stored."""
    made = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            stored = [
                np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
                for plane in frame.planes
            ]
            made.append([plane.copy() for plane in stored])
    return made


@pytest.mark.parametrize(
    ("arguments", "encoding"),
    [
        (("-pix_fmt", "yuv420p"), Encoding(crf=0)),
        (("-pix_fmt", "yuv420p", "-color_range", "pc", "-vf", "scale=out_range=pc"), Encoding(crf=0)),
        (("-pix_fmt", "yuv422p"), Encoding(crf=0, pix_fmt="yuv422p")),
        (("-pix_fmt", "yuv444p"), Encoding(crf=0, pix_fmt="yuv444p")),
    ],
)
def test_the_luma_is_filtered_and_the_chroma_is_kept_to_the_bit(
    arguments: tuple[str, ...], encoding: Encoding, media: Media
) -> None:
    """Both chroma planes are those of the input, and the luma is that of a gray run."""
    source = media.make("in.mp4", *LOSSLESS, *arguments, seconds=0.2)
    media.run(source, "luma.mp4", color="luma", encoding=encoding)
    media.run(source, "gray.mp4", encoding=encoding)
    for before, after, gray in zip(
        *(planes(path) for path in (source, media.folder / "luma.mp4", media.folder / "gray.mp4")), strict=True
    ):
        np.testing.assert_array_equal(after[0], gray[0])
        np.testing.assert_array_equal(after[1], before[1])
        np.testing.assert_array_equal(after[2], before[2])
    assert after[1].std() > 5


@pytest.mark.parametrize("pix_fmt", ["yuv444p", "yuv420p10le", "nv12", "yuv411p", "bgr0"])
def test_the_chroma_of_any_format_is_kept(pix_fmt: str, media: Media) -> None:
    """Brought to what the encoder takes; shown, the colours are those of the input, but for the chroma's coarseness."""
    codec = ("-c:v", "rawvideo") if pix_fmt == "nv12" else ("-c:v", "ffv1")
    smooth = f"gradients=s=63x48:r=5:d=0.4:seed=1,format={pix_fmt}"
    media.ffmpeg("-f", "lavfi", "-i", smooth, *codec, "in.mkv")
    (media.folder / "same.yaml").write_text("steps: []\noverlay: {scores: false, name: false}\n")
    process(media.folder / "in.mkv", media.folder / "out.mp4", media.folder / "same.yaml", color="luma")
    shown = []
    for name in ("in.mkv", "out.mp4"):
        media.ffmpeg("-i", name, "-frames:v", 1, "-vf", "crop=63:48:0:0:exact=1,format=bgr24", "-f", "rawvideo", "raw")
        shown.append(np.fromfile(media.folder / "raw", np.uint8).reshape(48, 63, 3).astype(int))
    assert float(np.abs(shown[0] - shown[1]).mean()) < 6
    assert shown[1].std(axis=2).mean() > 5


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_chroma_turns_with_the_picture(degrees: int, media: Media) -> None:
    """Upright, in its colours: what FFmpeg shows of both, the negative apart, has the same chroma."""
    flat = media.make("flat.mp4", *LOSSLESS, "-pix_fmt", "yuv420p", seconds=0.2)
    media.ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v", f"rotate={degrees}", "in.mp4")
    media.run(media.folder / "in.mp4", "out.mp4", color="luma", encoding=Encoding(crf=0))
    media.ffmpeg("-i", "in.mp4", "-frames:v", 1, "-f", "rawvideo", "raw")
    shown = np.fromfile(media.folder / "raw", np.uint8)[64 * 48 :]
    made = planes(media.folder / "out.mp4")[0]
    assert made[1].shape == ((32, 24) if degrees % 180 else (24, 32))
    np.testing.assert_array_equal(np.concatenate([made[1].ravel(), made[2].ravel()]), shown)


def test_each_channel_is_filtered(media: Media) -> None:
    """Red, green and blue each as if it were gray; the scores are those of a gray run, within their rounding."""
    source = media.make("in.mp4", *LOSSLESS, "-pix_fmt", "yuv444p", seconds=0.2)
    sink = ListSink()
    process(source, sink, media.preset, color="rgb", overlay=False, scores=media.folder / "rgb.csv")
    process(source, ListSink(), media.preset, overlay=False, scores=media.folder / "gray.csv")
    with open_source(source, color="rgb") as opened:
        for original, made in zip(opened, sink.frames, strict=True):
            for channel in range(3):
                plane = np.ascontiguousarray(original.pixels[..., channel])
                np.testing.assert_array_equal(made.pixels[..., channel], Filter(media.preset)(plane).image)
    tables = [list(csv.reader((media.folder / name).read_text().splitlines())) for name in ("rgb.csv", "gray.csv")]
    for ours, gray in zip(*(table[-5:] for table in tables), strict=True):
        assert [float(value) for value in ours] == pytest.approx([float(value) for value in gray], abs=0.01)


@pytest.mark.parametrize("tags", [("bt709", "tv"), ("smpte170m", "tv"), ("bt470bg", "pc")])
def test_colours_are_read_as_ffmpeg_shows_them(tags: tuple[str, str], media: Media) -> None:
    """By the matrix and the range that the file names."""
    matrix, range_ = tags
    scaled = f"scale=out_color_matrix={'bt709' if matrix == 'bt709' else 'bt601'}:out_range={range_},format=yuv444p"
    source = media.make("in.mp4", *LOSSLESS, "-vf", scaled, "-colorspace", matrix, "-color_range", range_, seconds=0.2)
    media.ffmpeg("-i", source, "-frames:v", 1, "-vf", "scale=flags=accurate_rnd,format=bgr24", "-f", "rawvideo", "raw")
    theirs = np.fromfile(media.folder / "raw", np.uint8).reshape(48, 64, 3).astype(int)
    with open_source(source, color="rgb") as opened:
        ours = next(iter(opened)).pixels
    assert int(np.abs(ours - theirs).max()) <= 3


@pytest.mark.parametrize("matrix", ["unknown", "bt709", "smpte170m", "bt2020nc"])
def test_colours_are_written_by_the_matrix_that_they_were_read_by(matrix: str, media: Media) -> None:
    """Also where the file names none, as most do: a negative of a negative is what it was, but for rounding."""
    source = media.make("in.mkv", *LOSSLESS, "-pix_fmt", "yuv444p", "-colorspace", matrix, seconds=0.2)
    lossless = {"color": "rgb", "encoding": Encoding(codec="ffv1", pix_fmt="yuv444p")}
    media.run(source, "once.mkv", **lossless)
    media.run(media.folder / "once.mkv", "twice.mkv", **lossless)
    with open_source(media.folder / "twice.mkv", color="rgb") as made, open_source(source, color="rgb") as given:
        for ours, theirs in zip(made, given, strict=True):
            assert int(np.abs(ours.pixels.astype(int) - theirs.pixels).max()) <= 4


@pytest.mark.parametrize("color", ["luma", "rgb"])
def test_pictures_and_drawn_frames_keep_their_colours(color: str, media: Media) -> None:
    """Into picture files, and with the overlay and a comparison drawn on them, which are gray."""
    source = media.make("in.mp4", *LOSSLESS, "-pix_fmt", "yuv444p", seconds=0.2, size="320x240")
    process(source, f"{media.folder}/out/", "sobel-vertical", color=color, compare="side")  # type: ignore[arg-type]
    written = cv2.imread(str(media.folder / "out" / "000000.png"), cv2.IMREAD_UNCHANGED)
    assert written is not None
    assert written.shape == (240, 640, 3)
    with open_source(source, color="rgb") as opened:
        original = next(iter(opened)).pixels
    clear = np.s_[40:160, 40:300]  # Where nothing is drawn.
    np.testing.assert_array_equal(written[:, :320][clear], original[clear])


def test_gray_sources_stay_gray_whatever_is_asked(media: Media) -> None:
    """There are no colours to keep."""
    source = media.make("in.mkv", "-c:v", "ffv1", "-pix_fmt", "gray", seconds=0.2)
    for color in ("gray", "luma"):
        media.run(source, f"{color}.mkv", color=color, encoding=Encoding(codec="ffv1"))
    assert media.video(media.folder / "luma.mkv")["pix_fmt"] == "gray"


@pytest.mark.parametrize("color", ["luma", "rgb"])
def test_a_source_without_colours_gives_gray(negative: str, color: Color) -> None:
    """A scene is gray, also for a preset that filters colours."""
    sink = ListSink()
    process("synthetic:chart", sink, negative, color=color, should_stop=iter([False, True]).__next__)
    assert sink.frames[0].pixels.ndim == 2
