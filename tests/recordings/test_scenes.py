"""The synthetic scenes and the clips recorded from them: reproducible, and true to what they claim."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from recordings.scenes import SCENES, Scene

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
NAMES = ("webcam", "corridor", "chart")


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    """What recordings/truth.json says."""
    loaded: dict[str, Any] = json.loads((RECORDINGS / "truth.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(params=NAMES)
def scene(request: pytest.FixtureRequest) -> Scene:
    """Each scene in turn."""
    return SCENES[request.param]


def decoded(name: str) -> Iterator[NDArray[np.uint8]]:
    """Decode a clip's frames to full-range gray, by the integer inverse of 16 + 219 / 255 * gray."""
    with av.open(str(RECORDINGS / f"{name}.mp4")) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="yuv420p")[: frame.height].astype(np.int32)
            yield np.clip(((luma - 16) * 510 + 219) // 438, 0, 255).astype(np.uint8)


def psnr(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Peak signal to noise ratio in decibels."""
    error = image.astype(np.int64) - reference
    return float(10 * np.log10(255**2 / max(float(np.mean(error * error)), 1e-9)))


def test_every_scene_is_known_by_its_name() -> None:
    """The mapping holds exactly the promised scenes, each under its own name."""
    assert tuple(SCENES) == NAMES
    assert all(scene.name == name for name, scene in SCENES.items())


def test_a_frame_has_the_promised_shape_and_type(scene: Scene) -> None:
    """Frames are writable, contiguous uint8 arrays of the scene's shape that use much of the gray range."""
    frame = scene.render(0)
    assert frame.shape == scene.shape
    assert frame.dtype == np.uint8
    assert frame.flags.c_contiguous
    assert frame.flags.writeable
    assert int(frame.max()) - int(frame.min()) > 180


def test_rendering_is_a_pure_function_of_the_index(scene: Scene) -> None:
    """Neither the order of asking nor a caller who scribbles on a frame changes what is rendered."""
    forwards = [scene.render(index) for index in (0, 7, 63)]
    copies = [frame.copy() for frame in forwards]
    for frame in forwards:
        frame.fill(0)
    for index, copy in zip((63, 7, 0), reversed(copies), strict=True):
        np.testing.assert_array_equal(scene.render(index), copy)


def test_a_scene_starts_over_after_its_last_frame(scene: Scene) -> None:
    """Index frame_count shows the first frame again."""
    np.testing.assert_array_equal(scene.render(scene.frame_count + 3), scene.render(3))


def test_a_negative_index_is_refused(scene: Scene) -> None:
    """There is no frame before the first."""
    with pytest.raises(ValueError, match="must be >= 0"):
        scene.render(-1)


def test_something_moves_between_neighbouring_frames(scene: Scene) -> None:
    """No two frames in a row are equal."""
    assert not np.array_equal(scene.render(40), scene.render(41))


def test_frames_have_the_recorded_hashes(scene: Scene, truth: dict[str, Any]) -> None:
    """The same pixels as when the clips were recorded, wherever and with whichever numpy that was."""
    recorded = truth[scene.name]["frame_sha256"]
    assert len(recorded) >= 6
    for index, expected in recorded.items():
        assert hashlib.sha256(scene.render(int(index)).tobytes()).hexdigest() == expected, f"frame {index}"


def test_the_recorded_truth_is_what_the_scene_says(scene: Scene, truth: dict[str, Any]) -> None:
    """truth.json has not fallen behind the scenes."""
    recorded = {key: fact for key, fact in truth[scene.name].items() if key not in ("sha256", "frame_sha256")}
    assert json.loads(json.dumps(scene.truth())) == recorded


@pytest.mark.parametrize("index", [0, 31, 99])
def test_the_vertical_step_lies_at_its_column(index: int, truth: dict[str, Any]) -> None:
    """The level changes from the column before the step to the step's column, in every row of it."""
    step = truth["chart"]["vertical_step"]
    part = SCENES["chart"].render(index)[slice(*step["rows"])]
    assert np.all(part[:, step["column"] - 20 : step["column"]] == step["from_level"])
    assert np.all(part[:, step["column"] : step["column"] + 20] == step["to_level"])


@pytest.mark.parametrize("index", [0, 31, 99])
def test_the_horizontal_step_lies_at_its_row(index: int, truth: dict[str, Any]) -> None:
    """The level changes from the row before the step to the step's row, in every column of it."""
    step = truth["chart"]["horizontal_step"]
    part = SCENES["chart"].render(index)[:, slice(*step["columns"])]
    assert np.all(part[step["row"] - 20 : step["row"]] == step["from_level"])
    assert np.all(part[step["row"] : step["row"] + 20] == step["to_level"])


def test_the_bar_is_where_the_truth_says_in_every_frame(truth: dict[str, Any]) -> None:
    """The bar fills exactly its columns; the rest of its lane has the lane's level."""
    bar = truth["chart"]["bar"]
    for index, left in enumerate(bar["left_columns"]):
        lane = SCENES["chart"].render(index)[slice(*bar["rows"]), 24:616]
        is_bar = np.zeros(lane.shape, bool)
        is_bar[:, left - 24 : left - 24 + bar["width"]] = True
        np.testing.assert_array_equal(lane, np.where(is_bar, bar["level"], bar["lane_level"]))


def test_the_frame_number_can_be_read_from_the_recorded_chart(truth: dict[str, Any]) -> None:
    """The eight squares spell each frame's index, also after coding: no frame is missing or doubled."""
    squares = truth["chart"]["frame_number"]
    for index, frame in enumerate(decoded("chart")):
        rows = frame[slice(*squares["rows"])]
        levels = [float(rows[4:12, left + 4 : left + 12].mean()) for left in squares["left_columns"]]
        assert int("".join("1" if level > sum(squares["levels"]) / 2 else "0" for level in levels), 2) == index


def test_people_change_the_corridor_inside_their_boxes(truth: dict[str, Any]) -> None:
    """Against the empty corridor much changes inside a person's box, and nothing but noise outside every box."""
    corridor = SCENES["corridor"]
    empty = corridor.render(0).astype(int)
    for index in (30, 60, 70, 80):  # before the lamp fails
        change = np.abs(corridor.render(index).astype(int) - empty)
        is_outside = np.ones(change.shape, bool)
        is_outside[400:] = False  # the clock in the picture
        boxes = [entry["boxes"][str(index)] for entry in truth["corridor"]["entries"] if str(index) in entry["boxes"]]
        assert boxes
        for top, left, bottom, right in boxes:
            # A standing figure covers about half of its box; part of it may have the wall's own level.
            assert float(np.mean(change[top:bottom, left:right] > 16)) > 0.2
            shadow = (right - left) // 2 + 12  # falls beside the feet
            is_outside[max(top - 2, 0) : bottom + shadow, max(left - shadow, 0) : right + shadow] = False
        # Two noises of sigma 1.4, none above 3.5 sigma, and their rounding: 2 * 4.9 + 1.
        assert int(change[is_outside].max()) <= 11


def test_the_corridor_is_empty_before_and_after_everybody(truth: dict[str, Any]) -> None:
    """Frames outside every entry differ from the first frame by noise and clock alone."""
    corridor = SCENES["corridor"]
    entries = truth["corridor"]["entries"]
    empty = corridor.render(0)[:400].astype(int)
    for index in (min(entry["enters"] for entry in entries) - 6, max(entry["leaves"] for entry in entries) + 5, 118):
        assert int(np.abs(corridor.render(index)[:400] - empty).max()) <= 11  # as above


def test_the_light_changes_in_the_recorded_frames(truth: dict[str, Any]) -> None:
    """The mean level falls by more than 2 where the lamp goes off, rises where it goes on, and only there."""
    corridor = SCENES["corridor"]
    for change in truth["corridor"]["lighting"]:
        means = [float(corridor.render(change["frame"] + step).mean()) for step in (-2, -1, 0, 1)]
        step = means[2] - means[1]
        assert (step > 2) if change["is_on"] else (step < -2)
        # People walking and noise move the mean by a few tenths.
        assert abs(means[1] - means[0]) < 0.5
        assert abs(means[3] - means[2]) < 0.5


def test_the_eyes_are_shut_in_the_frames_of_the_blinks(truth: dict[str, Any]) -> None:
    """In a blink, less than half as much is dark around the eyes as six frames earlier: the irises are gone."""
    webcam = SCENES["webcam"]
    for blink in truth["webcam"]["blinks"]:
        top, left, bottom, right = truth["webcam"]["face_boxes"][str(blink // 10 * 10)]
        height = bottom - top
        eyes = slice(top + height * 33 // 100, top + height * 45 // 100), slice(left + 25, right - 25)
        dark_before, dark = (float(np.mean(webcam.render(index)[eyes] < 90)) for index in (blink - 6, blink))
        assert dark < dark_before / 2


def test_the_hand_is_in_the_picture_while_it_waves(truth: dict[str, Any]) -> None:
    """At the right, the room is hidden by the hand in the middle of the wave, and untouched before and after it."""
    webcam = SCENES["webcam"]
    first, stop = truth["webcam"]["wave"]
    place = slice(260, 400), slice(520, 590)
    room = webcam.render(0)[place].astype(int)
    shares = [
        float(np.mean(np.abs(webcam.render(index)[place] - room) > 20))
        for index in (first - 1, (first + stop) // 2, stop)
    ]
    assert shares[0] < 0.05
    assert shares[1] > 0.3
    assert shares[2] < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_shows_the_rendered_frames(name: str) -> None:
    """Every frame is there, in order, and coding has cost little: at least 38 dB.

    38 dB is an error of 3 levels, root mean square; the sensor noise, which the coder smooths, is half of that.
    Measured: at least 41 dB. Limited range taken for full has 34 dB at most, the chart's next frame 21 dB at most.
    """
    scene = SCENES[name]
    count = 0
    for index, frame in enumerate(decoded(name)):
        count += 1
        if index % 9 == 0:
            assert psnr(frame, scene.render(index)) > 38, f"frame {index}"
    assert count == scene.frame_count


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_has_the_scenes_rate_and_range(name: str) -> None:
    """Rate, size and times are exact, and the limited range is tagged, so that every player shows the same gray."""
    scene = SCENES[name]
    with av.open(str(RECORDINGS / f"{name}.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == scene.rate
        assert (stream.height, stream.width) == scene.shape
        assert stream.pix_fmt == "yuv420p"
        assert int(stream.codec_context.color_range) == 1  # AVCOL_RANGE_MPEG
        assert int(stream.codec_context.colorspace) == 1  # AVCOL_SPC_BT709
        time_base = stream.time_base  # read while the container is open: afterwards PyAV reads freed memory
        stamps = [frame.pts for frame in container.decode(stream)]
    assert time_base is not None
    times = [stamp * time_base for stamp in stamps if stamp is not None]
    assert times == [Fraction(index) / scene.rate for index in range(scene.frame_count)]


def test_the_clips_are_small() -> None:
    """The recordings stay under 3 MB together: they travel with the repository."""
    assert sum(path.stat().st_size for path in RECORDINGS.glob("*.mp4")) < 3_000_000
