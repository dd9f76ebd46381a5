"""Streams from the network, with real servers on loopback: what they do to their clients, and what comes of it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from livefilter.errors import OptionError, SourceError
from livefilter.frame import Frame
from livefilter.sources import Source, ffmpeg_options_from_env, is_url, open_source, redact
from livefilter.testing import running, wait_until

SYSTEM_PYTHON = "/usr/bin/python3"
RTSP_SERVER = Path(__file__).parent / "rtsp_server.py"
ROOT = Path(__file__).resolve().parents[2]
LONG_S = 30.0
Script = Callable[["Connection"], None]


class Connection:
    """What a script can do to a client that asked for Motion JPEG."""

    def __init__(self, handler: BaseHTTPRequestHandler, may_end: threading.Event) -> None:
        self._handler = handler
        self._may_end = may_end

    def start(self) -> None:
        """Answer as cameras do."""
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self._handler.end_headers()

    def send(self, data: bytes) -> None:
        """Send anything."""
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def send_pictures(self, *levels: int) -> None:
        """Send pictures that are all of one level."""
        for level in levels:
            self.send(part(level))

    def stall(self) -> None:
        """Say nothing more, and do not hang up."""
        assert self._may_end.wait(LONG_S)


def part(level: int, size: tuple[int, int] = (240, 320)) -> bytes:
    """One picture of a stream."""
    encoded = cv2.imencode(".jpg", np.full(size, level, np.uint8))[1].tobytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(encoded)}\r\n\r\n"
    return head.encode() + encoded + b"\r\n"


@contextmanager
def mjpeg(*scripts: Script) -> Iterator[str]:
    """A server that does to each client what the next script says, to the rest what the last one says; its address."""
    may_end = threading.Event()
    left = list(scripts)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = left.pop(0) if len(left) > 1 else left[0]
            connection = Connection(self, may_end)
            with suppress(OSError):  # The client has gone.
                script(connection)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/video.mjpg"
    finally:
        may_end.set()
        server.shutdown()
        server.server_close()
        serving.join(30)
        assert not serving.is_alive()


def quick(url: str, **options: Any) -> Source:
    """Open a stream that loses patience soon."""
    return open_source(url, **{"open_timeout_s": 5.0, "read_timeout_s": 0.5, "retry_wait_s": 0.1, **options})


def levels(frames: Sequence[Frame]) -> list[int]:
    """What frames are of."""
    return [int(frame.pixels[0, 0]) for frame in frames]


def good(connection: Connection) -> None:
    """A camera as it should be."""
    connection.start()
    connection.send_pictures(10, 20, 30)
    connection.stall()


def test_motion_jpeg_is_a_live_source() -> None:
    """Gray frames, as they were encoded; times are arrival times, because the stream has no timestamps."""
    with mjpeg(good) as url, quick(url) as source:
        assert source.facts.name == url
        assert (source.facts.shape, source.facts.is_live, source.facts.frame_count) == ((240, 320), True, None)
        frames = list(islice(source, 2))
        assert levels(frames) == [10, 20]
        assert frames[0].time_s == 0
        assert 0 < frames[1].time_s < LONG_S
        assert source.health is not None
        assert source.health.state == "connected"


def sends_a_torn_picture(connection: Connection) -> None:
    """The second picture ends in its middle, though its head counts its bytes."""
    connection.start()
    encoded = cv2.imencode(".jpg", np.random.default_rng(3).integers(0, 256, (240, 320), dtype=np.uint8))[1].tobytes()
    torn = encoded[: len(encoded) // 2]
    connection.send_pictures(10)
    connection.send(f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(torn)}\r\n\r\n".encode() + torn)
    connection.send_pictures(20, 30)
    connection.stall()


def test_a_torn_picture_is_counted_and_not_shown() -> None:
    """FFmpeg would show it, with gray where there is nothing, and only log that."""
    with mjpeg(sends_a_torn_picture) as url, quick(url) as source:
        assert levels(list(islice(source, 2))) == [10, 20]
        assert source.health is not None
        assert source.health.counts["damaged"] == 1


def sends_empty_parts(connection: Connection) -> None:
    """Some cameras send a part without bytes while they have no picture."""
    nothing = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 0\r\n\r\n\r\n"
    connection.start()
    connection.send_pictures(10)
    connection.send(nothing)
    connection.send_pictures(20)
    connection.send(nothing)
    connection.send_pictures(30, 40)
    connection.stall()


def test_empty_parts_are_passed_over() -> None:
    """A decoder would take them for the end of the stream."""
    with mjpeg(sends_empty_parts) as url, quick(url) as source:
        assert levels(list(islice(source, 3))) == [10, 20, 30]
        assert source.health is not None
        assert source.health.counts.get("lost", 0) == 0


def coloured(connection: Connection) -> None:
    """A camera with colors: each picture is red, green or blue."""
    connection.start()
    for color in ((0, 0, 250), (0, 250, 0), (250, 0, 0)):
        encoded = cv2.imencode(".jpg", np.full((240, 320, 3), color, np.uint8))[1].tobytes()
        connection.send(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + encoded + b"\r\n")
    connection.stall()


def test_a_stream_gives_its_colors_where_they_are_wanted() -> None:
    """Asked for when it is opened, or before the first frame is read; the gray is the same in each case."""
    with mjpeg(coloured) as url, quick(url) as gray, quick(url, color="rgb") as rgb, quick(url) as switched:
        switched.set_color("luma")
        plain, colors = list(islice(gray, 2)), list(islice(rgb, 2))
        (later,) = islice(switched, 1)
    assert [frame.pixels.shape for frame in (*plain, *colors)] == [(240, 320)] * 2 + [(240, 320, 3)] * 2
    for without, with_colors in zip(plain, colors, strict=True):
        np.testing.assert_array_equal(with_colors.gray, without.gray)
    assert np.abs(colors[0].pixels[9, 9].astype(int) - (0, 0, 250)).max() <= 3
    assert np.abs(colors[1].pixels[9, 9].astype(int) - (0, 250, 0)).max() <= 3
    assert later.pixels.ndim == 3


def stalls_within_a_picture(connection: Connection) -> None:
    """Half a picture, then silence."""
    connection.start()
    connection.send_pictures(40, 50)
    connection.send(part(60)[:200])
    connection.stall()


def sends_garbage(connection: Connection) -> None:
    """Pictures that are none, then something that is not even a stream."""
    connection.start()
    connection.send_pictures(70, 80)
    broken = b"\xff\xd8" + bytes(range(256)) * 3
    connection.send(f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(broken)}\r\n\r\n".encode() + broken)
    connection.send(os.urandom(5000))


def hangs_up(connection: Connection) -> None:
    """After two pictures, in the middle of the next."""
    connection.start()
    connection.send_pictures(90, 90)
    connection.send(part(95)[:150])


def refuses(connection: Connection) -> None:
    """An error page."""
    connection._handler.send_error(503)


def test_a_server_that_stalls_sends_garbage_and_hangs_up_is_outlived() -> None:
    """Whatever it does, frames go on when it delivers some again; the counters show everything."""
    before = set(threading.enumerate())
    descriptors = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    with (
        mjpeg(stalls_within_a_picture, sends_garbage, refuses, hangs_up, good) as url,
        quick(url) as source,
    ):
        seen: list[Frame] = []
        for frame in source:
            seen.append(frame)
            if levels([frame]) == [20]:
                break
        wanted = [40, 50, 70, 80, 90, 90, 10, 20]
        assert [level for level in levels(seen) if level in wanted] == wanted
        assert source.health is not None
        assert source.health.counts["lost"] == 3
        assert source.health.counts["failed"] == 1
        assert source.health.state == "connected"
        assert source.loss is not None
        assert "interrupted 3 times" in source.loss
        times = [frame.time_s for frame in seen]
        assert times == sorted(set(times))
    for thread in set(threading.enumerate()) - before:
        thread.join(LONG_S)
    assert set(threading.enumerate()) <= before
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) <= descriptors


def test_credentials_are_used_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Not in names, errors, tracebacks or logs, whichever way the server fails; the server gets them all the same."""
    got: list[str | None] = []

    def asks_for_a_password(connection: Connection) -> None:
        got.append(connection._handler.headers.get("Authorization"))
        if got[-1] is None:
            connection._handler.send_response(401)
            connection._handler.send_header("WWW-Authenticate", 'Basic realm="camera"')
            connection._handler.end_headers()
        else:
            good(connection)

    with mjpeg(asks_for_a_password) as url:
        secret = url.replace("http://", "http://admin:s3cret@") + "?token=h1dden"
        with quick(secret) as source:
            assert source.facts.name == url
        assert got[-1] == "Basic YWRtaW46czNjcmV0"

    def refuses_anybody(connection: Connection) -> None:
        connection._handler.send_error(401)

    with mjpeg(refuses_anybody) as url, pytest.raises(SourceError, match="check user name and password") as caught:
        quick(url.replace("http://", "http://admin:s3cret@"))
    with pytest.raises(SourceError, match="connection refused") as gone:
        quick(secret)
    for error in (caught.value, gone.value):
        chain = [error, error.__cause__, *([] if error.__suppress_context__ else [error.__context__])]
        assert all("s3cret" not in repr(one) and "h1dden" not in repr(one) for one in chain)
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:9/", "http://127.0.0.1:9/: cannot be opened: connection refused"),
        ("rtsp://127.0.0.1:9/live", "rtsp://127.0.0.1:9/live: cannot be opened: connection refused"),
        ("gopher://host/video", "gopher://host/video: the URL scheme is unknown; known: rtsp, "),
        ("http://[half/video", "cannot be opened"),
        ("rtsp:/admin:s3cret@host/live", "rtsp: a URL is rtsp://host/path; put two slashes"),
    ],
)
def test_what_cannot_be_reached_is_refused_in_plain_words(url: str, says: str) -> None:
    """At once: only a stream that was there is waited for."""
    with pytest.raises(SourceError) as caught:
        quick(url)
    assert says in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_host_is_reported_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg calls it an input/output error; to ask for one that does not exist would leave this machine."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(av, "open", fail)
    with pytest.raises(SourceError, match="cannot be opened: the host is unknown, or it closed the connection"):
        quick("rtsp://host/stream")


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    """A port that listens, but does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(SourceError, match=r"no answer within 0\.3 s"):
            quick(f"http://127.0.0.1:{port}/", open_timeout_s=0.3)
        with pytest.raises(KeyboardInterrupt):
            open_source(f"http://127.0.0.1:{port}/", open_timeout_s=2.0, should_stop=lambda: True)


def test_what_is_no_video_is_refused() -> None:
    """A web page, say."""

    def page(connection: Connection) -> None:
        connection._handler.send_response(200)
        connection._handler.send_header("Content-Type", "text/html")
        connection._handler.end_headers()
        connection.send(b"<html><body>" + b"hello " * 2000)

    with mjpeg(page) as url, pytest.raises(SourceError, match=r"cannot be opened"):
        quick(url)


def serve_file(path: Path, *, whole: bool = True) -> Script:
    """A script that sends a file, all of it or half."""

    def script(connection: Connection) -> None:
        data = path.read_bytes()
        connection._handler.send_response(200)
        connection._handler.send_header("Content-Length", str(len(data)))
        connection._handler.end_headers()
        connection.send(data if whole else data[: len(data) // 2])

    return script


def test_a_video_on_a_server_has_an_end(clip: Path) -> None:
    """Every frame, its own times, the pixels of the file; it is not live, and not connected to again."""
    with mjpeg(serve_file(clip)) as url, open_source(url, read_timeout_s=2.0) as source, open_source(clip) as local:
        assert not source.facts.is_live
        assert source.facts.frame_count == 8
        for frame, same in zip(source, local, strict=True):
            assert (frame.index, frame.time_s) == (same.index, same.time_s)
            np.testing.assert_array_equal(frame.pixels, same.pixels)
        assert source.loss is None


def test_a_video_on_a_server_gives_its_colors_where_they_are_wanted(clip: Path) -> None:
    """From the first frame on, though opening it has decoded that; its gray is that of the file."""
    with mjpeg(serve_file(clip)) as url, open_source(url, read_timeout_s=2.0) as source, open_source(clip) as local:
        source.set_color("rgb")
        for frame, same in zip(source, local, strict=True):
            assert frame.pixels.shape == (*same.pixels.shape, 3)
            np.testing.assert_array_equal(frame.gray, same.gray)


def test_a_transport_stream_that_lies_on_a_server_has_an_end(make_clip: Callable[..., Path], tmp_path: Path) -> None:
    """It declares no duration; the size that the server declares distinguishes it from a camera, which has none."""
    clip = make_clip(tmp_path / "clip.ts", [np.full((48, 64), 20 * level, np.uint8) for level in range(8)])
    with mjpeg(serve_file(clip)) as url, open_source(url) as source:
        assert not source.facts.is_live
        assert len(list(source)) == 8
        assert source.loss is None


def test_a_video_on_a_server_that_breaks_off_is_a_named_loss(make_clip: Callable[..., Path], tmp_path: Path) -> None:
    """What came is kept, and what is missing is said."""
    noise = np.random.default_rng(3)
    clip = make_clip(tmp_path / "noise.mp4", [noise.integers(0, 255, (64, 64), dtype=np.uint8) for _ in range(50)])
    with mjpeg(serve_file(clip, whole=False)) as url, open_source(url) as source:
        count = len(list(source))
        assert 0 < count < 50
        assert source.loss is not None
        assert url in source.loss


def test_sound_alone_is_no_video() -> None:
    """A radio station, say."""
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8, b"data", 80000)

    def radio(connection: Connection) -> None:
        connection._handler.send_response(200)
        connection._handler.end_headers()
        connection.send(head + bytes(80000))

    with mjpeg(radio) as url, pytest.raises(SourceError, match="has no video stream"):
        quick(url)


def test_a_video_on_a_server_takes_no_options_of_cameras(clip: Path) -> None:
    """That it is one is known only once it is open; they are refused all the same."""
    with mjpeg(serve_file(clip)) as url, pytest.raises(OptionError, match="mirror: is for cameras and streams only"):
        open_source(url, mirror=True)


def test_the_options_that_opencv_s_users_know_are_given_to_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPENCV_FFMPEG_CAPTURE_OPTIONS, in OpenCV's own spelling: here, the name that a server receives."""
    got: list[str | None] = []

    def listens(connection: Connection) -> None:
        got.append(connection._handler.headers.get("User-Agent"))
        good(connection)

    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "user_agent;filter of films|rw_timeout;5000000|")
    assert ffmpeg_options_from_env() == {"user_agent": "filter of films", "rw_timeout": "5000000"}
    with mjpeg(listens) as url, quick(url):
        assert got == ["filter of films"]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("rtsp://cam:554/live", "rtsp://cam:554/live"),
        ("RTSP://admin:secret@cam/live", "rtsp://cam/live"),
        ("rtsp://admin:se@cr/et@cam:554/live", "rtsp://cam:554/live"),
        ("http://cam/video.cgi?user=admin&pwd=secret", "http://cam/video.cgi"),
        ("http://cam/video#secret", "http://cam/video"),
        ("http://cam/video?mail=a@b.c", "http://cam/video"),
        ("rtsp://admin:sec?ret@cam/live", "rtsp://(hidden)"),
        ("rtsp://admin:sec#ret@cam/live", "rtsp://(hidden)"),
        ("http://admin:sec/ret@cam/x?mail=a@b", "http://(hidden)"),
        ("rtsp://[fe80::1]:554/x", "rtsp://[fe80::1]:554/x"),
    ],
)
def test_of_an_address_only_the_place_is_shown(url: str, place: str) -> None:
    """Users write passwords as they are, with any sign in them; nothing of one is shown, ever."""
    assert is_url(url)
    assert redact(url) == place
    assert not any(piece in place for piece in ("secret", "sec", "ret", "admin"))


def test_a_path_is_no_address() -> None:
    """Neither a drive of Windows, nor a colon in a name."""
    assert not any(is_url(text) for text in ("C:\\clip.mp4", "c://clip.mp4", "a:b.mp4", "camera:0", "/a//b"))


@contextmanager
def rtsp_server(port: int, *credentials: str) -> Iterator[str]:
    """A real server; its address."""
    command = [SYSTEM_PYTHON, str(RTSP_SERVER), str(port), *credentials]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield f"rtsp://127.0.0.1:{port}/live"


@pytest.fixture
def rtsp(require: Callable[[object, str], None]) -> int:
    """A free port, where GStreamer's server can be run."""
    probe = "import gi; gi.require_version('GstRtspServer', '1.0')"
    has_bindings = (
        shutil.which(SYSTEM_PYTHON)
        and not subprocess.run([SYSTEM_PYTHON, "-c", probe], capture_output=True, check=False, timeout=100).returncode
    )
    require(has_bindings, "needs GStreamer's RTSP server (gir1.2-gst-rtsp-server-1.0) and its Python bindings")
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Watched:
    """A live pipeline in a process of its own, which records a stream, and what can be seen of it from outside."""

    def __init__(self, url: str, folder: Path, preset: str) -> None:
        outputs = ["--no-window", "--record", "a.mp4", "--stats", "stats.jsonl"]
        flags = [*outputs, "-p", preset, "--read-timeout", "5", "--retry-wait", "1"]
        self._folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "livefilter", "preview", url, *flags],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=100)

    @property
    def newest(self) -> dict[str, Any]:
        """The newest row of its figures, of which there is one a second; empty before the first."""
        try:
            rows = (self._folder / "stats.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return {}
        return dict(json.loads(rows[-1])) if rows else {}

    def frames(self) -> int:
        """How many frames it has filtered."""
        return int(self.newest.get("frames_out", 0))

    def waits_until(self, what: Callable[[], object]) -> bool:
        """Look until something is so, or the process ends."""
        wait_until(lambda: what() or self.process.poll() is not None, timeout_s=LONG_S)
        return bool(what())

    def holds(self) -> tuple[int, int]:
        """How many threads and open descriptors it has."""
        seen = Path("/proc", str(self.process.pid))
        return len(list((seen / "task").iterdir())), len(list((seen / "fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux's /proc")
def test_a_recording_outlives_an_rtsp_server_that_is_away_for_a_while(rtsp: int, tmp_path: Path, negative: str) -> None:
    """A real server, killed and started again: one recording with a gap, and no thread or descriptor is left over."""
    with ExitStack() as ending:
        with rtsp_server(rtsp) as url:
            watched = ending.enter_context(Watched(url, tmp_path, negative))
            assert watched.waits_until(lambda: watched.frames() >= 50), watched.newest
            before = watched.holds()
        gone_s, away = time.monotonic(), []

        def has_failed_often() -> bool:
            away.append(watched.holds())
            return bool(watched.newest["source"]["counts"].get("failed", 0) >= 3)

        assert watched.waits_until(has_failed_often), watched.newest
        assert watched.newest["source"]["state"] == "reconnecting"
        away_s = time.monotonic() - gone_s
        with rtsp_server(rtsp):
            so_far = watched.frames()
            assert watched.waits_until(lambda: watched.frames() >= so_far + 50), watched.newest
            after = watched.holds()
            watched.process.send_signal(signal.SIGINT)
            told, complaints = watched.process.communicate(timeout=LONG_S)
    assert watched.process.returncode == 130, complaints
    assert np.all(np.subtract(after, before) <= 0), (before, after)
    assert np.all(np.subtract(away, before) <= (1, 4)), (before, away)  # Of one attempt that is under way.

    assert "interrupted once" in complaints
    assert sorted(path.name for path in tmp_path.glob("a*.mp4")) == ["a.mp4"]
    with open_source(tmp_path / "a.mp4") as source:
        times = [float(frame.time_s) for frame in source]
    assert f": {len(times)} frames" in told
    gaps = np.diff(times)
    assert (gaps > 0).all()
    periods = gaps * 25  # Of which a busy machine drops some.
    assert np.median(np.abs(periods - np.round(periods))) < 0.05, "the stream's own stamps, not the arrival"
    assert away_s <= gaps.max() < away_s + 10


def test_an_rtsp_server_with_a_password(rtsp: int) -> None:
    """The right one opens it, a wrong one is an error that says so and shows it nowhere."""
    with rtsp_server(rtsp, "admin", "s3cret") as url:
        with quick(url.replace("rtsp://", "rtsp://admin:s3cret@")) as source:
            assert source.facts.name == url
            next(iter(source))
        with pytest.raises(SourceError, match="check user name and password") as caught:
            quick(url.replace("rtsp://", "rtsp://admin:wr0ng@"))
        assert "wr0ng" not in repr(caught.value)
        with pytest.raises(SourceError, match=r"the server has no such stream \(404\); check the path"):
            quick(url.replace("rtsp://", "rtsp://admin:s3cret@").replace("/live", "/nothing"))


def test_hls_is_a_file_if_it_has_an_end_and_else_played_at_its_own_pace(
    require: Callable[[object, str], None], clip: Path, tmp_path: Path
) -> None:
    """A playlist with an end gives every frame at once; without one, segments come at once and frames when due."""
    require(shutil.which("ffmpeg"), "needs ffmpeg")
    picture = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=3", "-c:v", "libx264", "-g", "25"]
    for name, flags in (("stored", []), ("live", ["-hls_flags", "omit_endlist"])):
        target = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "0", *flags, str(tmp_path / f"{name}.m3u8")]
        subprocess.run(["ffmpeg", "-v", "error", *picture, *target], check=True, timeout=100)

    class Files(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(tmp_path)))
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        with open_source(f"{address}/stored.m3u8") as stored:
            assert (stored.facts.is_live, stored.facts.frame_count) == (False, 75)
            assert len(list(stored)) == 75
            assert stored.loss is None
        with open_source(f"{address}/live.m3u8") as live:
            assert live.facts.is_live
            frames = list(islice(live, 40))
            took_s = (frames[-1].captured_ns - frames[0].captured_ns) / 1e9
            assert float(frames[-1].time_s) == pytest.approx(39 / 25, abs=0.01)
            assert took_s > 0.5, "decoded at once, it takes a hundredth of that"
    finally:
        server.shutdown()
        server.server_close()
        serving.join(30)
        assert not serving.is_alive()
