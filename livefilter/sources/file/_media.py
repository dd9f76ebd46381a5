"""What is known of a media file: its streams, its chapters, and what a scan found."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """A video stream.

    Attributes:
        index: Its number in the file.
        codec: FFmpeg's name of it; empty where this FFmpeg does not know it.
        profile: Of the codec; None if it has none.
        width: Columns as stored, in pixels.
        height: Rows as stored, in pixels.
        pixel_aspect: Width of a pixel as a share of its height.
        rotation: Degrees by which the picture is turned, counter-clockwise, to be shown.
        rate: Mean frames per second; None if it is not known.
        is_variable: Whether frames lie unevenly in time; None if that cannot be told.
        frames: How many there are, as the file says; None if it does not.
        duration_s: As the file says, in seconds; None if it does not.
        start_s: Time of the first frame in seconds.
        pix_fmt: FFmpeg's name of the pixel format.
        bits: Per sample.
        color_range: "limited" or "full"; None if nobody said so, as with the three that follow.
        matrix: FFmpeg's name of it, such as "bt709".
        primaries: FFmpeg's name of them.
        transfer: FFmpeg's name of it.
        is_interlaced: Whether the first frame is made of two fields.
        is_cover: A picture that belongs to sound, rather than a video.
        bit_rate: Bits per second; None if it is not known.
        language: Three letters; None if nobody said so.
    """

    index: int
    codec: str
    profile: str | None
    width: int
    height: int
    pixel_aspect: Fraction
    rotation: int
    rate: Fraction | None
    is_variable: bool | None
    frames: int | None
    duration_s: float | None
    start_s: float | None
    pix_fmt: str | None
    bits: int | None
    color_range: str | None
    matrix: str | None
    primaries: str | None
    transfer: str | None
    is_interlaced: bool
    is_cover: bool
    bit_rate: int | None
    language: str | None


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """A stream of sound; ``sample_rate`` in Hz, ``layout`` such as "stereo"."""

    index: int
    codec: str
    sample_rate: int
    layout: str
    duration_s: float | None
    start_s: float | None
    bit_rate: int | None
    language: str | None


@dataclass(frozen=True, slots=True)
class OtherFacts:
    """Any other stream: ``kind`` is "subtitle", "data" or "attachment"."""

    index: int
    kind: str
    codec: str
    language: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter, with its times in seconds."""

    start_s: float
    end_s: float
    title: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found by decoding everything.

    Attributes:
        frames: Frames that could be decoded.
        longest_gap_s: The longest time from one frame to the next, in seconds.
        loss: What is damaged or missing, in words; None if nothing is.
    """

    frames: int
    longest_gap_s: float
    loss: str | None


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """A file: FFmpeg's name of its container, its duration and bit rate if known, and all that is in it."""

    name: str
    container: str
    size_bytes: int
    duration_s: float | None
    bit_rate: int | None
    video: tuple[VideoFacts, ...]
    audio: tuple[AudioFacts, ...]
    other: tuple[OtherFacts, ...]
    chapters: tuple[Chapter, ...]
    metadata: dict[str, str]
    scan: Scan | None = None

    @property
    def loss(self) -> str | None:
        """What a scan found to be lost, in words; None if nothing was."""
        return None if self.scan is None else self.scan.loss
