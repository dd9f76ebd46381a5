"""How large the screen is, as an X server tells it; and what window fits into it."""

from __future__ import annotations

import socket
import struct
import sys

import pytest

from livefilter.sinks.window._screen import Screen, fit_to_screen, read_screen, screen_size

VENDOR = b"The X.Org Foundation"
FORMATS = 7


def welcome(rows: int, cols: int) -> bytes:
    """What a server says after the first byte of its welcome: a head, a vendor, formats, and a screen."""
    head = struct.pack("<16xHHBB10x", len(VENDOR), 0, 1, FORMATS)
    body = head + VENDOR + bytes(-len(VENDOR) % 4 + 8 * FORMATS) + struct.pack("<I16xHH16x", 77, cols, rows)
    return struct.pack("<xHHH", 11, 0, len(body) // 4) + body


def told(answer: bytes) -> tuple[int, int] | None:
    """What is made of an answer, after which the server hangs up."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(answer)
        return screen_size(ours)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="X11 only")
def test_an_x_server_tells_the_size_of_its_screen() -> None:
    """In its welcome; one that hangs up in the middle of it, or is none, tells nothing."""
    assert told(welcome(1080, 1920)) == (1080, 1920)
    assert told(welcome(0, 0)) is None
    assert told(welcome(1080, 1920)[:60]) is None
    assert screen_size(None) is None


def test_the_root_window_is_told_with_it() -> None:
    """The same answer holds both."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(welcome(600, 800))
        assert read_screen(ours) == Screen(77, (600, 800))


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
def test_a_window_is_as_large_as_its_picture_or_as_the_screen_allows(
    shape: tuple[int, int], screen: tuple[int, int] | None, window: tuple[int, int]
) -> None:
    """In the picture's proportions, never without a pixel; as large as the picture where nobody tells of a screen."""
    assert fit_to_screen(shape, screen) == window
