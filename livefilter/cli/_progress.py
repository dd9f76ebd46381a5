"""Progress bars on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from livefilter.pipeline import Progress, RateEstimate

_REDRAW_S = 0.1


@contextmanager
def progress_bar(title: str, *, is_quiet: bool) -> Iterator[Callable[[Progress], object] | None]:
    """Show a bar with rate and remaining time on standard error; yield None if that is no terminal."""
    if is_quiet or not sys.stderr.isatty():
        yield None
        return
    from livefilter.pipeline import RateEstimate

    with make_bar() as bar:
        task, estimate, drawn_s = bar.add_task(title, total=None, count="", message=""), RateEstimate(), 0.0

        def show(progress: Progress) -> None:
            nonlocal drawn_s
            estimate.update(progress)
            now_s = time.monotonic()
            if now_s - drawn_s >= _REDRAW_S or progress.frames == progress.expected:
                update_bar(bar, task, progress, estimate)
                drawn_s = now_s

        yield show


def make_bar() -> Bar:
    """Return an empty display of bars; each task shows its fields ``count`` and ``message`` at its end."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}", markup=False, justify="right"),
        TextColumn("{task.fields[message]}", markup=False),
    )
    return Bar(*columns, console=Console(stderr=True), transient=True)


def update_bar(bar: Bar, task: TaskID, progress: Progress, estimate: RateEstimate) -> None:
    """Update the bar of one run: its frames, its rate and the remaining time."""
    count = f"{progress.frames}" if progress.expected is None else f"{progress.frames}/{progress.expected}"
    rate = "" if estimate.fps is None else f"{estimate.fps:.0f} fps"
    stage = "first pass: analysing" if progress.is_first_pass else ""
    message = ", ".join(filter(None, (stage, rate, format_remaining(estimate.remaining_s))))
    bar.update(task, completed=progress.frames, total=progress.expected, count=count, message=message)


def format_remaining(seconds: float | None) -> str:
    """Return a remaining time as text; empty if unknown.

    Example:
        >>> [format_remaining(seconds) for seconds in (3.2, 75, 7384, None)]
        ['3 s left', '1:15 left', '2:03:04 left', '']
    """
    if seconds is None:
        return ""
    minutes, whole = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}" if minutes else f"{whole} s"
    return f"{clock} left"
