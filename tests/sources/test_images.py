"""Pictures as a stream: in the order that people mean, and with a word about those that cannot be read."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.errors import SourceError
from livefilter.frame import Color
from livefilter.sources import ImageFiles, open_source


def write(path: Path, level: int = 9, shape: tuple[int, int] = (6, 8)) -> Path:
    """Write a picture of one gray level."""
    cv2.imencode(path.suffix, np.full(shape, level, np.uint8))[1].tofile(path)
    return path


def levels(source: ImageFiles) -> list[int]:
    """The gray level of each frame of one-level pictures."""
    return [int(frame.pixels[0, 0]) for frame in source]


def test_a_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    """frame2 comes before frame10, whatever the file system says, and other files are passed over."""
    for number in (10, 2, 1):
        write(tmp_path / f"frame{number}.png", number)
    (tmp_path / "notes.txt").write_text("not a picture")
    with ImageFiles(str(tmp_path)) as source:
        assert levels(source) == [1, 2, 10]
    assert source.loss is None


def test_names_that_differ_only_in_their_case_keep_one_order(tmp_path: Path) -> None:
    """The order does not depend on the one in which the file system lists them."""
    write(tmp_path / "b.png", 3)
    write(tmp_path / "a.png", 2)
    write(tmp_path / "A.PNG", 1)
    assert levels(ImageFiles(str(tmp_path))) == [1, 2, 3]


def test_a_glob_takes_what_matches(tmp_path: Path) -> None:
    """Wildcards choose among the pictures; two stars look into folders."""
    write(tmp_path / "left1.png", 1)
    write(tmp_path / "right1.png", 2)
    (tmp_path / "more").mkdir()
    write(tmp_path / "more" / "left2.png", 3)
    assert levels(ImageFiles(str(tmp_path / "left*.png"))) == [1]
    assert sorted(levels(ImageFiles(str(tmp_path / "**" / "left*.png")))) == [1, 3]


def test_one_picture_is_a_stream_of_one_frame(tmp_path: Path) -> None:
    """A single file works like a folder with it alone."""
    with ImageFiles(str(write(tmp_path / "one.pgm", 77))) as source:
        assert source.facts.frame_count == 1
        assert source.facts.shape == (6, 8)
        assert levels(source) == [77]


def test_times_follow_from_the_rate(tmp_path: Path) -> None:
    """Frame i is shown at i / rate, exactly."""
    for number in range(3):
        write(tmp_path / f"{number}.png")
    rate = Fraction(30000, 1001)
    with ImageFiles(str(tmp_path), rate) as source:
        assert [frame.time_s for frame in source] == [index / rate for index in range(3)]
        assert source.facts.rate == rate


def test_a_picture_that_cannot_be_read_is_named_and_leaves_its_time_empty(tmp_path: Path) -> None:
    """The rest keeps index and time, and the loss names the file."""
    write(tmp_path / "1.png", 1)
    (tmp_path / "2.png").write_bytes(b"no picture")
    (tmp_path / "3.png").mkdir()
    (tmp_path / "4.png").touch()
    write(tmp_path / "5.png", 5)
    with ImageFiles(str(tmp_path)) as source:
        frames = list(source)
    assert [(frame.index, frame.time_s) for frame in frames] == [(0, 0), (4, Fraction(4, 25))]
    assert source.loss == "3 of 5 images could not be read: 2.png, 3.png, 4.png"


def test_a_long_loss_names_only_the_first_few(tmp_path: Path) -> None:
    """A thousand damaged files do not make a message of a thousand names."""
    write(tmp_path / "0.png")
    for number in range(1, 9):
        (tmp_path / f"{number}.png").touch()
    with ImageFiles(str(tmp_path)) as source:
        list(source)
    assert source.loss == "8 of 9 images could not be read: 1.png, 2.png, 3.png, 4.png, 5.png and 3 more"


def test_colour_becomes_luma_and_deep_pictures_8_bits(tmp_path: Path) -> None:
    """Every frame is gray, uint8."""
    colour = np.zeros((4, 4, 3), np.uint8)
    colour[:] = (10, 200, 100)
    cv2.imencode(".png", colour)[1].tofile(tmp_path / "1.png")
    cv2.imencode(".png", np.full((4, 4), 0x8000, np.uint16))[1].tofile(tmp_path / "2.png")
    expected = int(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)[0, 0])
    assert levels(ImageFiles(str(tmp_path))) == [expected, 128]


def test_a_header_that_promises_too_much_is_no_picture(tmp_path: Path) -> None:
    """OpenCV raises where it reads of more pixels than it allows; here that is a picture that cannot be read."""
    path = tmp_path / "huge.pgm"
    path.write_bytes(b"P5 60000 60000 255\n" + bytes(50))
    with pytest.raises(SourceError, match="is not a readable image"):
        ImageFiles(str(path))


def test_the_size_is_that_of_the_first_picture_that_can_be_read(tmp_path: Path) -> None:
    """A change of size is not hidden: frames come as they are, and the pipeline decides."""
    (tmp_path / "0.png").touch()
    write(tmp_path / "1.png", shape=(6, 8))
    write(tmp_path / "2.png", shape=(7, 9))
    with ImageFiles(str(tmp_path)) as source:
        assert source.facts.shape == (6, 8)
        assert [frame.pixels.shape for frame in source] == [(6, 8), (7, 9)]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    """The message says what would have been taken for a picture."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SourceError, match=r"without images \(\.png"):
        ImageFiles(str(tmp_path))


def test_a_glob_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    """No match is an error, not an empty stream."""
    with pytest.raises(SourceError, match="no such file, and as a pattern it matches nothing"):
        ImageFiles(str(tmp_path / "*.png"))


def test_pictures_none_of_which_can_be_read_are_refused(tmp_path: Path) -> None:
    """There is no stream without a first frame."""
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match="none of its 2 files is a readable image"):
        ImageFiles(str(tmp_path))


def test_a_folder_that_cannot_be_listed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system's reason is passed on; the root user may list all, so it is played."""

    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(SourceError, match="the folder cannot be read: Permission denied"):
        ImageFiles(str(tmp_path))


def test_a_png_whose_head_promises_what_its_bytes_cannot_hold_is_not_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenCV would take gigabytes before it sees that; what compresses as well as it can is read."""
    black = np.zeros((4000, 4000), np.uint8)
    cv2.imwrite(str(tmp_path / "black.png"), black, [cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_PNG_BILEVEL, 1])
    with ImageFiles(str(tmp_path / "black.png")) as source:
        (frame,) = source
        assert frame.pixels.shape == (4000, 4000)
    content = bytearray((tmp_path / "black.png").read_bytes())
    content[20:24] = (150_000_000).to_bytes(4, "big")
    (tmp_path / "damaged.png").write_bytes(content)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("was tried"))
    with pytest.raises(SourceError, match="is not a readable image"):
        ImageFiles(str(tmp_path / "damaged.png"))


DURATIONS_MS = [2000, 40, 70, 100, 1500]


def animation(path: Path, levels: list[int], *, is_transparent: bool = False) -> Path:
    """Write an animation, of gray levels that are hidden on the left if it is transparent."""
    made = cv2.Animation()
    frames = [np.full((48, 64, 4), level, np.uint8) for level in levels]
    for frame in frames:
        frame[..., 3] = 255
        frame[:, :32, 3] = 0 if is_transparent else 255
    made.frames, made.durations = frames, DURATIONS_MS[: len(levels)]
    assert cv2.imwriteanimation(str(path), made)
    return path


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_an_animation_gives_all_frames_with_their_durations(suffix: str, tmp_path: Path) -> None:
    """Whatever its ending: an animated PNG is known by its content."""
    path = animation(tmp_path / f"moving{suffix}", [0, 50, 100, 150, 200])
    with open_source(path) as source:
        frames = list(source)
    assert [round(float(frame.pixels.mean()) / 50) for frame in frames] == [0, 1, 2, 3, 4]
    assert [float(frame.time_s) for frame in frames] == [0, 2, 2.04, 2.11, 2.21]
    assert [frame.duration_s for frame in frames] == [Fraction(ms, 1000) for ms in DURATIONS_MS]
    assert all((frame.time_s / source.facts.time_base).denominator == 1 for frame in frames)


def test_a_rate_replaces_the_durations_of_an_animation(tmp_path: Path) -> None:
    """As it does for single images."""
    with open_source(animation(tmp_path / "moving.png", [0, 50, 100]), rate=Fraction(10)) as source:
        assert [float(frame.time_s) for frame in source] == [0, 0.1, 0.2]


def test_pages_of_a_tiff_are_frames_and_its_thumbnails_are_not(tmp_path: Path) -> None:
    """A page has no duration; thumbnails have another size."""
    pages = [np.full((48, 64), 10, np.uint8), np.full((12, 16), 20, np.uint8), np.full((48, 64), 30, np.uint8)]
    assert cv2.imwritemulti(str(tmp_path / "pages.tiff"), pages)
    assert levels(ImageFiles(str(tmp_path / "pages.tiff"))) == [10, 30]


def test_a_sequence_takes_the_first_image_of_each_file_and_says_so(tmp_path: Path) -> None:
    """Otherwise its frames would not be its files."""
    for number in range(3):
        animation(tmp_path / f"{number}.png", [50, 100])
    with ImageFiles(str(tmp_path)) as source:
        assert levels(source) == [50, 50, 50]
    assert any("holds several images" in note for note in source.facts.notes)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
@pytest.mark.parametrize("color", ["gray", "rgb"])
@pytest.mark.parametrize(("background", "level"), [("black", 0), ("white", 255), ("#404040", 64)])
def test_what_is_transparent_shows_the_background(
    suffix: str, color: Color, background: str, level: int, tmp_path: Path
) -> None:
    """What is stored behind transparent parts is hidden. A note says so."""
    image = np.full((48, 64, 4), 200, np.uint8)
    image[:, :32, 3] = 0
    image[:, 32:, 3] = 255
    cv2.imwrite(str(tmp_path / f"one{suffix}"), image, [cv2.IMWRITE_WEBP_QUALITY, 101])
    with ImageFiles(str(tmp_path / f"one{suffix}"), color=color, background=background) as source:
        (frame,) = source
    assert frame.pixels.shape == ((48, 64) if color == "gray" else (48, 64, 3))
    assert set(np.unique(frame.pixels[:, :32])) == {level}
    assert set(np.unique(frame.pixels[:, 32:])) == {200}
    assert any(f"has transparent parts, composed on {background}" in note for note in source.facts.notes)


@pytest.mark.parametrize(
    "name",
    ["a.png", "a.jpg", "a.webp", "a.tiff", "a.bmp", "deep.png", "moving.png", "moving.webp", "pages.tiff", "clear.png"],
)
def test_the_gray_of_an_image_is_the_same_with_colors(name: str, tmp_path: Path) -> None:
    """Each decoder makes gray in its own way, which no conversion of the BGR pixels repeats. Scores are of it."""
    rng = np.random.default_rng(7)
    path = tmp_path / name
    is_deep = name == "deep.png"
    drawn = rng.integers(0, 2**16 if is_deep else 2**8, (40, 56, 3))
    noise: NDArray[Any] = drawn.astype(np.uint16 if is_deep else np.uint8)
    if path.stem == "moving":
        frames = cv2.Animation()
        frames.frames, frames.durations = [noise, noise[::-1].copy(), noise[:, ::-1].copy()], [50, 50, 50]
        assert cv2.imwriteanimation(str(path), frames, [cv2.IMWRITE_WEBP_QUALITY, 101])
    elif path.stem == "pages":
        assert cv2.imwritemulti(str(path), [noise, noise[::-1].copy()])
    elif path.stem == "clear":
        assert cv2.imwrite(str(path), np.dstack([noise, noise[..., 0]]))
    else:
        assert cv2.imwrite(str(path), noise)
    with ImageFiles(str(path)) as gray, ImageFiles(str(path), color="rgb") as rgb, ImageFiles(str(path)) as switched:
        switched.set_color("luma")
        for plain, coloured, also in zip(gray, rgb, switched, strict=True):
            assert plain.pixels is plain.gray
            assert coloured.pixels.shape == (40, 56, 3)
            np.testing.assert_array_equal(coloured.gray, plain.gray)
            np.testing.assert_array_equal(also.gray, plain.gray)
            np.testing.assert_array_equal(also.pixels, coloured.pixels)
            difference = np.abs(cv2.cvtColor(coloured.pixels, cv2.COLOR_BGR2GRAY).astype(int) - plain.gray)
            assert np.median(difference) <= 1, "it is the gray of those colors"


def test_transparent_parts_of_deep_images_and_animations_show_the_background(tmp_path: Path) -> None:
    """16 bits are taken to 8 as without transparency."""
    image = np.full((48, 64, 4), 200 << 8, np.uint16)
    image[:, :32, 3] = 0
    image[:, 32:, 3] = 65535
    cv2.imwrite(str(tmp_path / "deep.png"), image)
    for path in (tmp_path / "deep.png", animation(tmp_path / "moving.png", [200, 200], is_transparent=True)):
        with ImageFiles(str(path), background="white") as source:
            for frame in source:
                assert set(np.unique(frame.pixels[:, :32])) == {255}
                assert set(np.unique(frame.pixels[:, 32:])) == {200}


def test_brackets_in_the_name_of_a_folder_are_no_pattern(tmp_path: Path) -> None:
    """A folder that exists is taken as it is."""
    folder = tmp_path / "shots [a]"
    folder.mkdir()
    for number in range(3):
        write(folder / f"{number}.png", number)
    assert levels(ImageFiles(str(folder / "*.png"))) == [0, 1, 2]


def test_a_glob_of_videos_says_how_to_process_several(tmp_path: Path) -> None:
    """They are no images of one sequence."""
    for name in "ab":
        (tmp_path / f"{name}.mp4").write_bytes(b"video")
    with pytest.raises(SourceError, match="matches 2 files, none of them an image; process several videos with -d"):
        open_source(str(tmp_path / "*.mp4"))
    with pytest.raises(SourceError, match=r"x \[y\]\.mp4: no such file"):
        open_source(str(tmp_path / "x [y].mp4"))
