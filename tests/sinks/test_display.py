"""The display: found out before OpenCV, which would end the process, is asked for a window.

Tests talk to Xvfb, and to stand-ins for an X server on the loopback device, at display numbers that no real server has.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import pytest

from livefilter.errors import DisplayError
from livefilter.sinks import check_display
from livefilter.sinks.window import IconicWatch, X11Client, connect_display, fit_to_screen, screen_size

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs an X server")
COOKIE = b"0123456789abcdef"
ROOT, FRAME, OURS, OTHER = 1, 2, 3, 4
CHILDREN: dict[int, tuple[int, ...]] = {ROOT: (FRAME, OTHER), FRAME: (OURS,)}
PID, STATE = 11, 12


@pytest.fixture(autouse=True)
def _no_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither another platform of Qt, nor a cookie of the machine's own, nor a wait between attempts."""
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "nothing"))


@pytest.fixture
def xvfb(
    require: Callable[[object, str], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a bare X server of 1000 x 700 pixels, which becomes the display."""
    require(shutil.which("Xvfb"), "needs Xvfb")
    servers: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        reads, writes = os.pipe()
        command = ["Xvfb", "-displayfd", str(writes), "-screen", "0", "1000x700x24", "-nolisten", "tcp", *arguments]
        servers.append(
            subprocess.Popen(command, pass_fds=[writes], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        os.close(writes)
        with os.fdopen(reads) as told:
            monkeypatch.setenv("DISPLAY", f":{told.readline().strip()}")  # Written when the server is ready.
        return servers[-1]

    yield start
    for server in servers:
        server.terminate()
        server.wait(timeout=20)


class Impostor:
    """A program that listens where an X server would, and hangs up on its clients, or never answers them."""

    def __init__(self, *, hangs_up: bool) -> None:
        self.clients: list[socket.socket] = []
        self._hangs_up = hangs_up
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.display = f"127.0.0.1:{self._listener.getsockname()[1] - 6000}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):  # Closed by the test.
            while True:
                client, _ = self._listener.accept()
                self.clients.append(client)
                if self._hangs_up:
                    client.close()

    def close(self) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        assert not self._thread.is_alive()
        for one in (self._listener, *self.clients):
            one.close()


@pytest.fixture
def impostor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Impostor]]:
    """Starts an impostor, which becomes the display."""
    started: list[Impostor] = []

    def start(*, hangs_up: bool) -> Impostor:
        started.append(Impostor(hangs_up=hangs_up))
        monkeypatch.setenv("DISPLAY", started[-1].display)
        return started[-1]

    monkeypatch.setattr("time.sleep", lambda _: None)
    yield start
    for one in started:
        one.close()


class Windows(X11Client):
    """A client of an X server with four windows; ``state`` is the WM_STATE of ours, None for none."""

    def __init__(self) -> None:
        self.root = ROOT
        self.state: int | None = 1
        self.requests = 0

    def atom(self, name: str) -> int:
        """Return the number of a name."""
        return {"_NET_WM_PID": PID, "WM_STATE": STATE}[name]

    def children(self, window: int) -> tuple[int, ...]:
        """Return the windows inside of one."""
        self.requests += 1
        return CHILDREN.get(window, ())

    def property(self, window: int, atom: int) -> int | None:
        """Return a number."""
        self.requests += 1
        return {(OURS, PID): os.getpid(), (OURS, STATE): self.state, (FRAME, PID): 1}.get((window, atom))


def entry(number: str) -> bytes:
    """One entry of an Xauthority file, for a display of any host."""
    parts = (b"", number.encode(), b"MIT-MAGIC-COOKIE-1", COOKIE)
    return struct.pack(">H", 0xFFFF) + b"".join(struct.pack(">H", len(part)) + part for part in parts)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="X11 only")
def test_no_display_is_an_error_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable and three ways out."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    with pytest.raises(DisplayError, match=r"DISPLAY is not set.*xvfb-run.*livefilter process"):
        check_display()


@on_linux
@pytest.mark.parametrize("display", [":93", "unix:93", ":93.0", "127.0.0.1:93", "localhost:99999", "nonsense", ":x"])
def test_a_display_that_does_not_answer_is_an_error(
    display: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever DISPLAY holds, it is named, nothing aborts, and no library prints a word."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(DisplayError, match=f"the display {display} does not answer, or refuses this user"):
        check_display()
    assert capfd.readouterr() == ("", "")


@on_linux
def test_a_display_that_lets_us_in_has_a_screen_and_a_root_window(
    xvfb: Callable[..., subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Again and again, though this server restarts when its last client leaves; also with a screen's number."""
    xvfb()
    monkeypatch.setenv("DISPLAY", f"{os.environ['DISPLAY']}.0")
    for _ in range(5):
        client = connect_display()
        assert client is not None
        assert screen_size(client) == (700, 1000)
        assert client.root > 0
        assert client.property(client.root, client.atom("WM_STATE")) is None
        client.close()
        assert client.children(client.root) == ()


@on_linux
def test_a_user_without_the_cookie_is_refused_and_one_with_it_let_in(
    xvfb: Callable[..., subprocess.Popen[bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Qt would abort the process: another user's display, or a wrong XAUTHORITY. The library's words are not shown."""
    (tmp_path / "server").write_bytes(entry(""))
    xvfb("-auth", str(tmp_path / "server"))
    with pytest.raises(DisplayError, match=r"refuses this user; check DISPLAY and XAUTHORITY"):
        check_display()
    (tmp_path / "user").write_bytes(entry(os.environ["DISPLAY"][1:]))
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "user"))
    check_display()
    assert capfd.readouterr() == ("", "")


@on_linux
def test_a_server_that_keeps_hanging_up_is_an_error(impostor: Callable[..., Impostor]) -> None:
    """It may be restarting, so it is asked five times."""
    server = impostor(hangs_up=True)
    with pytest.raises(DisplayError, match="does not answer"):
        check_display()
    assert len(server.clients) == 5


@on_linux
def test_a_server_that_never_answers_is_left(
    impostor: Callable[..., Impostor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a deadline, where libxcb and Qt would wait for ever."""
    server = impostor(hangs_up=False)
    monkeypatch.setattr("livefilter.sinks.window._x11._TIMEOUT_S", 1)  # A constant of the module, shorter for the test.
    with pytest.raises(DisplayError, match="does not answer"):
        check_display()
    assert len(server.clients) == 1


def test_an_opencv_without_windows_is_an_error_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    """The headless wheel cannot show anything; the message says how to change wheels."""
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "  GUI:                NONE\n")
    with pytest.raises(DisplayError, match="pip uninstall opencv-python-headless"):
        check_display()


def test_a_platform_of_qt_that_needs_no_display_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """QT_QPA_PLATFORM=offscreen draws into memory."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    check_display()


def test_without_an_x_server_the_size_of_the_screen_is_unknown() -> None:
    """Qt draws into memory."""
    assert screen_size(None) is None or sys.platform in ("win32", "darwin")


@pytest.mark.parametrize(
    ("shape", "screen", "window"),
    [
        ((480, 640), (1080, 1920), (480, 640)),
        ((2160, 3840), (1080, 1920), (972, 1728)),
        ((4000, 10), (1000, 1000), (900, 2)),
        ((10, 100_000), (1000, 1000), (1, 900)),
        ((2160, 3840), None, (2160, 3840)),
    ],
)
def test_a_window_is_as_large_as_its_image_or_as_the_screen_allows(
    shape: tuple[int, int], screen: tuple[int, int] | None, window: tuple[int, int]
) -> None:
    """In the image's proportions, never without a pixel; as large as the image if the screen's size is unknown."""
    assert fit_to_screen(shape, screen) == window


def test_the_window_managers_state_of_our_window_is_reported() -> None:
    """Found inside of the frame that the window manager put around it; it comes and goes."""
    client = Windows()
    watch = IconicWatch(client, interval_s=0)
    reported = []
    for state in (1, 3, 3, 1, None, 3):
        client.state = state
        reported.append(watch.is_minimised())
    assert reported == [False, True, True, False, False, True]


def test_the_server_is_asked_once_in_an_interval() -> None:
    """However often the answer is needed."""
    client = Windows()
    watch = IconicWatch(client, interval_s=1000)
    watch.is_minimised()
    requests = client.requests
    assert [watch.is_minimised() for _ in range(10)] == [False] * 10
    assert client.requests == requests > 0


@on_linux
def test_a_server_that_is_gone_has_no_minimised_window(xvfb: Callable[..., subprocess.Popen[bytes]]) -> None:
    """The window counts as visible, and asking neither waits nor ends the process."""
    server = xvfb()
    client = connect_display()
    assert client is not None
    watch = IconicWatch(client, interval_s=0)
    assert not watch.is_minimised()
    server.kill()
    server.wait(timeout=20)
    assert not watch.is_minimised()
    client.close()


def test_without_an_x_server_every_window_is_visible() -> None:
    """As on other systems, and where Qt draws into memory."""
    assert not IconicWatch(None).is_minimised()


@pytest.mark.parametrize("room", ["livefilter.pipeline", "livefilter.sinks", "livefilter.sources"])
def test_opencv_is_loaded_before_pyav(room: str) -> None:
    """Both bring a libxcb of their own; with PyAV's loaded first, OpenCV's windows hang for ever."""
    program = f"import sys, {room}, av; names = list(sys.modules); sys.exit(names.index('cv2') > names.index('av'))"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=100)
