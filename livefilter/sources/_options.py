"""Options of sources, and the kinds of sources that each option applies to."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Literal, get_args

from livefilter.errors import OptionError
from livefilter.frame import Color
from livefilter.sources._background import parse_color
from livefilter.sources._kind import SourceKind

InputFormat = Literal["gray8", "bgr24"]

_LIVE = (SourceKind.CAMERA, SourceKind.STREAM)
_STORED = (SourceKind.VIDEO_FILE, SourceKind.IMAGES, SourceKind.SAMPLE, SourceKind.SCENE)
KINDS_BY_OPTION: dict[str, tuple[SourceKind, ...]] = {
    "rate": (SourceKind.CAMERA, SourceKind.VIDEO_FILE, SourceKind.IMAGES, SourceKind.STANDARD_INPUT),
    "size": (SourceKind.CAMERA, SourceKind.VIDEO_FILE, SourceKind.STANDARD_INPUT),
    "fourcc": (SourceKind.CAMERA,),
    "backend": (SourceKind.CAMERA,),
    "mirror": _LIVE,
    "open_timeout_s": (*_LIVE, SourceKind.REMOTE_FILE),
    "read_timeout_s": (*_LIVE, SourceKind.REMOTE_FILE),
    "retry_wait_s": _LIVE,
    "give_up_after_s": _LIVE,
    "frozen_after_s": _LIVE,
    "loop": _STORED,
    "realtime": _STORED,
    "input_format": (SourceKind.VIDEO_FILE, SourceKind.STANDARD_INPUT),
    "color": tuple(SourceKind),
    "background": (SourceKind.VIDEO_FILE, SourceKind.IMAGES, SourceKind.STANDARD_INPUT),
}
_MAX_SIDE_PX = 32767


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """Options for opening a source. An option that does not apply to the kind of source is refused, never ignored.

    Attributes:
        rate: Frames per second: requested from a camera, of images (25 by default), of raw video, or of a video without
            times, such as a bare H.264 stream (the codec's own by default).
        size: (rows, cols), requested from a camera, or of raw video.
        fourcc: Four letters of the pixel format requested from a camera, such as "MJPG". None picks, on Linux, the
            cheapest format that delivers the size fast enough, and leaves the choice to the backend elsewhere.
        backend: Name of OpenCV's camera backend. None is "V4L2" on Linux; elsewhere OpenCV chooses.
        mirror: Swap left and right (cameras and streams).
        open_timeout_s: Longest wait for a camera or stream to open and deliver its first frame, in seconds.
        read_timeout_s: Longest wait for the next frame, in seconds; after that the source reconnects.
        retry_wait_s: Longest delay between two attempts to reconnect, in seconds. The first attempt follows soon after
            the loss, and each delay is about twice as long as the one before.
        give_up_after_s: End with an error after so many seconds without a frame; None retries for ever.
        frozen_after_s: Report a camera or stream as frozen after so many seconds of one repeated frame; 0 never does.
        loop: Start again at the end (video files, images, sample clips, scenes).
        realtime: Play at the source's own rate, like a live source: a frame that is not read in time is dropped (video
            files, images, sample clips, scenes).
        input_format: Raw video, in a file or on standard input: "gray8" or "bgr24". It needs ``size`` and ``rate``.
        color: Content of the frames: "gray"; "luma", gray plus the stream's own chroma where a video file has it, else
            BGR pixels; or "rgb", BGR pixels. Sources without colors give gray frames in each case.
        background: Color behind transparent parts: a name such as "white", or a number such as "#20c0ff" (video files
            and images).

    Raises:
        OptionError: A value is out of range.
    """

    rate: Fraction | None = None
    size: tuple[int, int] | None = None
    fourcc: str | None = None
    backend: str | None = None
    mirror: bool = False
    open_timeout_s: float = 10.0
    read_timeout_s: float = 5.0
    retry_wait_s: float = 10.0
    give_up_after_s: float | None = None
    frozen_after_s: float = 10.0
    loop: bool = False
    realtime: bool = False
    input_format: InputFormat | None = None
    color: Color = "gray"
    background: str = "black"

    def __post_init__(self) -> None:
        if self.rate is not None and self.rate <= 0:
            raise OptionError(f"rate: must be positive, found {float(self.rate):g}")
        if self.size is not None and not all(1 <= side <= _MAX_SIDE_PX for side in self.size):
            raise OptionError(f"size: each side must be 1 to {_MAX_SIDE_PX} pixels, found {self.size}")
        if self.fourcc is not None and not (len(self.fourcc) == 4 and self.fourcc.isascii()):
            raise OptionError(f"fourcc: must be four letters such as MJPG or YUYV, found {self.fourcc!r}")
        for name in ("open_timeout_s", "read_timeout_s", "retry_wait_s", "give_up_after_s"):
            seconds = getattr(self, name)
            if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
                raise OptionError(f"{name}: must be more than 0 seconds, found {seconds:g}")
        if not (math.isfinite(self.frozen_after_s) and self.frozen_after_s >= 0):
            raise OptionError(f"frozen_after_s: must be 0 or more seconds, found {self.frozen_after_s:g}")
        if self.input_format not in (None, *get_args(InputFormat)):
            known = " or ".join(get_args(InputFormat))
            raise OptionError(f"input_format: must be {known}, found {self.input_format!r}")
        if self.color not in get_args(Color):
            raise OptionError(f"color: must be one of {', '.join(get_args(Color))}, found {self.color!r}")
        parse_color(self.background)

    def reject_unsupported(self, kind: SourceKind, name: str) -> None:
        """Raise an error if an option was changed from its default and does not apply to a kind of source.

        Args:
            kind: Kind of the source.
            name: Name of the source in the message.

        Raises:
            OptionError: An option does not apply; the message lists the kinds that it applies to.
        """
        for field in fields(self):
            kinds = KINDS_BY_OPTION[field.name]
            if getattr(self, field.name) != field.default and kind not in kinds:
                noun = kind.value if kind.plural == kind.value else f"a {kind.value}"
                raise OptionError(f"{field.name}: is for {_joined(kinds)} only, and {name} is {noun}")


def _joined(kinds: Collection[SourceKind]) -> str:
    names = [kind.plural for kind in kinds]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
