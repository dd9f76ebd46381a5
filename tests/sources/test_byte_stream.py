"""The bytes of a pipe or a file, as FFmpeg reads them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from livefilter.errors import SourceError
from livefilter.sources.file import ByteStream


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


def test_bytes_come_in_order_and_are_counted(ends: tuple[int, int]) -> None:
    """A look ahead takes nothing; a read returns what is there, at most what was asked for."""
    reading, writing = ends
    os.write(writing, b"head and the rest")
    pipe = ByteStream(reading, "pipe")
    assert pipe.peek(4) == b"head"
    assert pipe.read(5) == b"head "
    assert (pipe.tell(), pipe.seekable()) == (5, False)
    assert pipe.read(100) == b"and the rest"
    os.write(writing, b"more")
    os.close(writing)
    assert pipe.read(100) == b"more"
    assert pipe.read(100) == pipe.peek(9) == b""
    assert pipe.rest_after(20) == 1
    assert not pipe.is_stopped


@pytest.mark.parametrize(
    ("max_bytes", "line", "rest"), [(100, b"line\n", b"new rest\n"), (2, b"li", b"new ne\nrest\n")]
)
def test_the_first_line_is_replaced(max_bytes: int, line: bytes, rest: bytes, ends: tuple[int, int]) -> None:
    """Or as much of it as may be, since raw pixels may hold no end of a line for megabytes."""
    reading, writing = ends
    os.write(writing, b"line\nrest\n")
    pipe = ByteStream(reading, "pipe")
    assert pipe.peek_line(max_bytes) == line
    pipe.replace(line, b"new ")
    assert pipe.read(100) == rest


def test_a_file_is_read_in_any_order(tmp_path: Path) -> None:
    """Unless its first line was replaced, so that positions are no longer those of the file."""
    path = tmp_path / "file"
    path.write_bytes(b"line\n0123456789")
    stream = ByteStream.of_file(path)
    assert stream.peek(4) == b"line"
    assert stream.seekable()
    assert stream.seek(7) == 7
    assert stream.read(3) == b"234"
    assert stream.seek(-5, os.SEEK_CUR) == 5
    assert stream.seek(-2, os.SEEK_END) == 13
    assert stream.read(9) == b"89"
    assert stream.rest_after(12) == 3
    stream.seek(0)
    line = stream.peek_line(100)
    stream.replace(line, line)
    assert stream.seekable()
    stream.replace(line, b"x")
    assert not stream.seekable()
    assert stream.read(100) == b"x0123456789"
    stream.close()
    stream.close()
    with pytest.raises(SourceError, match="file: cannot be read"):
        stream.read(1)


@pytest.mark.skipif(sys.platform == "win32", reason="there, a pipe cannot be waited for")
def test_a_pipe_that_says_nothing_can_be_left(ends: tuple[int, int]) -> None:
    """The writer lives and is silent; a stop is the end."""
    asked: list[None] = []

    def should_stop() -> bool:
        asked.append(None)
        return len(asked) > 1

    pipe = ByteStream(ends[0], "pipe", should_stop)
    assert pipe.read(9) == b""
    assert pipe.is_stopped
    assert pipe.is_interrupted
    stopped = ByteStream(ends[0], "pipe")
    stopped.stop()
    assert stopped.read(9) == b""
    assert not stopped.is_interrupted


@pytest.mark.skipif(sys.platform == "win32", reason="other errors there")
def test_what_cannot_be_read_is_an_error_of_ours(tmp_path: Path) -> None:
    """A folder as standard input, say."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(SourceError, match="standard input: cannot be read: Is a directory"):
            ByteStream(descriptor, "standard input").read(9)
    finally:
        os.close(descriptor)
