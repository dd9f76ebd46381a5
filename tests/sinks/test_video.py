"""Video files: one picture for each frame at its own time, and nothing that looks complete but is not."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.analysis import Result
from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import Encoding, VideoSink
from livefilter.sources import open_source

Pixels = NDArray[np.uint8]
SCORE = EdgeScore(0.1, 0.2, 0.3)
RATE = Fraction(25)


def sink(path: Path, *, time_base: Fraction = 1 / RATE, **options: Any) -> VideoSink:
    """A sink of 25 frames per second."""
    return VideoSink(path, rate=RATE, time_base=time_base, **options)


def write(
    opened: VideoSink,
    pictures: Sequence[Pixels],
    times_s: Sequence[Fraction] | None = None,
    *,
    then: BaseException | None = None,
) -> None:
    """Write pictures, at their own times if they are given, and raise what comes then."""
    for index, pixels in enumerate(pictures):
        time_s = index / RATE if times_s is None else times_s[index]
        opened.write(Result.unfiltered(Frame(pixels, index, time_s, 0), SCORE))
    if then is not None:
        raise then


def luma(path: Path) -> list[Pixels]:
    """The luma planes as they are in the file, not expanded."""
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="yuv420p")[: frame.height].astype(np.uint8) for frame in container.decode(video=0)
        ]


def times(path: Path) -> list[Fraction]:
    """The times of the frames that a player shows."""
    with open_source(path) as source:
        return [frame.time_s for frame in source]


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", ["a.mp4", "a.m4v", "a.mov", "a.mkv", "A.MP4", "a:b.mp4", "50%d.mp4"])
def test_a_video_holds_every_frame_and_lies_where_it_should(
    name: str, pictures: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target alone is left, in H.264, yuv420p, and its name means nothing to FFmpeg."""
    monkeypatch.chdir(tmp_path)
    with sink(Path(name)) as opened:
        write(opened, pictures)
        assert opened.finish() == name
    assert names(tmp_path) == [name]
    assert len(times(Path(name))) == len(pictures)
    with av.open(str(tmp_path / name)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


def test_a_video_says_how_its_gray_is_meant(pictures: list[Pixels], tmp_path: Path) -> None:
    """Range, matrix, primaries and transfer are tagged, so that no player has to guess: limited range, BT.709."""
    with sink(tmp_path / "a.mp4") as opened:
        write(opened, pictures)
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert int(context.color_range) == 1
        assert (int(context.colorspace), int(context.color_primaries), int(context.color_trc)) == (1, 1, 1)


def test_the_index_of_an_mp4_comes_first(pictures: list[Pixels], tmp_path: Path) -> None:
    """So that it plays while it is still being loaded, and up to where it was cut off."""
    with sink(tmp_path / "a.mp4") as opened:
        write(opened, pictures)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_every_gray_level_becomes_its_limited_luma_exactly(tmp_path: Path) -> None:
    """Lossless, the file holds round(16 + gray * 219 / 255) for all 256 levels; none of them is a tie."""
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    with sink(tmp_path / "a.mp4", encoding=Encoding(crf=0)) as opened:
        write(opened, [levels])
    expected = [round(16 + Fraction(level * 219, 255)) for level in range(256)]
    assert luma(tmp_path / "a.mp4")[0].ravel().tolist() == expected


def test_gray_has_no_colour(pictures: list[Pixels], tmp_path: Path) -> None:
    """Both chroma planes are 128 all over."""
    with sink(tmp_path / "a.mp4", encoding=Encoding(crf=0)) as opened:
        write(opened, pictures[:1])
    with av.open(str(tmp_path / "a.mp4")) as container:
        planes = next(container.decode(video=0)).to_ndarray(format="yuv420p")
    assert set(planes[48:].ravel().tolist()) == {128}


def test_colour_is_kept(tmp_path: Path) -> None:
    """BGR pictures come back as they were, but for the rounding of YUV in fixed point: at most 4 levels."""
    pixels = np.empty((16, 16, 3), np.uint8)
    pixels[:] = (200, 100, 50)
    with sink(tmp_path / "a.mp4", encoding=Encoding(crf=0)) as opened:
        write(opened, [pixels])
    with av.open(str(tmp_path / "a.mp4")) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert int(np.abs(shown.astype(np.int64) - pixels).max()) <= 4


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (2, 3), (47, 63)])
def test_odd_sizes_grow_by_a_repeated_line(shape: tuple[int, int], tmp_path: Path) -> None:
    """4:2:0 needs even sides; what is added repeats the last row or column."""
    pixels = np.arange(shape[0] * shape[1], dtype=np.int64).reshape(shape).astype(np.uint8)
    with sink(tmp_path / "a.mp4", encoding=Encoding(crf=0)) as opened:
        write(opened, [pixels, pixels])
    with open_source(tmp_path / "a.mp4") as source:
        shown = next(iter(source)).pixels
    grown = np.pad(pixels, [(0, side % 2) for side in shape], mode="edge")
    assert int(np.abs(shown.astype(np.int64) - grown).max()) <= 1


def test_pixels_of_any_layout_are_taken(pictures: list[Pixels], tmp_path: Path) -> None:
    """A slice or a turned picture has strides of its own; what is written is what NumPy shows."""
    turned = np.rot90(pictures[0])[:, ::-2]
    with sink(tmp_path / "a.mp4", encoding=Encoding(crf=0)) as opened:
        write(opened, [turned])
    with open_source(tmp_path / "a.mp4") as source:
        assert int(np.abs(next(iter(source)).pixels.astype(np.int64) - turned).max()) <= 1


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_times_are_kept_exactly(suffix: str, pictures: list[Pixels], tmp_path: Path) -> None:
    """A late start and gaps come back as they went in."""
    given = [Fraction(tick, 1000) for tick in (5000, 5001, 5100, 7000, 7040, 7080, 7120, 9999)]
    with sink(tmp_path / f"a{suffix}", time_base=Fraction(1, 1000)) as opened:
        write(opened, pictures, given)
    assert times(tmp_path / f"a{suffix}") == given


@pytest.mark.parametrize("base", [Fraction(1, 90_000), Fraction(1001, 30_000), Fraction(1, 12_800), Fraction(7, 3)])
def test_every_time_base_is_kept_exactly(base: Fraction, pictures: list[Pixels], tmp_path: Path) -> None:
    """Times that are whole multiples of the source's own unit have no other to be rounded to."""
    given = [index * base for index in range(len(pictures))]
    with sink(tmp_path / "a.mp4", time_base=base) as opened:
        write(opened, pictures, given)
    assert times(tmp_path / "a.mp4") == given


def test_a_time_that_does_not_grow_becomes_a_tick_more(pictures: list[Pixels], tmp_path: Path) -> None:
    """A damaged stream repeats times or jumps back; every frame of it is still shown."""
    given = [Fraction(tick, 1000) for tick in (10, 10, 5, 40)]
    with sink(tmp_path / "a.mp4", time_base=Fraction(1, 1000)) as opened:
        write(opened, pictures[:4], given)
    assert times(tmp_path / "a.mp4") == [Fraction(tick, 1000) for tick in (10, 11, 12, 40)]


def test_a_stream_that_begins_before_zero_is_moved(pictures: list[Pixels], tmp_path: Path) -> None:
    """Players hide what comes before zero; no frame may vanish so."""
    with sink(tmp_path / "a.mp4", time_base=Fraction(1, 1000)) as opened:
        write(opened, pictures[:3], [Fraction(-1), Fraction(0), Fraction(2)])
    assert times(tmp_path / "a.mp4") == [0, 1, 3]


def test_a_target_that_exists_is_kept_unless_told_otherwise(pictures: list[Pixels], tmp_path: Path) -> None:
    """It is refused before anything is written, and replaced only with overwrite."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"precious")
    with pytest.raises(SinkError, match="exists; give --overwrite"):
        sink(path)
    assert (names(tmp_path), path.read_bytes()) == (["a.mp4"], b"precious")
    with sink(path, overwrite=True) as opened:
        write(opened, pictures)
        assert path.read_bytes() == b"precious"  # Until the new one is complete.
    assert len(times(path)) == len(pictures)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing/a.mp4", "the folder .*missing does not exist; make it first"),
        ("file/a.mp4", "file is a file, not a folder"),
        ("folder.mp4", "is a folder; give a file name in it"),
        ("n" * 300 + ".mp4", "cannot be written: File name too long"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(name: str, says: str, tmp_path: Path) -> None:
    """At once, not after the first hour of work."""
    (tmp_path / "file").touch()
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(SinkError, match=says):
        sink(tmp_path / name)
    assert names(tmp_path) == ["file", "folder.mp4"]


def test_a_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the operating system's reason. The root user may write anywhere, so the refusal is simulated."""

    def refuse(self: Path, mode: str = "r") -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SinkError, match=r"a\.partial\.mp4: cannot be written: Permission denied"):
        sink(tmp_path / "a.mp4")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    """The message lists what there is."""
    with pytest.raises(OptionError, match=r"ends in \.mp4, \.m4v, .*, found \.xyz"):
        sink(tmp_path / "a.xyz")


def test_an_error_leaves_nothing_behind(pictures: list[Pixels], tmp_path: Path) -> None:
    """If it is foreseen, as a full disk is."""
    with pytest.raises(SinkError), sink(tmp_path / "a.mp4") as opened:
        write(opened, pictures, then=SinkError("full"))
    assert names(tmp_path) == []


def test_an_interrupt_leaves_what_was_done_playable_under_another_name(pictures: list[Pixels], tmp_path: Path) -> None:
    """The name says that it is partial, and the target is not made."""
    with pytest.raises(KeyboardInterrupt), sink(tmp_path / "a.mp4") as opened:
        write(opened, pictures[:5], then=KeyboardInterrupt())
    assert names(tmp_path) == ["a.partial.mp4"]
    assert len(times(tmp_path / "a.partial.mp4")) == 5


def test_an_interrupt_before_the_first_frame_leaves_nothing(tmp_path: Path) -> None:
    """A video without a frame is none."""
    with pytest.raises(KeyboardInterrupt), sink(tmp_path / "a.mp4"):
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_no_frames_make_no_video(tmp_path: Path) -> None:
    """There is nothing to keep, and nothing is left."""
    with sink(tmp_path / "a.mp4") as opened:
        assert opened.finish() is None
    assert names(tmp_path) == []


def test_once_finished_nothing_more_happens_to_it(pictures: list[Pixels], tmp_path: Path) -> None:
    """A second finish or a late discard leaves the file, partial or not, alone."""
    for is_complete, name in ((True, "a.mp4"), (False, "a.partial.mp4")):
        opened = sink(tmp_path / "a.mp4", overwrite=True)
        write(opened, pictures)
        assert opened.finish(is_complete=is_complete) == str(tmp_path / name)
        assert opened.finish() is None
        opened.discard()
        assert len(times(tmp_path / name)) == len(pictures)


def test_a_change_of_size_is_refused(pictures: list[Pixels], tmp_path: Path) -> None:
    """A video has one size."""
    with (
        pytest.raises(SinkError, match=r"a video has one size, \(48, 64\), and frame 1 has \(2, 2\)"),
        sink(tmp_path / "a.mp4") as opened,
    ):
        write(opened, [pictures[0], np.zeros((2, 2), np.uint8)])
    assert names(tmp_path) == []


def test_a_file_that_lost_frames_is_not_called_complete(
    pictures: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finished file is read back; what does not hold what was written is an error, and is removed."""
    with sink(tmp_path / "short.mkv") as short:
        write(short, pictures[:7])
    real_open = av.open
    opened = sink(tmp_path / "a.mkv")
    write(opened, pictures)
    monkeypatch.setattr(av, "open", lambda *_, **options: real_open(tmp_path / "short.mkv", **options))
    with pytest.raises(SinkError, match="holds 7 frames, though 8 were written"), opened:
        pass
    assert names(tmp_path) == ["short.mkv"]


def test_a_file_that_cannot_be_read_back_is_not_called_complete(
    pictures: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though every call that wrote it went well."""

    def fail(*_: object, **__: object) -> None:
        raise av.error.InvalidDataError(1, "Invalid data")

    opened = sink(tmp_path / "a.mp4")
    write(opened, pictures)
    monkeypatch.setattr(av, "open", fail)
    with pytest.raises(SinkError, match="was written, but cannot be read back"), opened:
        pass
    assert names(tmp_path) == []


def test_what_is_dropped_is_dropped_quietly(
    pictures: list[Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That a file cannot be closed does not matter any more, and does not hide the error before."""
    closed: list[bool] = []
    real_open = av.open

    class Failing:
        """A container that is closed, but says that it could not be."""

        def __init__(self, *place: Any, **options: Any) -> None:
            self._container = real_open(*place, **options)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._container, name)

        def close(self) -> None:
            """Fail, as on a full disk."""
            self._container.close()
            closed.append(True)
            raise av.error.OSError(28, "No space left on device")

    def open_failing(place: Any, *rest: Any, **options: Any) -> Any:
        is_file = isinstance(place, str)  # The encoder is probed in memory.
        return (Failing if is_file else real_open)(place, *rest, **options)

    monkeypatch.setattr(av, "open", open_failing)
    opened = sink(tmp_path / "a.mp4")
    write(opened, pictures[:1])
    opened.discard()
    assert (names(tmp_path), closed) == ([], [True])


@pytest.mark.skipif(sys.platform == "win32", reason="no RLIMIT_FSIZE")
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_full_disk_at_any_moment_is_an_error_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    """Wherever the last byte that fits is, up to one before the end: an error, and no file."""
    import resource

    noise = list(np.random.default_rng(1).integers(0, 256, (12, 48, 64), dtype=np.uint8))
    with sink(tmp_path / name) as opened:
        write(opened, noise)
    size = (tmp_path / name).stat().st_size
    (tmp_path / name).unlink()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (1, 50, size // 3, size // 2, size * 2 // 3, size - 400, size - 50, size - 1):
        opened = sink(tmp_path / name)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, unlimited[1]))
        try:
            with pytest.raises(SinkError, match=r"cannot be written|cannot be read back|frames, though"), opened:
                write(opened, noise)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        assert names(tmp_path) == []


def test_a_terminal_gets_no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be full of rubbish."""
    monkeypatch.setattr(os, "isatty", lambda descriptor: descriptor == 1)
    with pytest.raises(OptionError, match="is a terminal, which cannot show a video"):
        VideoSink(Path("-"), rate=Fraction(25), time_base=Fraction(1, 25))
