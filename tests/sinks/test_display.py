"""Whether there is a display is found out before OpenCV, which would end the process, is asked for a window."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import pytest

from livefilter.errors import DisplayError
from livefilter.sinks import check_display
from livefilter.sinks.window import _x11 as _display

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="X11 only")
COOKIE = b"0123456789abcdef"


class Server:
    """An X server that answers a greeting with one byte, the next one with the next, and notes what it was shown."""

    def __init__(self, path: Path, *answers: bytes) -> None:
        self.greetings: list[bytes] = []
        self._answers = answers
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._answers:
            connection, _ = self._socket.accept()
            with connection:
                self.greetings.append(connection.recv(1000))
                connection.sendall(answer)

    def close(self) -> None:
        """Wait for the last exchange to be over."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._socket.close()


@pytest.fixture
def sockets(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The start of the names of local displays' sockets, in a folder of this test's own."""
    folder = tmp_path_factory.mktemp("x")
    monkeypatch.setattr(_display, "_X11_SOCKETS", str(folder / "X"))
    monkeypatch.setattr(_display, "_PAUSE_S", 0)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("XAUTHORITY", str(folder / "nothing"))
    return folder / "X"


def entry(family: int, address: bytes, number: bytes, cookie: bytes) -> bytes:
    """One entry of an Xauthority file."""
    parts = (address, number, b"MIT-MAGIC-COOKIE-1", cookie)
    return struct.pack(">H", family) + b"".join(struct.pack(">H", len(part)) + part for part in parts)


def test_no_display_is_an_error_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable and three ways out."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    with pytest.raises(DisplayError, match=r"DISPLAY is not set.*xvfb-run.*livefilter process"):
        check_display()


@pytest.mark.parametrize("display", [":93", "unix:93", ":93.0", "127.0.0.1:93", "localhost:99999", "nonsense", ":x"])
def test_a_display_that_does_not_answer_is_an_error(
    display: str, sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever DISPLAY holds, it is named, and nothing aborts."""
    monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(DisplayError, match="does not answer; check DISPLAY"):
        check_display()


def test_a_display_that_lets_us_in_is_one(sockets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first byte of a server's answer is 1."""
    monkeypatch.setenv("DISPLAY", ":5.0")
    server = Server(sockets.with_name("X5"), b"\1")
    check_display()
    server.close()
    assert server.greetings == [struct.pack("<cxHHHHxx", b"l", 11, 0, 0, 0)]


def test_a_display_that_refuses_us_is_an_error(sockets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Qt would abort the process here too: another user's display, or a wrong XAUTHORITY."""
    monkeypatch.setenv("DISPLAY", ":5")
    server = Server(sockets.with_name("X5"), b"\0")
    with pytest.raises(DisplayError, match=r"refuses this user.*XAUTHORITY"):
        check_display()
    server.close()


@pytest.mark.parametrize("family", [256, 0xFFFF])
def test_the_users_cookie_is_shown(family: int, sockets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one for this machine and this display, among others."""
    monkeypatch.setenv("DISPLAY", ":5")
    here = socket.gethostname().encode() if family == 256 else b""
    path = sockets.with_name("authority")
    path.write_bytes(
        entry(256, b"elsewhere", b"5", b"x" * 16)
        + entry(family, here, b"6", b"y" * 16)
        + entry(family, here, b"5", COOKIE)
    )
    monkeypatch.setenv("XAUTHORITY", str(path))
    server = Server(sockets.with_name("X5"), b"\1")
    check_display()
    server.close()
    assert server.greetings[0].endswith(b"MIT-MAGIC-COOKIE-1\0\0" + COOKIE)


def test_a_damaged_cookie_file_is_as_good_as_none(sockets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server decides."""
    monkeypatch.setenv("DISPLAY", ":5")
    path = sockets.with_name("authority")
    path.write_bytes(b"\0")
    monkeypatch.setenv("XAUTHORITY", str(path))
    server = Server(sockets.with_name("X5"), b"\1")
    check_display()
    server.close()


def test_a_server_that_is_starting_over_is_asked_again(sockets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Xvfb does so when its last client leaves; after a moment it lets us in."""
    monkeypatch.setenv("DISPLAY", ":5")
    server = Server(sockets.with_name("X5"), b"", b"", b"\1")
    check_display()
    server.close()
    assert len(server.greetings) == 3


def test_a_server_that_keeps_hanging_up_is_an_error(sockets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five times are enough."""
    monkeypatch.setenv("DISPLAY", ":5")
    server = Server(sockets.with_name("X5"), *[b""] * 5)
    with pytest.raises(DisplayError, match="does not answer"):
        check_display()
    server.close()


def test_the_greeting_may_fail_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may be gone before it is greeted."""
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        assert _display._greeted(ours, b"") == b""


def test_a_cookie_for_another_display_is_not_shown(sockets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one of another kind."""
    path = sockets.with_name("authority")
    path.write_bytes(entry(0xFFFF, b"", b"6", COOKIE))
    monkeypatch.setenv("XAUTHORITY", str(path))
    assert _display._cookie("5") == b""


def test_an_opencv_without_windows_is_an_error_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The headless wheel cannot show anything; the message says how to change wheels."""
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:                NONE\n")
    with pytest.raises(DisplayError, match="pip uninstall opencv-python-headless"):
        check_display()


def test_a_platform_of_qt_that_needs_no_display_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """QT_QPA_PLATFORM=offscreen draws into memory."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    check_display()


@pytest.mark.parametrize("room", ["livefilter.pipeline", "livefilter.sinks", "livefilter.sources"])
def test_opencv_is_loaded_before_pyav(room: str) -> None:
    """Both bring a libxcb of their own; with PyAV's loaded first, OpenCV's windows hang for ever."""
    program = f"import sys, {room}, av; names = list(sys.modules); sys.exit(names.index('cv2') > names.index('av'))"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=100)
