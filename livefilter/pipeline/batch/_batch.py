"""Runs with the same options over several inputs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from livefilter.errors import LivefilterError, OptionError, SinkError
from livefilter.pipeline._options import ProcessOptions
from livefilter.pipeline._summary import Progress, Summary
from livefilter.pipeline.batch._inputs import UniqueNames, expand, file_ids, files_of, name_of, size_of
from livefilter.pipeline.batch._manifest import Manifest, ManifestEntry
from livefilter.pipeline.batch._workers import Task, WorkerMessage, run_tasks
from livefilter.sinks import VIDEO_SUFFIXES, partial_path
from livefilter.sources import SourceKind, kind_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """Outputs to create for each input; None creates no such output.

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
class InputResult:
    """Result of one input.

    Attributes:
        source: The input.
        summary: Summary of its run; None if it failed or was finished already.
        error: Why it failed; None if it did not.
        outputs: Output files.
        is_skipped: It was finished already.
        loss: Message about what could not be read of it, now or when it was finished; None if nothing was lost.
    """

    source: str
    summary: Summary | None = None
    error: BaseException | None = None
    outputs: tuple[str, ...] = ()
    is_skipped: bool = False
    loss: str | None = None


class BatchObserver(Protocol):
    """Receives the progress of a batch. Sources are identified by their position in it."""

    def on_start(self, sources: Sequence[str], sizes: Sequence[int]) -> None:
        """Receive all sources, in order, and their sizes in bytes."""
        ...

    def on_progress(self, position: int, progress: Progress) -> None:
        """Receive the progress of one source, also its start."""
        ...

    def on_done(self, position: int, result: InputResult) -> None:
        """Receive the result of one source."""
        ...


def run_batch(
    sources: Sequence[str],
    folder: Path,
    options: ProcessOptions,
    spec: OutputSpec,
    *,
    observer: BatchObserver,
    jobs: int = 1,
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[InputResult]:
    """Run `process` over several inputs, each in a process of its own; one that fails does not stop the others.

    Outputs keep their inputs' names, made unique. Finished inputs are listed in a manifest in the folder, with a
    hash of their bytes and of the options.

    Args:
        sources: Files, folders, globs, scenes.
        folder: Output folder; created if it is missing.
        options: Preset and options.
        spec: Outputs to create for each.
        observer: Receives progress and results.
        jobs: How many inputs are processed at once; the machine's cores are shared out among them.
        resume: Skip finished inputs: same bytes, same options, unchanged outputs.
        should_stop: Asked all the time; True ends what runs, as an interrupt does, and begins nothing new.

    Returns:
        The result of each input, in order, without those that were not started.

    Raises:
                    SinkError: The folder cannot be created.
        SourceError: A folder or a glob among the sources is empty.
        OptionError: ``jobs`` is not positive, or a source is live or has no end.
    """
    if jobs < 1:
        raise OptionError(f"jobs: must be at least 1, found {jobs}")
    if options.source_options is not None and options.source_options.loop:
        raise OptionError("--loop cannot be used with several inputs, because it never ends")
    expanded = [expand(spec) for spec in sources]
    named = list(dict.fromkeys(source for inside, _ in expanded for source in inside))
    for _, skipped in expanded:
        if skipped is not None:
            logger.warning("%s", skipped)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"{folder}: cannot be created: {error.strerror}") from error
    observer.on_start(named, [size_of(source) for source in named])
    manifest = Manifest(folder)
    endings = {source: _endings(source, spec) for source in named}
    results: dict[int, InputResult] = {}
    if resume:
        for place, source in enumerate(named):
            one = _finished(manifest, source, options, endings[source])
            if one is not None:
                outputs = tuple(str(folder / name) for name, *_ in one.outputs)
                results[place] = InputResult(source, outputs=outputs, is_skipped=True, loss=one.loss)
                observer.on_done(place, results[place])
    unique = UniqueNames(Path(output).stem for result in results.values() for output in result.outputs)
    read = file_ids(file for source in named for file in files_of(source))
    tasks: dict[int, Task] = {}
    for place, source in enumerate(named):
        if place in results:
            continue
        name = unique.of(name_of(source))
        made = [None if ending is None else folder / f"{name}{ending}" for ending in endings[source]]
        over = [path for path in made if path is not None and file_ids((path, partial_path(path))) & read]
        if over:
            what = f"{over[0]}: is, or would be written over, an input; give another folder"
            results[place] = InputResult(source, error=OptionError(what))
            observer.on_done(place, results[place])
        else:
            tasks[place] = Task(name, source, *(None if path is None else str(path) for path in made))

    def on_message(place: int, reply: WorkerMessage) -> None:
        if isinstance(reply.progress, Progress):
            observer.on_progress(place, reply.progress)
            return
        task, summary = tasks[place], reply.summary
        results[place] = InputResult(task.source, error=reply.error)
        if summary is not None:
            error = (
                None if summary.is_interrupted else _add_to_manifest(manifest, task, reply.content, options, summary)
            )
            results[place] = InputResult(task.source, summary, error, summary.outputs, loss=summary.loss)
        observer.on_done(place, results[place])

    run_tasks(tasks, options, jobs=jobs, on_message=on_message, should_stop=should_stop)
    return [results[place] for place in sorted(results)]


def _endings(source: str, spec: OutputSpec) -> tuple[str | None, str | None, str | None]:
    """Return the endings of the video, of the table and of the figure of scores that are made of a source."""
    own = Path(source).suffix.lower()
    default = own if own in VIDEO_SUFFIXES else ".mkv" if kind_of(source) is SourceKind.VIDEO_FILE else ".mp4"
    return default if spec.picture == "" else spec.picture, spec.scores, spec.plot


def _finished(
    manifest: Manifest, source: str, options: ProcessOptions, endings: Sequence[str | None]
) -> ManifestEntry | None:
    """Return the manifest entry of a finished source; None if it is not finished or cannot be read."""
    try:
        return manifest.find(source, options.fingerprint, [ending for ending in endings if ending is not None])
    except LivefilterError:
        return None  # Opening it reports the error.


def _add_to_manifest(
    manifest: Manifest, task: Task, content: str, options: ProcessOptions, summary: Summary
) -> BaseException | None:
    """Add a finished input to the manifest; return the error if that fails."""
    outputs = [Path(output) for output in summary.outputs]
    try:
        manifest.add(task.name, task.source, content, options.fingerprint, outputs, summary.loss)
    except (LivefilterError, OSError) as error:
        return error
    return None
