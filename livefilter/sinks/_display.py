"""Whether a window can be opened here, found out without opening one."""

from __future__ import annotations

import os
import socket
import struct
import sys
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
    if "GUI: NONE" in " ".join(_gui_lines().split()):
        raise DisplayError(NO_WINDOWS)
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal"):
        return
    display = os.environ.get("DISPLAY", "")
    if not display:
        raise DisplayError(
            "window: there is no display (DISPLAY is not set); log in with ssh -X, run under 'xvfb-run', "
            "or use 'livefilter process', which needs none"
        )
    host, _, number = display.rpartition(":")
    number = number.partition(".")[0]
    server = _connected(host, number) if number.isdecimal() else None
    if server is None:
        raise DisplayError(f"window: the display {display} does not answer; check DISPLAY, or use 'livefilter process'")
    with server:
        if not _lets_in(server, _cookie(number)):
            raise DisplayError(
                f"window: the display {display} refuses this user; run as the user who is logged in there, "
                "or check XAUTHORITY"
            )


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


def _lets_in(server: socket.socket, cookie: bytes) -> bool:
    """Return whether the server accepts us, by the first exchange of the X protocol (version 11, chapter 8)."""
    name = _COOKIE if cookie else b""
    greeting = struct.pack("<cxHHHHxx", b"l", 11, 0, len(name), len(cookie)) + _padded(name) + _padded(cookie)
    try:
        server.sendall(greeting)
        return server.recv(1) == b"\1"
    except OSError:
        return False


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
