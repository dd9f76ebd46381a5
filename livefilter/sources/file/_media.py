"""Records that describe a media file: its streams, its chapters, and the result of a scan."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """A video stream.

    Attributes:
        index: Number of the stream in the file.
        codec: FFmpeg's name of the codec; empty if this FFmpeg does not know it.
        profile: Profile of the codec; None if it has none.
        width: Columns as stored, in pixels.
        height: Rows as stored, in pixels.
        pixel_aspect: Width of a pixel divided by its height.
        rotation: Counter-clockwise rotation for display, in degrees.
        crop: Rows and columns that the container hides at (top, bottom, left, right), in pixels as stored.
        rate: Mean frames per second; None if unknown.
        is_variable: Whether the frame rate varies; None if unknown.
        frames: Number of frames that the file declares; None if it declares none.
        duration_s: Duration that the file declares, in seconds; None if it declares none.
        start_s: Time of the first frame, in seconds.
        pix_fmt: FFmpeg's name of the pixel format.
        bits: Bits per sample.
        color_range: "limited" or "full"; None if unspecified.
        matrix: FFmpeg's name of the matrix coefficients, such as "bt709"; None if unspecified.
        primaries: FFmpeg's name of the colour primaries; None if unspecified.
        transfer: FFmpeg's name of the transfer characteristics; None if unspecified.
        is_interlaced: Whether the first frame consists of two fields.
        is_cover: Whether it is cover art of the audio, rather than a video.
        bit_rate: Bits per second; None if unknown.
        language: Three letters; None if unspecified.
    """

    index: int
    codec: str
    profile: str | None
    width: int
    height: int
    pixel_aspect: Fraction
    rotation: int
    crop: tuple[int, int, int, int]
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
    """An audio stream; ``sample_rate`` in Hz, ``layout`` such as "stereo"."""

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
    """The result of decoding the whole video.

    Attributes:
        frames: Number of frames that could be decoded.
        longest_gap_s: Longest time from one frame to the next, in seconds.
        loss: Description of what is damaged or missing; None if nothing is.
    """

    frames: int
    longest_gap_s: float
    loss: str | None


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """A media file: FFmpeg's name of its container, its duration and bit rate if known, and its streams."""

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
        """Losses that a scan found; None without a scan or a loss."""
        return None if self.scan is None else self.scan.loss
