"""Whether the window is minimised, asked of an X server, with a stand-in that answers as one does."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from livefilter.errors import DisplayError
from livefilter.sinks.window import _iconic as _minimised

ROOT, FRAME, OURS, OTHER = 1, 2, 3, 4
CHILDREN = {ROOT: [FRAME, OTHER], FRAME: [OURS], OURS: [], OTHER: []}
PID, STATE = 11, 12


class Server(threading.Thread):
    """Answers what is asked about four windows; ``state`` is that of ours, None for none."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ours, self._theirs = socket.socketpair()
        self.state: int | None = 1
        self.asked = 0
        self.start()

    def run(self) -> None:
        """Welcome, then answer until nobody asks."""
        with suppress(BrokenPipeError):  # Nobody asked at all.
            self._serve()

    def _serve(self) -> None:
        vendor, formats = b"X.Org ", 2
        body = (
            struct.pack("<IIIIHHBB10x", 0, 0, 0, 0, len(vendor), 0, 1, formats) + vendor + b"\0\0" + bytes(8 * formats)
        )
        body += struct.pack("<I16xHH16x", ROOT, 1280, 800)
        self._theirs.sendall(struct.pack("<xHHH", 11, 0, len(body) // 4) + body)
        while head := self._theirs.recv(4):
            opcode, _, words = struct.unpack("<BBH", head)
            self.asked += 1
            self._theirs.sendall(self._answer(opcode, self._theirs.recv(4 * words - 4)))

    def _answer(self, opcode: int, body: bytes) -> bytes:
        event = struct.pack("<B31x", 28)  # One that nobody asked for comes before the first reply.
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

    def close(self) -> None:
        """Hang up."""
        self._theirs.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server, and a clock by which every question is asked anew."""
    made = Server()
    monkeypatch.setattr(_minimised, "connect_display", lambda: made.ours)
    monkeypatch.setattr(_minimised, "_EVERY_S", 0)
    monkeypatch.setattr(sys, "platform", "linux")
    yield made
    made.close()
    made.join(30)
    assert not made.is_alive()
    for end in (made.ours, made._theirs):
        end.close()


def test_the_window_managers_state_of_our_window_is_told(server: Server) -> None:
    """Found inside of the frame that the window manager put around it; it comes and goes."""
    watch = _minimised.IconicWatch()
    told = []
    for state in (1, 3, 3, 1, None, 3):
        server.state = state
        told.append(watch())
    assert told == [False, True, True, False, False, True]


def test_it_is_asked_now_and_then_only(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once here, however often somebody wants to know."""
    monkeypatch.setattr(_minimised, "_EVERY_S", 1000)
    watch = _minimised.IconicWatch()
    watch()
    asked = server.asked
    assert [watch() for _ in range(10)] == [False] * 10
    assert server.asked == asked > 0


def test_a_server_that_hangs_up_is_asked_no_more(server: Server) -> None:
    """The window counts as seen then."""
    watch = _minimised.IconicWatch()
    server.state = 3
    assert watch()
    server.close()
    assert [watch(), watch()] == [False, False]


@pytest.mark.parametrize("visit", [None, DisplayError("none")])
def test_without_an_x_server_every_window_is_seen(
    visit: DisplayError | None, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qt may draw offscreen."""

    def visited() -> None:
        if visit is not None:
            raise visit

    monkeypatch.setattr(_minimised, "connect_display", visited)
    assert not _minimised.IconicWatch()()


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_are_not_asked(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, every window counts as seen."""
    monkeypatch.setattr(sys, "platform", platform)
    assert not _minimised.IconicWatch()()
