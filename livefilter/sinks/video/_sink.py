"""Video files, and video on standard output: encoded and muxed by FFmpeg, through PyAV."""

from __future__ import annotations

import logging
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

from livefilter.analysis import Result
from livefilter.cpus import codec_threads
from livefilter.errors import LivefilterError, OptionError, SinkError
from livefilter.frame import Colorimetry
from livefilter.sinks._atomic_file import AtomicFile, write_error
from livefilter.sinks._provenance import Provenance
from livefilter.sinks._sink import Needs, Sink
from livefilter.sinks._write_guard import WriteGuard
from livefilter.sinks.video._animation import loop_options, plays_of, set_last_delay
from livefilter.sinks.video._av_frames import FrameConverter, with_captions
from livefilter.sinks.video._encoder import STANDARD_OUTPUT, resolve_encoder
from livefilter.sinks.video._encoding import Encoding
from livefilter.sinks.video._muxing import (
    missing_metadata,
    needs_wrapper,
    open_wrapped,
    set_movie_timescale,
    write_provenance,
)
from livefilter.sinks.video._pts import PtsAssigner
from livefilter.sinks.video._remux import PACKET_ERRORS, StreamCopier, StreamCopyOptions
from livefilter.sinks.video._scheduling import keeping_scheduling

logger = logging.getLogger(__name__)

_CAPTION_ENCODERS = {"libx264", "libx265", "mpeg2video", "h264_nvenc", "hevc_nvenc", "av1_nvenc"}
"""Encoders that write captions (A53), which FFmpeg hands to them as side data of frames."""


class VideoSink(Sink):
    """A video with one image for each frame, at the frame's own time.

    If a pixel format needs even sides, the last row or column is repeated. If the first time is before zero, all
    streams are shifted to begin at zero, because players skip what comes earlier. A time that does not increase becomes
    one tick more than the time before.

    Args:
        path: The file; its suffix selects the container (.mp4, .m4v, .mov, .mkv, .webm, .avi, .gif, .apng). "-" is
            standard output, in Matroska unless ``encoding`` names another container.
        rate: Nominal frames per second.
        time_base: Unit of the frames' times, in seconds. MP4 and MOV store every time exactly; ``notes`` says what the
            others round.
        overwrite: Replace an existing file.
        encoding: Encoding of the video. Default: H.264 at crf 18 in most containers.
        colorimetry: Range, matrix, primaries and transfer of the luma, and the pixel aspect ratio. Default: BT.709,
            limited range.
        stream_copy: The file whose audio, subtitles, chapters, attachments and metadata are copied into the video.
        provenance: Source and preset, for the metadata.

    Attributes:
        loss: Damage in the copied streams, in words; None without any.
        notes: Differences between input and output that lose nothing, in words.

    Raises:
        SinkError: The file cannot be created.
        OptionError: The suffix is unknown, a codec or setting is not available, the container cannot hold a stream, or
            standard output is a terminal.
    """

    needs = Needs.PICTURE

    def __init__(
        self,
        path: Path,
        *,
        rate: Fraction,
        time_base: Fraction,
        overwrite: bool = False,
        encoding: Encoding | None = None,
        colorimetry: Colorimetry | None = None,
        stream_copy: StreamCopyOptions | None = None,
        provenance: Provenance | None = None,
    ) -> None:
        if str(path) == STANDARD_OUTPUT and os.isatty(1):
            raise OptionError("standard output: is a terminal, which cannot show a video; pipe it into a program")
        encoding = encoding or Encoding()
        self._settings = resolve_encoder(path, encoding)
        self.target = "standard output" if str(path) == STANDARD_OUTPUT else str(path)
        self._colorimetry = colorimetry or Colorimetry()
        self._rate = rate
        self._time_base = 1 / rate if self._settings.is_constant_frame_rate else self._settings.time_base or time_base
        self._write_guard = WriteGuard(self.target)
        self._frames_written = 0
        self._last_s = Fraction(0)
        self._pts = PtsAssigner(self._time_base, self._settings.max_step)
        self._last_duration_s: Fraction | None = None
        self._has_dropped_captions = False
        self._shape: tuple[int, int] = (0, 0)
        self._converter: FrameConverter | None = None
        self._notes: list[str] = []
        self._copier: StreamCopier | None = None
        self._file = None if str(path) == STANDARD_OUTPUT else AtomicFile(path, overwrite=overwrite)
        try:
            plays = None if stream_copy is None else plays_of(stream_copy.path)
            if plays is not None:
                self._settings.container_options.update(loop_options(self._settings.container, plays))
            is_wrapped = (
                self._settings.container == "matroska"
                and stream_copy is not None
                and stream_copy.has_audio
                and encoding.audio_codec is None
                and needs_wrapper(stream_copy.path)
            )
            self._container = self._open_container(is_wrapped=is_wrapped)
            self._closing_steps = [lambda: self._encode(None), self._finish_copier, self._container.close]
            self._stream = self._add_stream()
            if stream_copy is not None:
                self._copier = StreamCopier(
                    stream_copy,
                    self._container,
                    self._stream,
                    target=self.target,
                    audio_codec=encoding.audio_codec,
                    clip_negative=self._settings.is_constant_frame_rate,
                )
            if provenance is not None:
                write_provenance(provenance, self._container)
            if self._settings.container in ("mp4", "mov"):
                set_movie_timescale(self._container, self._time_base)
        except BaseException:
            self.discard()
            raise

    @property
    def loss(self) -> str | None:  # type: ignore[override]
        """Damage in the copied streams, and gaps that the container cannot hold, in words."""
        gaps = f"{self.target}: {self._pts.loss}" if self._pts.loss else None
        return "; ".join(filter(None, (gaps, self._copier.loss if self._copier else None))) or None

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]
        """Differences between input and output, in words."""
        frames = self._converter.notes if self._converter else []
        times = self._pts.notes(self._settings.container)
        streams = self._copier.notes if self._copier else []
        return tuple(f"{self.target}: {note}" for note in (*frames, *self._notes, *times, *streams))

    def write(self, result: Result) -> None:
        """Encode one frame; videos hold no score."""
        with self._write_guard.write():
            self._write(result)

    def finish(self, *, is_complete: bool = True, end_s: Fraction | None = None) -> str | None:
        """Flush the encoder, close the file, verify it, and move it into place."""
        with self._write_guard.lock() as is_open:
            if is_open and self._frames_written:
                if self._copier is not None:
                    # A partial video has no sound beyond its last image.
                    last_s = None if is_complete else self._last_s + 1 / self._rate
                    self._copier.end_at(last_s if end_s is None else end_s)
                return self._finish(is_complete)
            self.discard()
            return None

    def discard(self) -> None:
        """Close and remove the unfinished file."""
        with self._write_guard.lock() as is_open:
            if is_open:
                self._write_guard.end()
                self._discard()

    def _write(self, result: Result) -> None:
        frame, picture = result.frame, result.picture
        shape = (picture.shape[0], picture.shape[1])
        if self._converter is None:
            self._converter = self._configure_stream(result)
            self._shape = shape
        elif shape != self._shape:
            raise SinkError(f"{self.target}: a video has one size, {self._shape}, and frame {frame.index} has {shape}")
        image = self._converter.convert(picture, frame.chroma)
        if isinstance(frame.captions, VideoFrame):
            if self._settings.encoder in _CAPTION_ENCODERS:
                image = with_captions(image, frame.captions)
            elif not self._has_dropped_captions:
                self._has_dropped_captions = True
                self._notes.append(f"captions are left out, which {self._settings.encoder} does not write")
        image.pts = self._pts.pts(frame.time_s)
        image.time_base = self._time_base
        if frame.duration_s is not None:  # Players derive it from the next frame's time, which the last frame lacks.
            self._last_duration_s = frame.duration_s
            image.duration = max(1, round(frame.duration_s / self._time_base))
        self._encode(image)
        self._frames_written += 1
        self._last_s = frame.time_s
        if self._copier is not None:
            try:
                self._copier.copy_until(frame.time_s, self._pts.shift_s)
            except (av.error.FFmpegError, OSError) as error:
                raise self._write_error(error) from error

    def _finish(self, is_complete: bool) -> str | None:
        """Finish the file; a second call, after an error, continues with the step after the one that failed."""
        while self._closing_steps:
            step = self._closing_steps.pop(0)
            try:
                step()
            except (av.error.FFmpegError, OSError) as error:
                raise error if isinstance(error, LivefilterError) else self._write_error(error) from error
            except Exception as error:
                if is_complete:
                    raise
                logger.warning("%s: what the encoder still held is lost: %s", self.target, error)
        if self._file is not None:
            if self._settings.container == "apng" and self._last_duration_s is not None:
                set_last_delay(self._file.partial, self._last_duration_s)
            self._verify(self._file, is_complete=is_complete)
        self._write_guard.end()
        self._close_copier()
        return None if self._file is None else str(self._file.complete() if is_complete else self._file.keep_partial())

    def _finish_copier(self) -> None:
        if self._copier is not None:
            self._copier.finish(self._pts.shift_s)

    def _discard(self) -> None:
        self._close_copier()
        with suppress(AttributeError):  # There is no container if opening it failed.
            try:
                self._container.close()
            except (av.error.FFmpegError, OSError) as error:
                logger.debug("closing %s, which is discarded: %s", self.target, error)
        if self._file is not None:
            self._file.discard()

    def _open_container(self, *, is_wrapped: bool) -> OutputContainer:
        if is_wrapped and self._file is not None:
            return open_wrapped(self._file.partial, self._settings.container_options)
        # An absolute path: FFmpeg would take the start of a:b.mp4 for the name of a protocol.
        url = "pipe:1" if self._file is None else os.path.abspath(self._file.partial)
        return av.open(
            url,
            mode="w",
            format=self._settings.container,
            container_options=self._settings.container_options,
            metadata_errors="surrogateescape",
        )

    def _add_stream(self) -> VideoStream:
        stream = cast(
            VideoStream,
            self._container.add_stream(self._settings.encoder, rate=self._rate, options=self._settings.options),
        )
        stream.time_base = stream.codec_context.time_base = self._time_base
        # Frame threads if the encoder has them: x264 takes a quarter less time than with slices, and fewer bytes.
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = codec_threads()
        if self._settings.codec_tag is not None:
            stream.codec_context.codec_tag = self._settings.codec_tag
        return stream

    def _configure_stream(self, first: Result) -> FrameConverter:
        """Set what only the first frame shows, write the header, and return the converter for all frames."""
        if self._copier is not None:
            self._copier.start_at(first.frame.time_s)
        self._pts.set_origin(self._earliest_s(first.frame.time_s))
        converter = FrameConverter(first.picture, first.frame.chroma, self._settings, self._colorimetry)
        self._stream.height, self._stream.width = converter.shape
        self._stream.pix_fmt = converter.pix_fmt
        context = self._stream.codec_context
        context.flags |= Flags.frame_duration
        if self._container.format.name != self._settings.container:  # A wrapper does not ask for it.
            context.flags |= Flags.global_header
        context.color_range = 2 if converter.colorimetry.is_full_range else 1  # FFmpeg's AVCOL_RANGE_JPEG and _MPEG.
        context.colorspace = self._colorimetry.matrix
        context.color_primaries = self._colorimetry.primaries
        context.color_trc = self._colorimetry.transfer
        context.sample_aspect_ratio = self._colorimetry.pixel_aspect
        try:
            with keeping_scheduling():
                self._container.start_encoding()
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise self._write_error(error) from error
        return converter

    def _earliest_s(self, first_s: Fraction) -> Fraction:
        """Return the media time that becomes zero: a start before zero; in an AVI, without start times, any start."""
        start_s = self._copier.start_s if self._copier and self._settings.is_constant_frame_rate else Fraction(0)
        is_near = start_s > 0 and first_s - start_s < 3 * self._time_base / 2
        return first_s if is_near else min(first_s, start_s)

    def _encode(self, image: VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(image):
                self._mux(packet)
        except (av.error.FFmpegError, OSError) as error:
            raise self._write_error(error) from error

    def _mux(self, packet: Packet[VideoStream]) -> None:
        try:
            self._container.mux_one(packet)
        except PACKET_ERRORS:
            if self._copier is None:
                raise
            # The image is valid: the damaged packet is one of a copied stream, which the muxer wrote along with it.
            self._copier.damaged += 1

    def _verify(self, file: AtomicFile, *, is_complete: bool) -> None:
        """Read the finished file back: a full disk can truncate a file without an error from any call."""
        try:
            with av.open(os.path.abspath(file.partial), metadata_errors="surrogateescape") as container:
                stream = container.streams.video[0]
                # At a constant frame rate, gaps are frames of no bytes, which the header counts too.
                frames = 0 if self._settings.is_constant_frame_rate else stream.frames
                frames = frames or sum(packet.size > 0 for packet in container.demux(stream))
                lost = missing_metadata(container, self._container)
        except (av.error.FFmpegError, OSError, IndexError) as error:
            raise SinkError(f"{self.target}: was written, but cannot be read back: {error}") from error
        if is_complete and frames != self._frames_written:
            raise SinkError(f"{self.target}: holds {frames} frames, though {self._frames_written} were written")
        if lost:
            self._notes.append(f"{lost} are left out, which {self._settings.container} cannot hold")

    def _close_copier(self) -> None:
        if self._copier is not None:
            self._copier.close()

    def _write_error(self, error: Exception) -> Exception:
        if self._file is None and isinstance(error, BrokenPipeError):
            return BrokenPipeError(str(error))  # The reading program has closed the pipe, which is no error.
        return write_error(Path(self.target), error, frames=self._frames_written)
