"""Options of processing: the preset, the part, how frames are rendered and encoded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

from livefilter.cli import _shared
from livefilter.cli._options import option
from livefilter.cli._source_options import source_options

if TYPE_CHECKING:
    from livefilter.pipeline import ProcessOptions

_encoding, _part = partial(option, "Encoding"), partial(option, "Part")

_ENCODING = {
    "codec": _encoding(
        "--codec",
        metavar="NAME",
        show_default="the container's usual codec",
        help="h264, hevc, av1, vp9, prores, ffv1, mjpeg, gif, apng ..., or an FFmpeg encoder such as h264_nvenc.",
    ),
    "crf": _encoding(
        "--crf", type=int, metavar="N", show_default="18 for h264", help="Quality, from 0 (best) to 51 or 63."
    ),
    "speed": _encoding("--speed", metavar="NAME", help="Speed preset of the encoder: veryfast, slow ..."),
    "pix_fmt": _encoding("--pix-fmt", metavar="NAME", help="Pixel format, such as yuv444p or gray."),
    "gop": _encoding("--gop", type=int, metavar="N", help="Most frames from one key frame to the next."),
    "audio_codec": _encoding(
        "--audio-codec", metavar="NAME", help="Re-encode the audio (aac, opus ...) instead of copying it."
    ),
    "container": _encoding(
        "--container", metavar="NAME", help="FFmpeg's name of the container, for outputs without a file name extension."
    ),
}
_TRIM = {
    "start": _part("--start", metavar="T", help="Start at this time: 12.5, 00:01:12.5, or a frame number as 120f."),
    "end": _part("--end", metavar="T", help="Stop before this time."),
    "duration": _part("--duration", metavar="T", help="Length to process; alternative to --end."),
    "stride": _part("--stride", type=int, default=1, metavar="N", help="Process every N-th frame, at its own time."),
}
_RENDERING = {
    "overlay": _shared.overlay_option,
    "compare": _shared.compare_option,
    "color": _shared.color_option,
    "audio": _encoding("--audio/--no-audio", default=True, help="Copy the source's audio, or drop it."),
    "cover": _encoding("--cover/--no-cover", default=True, help="Copy the source's cover art, unfiltered, or drop it."),
    "drop_unsupported": _encoding(
        "--drop-unsupported", is_flag=True, help="Drop streams that the container cannot hold, with a warning."
    ),
}
_COMMON = {
    "preset": _shared.preset_option(),
    "zones": _shared.zones_option,
    "overwrite": _shared.overwrite_option,
    "threads": _shared.threads_option,
}


def score_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of preset, part and source to a command, which receives them as a function ``make_options()``."""
    return _with_options(command, {**_COMMON, **_TRIM})


def process_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of ``score_options``, and those of rendering and encoding."""
    return _with_options(command, {**_COMMON, **_RENDERING, **_ENCODING, **_TRIM})


def _with_options(command: Callable[..., Any], options: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    @wraps(command)
    def with_options_made(**arguments: Any) -> Any:
        values = {name: arguments.pop(name) for name in (*options, "source_options")}
        # The command makes the options, after it has set its signal handlers: presets and pipelines take long to load.
        return command(**arguments, make_options=partial(_made, values))

    decorated: Callable[..., Any] = source_options(with_options_made)
    for add_option in reversed(options.values()):
        decorated = add_option(decorated)
    return decorated


def _made(values: dict[str, Any]) -> ProcessOptions:
    from livefilter.pipeline import ProcessOptions
    from livefilter.presets import load_preset, load_zones
    from livefilter.sinks import Encoding
    from livefilter.sources import Trim, parse_time

    options = dict(values)
    encoding = {name: options.pop(name, None) for name in _ENCODING}
    times = {name: options.pop(name) for name in _TRIM if name != "stride"}
    stride = options.pop("stride")
    if encoding["audio_codec"] is not None and not options["audio"]:
        raise click.UsageError("--audio-codec, --no-audio: audio is re-encoded or dropped; give one of them")
    zones = options.pop("zones")
    preset = load_preset(options.pop("preset")).with_zones(None if zones is None else load_zones(zones))
    is_trimmed = stride != 1 or any(text is not None for text in times.values())
    return ProcessOptions(
        **options,
        preset=preset,
        encoding=Encoding(**encoding) if any(value is not None for value in encoding.values()) else None,
        trim=Trim(**{name: text and parse_time(text) for name, text in times.items()}, stride=stride)
        if is_trimmed
        else None,
    )
