"""Streams and videos from the network, through PyAV's FFmpeg: RTSP, HTTP, UDP and others."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from fractions import Fraction

import av
from av.codec.context import Flags as CodecFlags
from av.video.stream import VideoStream

from livefilter.errors import SourceError
from livefilter.frame import Color, Frame
from livefilter.sources._av_pixels import pixels_of
from livefilter.sources._close_guard import CloseGuard
from livefilter.sources._options import SourceOptions
from livefilter.sources._packets import demux_video
from livefilter.sources._source import Source, SourceFacts
from livefilter.sources._urls import ffmpeg_options_from_env, redact
from livefilter.sources.live import CapturedFrame

_FFMPEG_OPTIONS_BY_SCHEME = {
    "rtsp": {"rtsp_transport": "tcp"},
    "rtsps": {"rtsp_transport": "tcp"},
    # A file on a server is fetched from where the connection broke; a live stream has no such position.
    "http": {"reconnect": "1", "reconnect_delay_max": "4"},
}
_FFMPEG_OPTIONS_BY_SCHEME["https"] = _FFMPEG_OPTIONS_BY_SCHEME["http"]
_LIVE_FFMPEG_OPTIONS = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "2000000"}
_RATE_KNOWN_OPTIONS = {"fpsprobesize": "0"}
"""Otherwise FFmpeg counts twenty frames to find the rate, for which every new connection would wait."""
_NO_TIMESTAMPS = 0x80
"""FFmpeg's AVFMT_NOTIMESTAMPS: the format has no timestamps of its own."""
_SEGMENTED_FORMATS = {"hls", "dash"}
_MAX_PACING_GAP_S = 1.0
_END_TOLERANCE_S = Fraction(1, 2)
"""A video may end this much before its declared end."""
_NANOSECONDS = 1_000_000_000


class NetworkReader:
    """An open connection to a stream.

    Args:
        url: Address of the stream. Only FFmpeg sees the credentials in it.
        options: Timeouts. OPENCV_FFMPEG_CAPTURE_OPTIONS adds options of FFmpeg.
        is_first: Whether no earlier connection has found the rate.

    Attributes:
        rate: Nominal frames per second; None if unknown.
        notes: Always empty: nothing is requested of a stream.
        is_finite: Whether the stream is a file on a server, which has an end.
        time_base: Unit of its timestamps, in seconds; None if it has none.
        duration_s: Declared duration, in seconds; None if unknown.

    Raises:
        SourceError: The stream cannot be reached or opened, or has no video.
    """

    rate: Fraction | None
    notes: tuple[str, ...] = ()

    def __init__(self, url: str, options: SourceOptions, *, is_first: bool = True) -> None:
        self._name = redact(url)
        self._read_timeout_s = options.read_timeout_s
        scheme = url.partition(":")[0].lower()
        is_http = scheme in ("http", "https")
        ffmpeg_options = dict(_FFMPEG_OPTIONS_BY_SCHEME.get(scheme, {}))
        ffmpeg_options |= {} if is_http else _LIVE_FFMPEG_OPTIONS
        ffmpeg_options |= {} if is_first else _RATE_KNOWN_OPTIONS
        ffmpeg_options |= ffmpeg_options_from_env()
        try:
            timeouts = (options.open_timeout_s, options.read_timeout_s)
            self._container = av.open(url, options=ffmpeg_options, timeout=timeouts)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            # Not chained: FFmpeg's error holds the URL with its password.
            raise SourceError(f"{self._name}: cannot be opened: {_error_text(error, options.open_timeout_s)}") from None
        stream = self._container.streams.best("video")
        if not isinstance(stream, VideoStream):
            self._container.close()
            raise SourceError(f"{self._name}: has no video stream")
        format_ = self._container.format
        has_timestamps = not format_.flags & _NO_TIMESTAMPS
        self.duration_s = Fraction(self._container.duration or 0, av.time_base) or None
        # MPEG-TS has no declared duration, but a server declares the size of a file. For a segmented stream that is the
        # size of the playlist, and cameras declare arbitrary sizes for Motion JPEG.
        is_file = has_timestamps and format_.name not in _SEGMENTED_FORMATS and self._container.size > 0
        self.is_finite = is_http and (self.duration_s is not None or is_file or format_.name.endswith("_pipe"))
        self.time_base = Fraction(stream.time_base or Fraction(1, 90_000)) if has_timestamps else None
        self.rate = Fraction(stream.average_rate or stream.guessed_rate or 0) or None if has_timestamps else None
        self._is_paced = format_.name in _SEGMENTED_FORMATS and not self.is_finite
        self._pace_origin_s: Fraction | None = None
        if self.is_finite:
            stream.thread_type = "AUTO"
        else:
            stream.thread_type = "SLICE"  # Frame threads would hold frames back.
            if stream.codec_context.name == "mjpeg":
                stream.codec_context.options = {"err_detect": "explode"}  # Otherwise torn images are shown.
            stream.codec_context.flags |= CodecFlags.low_delay.value
        self._color: Color = "gray"
        self._decoded = self._decode(stream)

    def read(self, color: Color) -> CapturedFrame | None:
        """Return the next frame; None if there is none yet.

        Args:
            color: "gray" asks for gray alone, any other for BGR pixels too.

        Raises:
            SourceError: The connection broke or fell silent, or the stream has ended.
        """
        self._color = color
        try:
            captured = next(self._decoded)
        except (av.error.EOFError, StopIteration):
            raise StreamEndedError(f"{self._name}: the server ended the stream") from None
        except (av.error.FFmpegError, OSError) as error:
            raise SourceError(f"{self._name}: {_error_text(error, self._read_timeout_s)}") from None
        if self._is_paced and captured is not None and captured.timestamp_s is not None:
            self._pace(Fraction(captured.timestamp_s))
        return captured

    def close(self) -> None:
        """Close the connection."""
        self._container.close()

    def _decode(self, stream: VideoStream) -> Iterator[CapturedFrame | None]:
        for packet in demux_video(self._container, stream):
            try:
                av_frames = packet.decode()
            except av.error.InvalidDataError:
                yield CapturedFrame(None, time.monotonic_ns(), damaged=1)
                continue
            if not av_frames:
                yield None
            for av_frame in av_frames:
                captured_ns = time.monotonic_ns()
                timestamp_s = None if av_frame.pts is None or self.time_base is None else av_frame.pts * self.time_base
                pixels, gray, _ = pixels_of(av_frame, "gray" if self._color == "gray" else "rgb")
                bgr = pixels if pixels.ndim == 3 else None
                yield CapturedFrame(gray, captured_ns, timestamp_s, int(av_frame.is_corrupt), bgr)

    def _pace(self, timestamp_s: Fraction) -> None:
        """Wait until a frame is due: segments of many seconds arrive at once."""
        now_s = Fraction(time.monotonic_ns(), _NANOSECONDS)
        if self._pace_origin_s is None or not 0 <= timestamp_s + self._pace_origin_s - now_s <= _MAX_PACING_GAP_S:
            self._pace_origin_s = now_s - timestamp_s
        time.sleep(max(0.0, float(timestamp_s + self._pace_origin_s - now_s)))


class RemoteFile(Source):
    """A video file on a server: it has an end, every frame counts, and it does not reconnect.

    Args:
        reader: Its open connection; closing this source closes it.
        name: Name for messages, without credentials.
        color: Content of the frames: "gray", or BGR pixels for "luma" and "rgb".

    Raises:
        SourceError: No frame can be decoded.
    """

    def __init__(self, reader: NetworkReader, name: str, color: Color = "gray") -> None:
        self.loss: str | None = None
        self._guard = CloseGuard()
        self._reader = reader
        self._name = name
        self._damaged = 0
        self._color: Color = "rgb"
        self._first = self._read()  # With colors, as they may be wanted before it is delivered.
        self._color = color
        if self._first is None or self._first.gray is None:
            self.close()
            raise SourceError(self.loss or f"{name}: has no frame that can be decoded")
        rows, cols = self._first.gray.shape
        self._rate = reader.rate or Fraction(25)
        time_base = reader.time_base or 1 / self._rate
        expected = round(reader.duration_s * self._rate) if reader.duration_s else None
        self.facts = SourceFacts(name, (rows, cols), self._rate, time_base, expected)

    def __iter__(self) -> Iterator[Frame]:
        return self._guard.iterate(self._frames())

    def set_color(self, color: Color) -> None:
        """Choose what the frames that are decoded from now on carry."""
        self._color = color

    def close(self) -> None:
        """Close the connection."""
        self._guard.close(self._reader.close)

    def _frames(self) -> Iterator[Frame]:
        captured, self._first = self._first, None
        index, time_s = 0, -1 / self._rate
        while captured is not None and captured.gray is not None:
            time_s = time_s + 1 / self._rate if captured.timestamp_s is None else Fraction(captured.timestamp_s)
            pixels = captured.gray if captured.bgr is None or self._color == "gray" else captured.bgr
            yield Frame(pixels, index, time_s, captured.captured_ns, gray=captured.gray)
            index += 1
            captured = self._read()
        declared_s, end_s = self._reader.duration_s, time_s + 1 / self._rate
        if declared_s is not None and self.loss is None and end_s < declared_s - _END_TOLERANCE_S:
            self._add_loss(f"ends after {float(end_s):.1f} of {float(declared_s):.1f} s; it is cut off")
        if self._damaged:
            self._add_loss(f"{self._damaged} damaged packet{'s' * (self._damaged > 1)} could not be decoded")

    def _read(self) -> CapturedFrame | None:
        """Return the next frame with pixels; None at the end, also if reading failed."""
        while True:
            try:
                captured = self._reader.read(self._color)
            except StreamEndedError:
                return None
            except SourceError as error:
                self._add_loss(f"reading stopped: {error}")
                return None
            if captured is not None:
                self._damaged += captured.damaged
                if captured.gray is not None:
                    return captured

    def _add_loss(self, loss: str) -> None:
        self.loss = f"{self.loss}; {loss}" if self.loss else f"{self._name}: {loss}"


class StreamEndedError(SourceError):
    """The server ended the stream, as it does at the end of a file."""


def _error_text(error: Exception, timeout_s: float) -> str:
    """Describe an error without FFmpeg's own message, which may hold the URL and its password."""
    match error:
        case av.error.ExitError() | TimeoutError():
            return f"no answer within {timeout_s:g} s"
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return "the server denies access; check user name and password (scheme://user:password@host/...)"
        case av.error.HTTPNotFoundError():
            return "the server has no such stream (404); check the path"
        case av.error.InvalidDataError():
            return "the data is no video that FFmpeg can read"
        case av.error.EOFError():
            return "the server closed the connection"
        case OSError(errno=errno.EIO):
            return "the host is unknown, or it closed the connection (input/output error)"
        case OSError() if error.strerror:
            return error.strerror[0].lower() + error.strerror[1:]
        case _:
            return type(error).__name__
