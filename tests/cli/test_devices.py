"""``livefilter devices``, as users see it."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from livefilter import sources
from livefilter.cli import run
from livefilter.sources import CameraFacts, Mode

CAMERAS = [
    CameraFacts(
        0,
        "Webcam",
        "/dev/video0",
        "uvcvideo, usb-1",
        (
            Mode("MJPG", (1080, 1920), None, (Fraction(30000, 1001), Fraction(15))),
            Mode("NV12", (16, 32), (2160, 4096), (Fraction(60), Fraction(1))),
            Mode("Y16", (6, 8), None, ()),
        ),
    ),
    CameraFacts(2, "video2", "/dev/video2", "", problem="Permission denied; join a group"),
]


def test_cameras_are_listed_with_what_they_offer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line each, and one for each mode; a problem stands where the modes would."""
    monkeypatch.setattr(sources, "list_cameras", lambda: CAMERAS)
    assert run(["devices"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "0  Webcam  /dev/video0  (uvcvideo, usb-1)",
        "   MJPG  1920x1080  29.97, 15 fps",
        "   NV12  32x16 to 4096x2160  60 to 1 fps",
        "   Y16   8x6",
        "2  video2  /dev/video2",
        "   Permission denied; join a group",
    ]


def test_as_json_everything_is_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: sides have names, so that their order is clear."""
    monkeypatch.setattr(sources, "list_cameras", lambda: CAMERAS)
    assert run(["devices", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["index"], first["name"], first["path"], first["problem"]) == (0, "Webcam", "/dev/video0", None)
    assert first["modes"][1] == {
        "format": "NV12",
        "cols": 32,
        "rows": 16,
        "most_cols": 4096,
        "most_rows": 2160,
        "rates": [60.0, 1.0],
    }
    assert (second["modes"], second["problem"]) == ([], "Permission denied; join a group")


def test_no_camera_is_told_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no failure; the output is empty, or an empty list."""
    monkeypatch.setattr(sources, "list_cameras", list)
    assert run(["devices"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "no camera found; 'livefilter doctor' says what to do" in told.err
    assert run(["devices", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"
