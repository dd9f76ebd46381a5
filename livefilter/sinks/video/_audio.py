"""Transcoding of audio, for containers that cannot hold it as it is, or another codec on request."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.fifo import AudioFifo
from av.audio.format import AudioFormat
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.codec import UnknownCodecError
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from livefilter.errors import OptionError
from livefilter.sinks.video._gaps import silence

_ENCODERS = {"opus": "libopus", "mp3": "libmp3lame", "vorbis": "libvorbis"}
"""Better encoders of codecs that FFmpeg's own encoder of that name encodes badly or not at all."""
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""Layouts of streams that declare a number of channels only, as in FFmpeg."""
_FORMATS = ("fltp", "flt", "s32p", "s32", "s16p", "s16", "dblp", "dbl", "u8p", "u8")
"""Sample formats, the most suitable first."""
_FILL_GAPS = {"async": "1", "min_hard_comp": "0.005"}
"""Options of the resampler: it fills gaps of more than 5 ms with silence, and cuts what overlaps by as much."""
_TOLERANCE_S = Fraction(1, 200)
_CHUNK = 1024
_OPTIONS = {"strict": "experimental"}
"""Some encoders, such as DTS, work only if experimental ones are allowed."""


class AudioTranscoder:
    """Decodes the packets of an audio stream and encodes them with another codec, at the same times.

    The rate, the layout or the format of the input may change midway. Gaps become silence, so that containers without
    times hold them too.

    Args:
        source: The stream to transcode.
        output: The container, to which a stream is added.
        codec: FFmpeg's name of a codec, such as "aac" or "opus".
        name: Name of the stream, for messages.

    Attributes:
        stream: The stream added to the container.
        notes: What the encoder cannot take as it is, in words.
        damaged: Number of packets that could not be decoded.

    Raises:
        OptionError: The stream cannot be decoded, FFmpeg has no encoder for the codec or none for such audio, or the
            container cannot hold it.
    """

    def __init__(self, source: AudioStream, output: OutputContainer, codec: str, *, name: str) -> None:
        self.notes: list[str] = []
        self.damaged = 0
        if not source.codec_context or not source.rate:
            raise OptionError(f"audio_codec: {name} cannot be decoded; leave the audio out with --no-audio")
        self._source = source
        encoder = _ENCODERS.get(codec, codec)
        layout, rate = _find_settings(source, encoder, codec)
        if layout != _layout_of(source):
            self.notes.append(f"{name} has the channels {_layout_of(source)}; {codec} encodes them as {layout}")
        if not _fits(source, output.format.name, encoder, layout, rate):
            raise OptionError(
                f"audio_codec: {output.format.name} cannot hold {codec}; choose another, or another container"
            )
        self.stream = _add_stream(output, source, encoder, layout, rate)
        self._context = self.stream.codec_context
        self._context.open(strict=False)
        self._rate = rate
        self._frame_size = self._context.frame_size or _CHUNK
        self._fifo = AudioFifo()
        self._resampler: av.AudioResampler | None = None
        self._input: tuple[object, ...] = ()
        self._next_input_s: Fraction | None = None
        self._next: int | None = None
        self._encoded = 0

    def encode(self, packet: Packet[Stream], shift_s: Fraction) -> Iterator[Packet[AudioStream]]:
        """Yield the encoded packets of one packet; a damaged one has none."""
        try:
            frames = self._source.decode(packet)
        except av.error.FFmpegError:
            self.damaged += 1
            return
        for frame in frames:
            yield from self._encode_frame(frame, shift_s)

    def flush(self, shift_s: Fraction) -> Iterator[Packet[AudioStream]]:
        """Yield the last packets: what decoder, resampler and encoder still hold."""
        try:
            frames = self._source.decode(None)
        except av.error.FFmpegError:
            frames = []
        for frame in frames:
            yield from self._encode_frame(frame, shift_s)
        if self._resampler is not None:
            self._queue(self._resampler.resample(None))
        yield from self._encode_queued(is_last=True)
        if self._encoded:
            yield from self.stream.encode(None)

    def _encode_frame(self, frame: AudioFrame, shift_s: Fraction) -> Iterator[Packet[AudioStream]]:
        if not frame.samples or not frame.sample_rate:
            return
        described = (frame.format.name, frame.layout.name, frame.sample_rate)
        if described != self._input:
            if self._resampler is not None:
                self._queue(self._resampler.resample(None))
            self._input = described
            self._resampler = av.AudioResampler(
                self._context.format, self._context.layout, self._rate, frame_size=_CHUNK, options=_FILL_GAPS
            )
        start_s = self._next_input_s
        if frame.pts is not None and frame.time_base:
            start_s = frame.pts * frame.time_base + shift_s
        start_s = start_s or Fraction(0)
        self._next_input_s = start_s + Fraction(frame.samples, frame.sample_rate)
        frame.time_base = Fraction(1, frame.sample_rate)
        frame.pts = round(start_s * frame.sample_rate)
        if self._resampler is not None:
            self._queue(self._resampler.resample(frame))
        yield from self._encode_queued(is_last=False)

    def _queue(self, frames: list[AudioFrame]) -> None:
        """Add resampled frames to the queue, and silence where they begin later than it ends."""
        for frame in frames:
            start = round((frame.pts or 0) * Fraction(frame.time_base or Fraction(1, self._rate)) * self._rate)
            if self._next is None:
                self._next = start
            gap = start - (self._next + self._fifo.samples if self._fifo.samples else self._next)
            while gap > _TOLERANCE_S * self._rate:
                count = min(gap, self._rate)
                self._fifo.write(silence(self._context, self._rate, count))
                gap -= count
            frame.pts, frame.time_base = None, Fraction(1, self._rate)
            self._fifo.write(frame)

    def _encode_queued(self, *, is_last: bool) -> Iterator[Packet[AudioStream]]:
        while self._next is not None:
            frame = self._fifo.read(self._frame_size, partial=is_last) if self._fifo.samples else None
            if frame is None:
                return
            frame.pts, frame.time_base = self._next, Fraction(1, self._rate)
            self._next += frame.samples
            self._encoded += 1
            yield from self.stream.encode(frame)


def _find_settings(source: AudioStream, encoder: str, codec: str) -> tuple[str, int]:
    """Return layout and rate that an encoder takes, the nearest to those of a stream, by opening it."""
    try:
        known = av.codec.Codec(encoder, "w")
    except UnknownCodecError as error:
        raise OptionError(f"audio_codec: {codec} cannot be encoded here; try aac, opus, ac3, flac or mp3") from error
    if known.type != "audio":
        raise OptionError(f"audio_codec: {codec} is no audio codec; try aac, opus, ac3, flac or mp3")
    rates = known.audio_rates or [source.rate]
    nearest = min(rates, key=lambda offered: (offered < source.rate, abs(offered - source.rate)))
    layout = _layout_of(source)
    channels = source.layout.nb_channels
    narrower = [name for count, name in sorted(_LAYOUTS.items(), reverse=True) if count <= channels]
    for rate in dict.fromkeys((nearest, 48_000, 44_100)):
        for candidate in dict.fromkeys((layout, *narrower, "stereo", "mono")):
            try:
                _configured(known.create("audio"), source, candidate, rate).open()
            except (av.error.FFmpegError, ValueError):
                continue
            return candidate, rate
    raise OptionError(
        f"audio_codec: {codec} cannot encode {source.rate} Hz with the channels {layout}; "
        "try aac, opus, ac3, flac or mp3"
    )


def _fits(source: AudioStream, container: str, encoder: str, layout: str, rate: int) -> bool:
    """Return whether a container can hold what an encoder makes, by muxing a header to memory."""
    try:
        with av.open(io.BytesIO(), "w", format=container) as trial:
            _add_stream(trial, source, encoder, layout, rate)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError, OSError):
        return False
    return True


def _add_stream(output: OutputContainer, source: AudioStream, encoder: str, layout: str, rate: int) -> AudioStream:
    stream = cast(AudioStream, output.add_stream(encoder, rate=rate, options=_OPTIONS))
    _configured(stream.codec_context, source, layout, rate)
    return stream


def _configured(context: AudioCodecContext, source: AudioStream, layout: str, rate: int) -> AudioCodecContext:
    context.layout, context.sample_rate, context.time_base = layout, rate, Fraction(1, rate)
    context.format = _format(context.codec.audio_formats, source)
    context.options = dict(_OPTIONS)
    return context


def _format(offered: list[AudioFormat] | None, source: AudioStream) -> AudioFormat:
    """Return the sample format of a stream if an encoder offers it, or else the most suitable one."""
    own = source.codec_context.format
    if not offered:
        return own
    by_name = {format_.name: format_ for format_ in offered}
    own_names = (own.name, own.planar.name, own.packed.name) if own is not None else ()
    return next((by_name[name] for name in (*own_names, *_FORMATS) if name in by_name), offered[0])


def _layout_of(source: AudioStream) -> str:
    layout = source.layout
    return _LAYOUTS.get(layout.nb_channels, layout.name) if _is_vague(layout.name) else layout.name


def _is_vague(layout: str) -> bool:
    """Return whether a layout declares a number of channels only, such as "2 channels"."""
    return layout.endswith("channels") or not layout
