"""Scene ``webcam``: a person in a room faces the camera, talks, blinks, sways, and waves once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from livefilter.sources.synthetic import Scene, direction, swing, to_gray
from recordings.scenes._body import hand, torso
from recordings.scenes._head import FACE_CENTRE, FACE_RADII, face, head
from recordings.scenes._motion import ease, quantise
from recordings.scenes._noise import add_sensor_noise
from recordings.scenes._room import ROOM_SHAPE, room
from recordings.scenes._sprite import Pose, lay

_FRAME_COUNT = 150
_BLINKS = (22, 71, 128)  # the frame in which the lids are shut; they close two frames before and open three after
_WAVE = (48, 118)  # first frame with the hand in the picture, first frame without
_SENTENCES = ((6, 44), (56, 100), (112, 140))  # talks in these frames, the last one exclusive
_NOISE_SIGMA = 1.2


def paint(index: int) -> NDArray[np.uint8]:
    """Draw frame ``index``."""
    canvas = room().copy()
    lean = _lean(index)
    lay(canvas, torso(), Pose((quantise(338 + lean[0] * 0.3), quantise(312 + lean[1] * 0.35))))
    lay(canvas, face(_closed(index), _opening(index), _gaze(index)), _head_pose(index))
    if _WAVE[0] <= index < _WAVE[1]:
        lay(canvas, hand(), _hand_pose(index))
    add_sensor_noise(canvas, _NOISE_SIGMA, seed=1001, index=index)
    return to_gray(canvas)


def _lean(index: int) -> tuple[float, float]:
    """Where the head has moved, in pixels; every period divides the scene's length, so that it repeats seamlessly."""
    down = 3.0 * swing(index, 50) + 2.0 * swing(index, 30, 0.2)
    across = 13.0 * swing(index, 150) + 4.0 * swing(index, 75, 0.3)
    return down, across


def _head_pose(index: int) -> Pose:
    down, across = _lean(index)
    tilt = 0.010 * swing(index, 150, 0.1) + 0.006 * swing(index, 50, 0.4)
    nod = 0.05 * swing(index, 50, 0.15) + 0.03 * swing(index, 25)
    turn = 0.17 * swing(index, 150, 0.05) + 0.04 * swing(index, 75, 0.6)
    place = (quantise(312 + down), quantise(316 + across))
    return Pose(place, axis=direction(tilt), parallax=(quantise(nod), quantise(turn)))


def _hand_pose(index: int) -> Pose:
    raised = ease(index, _WAVE[0] - 1, _WAVE[0] + 14) * (1 - ease(index, _WAVE[1] - 14, _WAVE[1]))
    place = (quantise(497 + 330 * (1 - raised)), quantise(556 + 10 * (1 - raised)))
    return Pose(place, axis=direction(-0.008 + 0.045 * swing(index, 15) * raised), scale=0.86)


def _closed(index: int) -> float:
    lids = {-2: 0.35, -1: 0.8, 0: 1.0, 1: 0.95, 2: 0.55, 3: 0.2}
    return max(lids.get(index - blink, 0.0) for blink in _BLINKS)


def _opening(index: int) -> float:
    for first, stop in _SENTENCES:
        if first <= index < stop:
            loud = ease(index, first - 1, first + 3) * (1 - ease(index, stop - 4, stop))
            syllables = 0.5 - 0.5 * swing(index - first, 7.5, 0.25)
            stress = 0.65 + 0.35 * swing(index - first, 19.0)
            return quantise(loud * syllables * stress)
    return 0.0


def _gaze(index: int) -> tuple[float, float]:
    aside = ease(index, 84, 86) * (1 - ease(index, 104, 106))  # a look at the waving hand
    return 0.0, quantise(3.0 * aside - 2.0 * swing(index, 150, 0.05))


def _face_box(index: int) -> list[int]:
    """Box of the face without hair and ears, to the pixel or two that the head's small turns leave open."""
    pose = _head_pose(index)
    pivot = head().pivot
    down, across = FACE_CENTRE[0] - pivot[0], FACE_CENTRE[1] - pivot[1]
    middle_row = pose.place[0] + down * pose.axis[0] + across * pose.axis[1]
    middle_col = pose.place[1] + across * pose.axis[0] - down * pose.axis[1]
    return [
        int(middle_row - 0.74 * FACE_RADII[0]),
        int(middle_col - FACE_RADII[1]),
        int(middle_row + FACE_RADII[0]) + 1,
        int(middle_col + FACE_RADII[1]) + 1,
    ]


def facts() -> dict[str, object]:
    """Return when the person blinks, talks and waves, and where the face is in every tenth frame."""
    return {
        "blinks": list(_BLINKS),
        "talks": [list(sentence) for sentence in _SENTENCES],
        "wave": list(_WAVE),
        "face_boxes": {str(index): _face_box(index) for index in range(0, _FRAME_COUNT, 10)},
    }


WEBCAM = Scene(
    name="webcam",
    description="A person in front of a webcam talks, blinks, sways and waves.",
    shape=ROOM_SHAPE,
    rate=Fraction(30),
    frame_count=_FRAME_COUNT,
    paint=paint,
    facts=facts,
)
