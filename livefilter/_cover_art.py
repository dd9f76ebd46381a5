"""Recognition of cover art, which sources skip and sinks copy."""

from __future__ import annotations

from av.stream import Disposition, Stream


def is_cover_art(stream: Stream) -> bool:
    """Return whether a video stream is a still image that belongs to the audio, rather than a video."""
    return bool(stream.disposition & Disposition.attached_pic)
