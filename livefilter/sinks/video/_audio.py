"""Transcoding of audio, for containers that cannot hold it as it is, or another codec on request."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.codec.codec import UnknownCodecError
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from livefilter.errors import OptionError

_ENCODERS = {"opus": "libopus", "mp3": "libmp3lame", "vorbis": "libvorbis"}
"""Better encoders of codecs that FFmpeg's own encoder of that name encodes badly or not at all."""


class AudioTranscoder:
    """Decodes the packets of an audio stream and encodes them with another codec, at the same times.

    Args:
        source: The stream to transcode.
        output: The container, to which a stream is added.
        codec: FFmpeg's name of a codec, such as "aac" or "opus".

    Attributes:
        stream: The stream added to the container.

    Raises:
        OptionError: FFmpeg has no encoder for the codec, or the container cannot hold it.
    """

    def __init__(self, source: AudioStream, output: OutputContainer, codec: str) -> None:
        name = _ENCODERS.get(codec, codec)
        try:
            rates = av.codec.Codec(name, "w").audio_rates or [source.rate]
            rate = min(rates, key=lambda offered: (offered < source.rate, abs(offered - source.rate)))
            stream = output.add_stream(name, rate=rate)
        except UnknownCodecError as error:
            raise OptionError(
                f"audio_codec: {codec} cannot be encoded here; try aac, opus, ac3, flac or mp3"
            ) from error
        except ValueError as error:
            raise OptionError(
                f"audio_codec: {output.format.name} cannot hold {codec}; choose another, or another container"
            ) from error
        if not isinstance(stream, AudioStream):
            raise OptionError(f"audio_codec: {codec} is no audio codec; try aac, opus, ac3, flac or mp3")
        stream.codec_context.layout = source.layout.name
        stream.codec_context.time_base = Fraction(1, rate)
        stream.codec_context.open(strict=False)
        self.stream = stream
        self._source = source
        self._time_base = Fraction(1, rate)
        self._shift_s = Fraction(0)
        self._resampler = av.AudioResampler(
            format=stream.codec_context.format,
            layout=stream.codec_context.layout,
            rate=rate,
            frame_size=stream.codec_context.frame_size or None,
        )

    def encode(self, packet: Packet[Stream], shift_s: Fraction) -> Iterator[Packet[AudioStream]]:
        """Yield the encoded packets of one packet; a damaged one has none."""
        self._shift_s = shift_s
        try:
            frames = self._source.decode(packet)
        except av.error.InvalidDataError:
            return
        for frame in frames:
            yield from self._encode_frame(frame)

    def flush(self) -> Iterator[Packet[AudioStream]]:
        """Yield the last packets: what decoder, resampler and encoder still hold."""
        for frame in self._source.decode(None):
            yield from self._encode_frame(frame)
        yield from self._encode_frame(None)
        yield from self.stream.encode(None)

    def _encode_frame(self, frame: av.AudioFrame | None) -> Iterator[Packet[AudioStream]]:
        for resampled in self._resampler.resample(frame):
            if resampled.pts is not None and resampled.time_base is not None:
                resampled.pts += round(self._shift_s / resampled.time_base)
            yield from self.stream.encode(resampled)
