"""Parts shared by commands: common options, signals, and the report at the end of a run."""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from livefilter.cli._exit_codes import DONE, INTERRUPTED, LOSS, OUTPUT
from livefilter.cli._options import option

if TYPE_CHECKING:
    from livefilter.analysis import EdgeScore
    from livefilter.pipeline import Summary

Command = TypeVar("Command", bound=Callable[..., Any])


def preset_option(default: str | None = "edge") -> Callable[[Command], Command]:
    """Return the option that names a preset."""
    return option(
        "Filter",
        "-p",
        "-c",
        "--preset",
        default=default,
        envvar="LIVEFILTER_PRESET",
        show_envvar=True,
        metavar="NAME",
        help="Preset: a name that 'livefilter presets' lists, or the path of a YAML file. "
        "-c is an alias, short for config.",
    )


threads_option = option(
    "Filter",
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    envvar="LIVEFILTER_THREADS",
    show_envvar=True,
    show_default="automatic",
    help="Threads that filter one frame.",
)
overwrite_option = option("Output", "--overwrite", is_flag=True, help="Replace existing outputs.")
overlay_option = option(
    "Filter", "--overlay/--no-overlay", default=True, help="Draw the scores and the preset's name on the picture."
)
compare_option = option(
    "Filter",
    "--compare",
    type=click.Choice(["none", "side", "wipe", "pip"]),
    default="none",
    help="Show the original too: side by side, split by a line (wipe), or inset (pip).",
)
color_option = option(
    "Filter",
    "--color",
    type=click.Choice(["gray", "luma", "rgb"]),
    show_default="what the preset says",
    help="gray: filter and show gray; luma: filter the luma, keep the colours; rgb: filter each channel.",
)
zones_option = option(
    "Filter",
    "--zones",
    type=click.Path(path_type=Path),
    metavar="FILE",
    show_default="the preset's",
    help="YAML file of named polygons that get scores of their own: 'door: [[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]]'.",
)
quiet_option = option("Other", "-q", "--quiet", is_flag=True, help="Print only errors.")
json_option = option("Other", "--json", "as_json", is_flag=True, help="Print the result as JSON.")


def file_stem(name: str) -> str:
    """Return the stem of files made from a source or preset: its name without folder, extension and wildcards.

    Example:
        >>> file_stem("clips/hall.mp4"), file_stem("frames/*.png"), file_stem("synthetic:chart"), file_stem("0")
        ('hall', 'frames', 'synthetic-chart', 'camera-0')
    """
    from livefilter.pipeline import name_of

    return re.sub(r"[^\w.-]+", "-", name_of(name))


@contextmanager
def stopping_on_signal() -> Iterator[Callable[[], bool]]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into a flag, so that outputs are finished; a second one ends at once.

    SIGINT and SIGHUP stay ignored if they were ignored at the start: nohup ignores SIGHUP, and a shell script ignores
    SIGINT in its background jobs, so that Ctrl-C ends the script alone.
    """
    stopped = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        if stopped:
            raise KeyboardInterrupt
        stopped = True

    ignorable = [signal.SIGINT] if sys.platform == "win32" else [signal.SIGINT, signal.SIGHUP]
    numbers = [number for number in ignorable if signal.getsignal(number) is not signal.SIG_IGN]
    numbers.append(signal.SIGTERM)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield lambda: stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def logs_on_standard_error(*, is_quiet: bool = False) -> Iterator[None]:
    """Print the library's log to standard error, such as a camera that is lost, or an earlier run's partial output."""

    class ToStandardError(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            click.echo(f"livefilter: {record.getMessage()}", err=True)

    logger, handler = logging.getLogger("livefilter"), ToStandardError(logging.ERROR if is_quiet else logging.INFO)
    before = logger.level
    logger.setLevel(handler.level)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def report_summary(summary: Summary, *, as_json: bool = False, is_quiet: bool = False, to_stderr: bool = False) -> int:
    """Print the summary of a run and return its exit code."""
    if as_json:
        click.echo(json.dumps(asdict(summary)), err=to_stderr)
    elif not is_quiet:
        click.echo("\n".join(_lines(summary)), err=to_stderr)
    if not is_quiet and not as_json:
        for note in summary.notes:
            click.echo(f"livefilter: note: {note}", err=True)
    if summary.loss:
        click.echo(f"livefilter: lost: {summary.loss}", err=True)
    if summary.failure:
        click.echo(f"livefilter: {summary.failure}", err=True)
        return OUTPUT
    if summary.is_interrupted:
        click.echo(f"livefilter: interrupted after {_frames(summary)}", err=True)
        return INTERRUPTED
    return LOSS if summary.loss else DONE


def _frames(summary: Summary) -> str:
    return f"{summary.frames} frame{'' if summary.frames == 1 else 's'}"


def _format_score(score: EdgeScore) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in asdict(score).items())


def _lines(summary: Summary) -> Iterator[str]:
    dropped = f", {summary.dropped} dropped" if summary.dropped else ""
    yield f"{summary.source} with {summary.preset}: {_frames(summary)} at {summary.fps:.0f} fps{dropped}"
    if summary.mean_score is not None:
        yield f"mean scores: {_format_score(summary.mean_score)}"
    for zone, score in summary.zone_means.items():
        yield f"mean scores of {zone}: {_format_score(score)}"
    for output in summary.outputs:
        yield f"wrote {output}"
