"""Which container and encoder an output gets, with which options; all of it is tried before any work is done."""

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

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class _Container:
    """A container: FFmpeg's name, the codec that it is best known for, and how it counts time."""

    name: str
    codec: str = "h264"
    time_base: Fraction | None = None  # None: the source's own.
    is_constant_frame_rate: bool = False


@dataclass(frozen=True, slots=True)
class _Codec:
    """An encoder, its defaults, and the pixel formats that keep gray and colour."""

    encoder: str
    crf: int | None = None
    speed: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    gray: str = "yuv420p"
    colour: str = "yuv420p"
    worst_crf: int = 63


_MILLISECOND = Fraction(1, 1000)
_CONTAINERS = {
    ".mp4": _Container("mp4"),
    ".m4v": _Container("mp4"),
    ".mov": _Container("mov"),
    ".mkv": _Container("matroska", time_base=_MILLISECOND),
    ".webm": _Container("webm", "vp9", _MILLISECOND),
    ".avi": _Container("avi", "mjpeg", is_constant_frame_rate=True),
    ".gif": _Container("gif", "gif", Fraction(1, 100)),
    ".apng": _Container("apng", "apng"),
}
VIDEO_SUFFIXES = tuple(_CONTAINERS)
_QUIET_X265 = {"x265-params": "log-level=error"}
_CODECS = {
    "h264": _Codec("libx264", 18, "veryfast", worst_crf=51),
    "hevc": _Codec("libx265", 22, "veryfast", _QUIET_X265, worst_crf=51),
    "av1": _Codec("libsvtav1", 30, "8"),
    "vp9": _Codec("libvpx-vp9", 30, "4", {"b": "0", "deadline": "good", "row-mt": "1"}),
    "prores": _Codec("prores_ks", options={"profile": "3"}, gray="yuv422p10le", colour="yuv422p10le"),
    "ffv1": _Codec("ffv1", options={"level": "3", "slicecrc": "1"}, gray="gray", colour="bgr0"),
    "mjpeg": _Codec("mjpeg", options={"flags": "+qscale", "global_quality": "354"}, gray="yuvj420p", colour="yuvj420p"),
    "gif": _Codec("gif", gray="gray", colour="rgb8"),
    "apng": _Codec("apng", gray="gray", colour="rgb24"),
    "png": _Codec("png", gray="gray", colour="rgb24"),
}
"""mjpeg's quality is FFmpeg's 3 of 2 (best) to 31, in units of 118."""
_QUALITY_OPTIONS = ("crf", "cq", "qp")
_SPEED_OPTIONS = ("preset", "cpu-used")
_TRIAL_PX = 320


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """What an Encoding comes to for one output.

    Attributes:
        container: FFmpeg's name of the container.
        container_options: How it is written.
        time_base: What times are whole multiples of; None if the container can keep the source's own.
        is_of_even_pace: The container knows only a rate, no times.
        encoder: FFmpeg's name of the encoder.
        options: Of the encoder.
        gray: Pixel format for gray pictures.
        colour: Pixel format for coloured ones.
        codec_tag: Four letters by which players know the codec; None leaves it to FFmpeg.
    """

    container: str
    container_options: dict[str, str]
    time_base: Fraction | None
    is_constant_frame_rate: bool
    encoder: str
    options: dict[str, str]
    gray: str
    colour: str
    codec_tag: str | None


def resolve_encoder(target: Path, encoding: Encoding) -> EncoderSettings:
    """Return container, encoder and options for an output, after they were tried on this machine.

    Args:
        target: The file, or "-" for standard output, where ``encoding.container`` names the container.
        encoding: What was asked for.

    Raises:
        OptionError: An ending, codec, pixel format or other option that does not exist, or not here.
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
        raise OptionError(f"codec: {name} is no codec for pictures; choose one of {', '.join(_CODECS)}")
    if encoding.crf is not None and encoding.crf > codec.worst_crf:
        raise OptionError(f"crf: for {name} it must be from 0 to {codec.worst_crf}, found {encoding.crf}")
    there = {option.name for option in context.supported_options.private}
    for asked, default, spellings, what in (
        (encoding.crf, codec.crf, _QUALITY_OPTIONS, "crf"),
        (encoding.speed, codec.speed, _SPEED_OPTIONS, "speed"),
    ):
        value = default if asked is None else asked
        spelling = next((option for option in spellings if option in there), None)
        if spelling is not None and value is not None:
            options[spelling] = str(value)
        elif asked is not None:
            raise OptionError(f"{what}: {name} has no such setting, found {asked}; leave it out")
    if encoding.gop is not None:
        options["g"] = str(encoding.gop)
    offered = [form.name for form in context.codec.video_formats or ()]
    choice = EncoderSettings(
        container.name,
        _container_options(container.name, is_fragmented=encoding.is_fragmented, is_pipe=_is_pipe(target)),
        container.time_base,
        container.is_constant_frame_rate,
        codec.encoder,
        options,
        encoding.pix_fmt or _nearest_pix_fmt(codec.gray, offered),
        encoding.pix_fmt or _nearest_pix_fmt(codec.colour, offered),
        "hvc1" if name == "hevc" and container.name in ("mp4", "mov") else None,
    )
    if offered and choice.gray not in offered:
        raise OptionError(f"pix_fmt: {name} takes {', '.join(offered)}; found {choice.gray}")
    _probe_encoder(name, context, choice)
    return choice


def _nearest_pix_fmt(pix_fmt: str, offered: list[str]) -> str:
    """Return a format that an encoder has: the one that is wanted, or the next best."""
    usual = (pix_fmt, "yuv420p", "nv12", "yuvj420p", "bgr0", "rgb24", "gray")
    return next((name for name in usual if not offered or name in offered), pix_fmt)


def _container(target: Path, encoding: Encoding) -> _Container:
    if _is_pipe(target):
        name = encoding.container or "matroska"
        found = next((known for known in _CONTAINERS.values() if known.name == name), None)
        if found is None:
            known = ", ".join(sorted({known.name for known in _CONTAINERS.values()}))
            raise OptionError(f"container: must be one of {known}, found {name}")
        return found
    found = _CONTAINERS.get(target.suffix.lower())
    if found is None:
        known = ", ".join(_CONTAINERS)
        raise OptionError(f"{target}: a video ends in {known}, found {target.suffix or 'none'}")
    if encoding.container not in (None, found.name):
        raise OptionError(f"container: {target.suffix} stands for {found.name}, found {encoding.container}; rename it")
    return found


def _container_options(name: str, *, is_fragmented: bool, is_pipe: bool) -> dict[str, str]:
    # Otherwise FFmpeg moves all streams so that none begins before zero, and with them the pictures.
    options = {"avoid_negative_ts": "disabled"}
    if name in ("mp4", "mov"):
        whole, pieces = "+faststart", "+frag_keyframe+delay_moov+default_base_moof"
        options["movflags"] = pieces if is_fragmented or is_pipe else whole
    if is_fragmented:
        options["flush_packets"] = "1"
        if name in ("matroska", "webm"):
            options["cluster_time_limit"] = "1000"
    if name == "apng":
        options["plays"] = "0"  # Again and again, as a GIF does.
    return options


def _probe_encoder(name: str, context: VideoCodecContext, choice: EncoderSettings) -> None:
    """Open the encoder on a small picture: only that tells whether options are right, and hardware is there."""
    with av.open(io.BytesIO(), "w", format=choice.container) as trial:
        if choice.encoder not in trial.supported_codecs:
            raise OptionError(
                f"codec: {choice.container} cannot hold {name}; choose another codec, or another container"
            )
    if choice.encoder == "libsvtav1":  # Otherwise it writes what it does, at length, to standard error.
        os.environ.setdefault("SVT_LOG", "1")
    try:
        _open(context, choice)
    except (av.error.FFmpegError, ValueError) as error:
        settings = ", ".join(f"{key}={value}" for key, value in choice.options.items()) or "no options"
        why = _reason(choice) or getattr(error, "strerror", None) or str(error)
        raise OptionError(f"codec: {name} cannot be opened here with {settings}: {why}; choose another") from error
    if context.options:
        unknown = ", ".join(context.options)
        raise OptionError(f"codec: {name} does not know {unknown}; leave it out")


def _open(context: VideoCodecContext, choice: EncoderSettings) -> None:
    context.width = context.height = _TRIAL_PX
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.options = dict(choice.options)
    context.pix_fmt = choice.gray
    context.open()


def _reason(choice: EncoderSettings) -> str | None:
    """Return FFmpeg's own words for why an encoder cannot be opened, by trying it once more.

    Only then is the log listened to: while it is, every thread of a decoder that has something to say waits for the
    GIL, also for what is not passed on, and whoever holds the GIL may be waiting for that thread.
    """
    context = cast(VideoCodecContext, av.codec.CodecContext.create(choice.encoder, "w"))
    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as said, suppress(av.error.FFmpegError, ValueError):
            _open(context, choice)
    finally:
        av.logging.set_level(before)
    return next((message.strip() for *_, message in said), None)


def _is_pipe(target: Path) -> bool:
    return str(target) == STANDARD_OUTPUT
