"""Silence in the gaps of copied audio, for containers that store samples without their times."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

_ENCODERS = {"mp3": "libmp3lame"}
_WARM_UP = 8
"""Packets after which an encoder is silent itself."""
_WITHOUT_TIMES = {"avi", "mov", "mp4"}
_TOLERANCE_S = Fraction(1, 200)
"""Shorter gaps are the rounding of the input's times."""


def can_hold_gaps(stream: AudioStream, output: OutputContainer) -> bool:
    """Return whether an output can say that audio pauses: AVI never can, MP4 and MOV only count the samples of PCM."""
    name = output.format.name
    return name != "avi" and (name not in _WITHOUT_TIMES or not stream.codec_context.name.startswith("pcm_"))


def gap_filler(stream: AudioStream) -> GapFiller | PacketGapFiller:
    """Return what fills the gaps of a stream."""
    return GapFiller(stream) if stream.codec_context.name.startswith("pcm_") else PacketGapFiller(stream)


def silence(context: AudioCodecContext, rate: int, count: int) -> AudioFrame:
    """Return a frame of so many silent samples, in the format and layout of an encoder."""
    frame = AudioFrame(context.format, context.layout, count)
    level = b"\x80" if context.format.packed.name == "u8" else b"\0"
    # Not all planes: of eight or more, PyAV lists one that does not exist.
    for plane in frame.planes[: context.layout.nb_channels if context.format.is_planar else 1]:
        plane.update(level * plane.buffer_size)
    frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
    return frame


class GapFiller:
    """Keeps uncompressed audio in step with its times: silence fills gaps, and what overlaps is cut.

    Args:
        stream: The audio.

    Attributes:
        lost_s: Seconds of gaps that could not be filled.
    """

    def __init__(self, stream: AudioStream) -> None:
        self.lost_s = Fraction(0)
        self._stream = stream
        self._next_s: Fraction | None = None
        self._shift_s = Fraction(0)
        name = stream.codec_context.name
        self._encoder = cast(AudioCodecContext, av.codec.CodecContext.create(name, "w"))
        self._encoder.sample_rate, self._encoder.layout = stream.rate, stream.layout
        self._encoder.format = (self._encoder.codec.audio_formats or [stream.format])[0]
        self._encoder.time_base = Fraction(1, stream.rate)
        self._encoder.open()
        self._bytes_per_sample = len(self._silence(1)) or 1

    def fill(self, packet: Packet[Stream], shift_s: Fraction) -> list[Packet[Stream]]:
        """Return a packet of the stream, with packets of silence before it if it comes late.

        Args:
            packet: The next packet.
            shift_s: What is added to its time; a change of it is no gap in the audio.
        """
        start_s = Fraction(packet.pts if packet.pts is not None else packet.dts or 0) * packet.time_base
        expected_s = self._next_s
        if expected_s is not None:
            expected_s += self._shift_s - shift_s
        gap_s = Fraction(0) if expected_s is None else start_s - expected_s
        self._shift_s = shift_s
        packets: list[Packet[Stream]] = []
        if expected_s is not None and gap_s < -_TOLERANCE_S:
            surplus = round(-gap_s * self._stream.rate) * self._bytes_per_sample
            if surplus >= packet.size:
                self._next_s = expected_s
                return []
            packet = self._packet(bytes(packet)[surplus:], packet, expected_s)
        expected_s = start_s if expected_s is None else expected_s
        while gap_s > _TOLERANCE_S:
            count = round(min(gap_s, Fraction(1)) * self._stream.rate)  # At most a second at a time.
            packets.append(self._packet(self._silence(count), packet, expected_s))
            expected_s += Fraction(count, self._stream.rate)
            gap_s -= Fraction(count, self._stream.rate)
        self._next_s = expected_s + Fraction(packet.size // self._bytes_per_sample, self._stream.rate)
        return [*packets, packet]

    def _silence(self, count: int) -> bytes:
        """Return encoded samples of silence."""
        frame = silence(self._encoder, self._stream.rate, count)
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame))

    def _packet(self, content: bytes, like: Packet[Stream], start_s: Fraction) -> Packet[Stream]:
        packet: Packet[Stream] = Packet(content)
        packet.stream, packet.time_base = like.stream, like.time_base
        packet.pts = packet.dts = round(start_s / like.time_base)
        samples = len(content) // self._bytes_per_sample
        packet.duration = round(Fraction(samples, self._stream.rate) / like.time_base)
        return packet


class PacketGapFiller:
    """Keeps compressed audio in step with its times: packets of silence fill gaps.

    Args:
        stream: The audio.

    Attributes:
        lost_s: Seconds of gaps that could not be filled, because FFmpeg does not encode such audio.
    """

    def __init__(self, stream: AudioStream) -> None:
        self.lost_s = Fraction(0)
        self._next_s: Fraction | None = None
        self._shift_s = Fraction(0)
        self._silence, samples = _silent_packet(stream)
        self._step_s = Fraction(stream.codec_context.frame_size or samples, stream.rate or 1)

    def fill(self, packet: Packet[Stream], shift_s: Fraction) -> list[Packet[Stream]]:
        """Return a packet of the stream, with packets of silence before it if it comes late.

        Args:
            packet: The next packet.
            shift_s: What is added to its time; a change of it is no gap in the audio.
        """
        duration_s = (packet.duration or 0) * packet.time_base
        if not self._step_s or abs(duration_s - self._step_s) > self._step_s / 4:
            self._next_s = None  # Packets of another length than the codec's usual one: their times are not checked.
            return [packet]
        start_s = Fraction(packet.pts if packet.pts is not None else packet.dts or 0) * packet.time_base
        expected_s = start_s if self._next_s is None else self._next_s + self._shift_s - shift_s
        self._shift_s = shift_s
        count = max(0, round((start_s - expected_s) / self._step_s))
        packets: list[Packet[Stream]] = []
        if count and self._silence is None:
            self.lost_s += count * self._step_s
            expected_s = start_s
        for number in range(count if self._silence else 0):
            silent: Packet[Stream] = Packet(self._silence)
            silent.stream, silent.time_base = packet.stream, packet.time_base
            silent.pts = silent.dts = round((expected_s + number * self._step_s) / packet.time_base)
            silent.duration = packet.duration
            packets.append(silent)
        self._next_s = expected_s + (len(packets) + 1) * self._step_s
        return [*packets, packet]


def _silent_packet(stream: AudioStream) -> tuple[bytes | None, int]:
    """Return a packet of silence in a stream's codec, and its samples; None if FFmpeg encodes no such packets."""
    name = stream.codec_context.codec.canonical_name
    try:
        encoder = cast(AudioCodecContext, av.codec.CodecContext.create(_ENCODERS.get(name, name), "w"))
        encoder.sample_rate, encoder.layout = stream.rate, stream.layout
        encoder.format = (encoder.codec.audio_formats or [stream.format])[0]
        encoder.time_base, encoder.bit_rate = Fraction(1, stream.rate), stream.codec_context.bit_rate or 128_000
        encoder.options = {"reservoir": "0"} if name == "mp3" else {}  # No packet may need the one before.
        encoder.open()
    except (av.error.FFmpegError, ValueError):
        return None, 0
    if not encoder.frame_size or stream.codec_context.frame_size not in (0, encoder.frame_size):
        return None, 0
    packets: list[bytes] = []
    for number in range(_WARM_UP):
        frame = silence(encoder, stream.rate, encoder.frame_size)
        frame.pts = number * encoder.frame_size
        packets += map(bytes, encoder.encode(frame))
    return (packets[-1] if packets else None), encoder.frame_size
