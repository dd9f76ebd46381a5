"""What the commands that run a pipeline share: options, signals, progress, and the report at the end."""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from livefilter.cli._exit_codes import DONE, INTERRUPTED, LOSS, OUTPUT

if TYPE_CHECKING:
    from livefilter.pipeline import Summary

Command = TypeVar("Command", bound=Callable[..., Any])


def preset_option(default: str | None = "edge") -> Callable[[Command], Command]:
    """Return the option that names a preset."""
    return click.option(
        "-p",
        "-c",
        "--preset",
        default=default,
        show_default=True,
        envvar="LIVEFILTER_PRESET",
        help="Name of a preset ('livefilter presets' lists them), or the path of a YAML file.",
    )


threads_option = click.option(
    "--threads", type=click.IntRange(min=1), envvar="LIVEFILTER_THREADS", help="Threads that work on one frame."
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace outputs that exist.")
overlay_option = click.option("--overlay/--no-overlay", default=True, help="Draw scores and names on the picture.")
compare_option = click.option(
    "--compare",
    type=click.Choice(["none", "side", "wipe", "pip"]),
    default="none",
    show_default=True,
    help="Show the original beside, wiped against, or inset in the result.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")


def file_stem(name: str) -> str:
    """Return what files made from a source or a preset are called: its name without folder, ending and wildcards.

    Example:
        >>> file_stem("clips/hall.mp4"), file_stem("frames/*.png"), file_stem("synthetic:chart"), file_stem("0")
        ('hall', 'frames', 'synthetic-chart', 'camera-0')
    """
    from livefilter.pipeline import name_of

    return re.sub(r"[^\w.-]+", "-", name_of(name))


@contextmanager
def stopping_on_signal() -> Iterator[Callable[[], bool]]:
    """Turn the first signal to end into a flag, so that outputs are finished; a second one ends at once.

    That a terminal was closed counts too, except under nohup.
    """
    stopped = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        if stopped:
            raise KeyboardInterrupt
        stopped = True

    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield lambda: stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def logs_on_standard_error(*, is_quiet: bool = False) -> Iterator[None]:
    """Write to standard error what the library logs meanwhile: a camera is lost, an earlier run left a part."""

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


def report(summary: Summary, *, as_json: bool = False, is_quiet: bool = False, to_stderr: bool = False) -> int:
    """Print what a run did and return its exit code."""
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


def _lines(summary: Summary) -> Iterator[str]:
    dropped = f", {summary.dropped} dropped" if summary.dropped else ""
    yield f"{summary.source} with {summary.preset}: {_frames(summary)} at {summary.fps:.0f} fps{dropped}"
    if summary.mean_score is not None:
        means = asdict(summary.mean_score)
        yield "mean scores: " + ", ".join(f"{name} {value:.4f}" for name, value in means.items())
    for output in summary.outputs:
        yield f"wrote {output}"
