"""Numbered pictures, and single ones."""

from __future__ import annotations

import errno
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from livefilter.analysis import Result
from livefilter.errors import OptionError, SinkError
from livefilter.frame import Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks import ImageSequenceSink, ImageSink, write_image

SCORE = EdgeScore(0.1, 0.2, 0.3)
PICTURE = np.arange(12, dtype=np.uint8).reshape(3, 4)


def frame(index: int) -> Frame:
    """A frame of that index."""
    return Frame(PICTURE + np.uint8(index), index, Fraction(index, 25), 0)


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_each_frame_becomes_a_file_with_its_index(tmp_path: Path) -> None:
    """Numbers are those of the frames, so that a gap in the source is a gap in the sequence; PNG loses nothing."""
    with ImageSequenceSink(tmp_path / "out" / "f%03d.png") as sink:
        for index in (0, 1, 7):
            sink.write(Result.unfiltered(frame(index), SCORE))
        assert sink.finish() == str(tmp_path / "out" / "f%03d.png")
    assert names(tmp_path / "out") == ["f000.png", "f001.png", "f007.png"]
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out" / "f007.png"), cv2.IMREAD_UNCHANGED), PICTURE + 7)


@pytest.mark.parametrize("name", ["new", "there", "there.too"])
def test_a_folder_stands_for_six_digits_in_it(name: str, tmp_path: Path) -> None:
    """It is made if it is missing, and one that exists may have a dot in its name."""
    for there in ("there", "there.too"):
        (tmp_path / there).mkdir()
    with ImageSequenceSink(tmp_path / name) as sink:
        sink.write(Result.unfiltered(frame(3), SCORE))
    assert names(tmp_path / name) == ["000003.png"]


def test_another_percent_sign_is_the_users_own(tmp_path: Path) -> None:
    """Only the place of the number is replaced."""
    with ImageSequenceSink(tmp_path / "100%_%d.jpg") as sink:
        sink.write(Result.unfiltered(frame(5), SCORE))
    assert names(tmp_path) == ["100%_5.jpg"]


def test_pictures_that_match_are_kept_unless_told_otherwise(tmp_path: Path) -> None:
    """One of them is enough to refuse, and the message names it; others in the folder do not matter."""
    (tmp_path / "f12.png").write_bytes(b"precious")
    (tmp_path / "g12.png").touch()
    with pytest.raises(SinkError, match=r"f12\.png: exists; give --overwrite"):
        ImageSequenceSink(tmp_path / "f%d.png")
    with ImageSequenceSink(tmp_path / "h%d.png") as sink:
        sink.write(Result.unfiltered(frame(0), SCORE))
    with ImageSequenceSink(tmp_path / "f%d.png", overwrite=True) as sink:
        sink.write(Result.unfiltered(frame(12), SCORE))
    assert cv2.imread(str(tmp_path / "f12.png")) is not None


@pytest.mark.parametrize("name", ["f.png", "f%d_%d.png", "f%d.tif"])
def test_a_pattern_needs_one_number_and_a_known_ending(name: str, tmp_path: Path) -> None:
    """The message shows what one looks like."""
    with pytest.raises(OptionError, match=r"a sequence is named like frames/%05d\.png"):
        ImageSequenceSink(tmp_path / name)


def test_a_name_without_a_number_is_one_picture(tmp_path: Path) -> None:
    """It appears when it is finished, and the notes of an interrupt are not for it: it is whole."""
    sink = ImageSink(tmp_path / "a.png")
    sink.write(Result.unfiltered(frame(0), SCORE))
    assert names(tmp_path) == ["a.partial.png"]
    assert sink.finish(is_complete=False) == str(tmp_path / "a.png")
    assert sink.finish() is None
    written = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_GRAYSCALE)
    assert written is not None
    assert np.array_equal(written, PICTURE)


def test_a_second_frame_needs_a_sequence(tmp_path: Path) -> None:
    """The message names one, and nothing is left that looks like a result."""
    sink = ImageSink(tmp_path / "a.png")
    sink.write(Result.unfiltered(frame(0), SCORE))
    with pytest.raises(OptionError, match=r"is one picture, the source has more; a sequence is named a-%05d\.png"):
        sink.write(Result.unfiltered(frame(1), SCORE))
    sink.discard()
    assert names(tmp_path) == []


def test_one_picture_of_nothing_is_no_file(tmp_path: Path) -> None:
    """And one that exists is kept unless told otherwise."""
    with ImageSink(tmp_path / "a.png") as sink:
        assert names(tmp_path) == ["a.partial.png"]
    assert sink.finish() is None
    assert names(tmp_path) == []
    (tmp_path / "a.png").write_bytes(b"mine")
    with pytest.raises(SinkError, match="exists; give --overwrite"):
        ImageSink(tmp_path / "a.png")


def test_a_folder_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """Only the last folder is made: a typing error further up must not make a tree."""
    with pytest.raises(SinkError, match="missing/new: cannot be written: No such file or directory"):
        ImageSequenceSink(tmp_path / "missing" / "new" / "%d.png")


def test_what_was_written_stays_after_an_error(tmp_path: Path) -> None:
    """Each picture is complete, so none of them is taken away."""
    broken = Frame(np.zeros((1, 70_000), np.uint8), 1, Fraction(1), 0)
    sink = ImageSequenceSink(tmp_path / "out" / "%06d.jpg")
    sink.write(Result.unfiltered(frame(0), SCORE))
    with pytest.raises(SinkError), sink:
        sink.write(Result.unfiltered(broken, SCORE))
    assert names(tmp_path / "out") == ["000000.jpg"]


def test_a_folder_made_in_vain_is_removed(tmp_path: Path) -> None:
    """No frame, no folder; one that was there stays."""
    (tmp_path / "there").mkdir()
    for name in ("new", "there"):
        with ImageSequenceSink(tmp_path / name) as sink:
            assert sink.finish() is None
    assert names(tmp_path) == ["there"]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG"])
@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 3)])
def test_a_picture_is_written_in_the_format_of_its_ending(suffix: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    """Gray or colour; PNG exactly, JPEG within what its quality loses on an even area."""
    path = tmp_path / f"a{suffix}"
    write_image(path, np.full(shape, 90, np.uint8))
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert read is not None
    assert read.shape == shape
    assert int(np.abs(read.astype(np.int64) - 90).max()) <= (0 if suffix == ".png" else 2)
    assert names(tmp_path) == [path.name]


def test_a_picture_that_exists_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    """As with every output."""
    write_image(tmp_path / "a.png", PICTURE)
    before = (tmp_path / "a.png").read_bytes()
    with pytest.raises(SinkError, match="exists"):
        write_image(tmp_path / "a.png", PICTURE + 1)
    assert (tmp_path / "a.png").read_bytes() == before
    write_image(tmp_path / "a.png", PICTURE + 1, overwrite=True)
    assert (tmp_path / "a.png").read_bytes() != before


def test_a_picture_of_no_format_is_refused(tmp_path: Path) -> None:
    """The message lists the endings."""
    with pytest.raises(OptionError, match=r"ends in \.png, \.jpg, \.jpeg, found \.gif"):
        write_image(tmp_path / "a.gif", PICTURE)


def test_a_picture_too_large_for_its_format_is_refused(tmp_path: Path) -> None:
    """JPEG counts rows and columns in 16 bits."""
    with pytest.raises(SinkError, match="1 x 70000 pixels do not fit"):
        write_image(tmp_path / "a.jpg", np.zeros((1, 70_000), np.uint8))
    assert names(tmp_path) == []


def test_a_picture_that_opencv_4_cannot_encode_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV 4 raises what OpenCV 5 returns."""

    def fail(*_: object) -> None:
        raise cv2.error("too large")

    monkeypatch.setattr(cv2, "imencode", fail)
    with pytest.raises(SinkError, match="3 x 4 pixels do not fit"):
        write_image(tmp_path / "a.png", PICTURE)


def test_a_full_disk_leaves_no_half_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither under its own name nor beside it; the reason is passed on."""

    def fail(self: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(SinkError, match="cannot be written: No space left"):
        write_image(tmp_path / "a.png", PICTURE)
    assert names(tmp_path) == []


def test_a_picture_that_cannot_be_moved_into_place_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target may have become a folder meanwhile; what was written beside it is removed."""

    def fail(source: Path, target: Path) -> None:
        raise IsADirectoryError(errno.EISDIR, "Is a directory")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(SinkError, match="cannot be written: Is a directory"):
        write_image(tmp_path / "a.png", PICTURE)
    assert names(tmp_path) == []
