"""Encoding options of a video."""

from __future__ import annotations

from dataclasses import dataclass

from livefilter.errors import OptionError

_MAX_CRF = 63


@dataclass(frozen=True, slots=True)
class Encoding:
    """Encoding of a video. None selects the default of the codec or the container.

    Attributes:
        codec: "h264", "hevc", "av1", "vp9", "prores", "ffv1", "mjpeg", "gif", "apng", "png"; or the name of an
            FFmpeg encoder, such as "h264_nvenc". None: the container's usual codec.
        crf: Constant rate factor, 0 (best) to 63, for codecs that have one.
        speed: The encoder's speed preset, such as "veryfast" of x264 or "8" of SVT-AV1.
        pix_fmt: FFmpeg's name of a pixel format, such as "yuv420p" or "yuv444p".
        gop: Largest distance between key frames, in frames.
        audio_codec: Re-encode the audio ("aac", "opus", …) instead of copying it.
        is_fragmented: Keep the file playable while it is written, even if the process is killed; for recordings of
            live streams.
        container: FFmpeg's name of the container, such as "matroska", for standard output, which has no suffix.

    Raises:
        OptionError: A number is out of range, or a name is empty.
    """

    codec: str | None = None
    crf: int | None = None
    speed: str | None = None
    pix_fmt: str | None = None
    gop: int | None = None
    audio_codec: str | None = None
    is_fragmented: bool = False
    container: str | None = None

    def __post_init__(self) -> None:
        for name in ("codec", "speed", "pix_fmt", "audio_codec", "container"):
            if getattr(self, name) == "":
                raise OptionError(f"{name}: must be a name, found an empty text")
        if self.crf is not None and not 0 <= self.crf <= _MAX_CRF:
            raise OptionError(f"crf: must be from 0 (best) to {_MAX_CRF}, found {self.crf}")
        if self.gop is not None and self.gop < 1:
            raise OptionError(f"gop: must be at least 1 frame, found {self.gop}")
