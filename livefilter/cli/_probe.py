"""``livefilter probe``: streams, chapters and metadata of a video file, and its damage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livefilter.cli import _shared
from livefilter.cli._exit_codes import DONE, LOSS
from livefilter.cli._options import grouped_command, option

if TYPE_CHECKING:
    from livefilter.sources import AudioFacts, MediaFacts, OtherFacts, VideoFacts

_FILE_WIDTH = 160


@grouped_command("Show the streams and metadata of a video")
@click.argument("file", type=click.Path(path_type=Path))
@option("Other", "--scan", is_flag=True, help="Decode the whole file to find damage; exit code 5 if there is any.")
@_shared.json_option
def command(file: Path, scan: bool, as_json: bool) -> int:
    """Show the streams, chapters and metadata of FILE; with --scan, also its damage."""
    from livefilter.sources import probe

    facts = probe(file.expanduser(), scan=scan)
    if as_json:
        click.echo(json.dumps(asdict(facts) | {"loss": facts.loss}, indent=2, default=str))
    else:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        console = Console(highlight=False)
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in _rows(facts):
            table.add_row(name, escape(text))
        # A file or a pipe has no width: print a wide table rather than cut cells.
        Console(width=None if console.is_terminal else _FILE_WIDTH, highlight=False).print(table)
    if facts.loss:
        click.echo(f"livefilter: lost: {file}: {facts.loss}", err=True)
    return LOSS if facts.loss else DONE


def _rows(facts: MediaFacts) -> Iterator[tuple[str, str]]:
    yield "file", _listed(facts.name, facts.container, _seconds(facts.duration_s), _bytes(facts), _rate(facts.bit_rate))
    for video in facts.video:
        yield ("cover" if video.is_cover else f"video {video.index}"), _video(video)
    for audio in facts.audio:
        yield f"audio {audio.index}", _audio(audio)
    for other in facts.other:
        yield f"{other.kind} {other.index}", _other(other)
    for number, chapter in enumerate(facts.chapters, 1):
        yield f"chapter {number}", _listed(f"{chapter.start_s:.3f} to {chapter.end_s:.3f} s", chapter.title)
    yield from facts.metadata.items()
    if facts.scan is not None:
        gap = f"longest step {facts.scan.longest_gap_s:.3f} s"
        yield "scan", _listed(f"{facts.scan.frames} frames decoded", gap, facts.loss or "no damage")


def _video(video: VideoFacts) -> str:
    aspect = video.pixel_aspect
    pace = {True: "variable", False: "constant", None: ""}[video.is_variable]
    rate = "" if video.rate is None else f"{float(video.rate):.5g} fps {pace}".strip()
    colour = " ".join(filter(None, (video.color_range, video.matrix)))
    more = " ".join(filter(None, (video.primaries, video.transfer)))
    return _listed(
        f"{video.codec or 'unknown codec'}{f' ({video.profile})' if video.profile else ''}",
        f"{video.width}x{video.height}",
        "" if aspect == 1 else f"pixels {aspect.numerator}:{aspect.denominator}",
        f"rotated by {video.rotation}°" if video.rotation else "",
        "cropped by {} rows at the top, {} at the bottom, {} columns at the left, {} at the right".format(*video.crop)
        if any(video.crop)
        else "",
        rate,
        "" if video.frames is None else f"{video.frames} frames",
        _seconds(video.duration_s),
        f"starts at {video.start_s:.3f} s" if video.start_s else "",
        f"{video.pix_fmt or ''}{f' {video.bits} bit' if video.bits else ''}".strip(),
        colour,
        f"primaries and transfer {more}" if more else "",
        "interlaced" if video.is_interlaced else "",
        _rate(video.bit_rate),
        video.language or "",
    )


def _audio(audio: AudioFacts) -> str:
    return _listed(
        audio.codec or "unknown codec",
        f"{audio.sample_rate} Hz",
        audio.layout,
        _seconds(audio.duration_s),
        f"starts at {audio.start_s:.3f} s" if audio.start_s else "",
        _rate(audio.bit_rate),
        audio.language or "",
    )


def _other(other: OtherFacts) -> str:
    return _listed(other.codec or "unknown codec", other.language or "", other.title or "")


def _listed(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f} s"


def _bytes(facts: MediaFacts) -> str:
    return f"{facts.size_bytes / 1e6:.2f} MB"


def _rate(bits: int | None) -> str:
    return "" if not bits else f"{bits / 1000:.0f} kbit/s"
