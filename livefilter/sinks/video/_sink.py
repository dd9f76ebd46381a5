"""Video files and pipes, through the FFmpeg libraries that PyAV carries."""

from __future__ import annotations

import logging
import math
import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from livefilter.cpus import codec_threads
from livefilter.errors import LivefilterError, OptionError, SinkError
from livefilter.frame import Colorimetry, Frame
from livefilter.kernels import EdgeScore
from livefilter.sinks._atomic_file import AtomicFile, write_error
from livefilter.sinks._lifetime import Lifetime
from livefilter.sinks._provenance import Provenance
from livefilter.sinks._sink import Sink
from livefilter.sinks.video._av_frames import (
    chroma_alignment,
    native_format,
    pad_to_multiple,
    storable_colorimetry,
    to_av_frame,
    to_av_frame_yuv,
)
from livefilter.sinks.video._encoder import STANDARD_OUTPUT, resolve_encoder
from livefilter.sinks.video._encoding import Encoding
from livefilter.sinks.video._muxing import missing_metadata
from livefilter.sinks.video._pts import PtsAssigner
from livefilter.sinks.video._remux import UNFIT, StreamCopier, StreamCopyOptions

_FINEST_CLOCK = 2**31 - 1

logger = logging.getLogger(__name__)


class VideoSink(Sink):
    """A video, one picture for each frame, at the frame's own time.

    Sides grow by a repeated row or column where a format needs even ones. A stream that begins before zero is moved,
    with all that goes along, to begin there, because players would not show what comes earlier. A time that does not
    grow becomes one tick more than the one before.

    Args:
        path: The file, whose ending names the container (.mp4, .m4v, .mov, .mkv, .webm, .avi, .gif, .apng); or "-" for
            standard output, in Matroska unless the encoding names another.
        rate: Nominal frames per second.
        time_base: What frame times are whole multiples of. MP4 and MOV keep every time exactly; what others round
            is among the notes.
        overwrite: Replace a file that exists.
        encoding: How the pictures are encoded; H.264 at crf 18 in most containers unless given.
        look: How the numbers of its luma are meant, and the pixel's aspect; BT.709 in limited range unless given.
        along: The file whose sound, subtitles, chapters, attachments and metadata are copied into this one.
        origin: What the file notes that it was made by.

    Attributes:
        loss: What of ``along`` could not be read, in words; None while nothing was lost.
        notes: What the output does not keep as it was, in words.

    Raises:
        SinkError: The file cannot be made.
        OptionError: An ending, codec or setting that cannot be had, a stream that the container cannot hold, or a
            terminal as standard output.
    """

    def __init__(
        self,
        path: Path,
        *,
        rate: Fraction,
        time_base: Fraction,
        overwrite: bool = False,
        encoding: Encoding | None = None,
        look: Colorimetry | None = None,
        along: StreamCopyOptions | None = None,
        origin: Provenance | None = None,
    ) -> None:
        if str(path) == STANDARD_OUTPUT and os.isatty(1):
            raise OptionError("standard output: is a terminal, which cannot show a video; pipe it into a program")
        wanted = encoding or Encoding()
        self._choice = resolve_encoder(path, wanted)
        self.target = "standard output" if str(path) == STANDARD_OUTPUT else str(path)
        self._look = look or Colorimetry()
        self._rate = rate
        self._time_base = 1 / rate if self._choice.is_constant_frame_rate else self._choice.time_base or time_base
        self._lifetime = Lifetime(self.target)
        self._written = 0
        self._clock = PtsAssigner(self._time_base)
        self._shape: tuple[int, int] | None = None
        self._own_notes: list[str] = []
        self._companions: StreamCopier | None = None
        self._file = None if str(path) == STANDARD_OUTPUT else AtomicFile(path, overwrite=overwrite)
        try:
            self._container = self._opened()
            self._last_steps = [lambda: self._encode(None), self._finish_companions, self._container.close]
            self._stream = self._added_stream()
            if along is not None:
                self._companions = StreamCopier(
                    along,
                    self._container,
                    self._stream,
                    target=self.target,
                    audio_codec=wanted.audio_codec,
                    clip_negative=self._choice.is_constant_frame_rate,
                )
            if origin is not None:
                self._note(origin)
            if self._choice.container in ("mp4", "mov"):
                self._container.container_options["movie_timescale"] = str(self._common_clock())
        except BaseException:
            self.discard()
            raise

    @property
    def loss(self) -> str | None:  # type: ignore[override]
        """What of the streams that go along could not be read."""
        return self._companions.loss if self._companions else None

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the output does not keep as it was."""
        left_out = self._companions.notes if self._companions else []
        return tuple(
            f"{self.target}: {note}"
            for note in (*self._own_notes, *self._clock.notes(self._choice.container), *left_out)
        )

    def write(self, frame: Frame, score: EdgeScore) -> None:
        """Encode one picture; the score is not kept in a video."""
        with self._lifetime.write():
            self._write(frame)

    def finish(self, *, is_complete: bool = True) -> str | None:
        """Write what the encoder still holds, close the file, check it, and move it into place."""
        with self._lifetime.hold() as is_open:
            if is_open and self._written:
                return self._finish(is_complete)
            self.discard()
            return None

    def discard(self) -> None:
        """Close and remove the unfinished file."""
        with self._lifetime.hold() as is_open:
            if is_open:
                self._lifetime.end()
                self._discard()

    def _write(self, frame: Frame) -> None:
        shape = (frame.pixels.shape[0], frame.pixels.shape[1])
        if self._shape is None:
            self._begin(frame)
            self._shape = shape
        elif shape != self._shape:
            raise SinkError(f"{self.target}: a video has one size, {self._shape}, and frame {frame.index} has {shape}")
        pixels = pad_to_multiple(frame.pixels, self._multiples)
        if frame.chroma is None:
            picture = to_av_frame(pixels, self._pix_fmt, self._stored_look)
        else:
            picture = to_av_frame_yuv(
                pixels, frame.chroma, self._native, self._pix_fmt, (self._look, self._stored_look)
            )
        picture.pts = self._clock.pts(frame.time_s)
        picture.time_base = self._time_base
        if frame.duration_s is not None:  # Only that of the last one is not told by the next one's time.
            picture.duration = max(1, round(frame.duration_s / self._time_base))
        self._encode(picture)
        self._written += 1
        if self._companions is not None:
            try:
                self._companions.copy_until(frame.time_s, self._clock.shift_s)
            except (av.error.FFmpegError, OSError) as error:
                raise self._failed(error) from error

    def _finish(self, is_complete: bool) -> str | None:
        """Finish the file; after an error, a second call goes on with the step after the one that failed."""
        while self._last_steps:
            step = self._last_steps.pop(0)
            try:
                step()
            except (av.error.FFmpegError, OSError) as error:
                raise error if isinstance(error, LivefilterError) else self._failed(error) from error
            except Exception as error:
                if is_complete:
                    raise
                logger.warning("%s: what the encoder still held is lost: %s", self.target, error)
        if self._file is not None:
            self._check(self._file, is_complete=is_complete)
        self._lifetime.end()
        self._close_companions()
        return None if self._file is None else str(self._file.complete() if is_complete else self._file.keep())

    def _finish_companions(self) -> None:
        if self._companions is not None:
            self._companions.finish(self._clock.shift_s)

    def _discard(self) -> None:
        self._close_companions()
        with suppress(AttributeError):  # Where opening it failed there is no container.
            try:
                self._container.close()
            except (av.error.FFmpegError, OSError) as error:
                logger.debug("closing %s, which is dropped: %s", self.target, error)
        if self._file is not None:
            self._file.discard()

    def _opened(self) -> OutputContainer:
        # The path in full, because FFmpeg would take the start of a:b.mp4 for the name of a protocol.
        place = "pipe:1" if self._file is None else os.path.abspath(self._file.partial)
        return av.open(
            place,
            mode="w",
            format=self._choice.container,
            container_options=self._choice.container_options,
            metadata_errors="surrogateescape",
        )

    def _added_stream(self) -> VideoStream:
        stream = cast(
            VideoStream,
            self._container.add_stream(self._choice.encoder, rate=self._rate, options=self._choice.options),
        )
        stream.time_base = stream.codec_context.time_base = self._time_base
        # For frames, where the encoder can: x264 takes a quarter less time than with slices, for fewer bytes.
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = codec_threads()
        if self._choice.codec_tag is not None:
            stream.codec_context.codec_tag = self._choice.codec_tag
        return stream

    def _common_clock(self) -> int:
        """Return how finely MP4 should note when each stream begins; its own 1/1000 s are too coarse for that."""
        clocks = [stream.time_base.denominator for stream in self._container.streams if stream.time_base]
        common = math.lcm(*clocks)
        return common if common <= _FINEST_CLOCK else self._time_base.denominator

    def _note(self, origin: Provenance) -> None:
        text = f"livefilter {origin.livefilter}, preset {origin.preset}, hash {origin.preset_hash}"
        metadata = self._container.metadata
        if self._choice.container == "mp4":
            metadata["encoding_tool"] = text
        else:  # Others have no such place, or keep it for FFmpeg.
            metadata["comment"] = "; ".join(filter(None, (metadata.get("comment"), text)))

    def _begin(self, frame: Frame) -> None:
        """Tell the encoder what only the first picture tells."""
        self._clock.begin(self._earliest_s(frame.time_s))
        pixels, is_gray = frame.pixels, frame.pixels.ndim == 2 and frame.chroma is None
        self._pix_fmt = self._choice.gray if is_gray else self._choice.colour
        self._multiples = chroma_alignment(self._pix_fmt)
        if frame.chroma is not None:
            self._native = native_format(pixels, frame.chroma)
            rows, cols = chroma_alignment(self._native)  # What is converted must suit both formats.
            self._multiples = max(rows, self._multiples[0]), max(cols, self._multiples[1])
            if "444" in self._native and "420" in self._pix_fmt:
                self._own_notes.append("keeps the colours of every second row and column; --pix-fmt yuv444p keeps all")
        self._stored_look = storable_colorimetry(self._look, self._pix_fmt)
        rows, cols = pad_to_multiple(pixels, self._multiples).shape[:2]
        if (rows, cols) != pixels.shape[:2]:
            self._own_notes.append(
                f"has {rows} rows and {cols} columns, the last repeated, as {self._pix_fmt} needs even sides"
            )
        self._stream.height, self._stream.width, self._stream.pix_fmt = rows, cols, self._pix_fmt
        context = self._stream.codec_context
        context.flags |= Flags.frame_duration
        context.color_range = 2 if self._stored_look.is_full_range else 1  # FFmpeg's numbers for JPEG and MPEG.
        context.colorspace = self._look.matrix
        context.color_primaries = self._look.primaries
        context.color_trc = self._look.transfer
        context.sample_aspect_ratio = self._look.pixel_aspect
        try:
            self._container.start_encoding()
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise self._failed(error) from error

    def _earliest_s(self, first_s: Fraction) -> Fraction:
        """Return the media time that becomes zero: one before it, and in an AVI, which has no other start, any."""
        start_s = self._companions.start_s if self._companions and self._choice.is_constant_frame_rate else Fraction(0)
        is_near = start_s > 0 and first_s - start_s < 3 * self._time_base / 2
        return first_s if is_near else min(first_s, start_s)

    def _encode(self, picture: VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(picture):
                self._mux(packet)
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _mux(self, packet: Packet[VideoStream]) -> None:
        try:
            self._container.mux_one(packet)
        except UNFIT:
            if self._companions is None:
                raise
            # The picture is sound; what was written with it, because its time had come, is what went along.
            self._companions.damaged += 1

    def _check(self, file: AtomicFile, *, is_complete: bool) -> None:
        """Read the finished file back: a full disk can cut a file off without any call having failed."""
        try:
            with av.open(os.path.abspath(file.partial), metadata_errors="surrogateescape") as container:
                stream = container.streams.video[0]
                frames = (
                    0 if self._choice.is_constant_frame_rate else stream.frames
                )  # There, gaps are frames of no bytes.
                frames = frames or sum(packet.size > 0 for packet in container.demux(stream))
                lost = missing_metadata(container, self._container)
        except (av.error.FFmpegError, OSError, IndexError) as error:
            raise SinkError(f"{self.target}: was written, but cannot be read back: {error}") from error
        if is_complete and frames != self._written:
            raise SinkError(f"{self.target}: holds {frames} frames, though {self._written} were written")
        if lost:
            self._own_notes.append(f"{lost} are left out, which {self._choice.container} cannot hold")

    def _close_companions(self) -> None:
        if self._companions is not None:
            self._companions.close()

    def _failed(self, error: Exception) -> Exception:
        if self._file is None and isinstance(error, BrokenPipeError):
            return BrokenPipeError(str(error))  # Whoever read our output has had enough.
        return write_error(Path(self.target), error, frames=self._written)
