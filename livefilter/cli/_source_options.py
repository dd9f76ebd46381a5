"""The options that say how a source is opened, shared by every command that reads one."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from typing import Any

import click

from livefilter.cli._shared import logs_on_standard_error

_NTSC_NEAR_FPS = 0.005
"""29.97 and 23.976 are how people write 30000/1001 and 24000/1001."""


def size(text: str) -> tuple[int, int]:
    """Return (rows, cols) of a text such as 1280x720, which names the columns first."""
    sides = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text.strip().lower())
    if sides is None:
        raise click.BadParameter(f"must be columns x rows such as 1280x720, found {text!r}")
    return int(sides[2]), int(sides[1])


def rate(text: str) -> Fraction:
    """Return frames per second, exactly, of a text such as 25, 29.97 or 30000/1001."""
    try:
        fps = Fraction(text.strip())
    except (ValueError, ZeroDivisionError) as error:
        raise click.BadParameter(
            f"must be frames per second such as 25, 29.97 or 30000/1001, found {text!r}"
        ) from error
    ntsc = Fraction(round(fps * 1001 / 1000) * 1000, 1001)
    is_ntsc = fps.denominator != 1 and "/" not in text and abs(fps - ntsc) < _NTSC_NEAR_FPS
    return ntsc if is_ntsc else fps


_OPTIONS = {
    "size": click.option(
        "--size", type=size, metavar="WxH", help="Picture size: what a camera is asked for, or raw video has."
    ),
    "rate": click.option(
        "--rate",
        "--fps",
        "rate",
        type=rate,
        metavar="FPS",
        help="Frames per second: what a camera is asked for, pictures stand for (25), or raw video has.",
    ),
    "fourcc": click.option("--fourcc", metavar="CODE", help="Format that a camera is asked for, such as MJPG or YUYV."),
    "backend": click.option("--backend", metavar="NAME", help="OpenCV's camera backend, such as V4L2 or DSHOW."),
    "mirror": click.option("--mirror", is_flag=True, default=None, help="Mirror a camera or stream, left to right."),
    "realtime": click.option(
        "--realtime", is_flag=True, default=None, help="Play files, pictures and scenes at their own pace, as if live."
    ),
    "loop": click.option(
        "--loop", is_flag=True, default=None, help="Begin files, pictures and scenes again at their end."
    ),
    "open_timeout_s": click.option(
        "--open-timeout",
        "open_timeout_s",
        type=float,
        metavar="S",
        help="Wait for a first picture; 10 s unless given.",
    ),
    "read_timeout_s": click.option(
        "--read-timeout",
        "read_timeout_s",
        type=float,
        metavar="S",
        help="Wait for the next picture before reconnecting; 5 s unless given.",
    ),
    "retry_wait_s": click.option(
        "--retry-wait",
        "retry_wait_s",
        type=float,
        metavar="S",
        help="Longest wait between attempts to reconnect; 10 s unless given.",
    ),
    "give_up_after_s": click.option(
        "--give-up-after",
        "give_up_after_s",
        type=float,
        metavar="S",
        help="End when a lost camera or stream stays away for so long; never unless given.",
    ),
    "frozen_after_s": click.option(
        "--frozen-after",
        "frozen_after_s",
        type=float,
        metavar="S",
        help="Report a picture that stays the same for so long; 10 s unless given, 0 never.",
    ),
    "input_format": click.option(
        "--input-format",
        type=click.Choice(["gray8", "bgr24"]),
        help="Raw video on standard input (-); needs --size and --rate.",
    ),
}


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of its source, as one argument ``source_options``: a ``SourceOptions``.

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

        given = {name: arguments.pop(name) for name in _OPTIONS}
        options = SourceOptions(**{name: value for name, value in given.items() if value is not None})
        with logs_on_standard_error(is_quiet=arguments.get("quiet", False)):
            return command(**arguments, source_options=options)

    decorated: Callable[..., Any] = with_options
    for option in reversed(_OPTIONS.values()):
        decorated = option(decorated)
    return decorated
