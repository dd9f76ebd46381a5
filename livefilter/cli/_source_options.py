"""Options of sources, shared by every command that reads one."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial, wraps
from typing import Any

import click

from livefilter.cli._options import option
from livefilter.cli._shared import logs_on_standard_error

_NTSC_TOLERANCE_FPS = 0.005
"""A rate this close to an NTSC rate is that rate: 29.97 stands for 30000/1001, 23.976 for 24000/1001."""


def size(text: str) -> tuple[int, int]:
    """Parse a size such as 1280x720, columns first, and return (rows, cols)."""
    sides = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text.strip().lower())
    if sides is None:
        raise click.BadParameter(f"must be columns x rows, such as 1280x720, found {text!r}")
    return int(sides[2]), int(sides[1])


def rate(text: str) -> Fraction:
    """Parse a frame rate such as 25, 29.97 or 30000/1001 into exact frames per second."""
    try:
        fps = Fraction(text.strip())
    except (ValueError, ZeroDivisionError) as error:
        raise click.BadParameter(
            f"must be frames per second, such as 25, 29.97 or 30000/1001, found {text!r}"
        ) from error
    ntsc = Fraction(round(fps * 1001 / 1000) * 1000, 1001)
    is_ntsc = fps.denominator != 1 and "/" not in text and abs(fps - ntsc) < _NTSC_TOLERANCE_FPS
    return ntsc if is_ntsc else fps


_input = partial(option, "Input")

_OPTIONS = {
    "size": _input("--size", type=size, metavar="WxH", help="Size to request from a camera, or size of raw video."),
    "rate": _input(
        "--rate",
        "--fps",
        "rate",
        type=rate,
        metavar="FPS",
        help="Frame rate to request from a camera, of images (25 without it), of raw video, or of a bare H.264 stream.",
    ),
    "background": _input(
        "--background", metavar="COLOR", default="black", help="Color behind transparent parts: white, #20c0ff ..."
    ),
    "fourcc": _input("--fourcc", metavar="CODE", help="Pixel format to request from a camera, such as MJPG or YUYV."),
    "backend": _input("--backend", metavar="NAME", help="OpenCV's camera backend, such as V4L2 or DSHOW."),
    "mirror": _input(
        "--mirror", is_flag=True, default=None, help="Mirror a camera or stream, or any source of preview."
    ),
    "realtime": _input(
        "--realtime",
        is_flag=True,
        default=None,
        help="Play files, images and clips at their own rate, like a live source.",
    ),
    "loop": _input("--loop", is_flag=True, default=None, help="Repeat files, images and clips for ever."),
    "open_timeout_s": _input(
        "--open-timeout",
        "open_timeout_s",
        type=float,
        default=10,
        metavar="S",
        help="Give up opening after S seconds without a first frame.",
    ),
    "read_timeout_s": _input(
        "--read-timeout",
        "read_timeout_s",
        type=float,
        default=5,
        metavar="S",
        help="Reconnect after S seconds without a frame.",
    ),
    "retry_wait_s": _input(
        "--retry-wait",
        "retry_wait_s",
        type=float,
        default=10,
        metavar="S",
        help="Longest delay between two attempts to reconnect, in seconds.",
    ),
    "give_up_after_s": _input(
        "--give-up-after",
        "give_up_after_s",
        type=float,
        show_default="never",
        metavar="S",
        help="End after S seconds without a connection.",
    ),
    "frozen_after_s": _input(
        "--frozen-after",
        "frozen_after_s",
        type=float,
        default=10,
        metavar="S",
        help="Report a frozen picture after S seconds without a change; 0 never does.",
    ),
    "input_format": _input(
        "--input-format",
        type=click.Choice(["gray8", "bgr24"]),
        help="Read raw video, from a file or standard input (-); needs --size and --rate.",
    ),
}


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a source to a command, which receives them as one ``source_options``, a ``SourceOptions``.

    Example::

        @click.command()
        @click.argument("source")
        @source_options
        def command(source: str, source_options: SourceOptions) -> int:
            with open_source(source, source_options) as opened: ...
    """

    @wraps(command)
    def with_options(**arguments: Any) -> Any:
        from livefilter.sources import SourceOptions

        values = {name: arguments.pop(name) for name in _OPTIONS}
        options = SourceOptions(**{name: value for name, value in values.items() if value is not None})
        with logs_on_standard_error(is_quiet=arguments.get("quiet", False)):
            return command(**arguments, source_options=options)

    decorated: Callable[..., Any] = with_options
    for add_option in reversed(_OPTIONS.values()):
        decorated = add_option(decorated)
    return decorated
