"""A minimal X11 client: the size of the screen, and the properties of windows.

It speaks the X protocol itself, because Xlib ends the process on an error, such as that of a window that is gone, and
waits for a server without a deadline. Source of all layouts: X Window System Protocol, version 11, appendix B.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

_SOCKET_PATH = "/tmp/.X11-unix/X"
_FIRST_PORT = 6000
_TIMEOUT_S = 2
_ACCEPTED = 1
_ERROR, _REPLY = 0, 1
_QUERY_TREE, _INTERN_ATOM, _GET_PROPERTY = 15, 16, 20
_COOKIE_PROTOCOL = b"MIT-MAGIC-COOKIE-1"
_FAMILY_LOCAL = 256
"""Family of the addresses in an Xauthority file that are the names of hosts."""


class X11Client:
    """A connection to an X server. Every wait for the server ends after 2 s, with an error.

    Args:
        display: Name of the display, as in DISPLAY: ":0", "host:1.0".

    Attributes:
        root: Number of the root window of the first screen.
        screen_shape: (rows, cols) of that screen, in pixels.

    Raises:
        PermissionError: The server refuses this user.
        ConnectionResetError: The server closed the connection during the setup.
        OSError: There is no server.
    """

    def __init__(self, display: str) -> None:
        host, _, number = display.rpartition(":")
        number = number.partition(".")[0]
        if not number.isdecimal():
            raise OSError(f"{display!r} is no name of a display")
        self._socket = _connect(host, number)
        try:
            self._set_up(_cookie(number))
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def atom(self, name: str) -> int:
        """Return the number of a property's name."""
        encoded = name.encode()
        reply = self._request(_INTERN_ATOM, struct.pack("<HH", len(encoded), 0) + _padded(encoded))
        return 0 if reply is None else int(struct.unpack_from("<I", reply, 8)[0])

    def children(self, window: int) -> tuple[int, ...]:
        """Return the child windows of a window; none if there is no such window."""
        reply = self._request(_QUERY_TREE, struct.pack("<I", window))
        if reply is None:
            return ()
        (count,) = struct.unpack_from("<H", reply, 16)
        return struct.unpack_from(f"<{count}I", reply, 32)

    def property(self, window: int, atom: int) -> int | None:
        """Return the first number of a window's property; None without that property or window."""
        reply = self._request(_GET_PROPERTY, struct.pack("<IIIII", window, atom, 0, 0, 1))
        if reply is None or reply[1] != 32 or len(reply) < 36:
            return None
        return int(struct.unpack_from("<I", reply, 32)[0])

    def _set_up(self, cookie: bytes) -> None:
        name = _COOKIE_PROTOCOL if cookie else b""
        request = struct.pack("<cxHHHHxx", b"l", 11, 0, len(name), len(cookie)) + _padded(name) + _padded(cookie)
        try:
            self._socket.sendall(request)
            if self._read(1)[0] != _ACCEPTED:
                raise PermissionError("the X server refuses this user")
            (words,) = struct.unpack_from("<H", self._read(7), 5)
            setup = self._read(4 * words)
        except ConnectionError as error:
            raise ConnectionResetError("the X server closed the connection") from error
        try:
            (vendor_bytes,) = struct.unpack_from("<H", setup, 16)
            pixmap_formats = setup[21]
            screen = 32 + vendor_bytes + -vendor_bytes % 4 + 8 * pixmap_formats
            (self.root,) = struct.unpack_from("<I", setup, screen)
            cols, rows = struct.unpack_from("<HH", setup, screen + 20)
        except (struct.error, IndexError) as error:
            raise OSError("the X server describes no screen") from error
        self.screen_shape: tuple[int, int] = (rows, cols)

    def _request(self, opcode: int, body: bytes) -> bytes | None:
        """Send a request and return its reply; None if the server answers with an error."""
        self._socket.sendall(struct.pack("<BBH", opcode, 0, 1 + len(body) // 4) + body)
        while True:  # Until the reply: events may come first.
            head = self._read(32)
            if head[0] == _REPLY:
                return head + self._read(4 * struct.unpack_from("<I", head, 4)[0])
            if head[0] == _ERROR:
                return None

    def _read(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            part = self._socket.recv(count - len(content))
            if not part:
                raise ConnectionResetError("the X server closed the connection")
            content += part
        return content


def _connect(host: str, number: str) -> socket.socket:
    """Return a connection to the server of a display.

    Raises:
        OSError: There is no server.
    """
    addresses: list[tuple[int, str | tuple[str, int]]]
    if host in ("", "unix"):
        path = _SOCKET_PATH + number
        addresses = [(socket.AF_UNIX, path), (socket.AF_UNIX, "\0" + path)]  # Linux has abstract names, too.
    else:
        addresses = [(socket.AF_INET, (host, _FIRST_PORT + int(number)))]
    for family, address in addresses:
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(_TIMEOUT_S)
        try:
            connection.connect(address)
        except (OSError, OverflowError):  # OverflowError: a port beyond 65535.
            connection.close()
            continue
        return connection
    raise ConnectionRefusedError(f"no X server at {host}:{number}")


def _padded(text: bytes) -> bytes:
    return text + bytes(-len(text) % 4)


def _cookie(number: str) -> bytes:
    """Return this user's cookie for the display of that number; empty if there is none."""
    path = Path(os.environ.get("XAUTHORITY") or os.path.expanduser("~/.Xauthority"))
    try:
        entries = list(_authority_entries(path.read_bytes()))
    except (OSError, struct.error):
        return b""
    host = socket.gethostname().encode()
    for family, address, display, name, cookie in entries:
        is_here = family != _FAMILY_LOCAL or address == host
        if name == _COOKIE_PROTOCOL and display in (b"", number.encode()) and is_here:
            return cookie
    return b""


def _authority_entries(content: bytes) -> Iterator[tuple[int, bytes, bytes, bytes, bytes]]:
    """Yield family, address, display number, protocol and cookie of each entry of an Xauthority file."""
    offset = 0

    def text() -> bytes:
        nonlocal offset
        (length,) = struct.unpack_from(">H", content, offset)
        offset += 2 + length
        return content[offset - length : offset]

    while offset < len(content):
        (family,) = struct.unpack_from(">H", content, offset)
        offset += 2
        yield family, text(), text(), text(), text()
