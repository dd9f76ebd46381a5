"""Reading by exact amounts."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from livefilter.errors import SourceError
from livefilter.sources.stdin import ByteStream


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe."""
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue  # The test has closed it.


def test_bytes_come_in_order_whatever_takes_them(ends: tuple[int, int]) -> None:
    """A look ahead, a line, a buffer, and the rest."""
    reading, writing = ends
    os.write(writing, b"head of it\nbody and the rest")
    os.close(writing)
    pipe = ByteStream(reading)
    assert pipe.peek(4) == b"head"
    assert pipe.read_line(100) == b"head of it\n"
    body = bytearray(4)
    assert pipe.fill(memoryview(body)) == 4
    assert body == b"body"
    assert pipe.peek(2) == b" a"
    assert pipe.read_some() == b" and the rest"
    assert pipe.read_some() == b""
    assert pipe.fill(memoryview(body)) == 0
    assert pipe.read_line(9) == pipe.peek(9) == b""
    assert not pipe.is_stopped


def test_a_line_is_never_longer_than_it_may_be(ends: tuple[int, int]) -> None:
    """Raw pixels may hold no line's end for megabytes."""
    reading, writing = ends
    os.write(writing, b"x" * 50 + b"\n")
    assert ByteStream(reading).read_line(10) == b"x" * 10


def test_a_buffer_is_filled_however_the_bytes_come(ends: tuple[int, int]) -> None:
    """Larger than the pipe itself, in pieces, and short only at the end."""
    reading, writing = ends
    sent = os.urandom(300_000)

    def write() -> None:
        for start in range(0, len(sent), 7001):
            os.write(writing, sent[start : start + 7001])
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    pipe, buffer = ByteStream(reading), bytearray(200_000)
    assert pipe.fill(memoryview(buffer)) == 200_000
    assert buffer == sent[:200_000]
    assert pipe.fill(memoryview(buffer)) == 100_000
    assert buffer[:100_000] == sent[200_000:]
    writer.join(30)
    assert not writer.is_alive()


@pytest.mark.skipif(sys.platform == "win32", reason="there, a pipe cannot be waited for")
def test_a_pipe_that_says_nothing_can_be_left(ends: tuple[int, int]) -> None:
    """The writer lives and is silent; a stop is the end."""
    asked: list[None] = []

    def should_stop() -> bool:
        asked.append(None)
        return len(asked) > 1

    pipe = ByteStream(ends[0], should_stop)
    assert pipe.fill(memoryview(bytearray(9))) == 0
    assert pipe.is_stopped


@pytest.mark.skipif(sys.platform == "win32", reason="other errors there")
def test_what_cannot_be_read_is_an_error_of_ours(tmp_path: object) -> None:
    """A folder as standard input, say."""
    descriptor = os.open(str(tmp_path), os.O_RDONLY)
    try:
        with pytest.raises(SourceError, match="standard input: cannot be read: Is a directory"):
            ByteStream(descriptor).read_some()
    finally:
        os.close(descriptor)
