"""The display: found out before OpenCV, which would end the process, is asked for a window.

Tests talk to a stand-in for an X server on an abstract socket, at a display number that no real server has.
"""

from __future__ import annotations

import itertools
import os
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
from livefilter.sinks.window import IconicWatch, X11Client, fit_to_screen, screen_size

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
COOKIE = b"0123456789abcdef"
PLAIN_GREETING = struct.pack("<cxHHHHxx", b"l", 11, 0, 0, 0)
NUMBERS = itertools.count(1000 * os.getpid())
ROOT, FRAME, OURS, OTHER = 1, 2, 3, 4
CHILDREN = {ROOT: [FRAME, OTHER], FRAME: [OURS], OURS: [], OTHER: []}
PID, STATE = 11, 12


def welcome(rows: int = 800, cols: int = 1280) -> bytes:
    """How a server lets a client in: a head, its vendor, formats of pixmaps, and a screen."""
    vendor, formats = b"The X.Org Foundation!", 7
    body = struct.pack("<16xHHBB10x", len(vendor), 0, 1, formats) + vendor + bytes(-len(vendor) % 4 + 8 * formats)
    body += struct.pack("<I16xHH16x", ROOT, cols, rows)
    return struct.pack("<BxHHH", 1, 11, 0, len(body) // 4) + body


class Server:
    """An X server that gives each of its clients the next answer, and then tells the last one about four windows.

    ``state`` is the WM_STATE of our window, None for none. Without a client it waits 30 s.
    """

    def __init__(self, *answers: bytes) -> None:
        self.number = str(next(NUMBERS))
        self.greetings: list[bytes] = []
        self.requests = 0
        self.state: int | None = 1
        self._answers = answers
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"\0/tmp/.X11-unix/X{self.number}")
        self._listener.listen()
        self._listener.settimeout(30)
        self._client: socket.socket | None = None
        self._is_closing = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):  # Hung up, or closed by the test.
            for answer in self._answers:
                client, _ = self._listener.accept()
                if self._is_closing:
                    client.close()
                    return
                client.settimeout(30)
                with client:
                    self._client = client
                    self.greetings.append(client.recv(1000))
                    client.sendall(answer)
                    if answer == welcome():
                        self._answer_requests(client)

    def _answer_requests(self, client: socket.socket) -> None:
        while head := client.recv(4):
            opcode, _, words = struct.unpack("<BBH", head)
            self.requests += 1
            client.sendall(self._answer(opcode, client.recv(4 * words - 4)))

    def _answer(self, opcode: int, body: bytes) -> bytes:
        event = struct.pack("<B31x", 28)  # One that no request asked for comes before the first reply.
        if opcode == 16:
            atom = {b"_NET_WM_PID": PID, b"WM_STATE": STATE}[body[4 : 4 + struct.unpack_from("<H", body)[0]]]
            return event + struct.pack("<B7xI20x", 1, atom)
        window = struct.unpack_from("<I", body)[0]
        if opcode == 15:
            children = CHILDREN[window]
            return struct.pack(f"<B3xI8xH14x{len(children)}I", 1, len(children), len(children), *children)
        atom = struct.unpack_from("<I", body, 4)[0]
        if window == OTHER:
            return struct.pack("<B31x", 0)  # An error: the window has gone meanwhile.
        values = {(OURS, PID): os.getpid(), (OURS, STATE): self.state, (FRAME, PID): 1}
        value = values.get((window, atom))
        if value is None:
            return struct.pack("<B31x", 1)
        return struct.pack("<BB2xI24xI", 1, 32, 1, value)

    def hang_up(self) -> None:
        """Close the connection to the client."""
        assert self._client is not None
        self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop serving."""
        if self._client is not None:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)
        self._is_closing = True
        with socket.socket(socket.AF_UNIX) as last, suppress(OSError):  # Wakes a server that still waits for a client.
            last.connect(self._listener.getsockname())
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._listener.close()


Serve = Callable[..., Server]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Serve]:
    """Starts a server with some answers, which becomes the display."""
    servers: list[Server] = []

    def start(*answers: bytes) -> Server:
        server = Server(*answers)
        servers.append(server)
        monkeypatch.setenv("DISPLAY", f":{server.number}")
        return server

    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "nothing"))
    yield start
    for server in servers:
        server.close()


def entry(family: int, address: bytes, number: str, cookie: bytes) -> bytes:
    """One entry of an Xauthority file."""
    parts = (address, number.encode(), b"MIT-MAGIC-COOKIE-1", cookie)
    return struct.pack(">H", family) + b"".join(struct.pack(">H", len(part)) + part for part in parts)


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
    display: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever DISPLAY holds, it is named, and nothing aborts."""
    monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(DisplayError, match="does not answer; check DISPLAY"):
        check_display()


@on_linux
def test_a_display_that_lets_us_in_is_one(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of a screen after the display's does not matter."""
    server = serve(welcome())
    monkeypatch.setenv("DISPLAY", f":{server.number}.0")
    check_display()
    assert server.greetings == [PLAIN_GREETING]


@on_linux
def test_a_display_that_refuses_us_is_an_error(serve: Serve) -> None:
    """Qt would abort the process here too: another user's display, or a wrong XAUTHORITY."""
    serve(b"\0")
    with pytest.raises(DisplayError, match=r"refuses this user.*XAUTHORITY"):
        check_display()


@on_linux
@pytest.mark.parametrize("family", [256, 0xFFFF])
def test_the_users_cookie_is_sent(family: int, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one for this machine and this display, among others."""
    server = serve(welcome())
    here = socket.gethostname().encode() if family == 256 else b""
    path = tmp_path / "authority"
    path.write_bytes(
        entry(256, b"elsewhere", server.number, b"x" * 16)
        + entry(family, here, "6", b"y" * 16)
        + entry(family, here, server.number, COOKIE)
    )
    monkeypatch.setenv("XAUTHORITY", str(path))
    check_display()
    assert server.greetings[0].endswith(b"MIT-MAGIC-COOKIE-1\0\0" + COOKIE)


@on_linux
@pytest.mark.parametrize("content", [b"\0", entry(0xFFFF, b"", "6", COOKIE)])
def test_without_a_cookie_for_the_display_the_server_decides(
    content: bytes, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is damaged, or has cookies for other displays only: none is sent."""
    server = serve(welcome())
    path = tmp_path / "authority"
    path.write_bytes(content)
    monkeypatch.setenv("XAUTHORITY", str(path))
    check_display()
    assert server.greetings == [PLAIN_GREETING]


@on_linux
def test_a_server_that_is_restarting_is_asked_again(serve: Serve) -> None:
    """Xvfb does so when its last client leaves; after a moment it lets us in."""
    server = serve(b"", welcome()[:60], welcome())
    check_display()
    assert len(server.greetings) == 3


@on_linux
def test_a_server_that_keeps_hanging_up_is_an_error(serve: Serve) -> None:
    """Five times are enough."""
    server = serve(*[b""] * 5)
    with pytest.raises(DisplayError, match="does not answer"):
        check_display()
    assert len(server.greetings) == 5


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


@on_linux
@pytest.mark.parametrize(("shape", "size"), [((1080, 1920), (1080, 1920)), ((0, 0), None)])
def test_an_x_server_has_a_screen_and_a_root_window(
    shape: tuple[int, int], size: tuple[int, int] | None, serve: Serve
) -> None:
    """Both are in its welcome; a screen without pixels is none."""
    server = serve(welcome(*shape))
    client = X11Client(f":{server.number}")
    assert (client.root, client.screen_shape, screen_size(client)) == (ROOT, shape, size)
    client.close()
    assert screen_size(None) is None


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


@on_linux
def test_the_window_managers_state_of_our_window_is_reported(serve: Serve) -> None:
    """Found inside of the frame that the window manager put around it; it comes and goes."""
    server, watch = serve(welcome()), IconicWatch(interval_s=0)
    reported = []
    for state in (1, 3, 3, 1, None, 3):
        server.state = state
        reported.append(watch.is_minimised())
    assert reported == [False, True, True, False, False, True]
    watch.close()


@on_linux
def test_the_server_is_asked_once_in_an_interval(serve: Serve) -> None:
    """However often the answer is needed."""
    server, watch = serve(welcome()), IconicWatch(interval_s=1000)
    watch.is_minimised()
    requests = server.requests
    assert [watch.is_minimised() for _ in range(10)] == [False] * 10
    assert server.requests == requests > 0
    watch.close()


@on_linux
def test_a_server_that_hangs_up_is_asked_no_more(serve: Serve) -> None:
    """The window counts as visible then."""
    server, watch = serve(welcome()), IconicWatch(interval_s=0)
    server.state = 3
    assert watch.is_minimised()
    server.hang_up()
    assert [watch.is_minimised(), watch.is_minimised()] == [False, False]


@pytest.mark.parametrize("qt_platform", ["offscreen", ""])
def test_without_an_x_server_every_window_is_visible(qt_platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Qt may draw into memory, or the display may be gone."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", qt_platform)
    assert not IconicWatch().is_minimised()


@on_linux
@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_are_not_asked(platform: str, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, every window counts as visible."""
    server = serve(welcome())
    monkeypatch.setattr(sys, "platform", platform)
    assert not IconicWatch().is_minimised()
    assert server.greetings == []


@pytest.mark.parametrize("room", ["livefilter.pipeline", "livefilter.sinks", "livefilter.sources"])
def test_opencv_is_loaded_before_pyav(room: str) -> None:
    """Both bring a libxcb of their own; with PyAV's loaded first, OpenCV's windows hang for ever."""
    program = f"import sys, {room}, av; names = list(sys.modules); sys.exit(names.index('cv2') > names.index('av'))"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=100)
