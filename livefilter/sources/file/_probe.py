"""Probing of media files: streams, chapters and, after a scan, damage."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from livefilter._cover_art import is_cover_art
from livefilter.errors import SourceError
from livefilter.sources._packets import demux_video
from livefilter.sources.file._demux import declared_crop, is_without_times, open_media
from livefilter.sources.file._media import AudioFacts, Chapter, MediaFacts, OtherFacts, Scan, VideoFacts
from livefilter.sources.file._video import VideoFile

_PROBED_PACKETS = 250
"""Number of packets that decide whether the frame rate varies, without a scan."""
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
_TRANSFERS = {
    1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 11: "iec61966-2-4",
    13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084", 17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
_MATRICES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
    10: "bt2020c",
}  # fmt: skip
"""Numbers of ITU-T H.273 and FFmpeg's names for them."""
_RANGES = {1: "limited", 2: "full"}


def probe(path: Path, *, scan: bool = False) -> MediaFacts:
    """Describe a media file.

    Args:
        path: The file.
        scan: Decode the whole video, to find damage and variable frame rates.

    Raises:
        SourceError: The file cannot be opened, or is no media file.
    """
    with open_media(path) as container:
        videos = [stream for stream in container.streams if isinstance(stream, VideoStream)]
        first_frames = {stream.index: _first_frame(container, stream) for stream in videos if not is_cover_art(stream)}
        _rewind(container)
        steps = _steps(container, next(iter(first_frames), None))
        facts = MediaFacts(
            name=path.name,
            container=container.format.name,
            size_bytes=path.stat().st_size,
            duration_s=container.duration / av.time_base if container.duration else None,
            bit_rate=container.bit_rate or None,
            video=tuple(_video(container, stream, first_frames.get(stream.index), steps) for stream in videos),
            audio=tuple(_audio(stream) for stream in container.streams if isinstance(stream, AudioStream)),
            other=tuple(_other(stream) for stream in container.streams if stream.type not in ("video", "audio")),
            chapters=tuple(_chapter(chapter) for chapter in container.chapters()),
            metadata=dict(container.metadata),
        )
    if scan and first_frames:
        return _with_scan(path, facts)
    return facts


def _first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    _rewind(container)
    try:
        for packet in islice(demux_video(container, stream), _PROBED_PACKETS):
            try:
                av_frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            if av_frames and isinstance(av_frames[0], VideoFrame):
                return av_frames[0]
    except av.error.FFmpegError:
        return None
    return None


def _rewind(container: InputContainer) -> None:
    try:
        container.seek(container.start_time or 0)
    except av.error.FFmpegError:
        return  # Go on from the current position.


def _steps(container: InputContainer, index: int | None) -> set[int]:
    """Return the time steps between the first packets in presentation order, in ticks."""
    if index is None:
        return set()
    times = []
    try:
        for packet in islice(demux_video(container, cast(VideoStream, container.streams[index])), _PROBED_PACKETS):
            if packet.pts is not None:
                times.append(packet.pts)
    except av.error.FFmpegError:
        return set()
    # Packets that precede the last ones in time may not have been read.
    return {later - earlier for earlier, later in pairwise(sorted(times)[:-16] or sorted(times))}


def _is_variable(steps: set[int]) -> bool | None:
    """Return whether steps differ by more than the rounding of container times; None without steps."""
    return max(steps) - min(steps) > 1 if steps else None


def _video(container: InputContainer, stream: VideoStream, av_frame: VideoFrame | None, steps: set[int]) -> VideoFacts:
    context = stream.codec_context
    has_frame = av_frame is not None
    crop = declared_crop(container, stream)
    is_bare = is_without_times(container)
    pix_fmt = av_frame.format.name if av_frame is not None else getattr(context, "pix_fmt", None)
    return VideoFacts(
        index=stream.index,
        codec="" if context is None else context.name,
        profile=None if context is None else context.profile,
        width=getattr(context, "width", 0),
        height=getattr(context, "height", 0),
        pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
        rotation=round(av_frame.rotation) % 360 if av_frame is not None else 0,
        crop=(crop.top, crop.bottom, crop.left, crop.right),
        rate=stream.guessed_rate if is_bare else stream.average_rate or stream.guessed_rate,
        is_variable=_is_variable(steps) if has_frame else None,
        frames=stream.frames or None,
        duration_s=_seconds(stream, stream.duration),
        start_s=_seconds(stream, stream.start_time),
        pix_fmt=pix_fmt,
        bits=None if av_frame is None else max((plane.bits for plane in av_frame.format.components), default=None),
        color_range=_RANGES.get(int(av_frame.color_range)) if av_frame is not None else None,
        matrix=_MATRICES.get(int(av_frame.colorspace)) if av_frame is not None else None,
        primaries=_PRIMARIES.get(int(av_frame.color_primaries)) if av_frame is not None else None,
        transfer=_TRANSFERS.get(int(av_frame.color_trc)) if av_frame is not None else None,
        is_interlaced=av_frame is not None and av_frame.interlaced_frame,
        is_cover=is_cover_art(stream),
        bit_rate=getattr(context, "bit_rate", None) or None,
        language=stream.language,
    )


def _audio(stream: AudioStream) -> AudioFacts:
    context = stream.codec_context
    return AudioFacts(
        index=stream.index,
        codec="" if context is None else context.name,
        sample_rate=0 if context is None else context.sample_rate or 0,
        layout="" if context is None else context.layout.name,
        duration_s=_seconds(stream, stream.duration),
        start_s=_seconds(stream, stream.start_time),
        bit_rate=getattr(context, "bit_rate", None) or None,
        language=stream.language,
    )


def _other(stream: Stream) -> OtherFacts:
    context = stream.codec_context
    codec = "" if context is None else context.name
    return OtherFacts(stream.index, stream.type, codec, stream.language, stream.metadata.get("title"))


def _chapter(chapter: av.container.Chapter) -> Chapter:
    base = Fraction(chapter["time_base"] or 0)
    title = chapter["metadata"].get("title", "")
    return Chapter(float(chapter["start"] * base), float(chapter["end"] * base), title)


def _seconds(stream: Stream, ticks: int | None) -> float | None:
    return None if ticks is None or stream.time_base is None else float(ticks * stream.time_base)


def _with_scan(path: Path, facts: MediaFacts) -> MediaFacts:
    """Add the result of reading every frame of the video, the way all commands read it."""
    times_s: list[Fraction] = []
    try:
        with VideoFile(path) as source:
            times_s = [frame.time_s for frame in source]
            index, unit, loss = source.stream_index, source.facts.time_base, source.loss
    except SourceError as error:
        return replace(facts, scan=Scan(0, 0.0, _without_path(error, path)))
    steps_s = [later - earlier for earlier, later in pairwise(times_s)]
    is_variable = _is_variable({round(step_s / unit) for step_s in steps_s})
    video = tuple(
        replace(stream, is_variable=is_variable) if stream.index == index else stream for stream in facts.video
    )
    scan = Scan(len(times_s), float(max(steps_s, default=0)), None if loss is None else _without_path(loss, path))
    return replace(facts, video=video, scan=scan)


def _without_path(message: object, path: Path) -> str:
    return str(message).removeprefix(f"{path}: ")
