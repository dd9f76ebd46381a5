"""Several inputs in one call: options, progress bars and the report at the end."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from livefilter.cli import _shared
from livefilter.cli._exit_codes import DONE, INTERRUPTED, LOSS, exit_code_and_message, print_notes
from livefilter.cli._options import option
from livefilter.cli._progress import format_remaining, make_bar, update_bar

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID
    from rich.table import Table

    from livefilter.pipeline import InputResult, OutputSpec, ProcessOptions, Progress, RateEstimate

_FILE_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Batch:
    """Options of a run with several inputs: output folder, resuming, parallel jobs."""

    folder: Path
    resume: bool
    jobs: int


def batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of several inputs to a command, which receives a ``Batch`` as ``batch``, or None without ``-d``.

    The command takes ``sources``; several of them without ``-d`` are an error.
    """

    @wraps(command)
    def with_batch(**arguments: Any) -> Any:
        folder, resume, jobs = (arguments.pop(name) for name in ("output_dir", "resume", "jobs"))
        if folder is None and len(arguments["sources"]) > 1:
            raise click.UsageError("several inputs need an output folder; add -d FOLDER")
        for name, value in {"--resume": resume, "--jobs": jobs}.items():
            if folder is None and value:
                raise click.UsageError(f"{name}: is for several inputs; add -d FOLDER")
        return command(**arguments, batch=None if folder is None else Batch(folder, resume, jobs or 1))

    decorated: Callable[..., Any] = with_batch
    for add_option in (
        option(
            "Batch", "--jobs", type=click.IntRange(min=1), metavar="N", help="Process N inputs at a time (with -d)."
        ),
        option(
            "Batch",
            "--resume",
            is_flag=True,
            help="Skip inputs already done, known by their content (with -d).",
        ),
        option(
            "Batch",
            "-d",
            "--output-dir",
            metavar="FOLDER",
            type=click.Path(file_okay=False, path_type=Path),
            help="Folder for the results of several inputs; created if missing.",
        ),
    ):
        decorated = add_option(decorated)
    return decorated


def reject_with_folder(options: dict[str, object]) -> None:
    """Raise a usage error if one of these options is used together with ``-d``."""
    for name, value in options.items():
        if value:
            raise click.UsageError(f"{name}: is for one input, not with -d; leave it out")


def check_extensions(scores: str | None, plot: str | None) -> None:
    """Raise a usage error for a file name where ``-d`` needs an extension, since each input has its own files."""
    from livefilter.sinks import PLOT_SUFFIXES, SCORE_SUFFIXES

    for name, extension, known in (("--scores", scores, SCORE_SUFFIXES), ("--plot", plot, PLOT_SUFFIXES)):
        if extension is not None and extension not in known:
            raise click.UsageError(f"{name}: with -d, must be one of {', '.join(known)}, found {extension!r}")


def run(
    sources: Sequence[str],
    batch: Batch,
    make_options: Callable[[], ProcessOptions],
    make_spec: Callable[[], OutputSpec],
    *,
    as_json: bool,
    is_quiet: bool,
) -> int:
    """Process several inputs, print a report on all of them, and return the exit code."""
    with _shared.stopping_on_signal() as should_stop:
        from livefilter.pipeline import run_batch

        with progress_bars(is_quiet=is_quiet) as observer:
            results = run_batch(
                sources,
                batch.folder,
                make_options(),
                make_spec(),
                observer=observer,
                jobs=batch.jobs,
                resume=batch.resume,
                should_stop=should_stop,
            )
        return report_results(results, observer.total, as_json=as_json, is_quiet=is_quiet, is_stopped=should_stop())


class ProgressBars:
    """A bar for each input in progress and one for all, weighted by size; without a terminal, a line per input.

    Args:
        bar: Display of the bars; None prints lines.
        is_quiet: Show nothing.
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, bar: Bar | None, *, is_quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = 0
        self._bar = bar
        self._is_quiet = is_quiet
        self._clock = clock
        self._sources: Sequence[str] = ()
        self._weights: list[int] = []
        self._done: dict[int, float] = {}
        self._finished = self._skipped = 0
        self._estimates: dict[int, tuple[TaskID, RateEstimate]] = {}
        self._overall: TaskID | None = None
        self._began_s = clock()

    def on_start(self, sources: Sequence[str], sizes: Sequence[int]) -> None:
        """Record all sources and their sizes in bytes."""
        self.total, self._sources = len(sources), sources
        known = [size for size in sizes if size]
        average = sum(known) // len(known) if known else 1
        self._weights = [size or average for size in sizes]
        self._began_s = self._clock()
        if self._bar is not None:
            self._overall = self._bar.add_task("all", total=sum(self._weights), count="", message="")

    def on_progress(self, position: int, progress: Progress) -> None:
        """Update the bar of one input and the overall bar."""
        if self._bar is None:
            return
        from livefilter.pipeline import RateEstimate

        if position not in self._estimates:
            self._estimates[position] = (
                self._bar.add_task(Path(self._sources[position]).name, total=None, count="", message=""),
                RateEstimate(),
            )
        task, estimate = self._estimates[position]
        if progress.frames:
            estimate.update(progress)
        update_bar(self._bar, task, progress, estimate)
        self._done[position] = min(1.0, progress.frames / progress.expected) if progress.expected else 0.0
        self._update_overall()

    def on_done(self, position: int, result: InputResult) -> None:
        """Remove the bar of one input and update the overall bar."""
        self._done[position] = 1.0
        self._finished += 1
        if result.is_skipped:
            self._skipped += self._weights[position]
        if self._bar is None:
            if not self._is_quiet:
                click.echo(f"{result.source}: {status_of(result)}", err=True)
            return
        if position in self._estimates:
            self._bar.remove_task(self._estimates.pop(position)[0])
        self._update_overall()

    @property
    def eta_s(self) -> float | None:
        """Estimated seconds until all inputs are done, from the bytes done so far; None before the first."""
        done, total = self._done_bytes - self._skipped, sum(self._weights) - self._skipped
        return (self._clock() - self._began_s) * (total - done) / done if done > 0 else None

    @property
    def _done_bytes(self) -> float:
        return sum(self._weights[position] * share for position, share in self._done.items())

    def _update_overall(self) -> None:
        if self._bar is not None and self._overall is not None:
            count = f"{self._finished}/{self.total}"
            self._bar.update(
                self._overall, completed=self._done_bytes, count=count, message=format_remaining(self.eta_s)
            )


@contextmanager
def progress_bars(*, is_quiet: bool) -> Iterator[ProgressBars]:
    """Show progress bars on standard error, or lines if that is no terminal."""
    if is_quiet or not sys.stderr.isatty():
        yield ProgressBars(None, is_quiet=is_quiet)
        return
    with make_bar() as bar:
        yield ProgressBars(bar)


Status = Literal["done", "skipped", "lost", "interrupted", "failed"]


def status_of(result: InputResult) -> Status:
    """Return the status of an input in one word."""
    if result.error is not None:
        return "failed"
    if result.summary is None:
        return "skipped"
    return "interrupted" if result.summary.is_interrupted else "lost" if result.loss else "done"


def report_results(
    results: Sequence[InputResult], total: int, *, as_json: bool, is_quiet: bool, is_stopped: bool
) -> int:
    """Print the status of each input, then failures and losses, and return the most serious exit code."""
    codes = {DONE}
    if as_json:
        click.echo(json.dumps([_as_json(result) for result in results], indent=2))
    elif not is_quiet:
        _print_table(results)
    for result in results:
        if result.error is not None:
            code, line = exit_code_and_message(result.error)
            codes.add(code)
            click.echo(f"livefilter: failed: {_with_source(result.source, line)}", err=True)
            print_notes(result.error)
        elif result.loss is not None:
            codes.add(LOSS)
            click.echo(f"livefilter: lost: {_with_source(result.source, result.loss)}", err=True)
        for note in () if is_quiet or as_json or result.summary is None else result.summary.notes:
            click.echo(f"livefilter: note: {_with_source(result.source, note)}", err=True)
    if is_stopped:
        finished = sum(status_of(result) != "interrupted" for result in results)
        click.echo(f"livefilter: interrupted; {finished} of {total} inputs are done; --resume continues", err=True)
        return INTERRUPTED
    return min(codes, key=_SERIOUS.index)


_SERIOUS = (1, 4, 3, 2, 5, 0)
"""Exit codes, the most serious first: a batch returns the first one that occurred."""


def _with_source(source: str, line: str) -> str:
    """Return a message with the name of its source in front, unless it contains that name."""
    return line if Path(source).name in line else f"{source}: {line}"


def _as_json(result: InputResult) -> dict[str, object]:
    entry: dict[str, object] = {"source": result.source, "status": status_of(result), "outputs": result.outputs}
    if result.summary is not None:
        entry = asdict(result.summary) | entry
    entry["loss"] = result.loss
    if result.error is not None:
        entry["error"] = exit_code_and_message(result.error)[1]
    return entry


def _print_table(results: Sequence[InputResult]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    # A file or a pipe has no width: print a wide table rather than cut cells.
    Console(width=None if console.is_terminal else _FILE_WIDTH, highlight=False).print(_table(results))


def _table(results: Sequence[InputResult]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    colours = {"done": "green", "skipped": "dim", "lost": "yellow", "interrupted": "yellow", "failed": "bold red"}
    table = Table("", "source", box=None, pad_edge=False)
    for head in ("frames", "fps", "horizontal", "vertical", "density"):
        table.add_column(head, justify="right")
    table.add_column("outputs", overflow="fold")
    for result in results:
        status, summary = status_of(result), result.summary
        figures = [""] * 5
        if summary is not None:
            scores = asdict(summary.mean_score).values() if summary.mean_score is not None else ()
            figures = [str(summary.frames), f"{summary.fps:.0f}", *(f"{score:.4f}" for score in scores)]
            figures += [""] * (5 - len(figures))
        outputs = ", ".join(Path(output).name for output in result.outputs)
        table.add_row(f"[{colours[status]}]{status}[/]", escape(result.source), *figures, escape(outputs))
    return table
