"""Container, encoder and options of a video, probed on this machine before any work is done."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext

from livefilter.errors import OptionError
from livefilter.sinks.video._encoding import Encoding
from livefilter.sinks.video._scheduling import keeping_scheduling

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class _Container:
    """A container: FFmpeg's name, its usual codec, and its timestamps."""

    name: str
    codec: str = "h264"
    time_base: Fraction | None = None  # None: that of the source.
    is_constant_frame_rate: bool = False
    max_step: int | None = None  # Ticks from one frame to the next; None: no limit.


@dataclass(frozen=True, slots=True)
class _Codec:
    """An encoder, its defaults, and its pixel formats for gray and for colour."""

    encoder: str
    crf: int | None = None
    speed: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    gray: str = "yuv420p"
    colour: str = "yuv420p"
    max_crf: int = 63


_MAX_INT = 2**31 - 1
_MAX_EMPTY_FRAMES = 60_000
"""FFmpeg's limit for a gap in an AVI, which is filled with empty frames."""
_MILLISECOND = Fraction(1, 1000)
_CONTAINERS = {
    ".mp4": _Container("mp4", max_step=_MAX_INT),
    ".m4v": _Container("mp4", max_step=_MAX_INT),
    ".mov": _Container("mov", max_step=_MAX_INT),
    ".mkv": _Container("matroska", time_base=_MILLISECOND),
    ".webm": _Container("webm", "vp9", _MILLISECOND),
    ".avi": _Container("avi", "mjpeg", is_constant_frame_rate=True, max_step=_MAX_EMPTY_FRAMES),
    ".gif": _Container("gif", "gif", Fraction(1, 100), max_step=2**16 - 1),
    ".apng": _Container("apng", "apng"),
}
VIDEO_SUFFIXES = tuple(_CONTAINERS)
_X265 = {"x265-params": "log-level=error", "a53cc": "1"}
_CODECS = {
    "h264": _Codec("libx264", 18, "veryfast", max_crf=51),
    "hevc": _Codec("libx265", 22, "veryfast", _X265, max_crf=51),
    "av1": _Codec("libsvtav1", 30, "8"),
    "vp9": _Codec("libvpx-vp9", 30, "4", {"b": "0", "deadline": "good", "row-mt": "1"}),
    "prores": _Codec("prores_ks", options={"profile": "3"}, gray="yuv422p10le", colour="yuv422p10le"),
    "ffv1": _Codec("ffv1", options={"level": "3", "slicecrc": "1"}, gray="gray", colour="bgr0"),
    "mjpeg": _Codec("mjpeg", options={"flags": "+qscale", "global_quality": "354"}, gray="yuvj420p", colour="yuvj420p"),
    "gif": _Codec("gif", gray="gray", colour="rgb8"),
    "apng": _Codec("apng", gray="gray", colour="rgb24"),
    "png": _Codec("png", gray="gray", colour="rgb24"),
}
"""mjpeg has quality 3 on FFmpeg's scale of 2 (best) to 31; global_quality counts in units of 118."""
_QUALITY_OPTIONS = ("crf", "cq", "qp")
_SPEED_OPTIONS = ("preset", "cpu-used")
_PROBE_PX = 320


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Container, encoder and options that an Encoding selects for one output.

    Attributes:
        container: FFmpeg's name of the container.
        container_options: Options of the muxer.
        time_base: Unit of the container's times, in seconds; None if it can use that of the source.
        is_constant_frame_rate: The container stores a rate and no times.
        max_step: Most ticks from one frame to the next; None if there is no limit.
        encoder: FFmpeg's name of the encoder.
        options: Options of the encoder.
        gray: Pixel format for gray frames.
        colour: Pixel format for colour frames.
        codec_tag: FourCC by which players recognise the codec; None: FFmpeg's default.
    """

    container: str
    container_options: dict[str, str]
    time_base: Fraction | None
    is_constant_frame_rate: bool
    max_step: int | None
    encoder: str
    options: dict[str, str]
    gray: str
    colour: str
    codec_tag: str | None


def resolve_encoder(target: Path, encoding: Encoding) -> EncoderSettings:
    """Select container, encoder and options for an output, and probe them on this machine.

    Args:
        target: The file, or "-" for standard output, where ``encoding.container`` names the container.
        encoding: The requested encoding.

    Raises:
        OptionError: A suffix, codec, pixel format or setting does not exist, or is not available on this machine.
    """
    container = _container(target, encoding)
    name = encoding.codec or container.codec
    codec = _CODECS.get(name) or _Codec(name)
    options = dict(codec.options)
    try:
        context = av.codec.CodecContext.create(codec.encoder, "w")
    except UnknownCodecError as error:
        known = ", ".join(_CODECS)
        raise OptionError(f"codec: {name} cannot be encoded here; choose one of {known}") from error
    if not isinstance(context, VideoCodecContext):
        raise OptionError(f"codec: {name} is no video codec; choose one of {', '.join(_CODECS)}")
    if encoding.crf is not None and encoding.crf > codec.max_crf:
        raise OptionError(f"crf: for {name} it must be from 0 to {codec.max_crf}, found {encoding.crf}")
    private_options = {option.name for option in context.supported_options.private}
    for requested, default, names, what in (
        (encoding.crf, codec.crf, _QUALITY_OPTIONS, "crf"),
        (encoding.speed, codec.speed, _SPEED_OPTIONS, "speed"),
    ):
        value = default if requested is None else requested
        option = next((option for option in names if option in private_options), None)
        if option is not None and value is not None:
            options[option] = str(value)
        elif requested is not None:
            raise OptionError(f"{what}: {name} has no such setting, found {requested}; leave it out")
    if encoding.gop is not None:
        options["g"] = str(encoding.gop)
    offered = [pix_fmt.name for pix_fmt in context.codec.video_formats or ()]
    settings = EncoderSettings(
        container.name,
        _container_options(container.name, is_fragmented=encoding.is_fragmented, is_pipe=_is_pipe(target)),
        container.time_base,
        container.is_constant_frame_rate,
        container.max_step,
        codec.encoder,
        options,
        encoding.pix_fmt or _nearest_pix_fmt(codec.gray, offered),
        encoding.pix_fmt or _nearest_pix_fmt(codec.colour, offered),
        "hvc1" if name == "hevc" and container.name in ("mp4", "mov") else None,
    )
    if offered and settings.gray not in offered:
        raise OptionError(f"pix_fmt: {name} takes {', '.join(offered)}; found {settings.gray}")
    _probe_encoder(name, context, settings)
    return settings


def _nearest_pix_fmt(pix_fmt: str, offered: list[str]) -> str:
    """Return a pixel format that an encoder offers: the preferred one, or the next best."""
    usual = (pix_fmt, "yuv420p", "nv12", "yuvj420p", "bgr0", "rgb24", "gray")
    return next((name for name in usual if not offered or name in offered), pix_fmt)


def _container(target: Path, encoding: Encoding) -> _Container:
    if _is_pipe(target):
        name = encoding.container or "matroska"
        container = next((known for known in _CONTAINERS.values() if known.name == name), None)
        if container is None:
            known = ", ".join(sorted({known.name for known in _CONTAINERS.values()}))
            raise OptionError(f"container: must be one of {known}, found {name}")
        return container
    container = _CONTAINERS.get(target.suffix.lower())
    if container is None:
        known = ", ".join(_CONTAINERS)
        raise OptionError(f"{target}: a video ends in {known}, found {target.suffix or 'none'}")
    if encoding.container not in (None, container.name):
        raise OptionError(
            f"container: {target.suffix} stands for {container.name}, found {encoding.container}; rename it"
        )
    return container


def _container_options(name: str, *, is_fragmented: bool, is_pipe: bool) -> dict[str, str]:
    # Otherwise FFmpeg shifts all streams, the video too, so that none begins before zero.
    options = {"avoid_negative_ts": "disabled"}
    if name in ("mp4", "mov"):
        whole, fragmented = "+faststart", "+frag_keyframe+delay_moov+default_base_moof"
        options["movflags"] = fragmented if is_fragmented or is_pipe else whole
    if is_fragmented:
        options["flush_packets"] = "1"
        if name in ("matroska", "webm"):
            options["cluster_time_limit"] = "1000"
    if name == "apng":
        options["plays"] = "0"  # Loop forever, as a GIF does.
    return options


def _probe_encoder(name: str, context: VideoCodecContext, settings: EncoderSettings) -> None:
    """Open the encoder for a small image: only that shows whether options are valid and hardware is present."""
    with av.open(io.BytesIO(), "w", format=settings.container) as trial:
        if settings.encoder not in trial.supported_codecs:
            raise OptionError(
                f"codec: {settings.container} cannot hold {name}; choose another codec, or another container"
            )
    if settings.encoder == "libsvtav1":  # Otherwise it logs at length to standard error.
        os.environ.setdefault("SVT_LOG", "1")
    try:
        _open(context, settings)
    except (av.error.FFmpegError, ValueError) as error:
        options = ", ".join(f"{key}={value}" for key, value in settings.options.items()) or "no options"
        why = _ffmpeg_message(settings) or getattr(error, "strerror", None) or str(error)
        raise OptionError(f"codec: {name} cannot be opened here with {options}: {why}; choose another") from error
    if context.options:
        unknown = ", ".join(context.options)
        raise OptionError(f"codec: {name} does not know {unknown}; leave it out")


def _open(context: VideoCodecContext, settings: EncoderSettings) -> None:
    context.width = context.height = _PROBE_PX
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.options = dict(settings.options)
    context.pix_fmt = settings.gray
    with keeping_scheduling():
        context.open()


def _ffmpeg_message(settings: EncoderSettings) -> str | None:
    """Open an encoder once more, and return FFmpeg's message about why that fails.

    The log is captured only here: meanwhile, every thread of a decoder that logs waits for the GIL, and the thread
    that holds the GIL may be waiting for that decoder.
    """
    context = cast(VideoCodecContext, av.codec.CodecContext.create(settings.encoder, "w"))
    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as messages, suppress(av.error.FFmpegError, ValueError):
            _open(context, settings)
    finally:
        av.logging.set_level(before)
    return next((message.strip() for *_, message in messages), None)


def _is_pipe(target: Path) -> bool:
    return str(target) == STANDARD_OUTPUT
