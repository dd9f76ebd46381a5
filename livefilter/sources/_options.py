"""How a source is opened: what can be asked of it, and which kinds of sources each option is for."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Literal, get_args

from livefilter.errors import OptionError

SourceKind = Literal[
    "camera", "stream", "video on a server", "video file", "pictures", "synthetic scene", "standard input"
]
InputFormat = Literal["gray8", "bgr24"]
Color = Literal["gray", "luma", "rgb"]

_CAMERA: tuple[SourceKind, ...] = ("camera",)
_LIVE: tuple[SourceKind, ...] = ("camera", "stream")
_STORED: tuple[SourceKind, ...] = ("video file", "pictures", "synthetic scene")
_TAKEN_BY: dict[str, tuple[SourceKind, ...]] = {
    "rate": ("camera", "pictures", "standard input"),
    "size": ("camera", "standard input"),
    "fourcc": _CAMERA,
    "backend": _CAMERA,
    "mirror": _LIVE,
    "open_timeout_s": (*_LIVE, "video on a server"),
    "read_timeout_s": (*_LIVE, "video on a server"),
    "retry_wait_s": _LIVE,
    "give_up_after_s": _LIVE,
    "frozen_after_s": _LIVE,
    "loop": _STORED,
    "realtime": _STORED,
    "input_format": ("standard input",),
    "color": ("video file", "pictures"),
}
_LARGEST_PX = 32767


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """What is asked of a source. An option that its kind of source does not know is refused, never ignored.

    Attributes:
        rate: Frames per second: that a camera is asked for, that pictures stand for (25 unless given), or of raw video
            on standard input.
        size: (rows, cols) that a camera is asked for, or of raw video on standard input.
        fourcc: Four letters of the format that a camera is asked for, such as "MJPG"; None asks on Linux for the
            simplest one in which it gives the size fast enough, and leaves it to the backend elsewhere.
        backend: Name of OpenCV's camera backend, such as "V4L2", which None takes on Linux; elsewhere OpenCV chooses.
        mirror: Turn left and right round, as in a mirror (cameras and streams).
        open_timeout_s: Longest wait for a camera or stream to open and give its first picture, in seconds.
        read_timeout_s: Longest wait for the next picture, in seconds; then the connection is given up and a new one
            is opened.
        retry_wait_s: Longest wait between two attempts to open a lost camera or stream again, in seconds; attempts
            begin soon after the loss, and each waits about twice as long as the one before.
        give_up_after_s: End with an error when there was no picture for so long, in seconds; None tries for ever.
        frozen_after_s: Report a camera or stream as frozen when it repeated one picture for so long, in seconds;
            0 never does.
        loop: Begin again at the end (files, pictures, scenes).
        realtime: Give frames no sooner than they are due, and as a live source does: one that is not taken in time is
            gone (files, pictures, scenes).
        input_format: Raw video on standard input: "gray8" or "bgr24"; it needs ``size`` and ``rate``.
        color: What frames hold: "gray"; "luma", gray with the stream's own chroma beside it (video files); or "rgb",
            BGR pixels (video files and pictures).

    Raises:
        OptionError: A value that cannot be used.
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

    def __post_init__(self) -> None:
        if self.rate is not None and self.rate <= 0:
            raise OptionError(f"rate: must be positive, found {float(self.rate):g}")
        if self.size is not None and not all(1 <= side <= _LARGEST_PX for side in self.size):
            raise OptionError(f"size: each side must be 1 to {_LARGEST_PX} pixels, found {self.size}")
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

    def reject_unsupported(self, kind: SourceKind, name: str) -> None:
        """Refuse options that were given and that a kind of source does not take.

        Args:
            kind: What the source is.
            name: What the message calls it.

        Raises:
            OptionError: An option is not for this kind; the message says for which it is.
        """
        for field in fields(self):
            taken_by: Collection[SourceKind] = _TAKEN_BY[field.name]
            if getattr(self, field.name) != field.default and kind not in taken_by:
                is_this = kind if kind in ("pictures", "standard input") else f"a {kind}"
                raise OptionError(f"{field.name}: is for {_listed(taken_by)} only, and {name} is {is_this}")


def _listed(kinds: Collection[SourceKind]) -> str:
    plural = {"pictures": "pictures", "standard input": "standard input", "video on a server": "videos on a server"}
    names = [plural.get(kind, f"{kind}s") for kind in kinds]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
