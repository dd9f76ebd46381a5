"""Several inputs in one call: their options, their bars, and what is told of them at the end."""

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

from livefilter.cli import _shared as _run
from livefilter.cli._exit_codes import DONE, INTERRUPTED, LOSS, exit_code_and_message, print_notes
from livefilter.cli._progress import draw, left, make_bar

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID
    from rich.table import Table

    from livefilter.pipeline import InputResult, JobSpec, OutputSpec, Progress, RateEstimate

_FILE_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Batch:
    """Where several inputs go, and how they are taken."""

    folder: Path
    resume: bool
    jobs: int


def batch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of several inputs, as one argument ``batch``: a ``Batch``, None without ``-d``.

    The command takes ``sources``; several of them are refused without ``-d``.
    """

    @wraps(command)
    def with_batch(**arguments: Any) -> Any:
        folder, resume, jobs = (arguments.pop(name) for name in ("output_dir", "resume", "jobs"))
        if folder is None and len(arguments["sources"]) > 1:
            raise click.UsageError("several sources need a folder for what is made of them; give -d FOLDER")
        for name, value in {"--resume": resume, "--jobs": jobs}.items():
            if folder is None and value:
                raise click.UsageError(f"{name}: is for several inputs; give -d FOLDER too")
        return command(**arguments, batch=None if folder is None else Batch(folder, resume, jobs or 1))

    decorated: Callable[..., Any] = with_batch
    for option in (
        click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="With -d: so many inputs at once."),
        click.option("--resume", is_flag=True, help="With -d: skip inputs that are finished, known by their content."),
        click.option(
            "-d",
            "--output-dir",
            type=click.Path(file_okay=False, path_type=Path),
            help="Folder for the results of several inputs; made if it is missing.",
        ),
    ):
        decorated = option(decorated)
    return decorated


def refuse_with_folder(options: dict[str, object]) -> None:
    """Refuse options that were given and make no sense together with ``-d``."""
    for name, value in options.items():
        if value:
            raise click.UsageError(f"{name}: is for one input, not with -d; leave it out")


def check_endings(scores: str | None, plot: str | None) -> None:
    """Refuse file names where an ending is meant, since each input has files of its own."""
    for name, given, known in (
        ("--scores", scores, (".csv", ".jsonl", ".parquet")),
        ("--plot", plot, (".png", ".svg", ".pdf")),
    ):
        if given is not None and given not in known:
            raise click.UsageError(f"{name}: with -d, is one of the endings {', '.join(known)}, found {given!r}")


def run(
    sources: Sequence[str],
    batch: Batch,
    make_recipe: Callable[[], JobSpec],
    make_wanted: Callable[[], OutputSpec],
    *,
    as_json: bool,
    is_quiet: bool,
) -> int:
    """Run several inputs, report on all of them, and return the exit code."""
    with _run.stopping_on_signal() as should_stop:
        from livefilter.pipeline import run_batch

        with _shown(is_quiet=is_quiet) as observer:
            results = run_batch(
                sources,
                batch.folder,
                make_recipe(),
                make_wanted(),
                observer=observer,
                jobs=batch.jobs,
                resume=batch.resume,
                should_stop=should_stop,
            )
        return _report(results, observer.total, as_json=as_json, is_quiet=is_quiet, is_stopped=should_stop())


class Bars:
    """A bar for each input that is at work, and one for all, by their sizes; without a terminal, a line for each end.

    Args:
        bar: Where bars are drawn; None for lines.
        is_quiet: Draw and print nothing.
        clock: Seconds that only grow.
    """

    def __init__(self, bar: Bar | None, *, is_quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = 0
        self._bar = bar
        self._is_quiet = is_quiet
        self._clock = clock
        self._sources: Sequence[str] = ()
        self._weights: list[int] = []
        self._done: dict[int, float] = {}
        self._ended = self._skipped = 0
        self._paces: dict[int, tuple[TaskID, RateEstimate]] = {}
        self._whole: TaskID | None = None
        self._began_s = clock()

    def on_start(self, sources: Sequence[str], sizes: Sequence[int]) -> None:
        """Take note of all sources, and of their sizes in bytes."""
        self.total, self._sources = len(sources), sources
        known = [size for size in sizes if size]
        usual = sum(known) // len(known) if known else 1
        self._weights = [size or usual for size in sizes]
        self._began_s = self._clock()
        if self._bar is not None:
            self._whole = self._bar.add_task("all", total=sum(self._weights), count="", told="")

    def on_progress(self, place: int, progress: Progress) -> None:
        """Move the bar of one input, and that of all."""
        if self._bar is None:
            return
        from livefilter.pipeline import RateEstimate

        if place not in self._paces:
            self._paces[place] = (
                self._bar.add_task(Path(self._sources[place]).name, total=None, count="", told=""),
                RateEstimate(),
            )
        task, pace = self._paces[place]
        if progress.frames:
            pace.update(progress)
        draw(self._bar, task, progress, pace)
        self._done[place] = min(1.0, progress.frames / progress.expected) if progress.expected else 0.0
        self._move_whole()

    def on_done(self, place: int, result: InputResult) -> None:
        """Take one input's bar away, and move that of all."""
        self._done[place] = 1.0
        self._ended += 1
        if result.is_skipped:
            self._skipped += self._weights[place]
        if self._bar is None:
            if not self._is_quiet:
                click.echo(f"{result.source}: {status_of(result)}", err=True)
            return
        if place in self._paces:
            self._bar.remove_task(self._paces.pop(place)[0])
        self._move_whole()

    @property
    def remaining_s(self) -> float | None:
        """Seconds until all are done, by the bytes that are; None while nothing is."""
        done, to_do = self._done_bytes - self._skipped, sum(self._weights) - self._skipped
        return (self._clock() - self._began_s) * (to_do - done) / done if done > 0 else None

    @property
    def _done_bytes(self) -> float:
        return sum(self._weights[place] * share for place, share in self._done.items())

    def _move_whole(self) -> None:
        if self._bar is not None and self._whole is not None:
            count = f"{self._ended}/{self.total}"
            self._bar.update(self._whole, completed=self._done_bytes, count=count, told=left(self.remaining_s))


@contextmanager
def _shown(*, is_quiet: bool) -> Iterator[Bars]:
    if is_quiet or not sys.stderr.isatty():
        yield Bars(None, is_quiet=is_quiet)
        return
    with make_bar() as bar:
        yield Bars(bar)


Status = Literal["done", "skipped", "lost", "interrupted", "failed"]


def status_of(result: InputResult) -> Status:
    """Return in a word what came of an input."""
    if result.error is not None:
        return "failed"
    if result.summary is None:
        return "skipped"
    return "interrupted" if result.summary.is_interrupted else "lost" if result.loss else "done"


def _report(results: Sequence[InputResult], total: int, *, as_json: bool, is_quiet: bool, is_stopped: bool) -> int:
    """Print what came of each, then each failure and loss by name, and return the most fitting exit code."""
    codes = {DONE}
    if as_json:
        click.echo(json.dumps([_as_json(result) for result in results], indent=2))
    elif not is_quiet:
        _print_table(results)
    for result in results:
        if result.error is not None:
            code, line = exit_code_and_message(result.error)
            codes.add(code)
            click.echo(f"livefilter: failed: {_named(result.source, line)}", err=True)
            print_notes(result.error)
        elif result.loss is not None:
            codes.add(LOSS)
            click.echo(f"livefilter: lost: {_named(result.source, result.loss)}", err=True)
        for note in () if is_quiet or as_json or result.summary is None else result.summary.notes:
            click.echo(f"livefilter: note: {_named(result.source, note)}", err=True)
    if is_stopped:
        ended = sum(status_of(result) != "interrupted" for result in results)
        click.echo(f"livefilter: interrupted; {ended} of {total} inputs are done, --resume goes on", err=True)
        return INTERRUPTED
    return min(codes, key=_SERIOUS.index)


_SERIOUS = (1, 4, 3, 2, 5, 0)
"""Exit codes, the most serious first: a batch ends with the first that one of its inputs has."""


def _named(source: str, line: str) -> str:
    """Return a message that names its source."""
    return line if Path(source).name in line else f"{source}: {line}"


def _as_json(result: InputResult) -> dict[str, object]:
    made: dict[str, object] = {"source": result.source, "status": status_of(result), "outputs": result.outputs}
    if result.summary is not None:
        made = asdict(result.summary) | made
    made["loss"] = result.loss
    if result.error is not None:
        made["error"] = exit_code_and_message(result.error)[1]
    return made


def _print_table(results: Sequence[InputResult]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    # A file or a pipe has no width; a table that is cut off would tell less than one that is wide.
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
