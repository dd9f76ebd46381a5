"""The options that say what is done to a source's frames and how they are written, as one ``Recipe``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

from livefilter.cli import _shared as _run
from livefilter.cli._source_options import source_options

if TYPE_CHECKING:
    from livefilter.pipeline import JobSpec

_ENCODING = {
    "codec": click.option(
        "--codec",
        metavar="NAME",
        help="h264, hevc, av1, vp9, prores, ffv1, mjpeg, gif, apng …, or an encoder of FFmpeg such as h264_nvenc; "
        "what the ending is best known for unless given.",
    ),
    "crf": click.option(
        "--crf", type=int, metavar="N", help="Quality, 0 (best) to 51 or 63; 18 for h264 unless given."
    ),
    "speed": click.option("--speed", metavar="NAME", help="How hard the encoder tries: veryfast, slow …"),
    "pix_fmt": click.option("--pix-fmt", metavar="NAME", help="Pixel format, such as yuv444p or gray."),
    "gop": click.option("--gop", type=int, metavar="N", help="Frames from one key frame to the next, at most."),
    "audio_codec": click.option(
        "--audio-codec", metavar="NAME", help="Encode sound anew (aac, opus …), do not copy it."
    ),
    "container": click.option(
        "--container", metavar="NAME", help="FFmpeg's name of the container where the output's ending does not tell it."
    ),
}
_TRIM = {
    "start": click.option("--start", metavar="T", help="Begin at this time: 12.5, 00:01:12.5, or frames as 120f."),
    "end": click.option("--end", metavar="T", help="End before this time."),
    "duration": click.option("--duration", metavar="T", help="End after so much, instead of --end."),
    "stride": click.option(
        "--stride", type=int, default=1, metavar="N", help="Keep every N-th frame, at its own time."
    ),
}
_PICTURE = {
    "overlay": _run.overlay_option,
    "compare": _run.compare_option,
    "color": click.option(
        "--color",
        type=click.Choice(["gray", "luma", "rgb"]),
        default="gray",
        show_default=True,
        help="Filter and write gray, filter the luma and keep the colours, or filter each channel.",
    ),
    "audio": click.option("--audio/--no-audio", default=True, help="Copy the source's sound, or leave it out."),
    "cover": click.option(
        "--cover/--no-cover", default=True, help="Copy the source's cover, which is not filtered, or leave it out."
    ),
    "drop_unsupported": click.option(
        "--drop-unsupported", is_flag=True, help="Leave out streams that the container cannot hold, and name them."
    ),
}
_COMMON = {"preset": _run.preset_option(), "overwrite": _run.overwrite_option, "threads": _run.threads_option}


def score_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of preset, part and source, as one argument ``make_recipe`` that takes nothing."""
    return _with_recipe(command, {**_COMMON, **_TRIM})


def picture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what ``score_options`` gives, and how pictures are made and encoded."""
    return _with_recipe(command, {**_COMMON, **_PICTURE, **_ENCODING, **_TRIM})


def _with_recipe(command: Callable[..., Any], options: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    @wraps(command)
    def with_recipe(**arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in (*options, "source_options")}
        # Made by the command: presets and pipelines load slowly, and a signal meanwhile must not be missed.
        return command(**arguments, make_recipe=partial(_recipe, given))

    decorated: Callable[..., Any] = source_options(with_recipe)
    for option in reversed(options.values()):
        decorated = option(decorated)
    return decorated


def _recipe(given: dict[str, Any]) -> JobSpec:
    from livefilter.pipeline import JobSpec
    from livefilter.presets import load_preset
    from livefilter.sinks import Encoding
    from livefilter.sources import Trim, parse_time

    options = dict(given)
    encoding = {name: options.pop(name, None) for name in _ENCODING}
    times = {name: options.pop(name) for name in _TRIM if name != "stride"}
    stride = options.pop("stride")
    if encoding["audio_codec"] is not None and not options["audio"]:
        raise click.UsageError("--audio-codec, --no-audio: sound is encoded or left out; give one of them")
    is_trimmed = stride != 1 or any(text is not None for text in times.values())
    return JobSpec(
        **options | {"preset": load_preset(options["preset"])},
        encoding=Encoding(**encoding) if any(value is not None for value in encoding.values()) else None,
        trim=Trim(**{name: text and parse_time(text) for name, text in times.items()}, stride=stride)
        if is_trimmed
        else None,
    )
