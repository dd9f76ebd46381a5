"""Packets of a video stream, without those that a decoder would mistake for its end."""

from __future__ import annotations

from collections.abc import Iterator

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream


def demux_video(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Yield the packets of a video stream, and at the end the one that flushes its decoder.

    Other empty packets repeat the frame before, or come from a camera that had none. A decoder would take them for the
    end of the stream.
    """
    packets = container.demux(stream)
    empty: Packet[VideoStream] | None = None
    while True:
        try:
            packet = next(packets, None)
        except IndexError:  # PyAV, at the end of a file in which streams appear midway; its streams are flushed first.
            packet = None
        if packet is None:
            break
        if packet.size or packet.has_sidedata("new_extradata"):
            empty = None
            yield packet
        else:
            empty = packet
    if empty is not None:
        yield empty
