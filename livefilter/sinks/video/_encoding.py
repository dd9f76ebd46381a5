"""How pictures are encoded."""

from __future__ import annotations

from dataclasses import dataclass

from livefilter.errors import OptionError

_HIGHEST_CRF = 63


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the pictures of a video are encoded. What is None is left to the codec's good default.

    Attributes:
        codec: "h264", "hevc", "av1", "vp9", "prores", "ffv1", "mjpeg", "gif", "apng", "png"; or the name of an
            encoder of FFmpeg, such as "h264_nvenc". None: what the container is best known for.
        crf: Constant rate factor, 0 (best) to 63, for codecs that have one.
        speed: How hard the encoder tries, in its own words: x264's "veryfast", SVT-AV1's "8".
        pix_fmt: FFmpeg's name of a pixel format, such as "yuv420p" or "yuv444p".
        gop: Frames from one key frame to the next, at most.
        audio_codec: Encode sound anew ("aac", "opus", …) instead of copying it.
        is_fragmented: Write so that what is there can be played at any moment, even after the process was killed: for
            recordings of live streams.
        container: FFmpeg's name of a container, such as "matroska", for outputs whose ending does not tell it.

    Raises:
        OptionError: A number that is out of range, or an empty name.
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
        if self.crf is not None and not 0 <= self.crf <= _HIGHEST_CRF:
            raise OptionError(f"crf: must be from 0 (best) to {_HIGHEST_CRF}, found {self.crf}")
        if self.gop is not None and self.gop < 1:
            raise OptionError(f"gop: must be at least 1 frame, found {self.gop}")
