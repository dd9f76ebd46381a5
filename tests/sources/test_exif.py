"""JPEG pictures with EXIF, as phones and many cameras make them, read from a file, a server and standard input."""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.frame import Color, Frame
from livefilter.sources import open_source, probe

Images = NDArray[np.uint8]
UPRIGHT: dict[int, Callable[[Images], Images]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.T,
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].T,
    8: lambda stored: np.rot90(stored, 1),
}
"""EXIF 2.3, 4.6.4: what each orientation makes of a stored picture when it is shown."""


@pytest.fixture(scope="module")
def stored() -> Images:
    """A picture without any symmetry: each corner has a gray of its own."""
    picture = np.full((48, 64), 20, np.uint8)
    picture[:24, :32], picture[:24, 32:], picture[24:, :32] = 230, 160, 90
    return picture


def jpeg(picture: Images, orientation: int) -> bytes:
    """Encode a picture, with an EXIF segment of a maker's name and an orientation."""
    encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    entries = struct.pack("<HHII", 0x010F, 2, 7, 38) + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + b"\0\0\0\0" + b"camera\0"
    return encoded[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + encoded[2:]


def assert_upright(frames: list[Frame], stored: Images, orientation: int) -> None:
    """Compare two frames with the picture as it is meant to be shown."""
    expected = UPRIGHT[orientation](stored).astype(int)
    assert len(frames) == 2
    for frame in frames:
        gray = frame.pixels if frame.pixels.ndim == 2 else frame.pixels[..., 0]
        assert gray.shape == expected.shape
        assert np.abs(gray - expected).max() <= 4  # JPEG at its best is not exact.


@pytest.mark.parametrize("color", ["gray", "luma", "rgb"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_file_with_exif_is_read_the_right_way_up(
    orientation: int, color: Color, stored: Images, tmp_path: Path
) -> None:
    """Whatever else the segment holds, turned and mirrored as it says; nothing is lost."""
    path = tmp_path / "camera.mjpeg"
    path.write_bytes(jpeg(stored, orientation) * 2)
    with open_source(path, color=color) as source:
        assert_upright(list(source), stored, orientation)
    assert source.loss is None


def test_a_file_with_exif_is_described(stored: Images, tmp_path: Path) -> None:
    """With its rotation, and a scan finds no damage."""
    path = tmp_path / "camera.mjpeg"
    path.write_bytes(jpeg(stored, 6) * 2)
    facts = probe(path, scan=True)
    assert (facts.video[0].rotation, facts.loss) == (270, None)


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_standard_input_with_exif_is_read_the_right_way_up(
    orientation: int, stored: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a file is."""
    reading, writing = os.pipe()
    os.write(writing, jpeg(stored, orientation) * 2)  # Less than a pipe holds.
    os.close(writing)
    with os.fdopen(reading) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        with open_source("-") as source:
            assert_upright(list(source), stored, orientation)


@pytest.fixture
def camera(stored: Images) -> Iterator[str]:
    """The address of a network camera whose pictures carry EXIF."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            picture = jpeg(stored, 7)
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            with suppress(OSError):  # Until the client goes.
                while True:
                    self.wfile.write(head.encode() + picture + b"\r\n")

        def log_message(self, format: str, *arguments: Any) -> None:
            """Be quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/video.mjpg"
    server.shutdown()
    server.server_close()
    serving.join(30)


def test_a_network_camera_with_exif_is_read_the_right_way_up(camera: str, stored: Images) -> None:
    """It stays connected, too."""
    with open_source(camera, open_timeout_s=20.0) as source:
        assert_upright(list(islice(source, 2)), stored, 7)
        assert source.health is not None
        assert not source.health.counts.get("lost")
