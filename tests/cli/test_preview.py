"""``preview`` and ``process --window``, with a stand-in for the window; the real one has tests of its own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.cli._main import run
from livefilter.sinks import WindowSink

Pixels = NDArray[np.uint8]
shown: list[tuple[str, Pixels]] = []


class Window(WindowSink):
    """Notes what it is shown, saves a snapshot, and quits."""

    def __init__(self, title: str) -> None:
        self.target = title
        self.is_closed = self.is_minimised = False
        self.on_drag = lambda share: None
        self._keys = iter("sq")

    def show(self, pixels: Pixels) -> None:
        """Note it, with the title."""
        shown.append((self.target, pixels.copy()))

    def poll_key(self, wait_ms: int) -> str | None:
        """Press a key, once there is a picture."""
        return next(self._keys, None) if shown else None

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Note it."""
        self.is_closed = True
        return None


@pytest.fixture(autouse=True)
def _window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in, in the place of any window."""
    shown.clear()
    monkeypatch.setattr("livefilter.sinks.WindowSink", Window)
    monkeypatch.setattr("livefilter.sinks.check_display", lambda: None)


def test_a_picture_is_shown_with_the_preset_and_the_options(
    negative: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Preset, comparison and the snapshots' folder reach the preview; what it has to tell goes to standard error."""
    cv2.imwrite(str(tmp_path / "a.png"), np.full((8, 10), 55, np.uint8))
    (tmp_path / "shots").mkdir()
    flags = ["-p", negative, "--compare", "side", "--snapshot-dir", str(tmp_path / "shots")]
    assert run(["preview", str(tmp_path / "a.png"), *flags]) == 0
    title, picture = shown[0]
    assert title == "livefilter: a.png"
    assert picture.tolist() == [[55] * 10 + [200] * 10] * 8
    told = capsys.readouterr()
    assert told.out.startswith("a.png with negative: 1 frame at ")
    assert told.err.startswith(f"saved {tmp_path / 'shots'}")
    assert len(list((tmp_path / "shots").iterdir())) == 1


def test_the_result_is_shown_while_it_is_made(clip: Path, negative: str, tmp_path: Path) -> None:
    """``process --window``: every frame that is written, and no file is told of for the window."""
    assert run(["process", str(clip), "-o", str(tmp_path / "a.mp4"), "-p", negative, "--window", "-q"]) == 0
    assert [title for title, _ in shown] == ["livefilter: clip.mp4"] * 8
    assert (tmp_path / "a.mp4").exists()
