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

_WITHOUT_TIMES = {"avi", "mov", "mp4"}
_TOLERANCE_S = Fraction(1, 200)
"""Shorter gaps are the rounding of the input's times."""


def can_hold_gaps(stream: AudioStream, output: OutputContainer) -> bool:
    """Return whether an output can say that audio pauses: AVI, MP4 and MOV only count the samples of PCM."""
    return output.format.name not in _WITHOUT_TIMES or not stream.codec_context.name.startswith("pcm_")


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
    """

    def __init__(self, stream: AudioStream) -> None:
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
