"""Streams from the network, by the FFmpeg libraries that PyAV carries: RTSP, and whatever comes over HTTP or UDP."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from fractions import Fraction

import av
from av.codec.context import Flags as CodecFlags
from av.video.stream import VideoStream

from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._options import SourceOptions
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources._urls import ffmpeg_options_from_env, redact
from livefilter.sources.file._pixels import luma
from livefilter.sources.live._reader_thread import CapturedFrame

_OPTIONS_BY_SCHEME = {
    "rtsp": {"rtsp_transport": "tcp"},
    "rtsps": {"rtsp_transport": "tcp"},
    # Of a file that can be read from any place, the rest is fetched again; a live stream has no such place.
    "http": {"reconnect": "1", "reconnect_delay_max": "4"},
}
_OPTIONS_BY_SCHEME["https"] = _OPTIONS_BY_SCHEME["http"]
_LIVE_OPTIONS = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "2000000"}
_RATE_IS_KNOWN = {"fpsprobesize": "0"}
"""Twenty pictures are counted for the rate otherwise, which every new connection would wait for."""
_NO_TIMESTAMPS = 0x80
"""FFmpeg's AVFMT_NOTIMESTAMPS: the times that such a format tells are made up."""
_COMES_IN_SEGMENTS = {"hls", "dash"}
_LONGEST_GAP_S = 1.0
_MISSING_S = Fraction(1, 2)
"""How far before its promised end a stream may stop and still be whole."""
_NANOSECONDS = 1_000_000_000


class NetworkReader:
    """An open connection to a stream.

    Args:
        url: Its address; nobody but FFmpeg sees the credentials in it.
        options: Time-outs. OPENCV_FFMPEG_CAPTURE_OPTIONS is respected.
        is_first: The rate is not known from an earlier connection.

    Attributes:
        rate: Nominal frames per second; None if the stream does not tell.
        notes: Nothing is asked of a stream, so none.
        is_finite: It has an end: a file on a server, not a camera.
        time_base: Seconds that its stamps are whole multiples of.
        duration_s: How long it says it is.

    Raises:
        SourceError: It cannot be reached or opened, or has no video.
    """

    rate: Fraction | None
    notes: tuple[str, ...] = ()

    def __init__(self, url: str, options: SourceOptions, *, is_first: bool = True) -> None:
        self._name = redact(url)
        self._read_timeout_s = options.read_timeout_s
        scheme = url.partition(":")[0].lower()
        is_http = scheme in ("http", "https")
        asked = dict(_OPTIONS_BY_SCHEME.get(scheme, {}))
        asked |= {} if is_http else _LIVE_OPTIONS
        asked |= {} if is_first else _RATE_IS_KNOWN
        asked |= ffmpeg_options_from_env()
        try:
            timeouts = (options.open_timeout_s, options.read_timeout_s)
            self._container = av.open(url, options=asked, timeout=timeouts)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            # Not chained: FFmpeg's error holds the address with its password.
            raise SourceError(f"{self._name}: cannot be opened: {_error_text(error, options.open_timeout_s)}") from None
        stream = self._container.streams.best("video")
        if not isinstance(stream, VideoStream):
            self._container.close()
            raise SourceError(f"{self._name}: has no video stream")
        format_ = self._container.format
        has_stamps = not format_.flags & _NO_TIMESTAMPS
        self.duration_s = Fraction(self._container.duration or 0, av.time_base) or None
        # MPEG-TS does not say how long it is, but the server does where it lies as a file. Of segments, it is the list
        # that has a size; and cameras give Motion JPEG any size that comes to their mind.
        is_file = has_stamps and format_.name not in _COMES_IN_SEGMENTS and self._container.size > 0
        self.is_finite = is_http and (self.duration_s is not None or is_file or format_.name.endswith("_pipe"))
        self.time_base = Fraction(stream.time_base or Fraction(1, 90_000)) if has_stamps else None
        self.rate = Fraction(stream.average_rate or stream.guessed_rate or 0) or None if has_stamps else None
        self._is_paced = format_.name in _COMES_IN_SEGMENTS and not self.is_finite
        self._began_s: Fraction | None = None
        if self.is_finite:
            stream.thread_type = "AUTO"
        else:
            stream.thread_type = "SLICE"  # Threads that work on several frames would hold them back.
            stream.codec_context.flags |= CodecFlags.low_delay.value
        self._pictures = self._decode(stream)

    def read(self) -> CapturedFrame | None:
        """Return the next picture; None if there is none yet.

        Raises:
            SourceError: The connection broke, fell silent, or the stream has ended.
        """
        try:
            picture = next(self._pictures)
        except (av.error.EOFError, StopIteration):
            raise StreamEndedError(f"{self._name}: the server ended the stream") from None
        except (av.error.FFmpegError, OSError) as error:
            raise SourceError(f"{self._name}: {_error_text(error, self._read_timeout_s)}") from None
        if self._is_paced and picture is not None and picture.stamp_s is not None:
            self._wait_for(Fraction(picture.stamp_s))
        return picture

    def close(self) -> None:
        """Hang up."""
        self._container.close()

    def _decode(self, stream: VideoStream) -> Iterator[CapturedFrame | None]:
        for packet in self._container.demux(stream):
            try:
                pictures = packet.decode()
            except av.error.InvalidDataError:
                yield CapturedFrame(None, time.monotonic_ns(), damaged=1)
                continue
            if not pictures:
                yield None
            for picture in pictures:
                captured_ns = time.monotonic_ns()
                stamp_s = None if picture.pts is None or self.time_base is None else picture.pts * self.time_base
                yield CapturedFrame(luma(picture), captured_ns, stamp_s, damaged=int(picture.is_corrupt))

    def _wait_for(self, stamp_s: Fraction) -> None:
        """Wait until a picture is due: segments of many seconds come at once."""
        now_s = Fraction(time.monotonic_ns(), _NANOSECONDS)
        if self._began_s is None or not 0 <= stamp_s + self._began_s - now_s <= _LONGEST_GAP_S:
            self._began_s = now_s - stamp_s
        time.sleep(max(0.0, float(stamp_s + self._began_s - now_s)))


class RemoteFile(Source):
    """A video that lies on a server: it has an end, every frame counts, and nothing is connected to again.

    Args:
        reader: Its open connection; closing this closes it.

    Raises:
        SourceError: It has no frame that can be decoded.
    """

    def __init__(self, reader: NetworkReader, name: str) -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self._reader = reader
        self._name = name
        self._damaged = 0
        self._first = self._read()
        if self._first is None or self._first.pixels is None:
            self.close()
            raise SourceError(self.loss or f"{name}: has no frame that can be decoded")
        rows, cols = self._first.pixels.shape
        self._rate = reader.rate or Fraction(25)
        time_base = reader.time_base or 1 / self._rate
        expected = round(reader.duration_s * self._rate) if reader.duration_s else None
        self.facts = SourceFacts(name, (rows, cols), self._rate, time_base, expected)

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def close(self) -> None:
        """Hang up."""
        self._guard.close(self._reader.close)

    def _frames(self) -> Iterator[Frame]:
        picture, self._first = self._first, None
        index, time_s = 0, -1 / self._rate
        while picture is not None and picture.pixels is not None:
            time_s = time_s + 1 / self._rate if picture.stamp_s is None else Fraction(picture.stamp_s)
            yield Frame(picture.pixels, index, time_s, picture.captured_ns)
            index += 1
            picture = self._read()
        promised_s, ended_s = self._reader.duration_s, time_s + 1 / self._rate
        if promised_s is not None and self.loss is None and ended_s < promised_s - _MISSING_S:
            self._lose(f"ends after {float(ended_s):.1f} of {float(promised_s):.1f} s; it is cut off")
        if self._damaged:
            self._lose(f"{self._damaged} damaged piece{'s' * (self._damaged > 1)} could not be decoded")

    def _read(self) -> CapturedFrame | None:
        """Return the next picture with pixels; None at the end, also if that came too soon."""
        while True:
            try:
                picture = self._reader.read()
            except StreamEndedError:
                return None
            except SourceError as error:
                self._lose(f"reading stopped: {error}")
                return None
            if picture is not None:
                self._damaged += picture.damaged
                if picture.pixels is not None:
                    return picture

    def _lose(self, what: str) -> None:
        self.loss = f"{self.loss}; {what}" if self.loss else f"{self._name}: {what}"


class StreamEndedError(SourceError):
    """The server ended a stream, where a file has its end."""


def _error_text(error: Exception, timeout_s: float) -> str:
    """Return what went wrong in words, without what FFmpeg was asked for, which holds the address."""
    match error:
        case av.error.ExitError() | TimeoutError():
            return f"no answer within {timeout_s:g} s"
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return "the server refuses; user name or password are missing or wrong (scheme://user:password@host/...)"
        case av.error.HTTPNotFoundError():
            return "the server knows no such stream (404); look at the path"
        case av.error.InvalidDataError():
            return "what comes is no video that can be read"
        case av.error.EOFError():
            return "the server hung up"
        case OSError(errno=errno.EIO):
            return "the host is not known, or broke off (input/output error)"
        case OSError() if error.strerror:
            return error.strerror[0].lower() + error.strerror[1:]
        case _:
            return type(error).__name__
