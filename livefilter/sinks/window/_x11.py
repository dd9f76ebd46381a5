"""Whether a window can be opened here, found out without opening one."""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from livefilter.errors import DisplayError

NO_WINDOWS = (
    "window: this OpenCV was built without windows (opencv-python-headless); "
    "pip uninstall opencv-python-headless && pip install --force-reinstall opencv-python"
)
_X11_SOCKETS = "/tmp/.X11-unix/X"
_X11_PORT = 6000
_TIMEOUT_S = 2
_ATTEMPTS = 5
_PAUSE_S = 0.2
_WELCOME = b"\1"
_COOKIE = b"MIT-MAGIC-COOKIE-1"
_LOCAL, _ANY = 256, 0xFFFF
"""Families of addresses in an Xauthority file."""


def check_display() -> None:
    """Return if a window can be opened here.

    Asked before any window is made, because OpenCV's Qt ends the whole process where there is no display, or one that
    lets nobody in.

    Raises:
        DisplayError: It cannot; the message says what to do.
    """
    visit = connect_display()
    if visit is not None:
        visit.close()


def connect_display() -> socket.socket | None:
    """Do what ``check_display`` does, and stay connected where the display is one of X.

    A bare X server such as Xvfb starts over when its last client leaves, and hangs up on whoever comes meanwhile: Qt,
    which would end the process, must not be the one. So somebody stays until the window is there.

    Raises:
        DisplayError: No window can be opened here; the message says what to do.
    """
    if "GUI: NONE" in " ".join(_gui_lines().split()):
        raise DisplayError(NO_WINDOWS)
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal"):
        return None
    display = os.environ.get("DISPLAY", "")
    if not display:
        raise DisplayError(
            "window: there is no display (DISPLAY is not set); log in with ssh -X, run under 'xvfb-run', "
            "or use 'livefilter preview --no-window' or 'livefilter process', which need none"
        )
    return _visited(display)


def _gui_lines() -> str:
    built = cv2.getBuildInformation()
    start = built.find("GUI:")
    return built[start : start + 40] if start >= 0 else ""


def _connected(host: str, number: str) -> socket.socket | None:
    """Return a connection to the X server of ``[host]:number``; None if there is none."""
    addresses: list[tuple[int, str | tuple[str, int]]]
    if host in ("", "unix"):
        path = _X11_SOCKETS + number
        addresses = [(socket.AF_UNIX, path), (socket.AF_UNIX, "\0" + path)]  # Linux also listens on the abstract name.
    else:
        addresses = [(socket.AF_INET, (host, _X11_PORT + int(number)))]
    for family, address in addresses:
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(_TIMEOUT_S)
        try:
            connection.connect(address)
        except (OSError, OverflowError):  # The latter for a port beyond 65535.
            connection.close()
            continue
        return connection
    return None


def _visited(display: str) -> socket.socket:
    """Return a connection to an X server that lets us in."""
    host, _, number = display.rpartition(":")
    number = number.partition(".")[0]
    for attempt in range(_ATTEMPTS):
        time.sleep(_PAUSE_S * (attempt > 0))
        server = _connected(host, number) if number.isdecimal() else None
        if server is None:
            break
        answer = _greeted(server, _cookie(number))
        if answer == _WELCOME:
            return server
        server.close()
        if answer:
            raise DisplayError(
                f"window: the display {display} refuses this user; run as the user who is logged in there, "
                "or check XAUTHORITY"
            )
    raise DisplayError(
        f"window: the display {display} does not answer; check DISPLAY, or use "
        "'livefilter preview --no-window' or 'livefilter process'"
    )


def _greeted(server: socket.socket, cookie: bytes) -> bytes:
    """Return the first byte of the answer to our greeting (X protocol, version 11, chapter 8); empty if it hangs up."""
    name = _COOKIE if cookie else b""
    greeting = struct.pack("<cxHHHHxx", b"l", 11, 0, len(name), len(cookie)) + _padded(name) + _padded(cookie)
    try:
        server.sendall(greeting)
        return server.recv(1)
    except OSError:
        return b""


def _padded(text: bytes) -> bytes:
    return text + bytes(-len(text) % 4)


def _cookie(number: str) -> bytes:
    """Return what this user shows to be let in to the display of that number; empty if there is nothing to show."""
    path = Path(os.environ.get("XAUTHORITY") or os.path.expanduser("~/.Xauthority"))
    try:
        entries = list(_entries(path.read_bytes()))
    except (OSError, struct.error):
        return b""
    here = socket.gethostname().encode()
    for family, address, display, name, cookie in entries:
        if name == _COOKIE and display in (b"", number.encode()) and (family != _LOCAL or address == here):
            return cookie
    return b""


def _entries(content: bytes) -> Iterator[tuple[int, bytes, bytes, bytes, bytes]]:
    """Yield family, address, display number, name and cookie of each entry of an Xauthority file."""
    at = 0

    def text() -> bytes:
        nonlocal at
        (length,) = struct.unpack_from(">H", content, at)
        at += 2 + length
        return content[at - length : at]

    while at < len(content):
        (family,) = struct.unpack_from(">H", content, at)
        at += 2
        yield family, text(), text(), text(), text()
