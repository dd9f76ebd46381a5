"""Several inputs through one recipe: what each becomes, which are finished already, and what came of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from livefilter.errors import LivefilterError, OptionError, SinkError
from livefilter.pipeline._job import Recipe
from livefilter.pipeline._summary import Progress, Summary
from livefilter.pipeline.batch._inputs import VIDEO_INPUTS, Names, expand, files_of, identities, name_of, size_of
from livefilter.pipeline.batch._manifest import Finished, Ledger
from livefilter.pipeline.batch._workers import Reply, Task, run_tasks
from livefilter.sinks import VIDEO_SUFFIXES, partial_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is made of each input. An ending that is None is not made.

    Attributes:
        picture: Ending of the video, such as ".mp4"; "" keeps the input's own where that can be
            written, and makes a .mkv, which holds everything, of other videos, and a .mp4 of pictures and scenes.
        scores: Ending of the table of scores.
        plot: Ending of the figure of scores.
    """

    picture: str | None = None
    scores: str | None = None
    plot: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one input.

    Attributes:
        source: What was read.
        summary: What was done; None if it failed or was finished already.
        error: Why it failed; None if it did not.
        outputs: Where the results are.
        is_skipped: It was finished already.
        loss: What could not be read of it, in words, now or when it was done; None if nothing was lost.
    """

    source: str
    summary: Summary | None = None
    error: BaseException | None = None
    outputs: tuple[str, ...] = ()
    is_skipped: bool = False
    loss: str | None = None


class Watcher(Protocol):
    """Is told how a batch goes. Sources are known by their place in the batch."""

    def planned(self, sources: Sequence[str], sizes: Sequence[int]) -> None:
        """Take note of all sources, in order, and of their sizes in bytes."""
        ...

    def advanced(self, place: int, progress: Progress) -> None:
        """Take note of how far one is; of its start, too."""
        ...

    def ended(self, place: int, outcome: Outcome) -> None:
        """Take note of what came of one."""
        ...


def run_batch(
    sources: Sequence[str],
    folder: Path,
    recipe: Recipe,
    wanted: Wanted,
    *,
    watcher: Watcher,
    jobs: int = 1,
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Outcome]:
    """Run a recipe over several inputs, each in a process of its own; one that fails does not stop the others.

    Outputs keep their inputs' names, made unique. What is finished is listed in a file of the folder, with the hash of
    the input's bytes and of the recipe.

    Args:
        sources: Files, folders, globs, scenes.
        folder: Where outputs go; made if it is missing.
        recipe: What is done.
        wanted: What is made of each.
        watcher: Is told how it goes.
        jobs: How many inputs are processed at once; the machine's cores are shared out among them.
        resume: Skip what is finished: same bytes, same recipe, outputs as they were.
        should_stop: Asked all the time; True ends what runs, as an interrupt does, and begins nothing new.

    Returns:
        What came of each, in order; those that were not begun are left out.

    Raises:
        SinkError: The folder cannot be made.
        SourceError: A folder or a glob among the sources is empty.
        OptionError: ``jobs`` is not positive, or a source is live or has no end.
    """
    if jobs < 1:
        raise OptionError(f"jobs: must be at least 1, found {jobs}")
    if recipe.source_options is not None and recipe.source_options.loop:
        raise OptionError("loop: never ends, so that no other input would have its turn; leave it out")
    named = list(dict.fromkeys(source for spec in sources for source in expand(spec)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"{folder}: cannot be made: {error.strerror}") from error
    watcher.planned(named, [size_of(source) for source in named])
    ledger = Ledger(folder)
    endings = {source: _endings(source, wanted) for source in named}
    outcomes: dict[int, Outcome] = {}
    if resume:
        for place, source in enumerate(named):
            one = _finished(ledger, source, recipe, endings[source])
            if one is not None:
                outputs = tuple(str(folder / name) for name, *_ in one.outputs)
                outcomes[place] = Outcome(source, outputs=outputs, is_skipped=True, loss=one.loss)
                watcher.ended(place, outcomes[place])
    unique = Names(Path(output).stem for outcome in outcomes.values() for output in outcome.outputs)
    read = identities(file for source in named for file in files_of(source))
    tasks: dict[int, Task] = {}
    for place, source in enumerate(named):
        if place in outcomes:
            continue
        name = unique.of(name_of(source))
        made = [None if ending is None else folder / f"{name}{ending}" for ending in endings[source]]
        over = [path for path in made if path is not None and identities((path, partial_of(path))) & read]
        if over:
            what = f"{over[0]}: is, or would be written over, an input; give another folder"
            outcomes[place] = Outcome(source, error=OptionError(what))
            watcher.ended(place, outcomes[place])
        else:
            tasks[place] = Task(name, source, *(None if path is None else str(path) for path in made))

    def replied(place: int, reply: Reply) -> None:
        if isinstance(reply.progress, Progress):
            watcher.advanced(place, reply.progress)
            return
        task, summary = tasks[place], reply.summary
        outcomes[place] = Outcome(task.source, error=reply.error)
        if summary is not None:
            error = None if summary.is_interrupted else _note(ledger, task, reply.content, recipe, summary)
            outcomes[place] = Outcome(task.source, summary, error, summary.outputs, loss=summary.loss)
        watcher.ended(place, outcomes[place])

    run_tasks(tasks, recipe, jobs=jobs, replied=replied, should_stop=should_stop)
    return [outcomes[place] for place in sorted(outcomes)]


def _endings(source: str, wanted: Wanted) -> tuple[str | None, str | None, str | None]:
    """Return the endings of the video, of the table and of the figure of scores that are made of a source."""
    own = Path(source).suffix.lower()
    kept = own if own in VIDEO_SUFFIXES else ".mkv" if own in VIDEO_INPUTS else ".mp4"
    return kept if wanted.picture == "" else wanted.picture, wanted.scores, wanted.plot


def _finished(ledger: Ledger, source: str, recipe: Recipe, endings: Sequence[str | None]) -> Finished | None:
    """Return what is noted of a source that is finished; None if it is not, or if it cannot be read."""
    try:
        return ledger.match(source, recipe.key, [ending for ending in endings if ending is not None])
    except LivefilterError:
        return None  # Whoever opens it tells what is wrong with it.


def _note(ledger: Ledger, task: Task, content: str, recipe: Recipe, summary: Summary) -> BaseException | None:
    """Note that an input is done; return why that was not possible."""
    outputs = [Path(output) for output in summary.outputs]
    try:
        ledger.add(task.name, task.source, content, recipe.key, outputs, summary.loss)
    except (LivefilterError, OSError) as error:
        return error
    return None
