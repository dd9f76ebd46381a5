"""Sources that are closed early: the iteration ends, in any thread, and the process lives on.

FFmpeg's way to answer a read from a closed file is a segmentation fault, so files and streams are read in processes of
their own: one that dies fails its test, and no other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.sources import CloseGuard, Source, open_source
from livefilter.testing import ArraySource, FaultySource, running

Images = list[NDArray[np.uint8]]
Clip = Callable[..., Path]
LONG_S = 30.0

EARLY = """
import json, sys
from fractions import Fraction
from livefilter.sources import open_source

def left_over(spec, options):
    after_first = open_source(spec, **options)
    frames = iter(after_first)
    first = next(frames)
    pixels = first.pixels.copy()
    after_first.close()
    after_first.close()
    yield from (*frames, *after_first)
    assert (first.pixels == pixels).all()
    with open_source(spec, **options) as left:
        frames = iter(left)
        next(frames)
    yield from frames
    unread = open_source(spec, **options)
    unread.close()
    unread.seek(Fraction(3))
    unread.drop_backlog()
    yield from unread

for options in json.loads(sys.argv[2]):
    print(len(list(left_over(sys.argv[1], options))))
"""
"""Closes a source after a frame, leaves a ``with``, and closes one unread; prints how many frames came after that."""

BY_ANOTHER_THREAD = """
import sys, threading
from livefilter.sources import open_source

for _ in range(10):
    source = open_source(sys.argv[1], loop=True)
    has_first = threading.Event()

    def read():
        for _ in source:
            has_first.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert has_first.wait(30)
    source.close()
    reader.join(30)
    assert not reader.is_alive()
print("ended")
"""

STALLED = """
import sys, threading
from livefilter.sources import open_source

source = open_source(sys.argv[1])
has_frame = threading.Event()

def read():
    for _ in source:
        has_frame.set()

reader = threading.Thread(target=read, daemon=True)
reader.start()
sys.stdin.readline()  # The server has stopped in the middle of the file.
while has_frame.wait(1):  # After a second without a frame, the thread is in the middle of a read.
    has_frame.clear()
source.close()
print("closed", flush=True)
reader.join(30)
print("ended" if not reader.is_alive() else "still reading")
"""


def run(code: str, *arguments: str) -> str:
    """Return what a program prints; it must end well."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, timeout=60)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr.decode()[-2000:]}"
    return done.stdout.decode().strip()


@pytest.fixture(scope="module")
def long_clip(make_clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds that do not compress, so that no reader is at their end at once."""
    noise = np.random.default_rng(0)
    pictures = [noise.integers(0, 256, (48, 64), dtype=np.uint8) for _ in range(250)]
    return make_clip(tmp_path_factory.mktemp("long") / "long.mp4", pictures)


class Stalling:
    """A server that sends half of a file, and the rest when it may."""

    def __init__(self, path: Path) -> None:
        self.has_stalled, self.may_go, self.was_left = threading.Event(), threading.Event(), threading.Event()
        content, server = path.read_bytes(), self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
                server.has_stalled.set()
                assert server.may_go.wait(LONG_S)
                try:
                    self.wfile.write(content[len(content) // 2 :])
                    if not self.rfile.read(1):  # Blocks until the client hangs up.
                        server.was_left.set()
                except OSError:
                    server.was_left.set()

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def serve() -> Iterator[Callable[[ThreadingHTTPServer], str]]:
    """Runs servers for the length of a test, and returns their addresses."""
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(server: ThreadingHTTPServer) -> str:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join(LONG_S)


class _Folder(SimpleHTTPRequestHandler):
    """Serves the files of a folder, and says nothing about it."""

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


class _Camera(_Folder):
    """Sends Motion JPEG until the client hangs up."""

    def do_GET(self) -> None:
        picture = cv2.imencode(".jpg", np.zeros((48, 64), np.uint8))[1].tobytes()
        part = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode() + picture
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while True:
                self.wfile.write(part + b"\r\n")
        except OSError:
            return


@pytest.mark.parametrize("kind", ["video", "pictures", "scene"])
def test_a_stored_source_that_is_closed_gives_no_more(
    kind: str, long_clip: Path, pictures: Images, tmp_path: Path
) -> None:
    """Whether it is closed after a frame, by leaving a ``with``, or before any; frames that were read stay good."""
    for at, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / f"{at}.png"), picture)
    spec = {"video": str(long_clip), "pictures": str(tmp_path), "scene": "synthetic:chart"}[kind]
    ways: list[dict[str, Any]] = [{}, {"loop": True}, {"realtime": True}, {"loop": True, "realtime": True}]
    ways += [{"color": "rgb"}] * (kind != "scene") + [{"color": "luma"}] * (kind == "video")
    assert run(EARLY, spec, json.dumps(ways)).split() == ["0"] * len(ways)


def test_a_video_on_a_server_that_is_closed_gives_no_more(
    serve: Callable[[ThreadingHTTPServer], str], long_clip: Path
) -> None:
    """As a file on disk."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Folder, directory=str(long_clip.parent)))
    assert run(EARLY, f"{serve(server)}/{long_clip.name}", "[{}]") == "0"


def test_a_stream_that_is_closed_gives_no_more(serve: Callable[[ThreadingHTTPServer], str]) -> None:
    """A camera in the network goes on sending, and no frame of it comes any more."""
    url = serve(ThreadingHTTPServer(("127.0.0.1", 0), _Camera))
    assert run(EARLY, f"{url}/video.mjpg", "[{}]") == "0"


@pytest.mark.parametrize("kind", ["y4m", "jpeg", "raw"])
def test_standard_input_that_is_closed_gives_no_more(
    kind: str, pictures: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of what was read ahead."""
    raw = [picture.tobytes() for picture in pictures]
    parts = {
        "y4m": [b"YUV4MPEG2 W64 H48 F25:1 Cmono\n", *(b"FRAME\n" + one for one in raw)],
        "jpeg": [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures],
        "raw": raw,
    }[kind]
    (tmp_path / "input").write_bytes(b"".join(parts))
    options: dict[str, Any] = {"input_format": "gray8", "size": (48, 64), "rate": Fraction(25)}
    with open(tmp_path / "input") as given:
        monkeypatch.setattr(sys, "stdin", given)
        source = open_source("-", **(options if kind == "raw" else {}))
        frames = iter(source)
        next(frames)
        source.close()
        assert [*frames, *source] == []


@pytest.mark.parametrize("kind", [ArraySource, FaultySource])
def test_a_double_that_is_closed_gives_no_more(kind: type[Source], pictures: Images) -> None:
    """The doubles end as real sources do."""
    source = ArraySource(pictures) if kind is ArraySource else FaultySource(pictures[0], pictures)
    frames = iter(source)
    next(frames)
    source.close()
    assert [*frames, *source] == []


def test_a_file_can_be_closed_by_another_thread(long_clip: Path) -> None:
    """While a thread decodes, and while a loop opens it again; no process dies of it."""
    assert run(BY_ANOTHER_THREAD, str(long_clip)) == "ended"


def test_a_connection_is_hung_up_when_the_read_in_it_returns(
    serve: Callable[[ThreadingHTTPServer], str], long_clip: Path
) -> None:
    """Closing does not wait for a server that has stalled, nor take the connection away from the thread that waits."""
    stalling = Stalling(long_clip)
    url = f"{serve(stalling.server)}/clip.mp4"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with running([sys.executable, "-c", STALLED, url], **pipes) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert stalling.has_stalled.wait(LONG_S)
        reader.stdin.write(b"\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == b"closed\n"
        stalling.may_go.set()
        assert reader.stdout.readline() == b"ended\n"
        assert stalling.was_left.wait(LONG_S)
        assert reader.wait(LONG_S) == 0


def test_standard_input_can_be_closed_by_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that waits for a frame that never comes is let go."""
    reading, writing = os.pipe()
    with open(reading) as end, open(writing, "wb") as other_end:
        other_end.write(b"YUV4MPEG2 W2 H1 F25:1 Cmono\nFRAME\nab")
        other_end.flush()
        monkeypatch.setattr(sys, "stdin", end)
        source = open_source("-")
        seen: list[int] = []
        has_first = threading.Event()

        def read() -> None:
            for frame in source:
                seen.append(frame.index)
                has_first.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        assert has_first.wait(LONG_S)
        source.close()
        reader.join(LONG_S)
        assert not reader.is_alive()
        assert (seen, source.loss) == ([0], None)


class Blocking:
    """Items, of which the second one does not come before it may."""

    def __init__(self) -> None:
        self.is_inside, self.may_go = threading.Event(), threading.Event()
        self.released_while_inside: list[bool] = []

    def __iter__(self) -> Iterator[int]:
        yield 0
        self.is_inside.set()
        assert self.may_go.wait(LONG_S)
        self.is_inside.clear()
        yield 1
        yield 2

    def release(self) -> None:
        """Note whether a thread was in the middle of a read."""
        self.released_while_inside.append(self.is_inside.is_set())


def read_by_a_thread(guard: CloseGuard, blocking: Blocking) -> tuple[threading.Thread, list[int]]:
    """Return a thread that reads, and is inside the second read, and what it has got."""
    got: list[int] = []
    reader = threading.Thread(target=lambda: got.extend(guard.iterate(iter(blocking))), daemon=True)
    reader.start()
    assert blocking.is_inside.wait(LONG_S)
    return reader, got


def test_a_guard_does_not_release_under_a_reader() -> None:
    """Closing waits for no longer than its patience; the reader then releases what it held, once."""
    guard, blocking = CloseGuard(close_timeout_s=0.01), Blocking()
    reader, got = read_by_a_thread(guard, blocking)
    guard.close(blocking.release)
    assert blocking.released_while_inside == []
    blocking.may_go.set()
    reader.join(LONG_S)
    guard.close(blocking.release)
    assert blocking.released_while_inside == [False]
    assert got == [0, 1]


def test_a_guard_has_released_when_it_is_closed() -> None:
    """A reader that returns in time is waited for, so that a file can be removed at once, even on Windows."""
    guard, blocking = CloseGuard(close_timeout_s=LONG_S), Blocking()
    reader, _ = read_by_a_thread(guard, blocking)
    closer = threading.Thread(target=guard.close, args=(blocking.release,), daemon=True)
    closer.start()
    blocking.may_go.set()
    closer.join(LONG_S)
    assert blocking.released_while_inside == [False]
    reader.join(LONG_S)
    assert not reader.is_alive()


def test_a_guard_can_be_closed_from_within_a_read() -> None:
    """As a callback or a signal handler may do: it does not wait for itself, and releases after the read."""
    guard = CloseGuard(close_timeout_s=10 * LONG_S)
    released: list[bool] = []
    got: list[int] = []
    is_inside = False

    def items() -> Iterator[int]:
        nonlocal is_inside
        is_inside = True
        guard.close(lambda: released.append(is_inside))
        assert released == []
        is_inside = False
        yield 0

    reader = threading.Thread(target=lambda: got.extend(guard.iterate(items())), daemon=True)
    reader.start()
    reader.join(LONG_S)
    assert (got, released) == ([0], [False])


def test_a_guard_releases_what_a_reader_broke() -> None:
    """An error in the read comes through, and what was closed meanwhile is released all the same."""
    guard = CloseGuard()
    released: list[bool] = []

    class Broken:
        """An iterator that is closed, and then breaks."""

        def __iter__(self) -> Iterator[int]:
            return self

        def __next__(self) -> int:
            guard.close(lambda: released.append(True))
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(guard.iterate(iter(Broken())))
    assert released == [True]
