"""The live pipeline: source, filter and outputs, connected and supervised."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from livefilter.analysers import Analyser, ZoneAnalyser
from livefilter.compiler import Filter
from livefilter.errors import LivefilterError, OptionError, SourceError
from livefilter.frame import Color
from livefilter.kernels import Zone, make_zones
from livefilter.layers import Compare, Comparison, Layer, Overlay
from livefilter.pipeline._analysis import zone_analysers
from livefilter.pipeline._renderer import Renderer
from livefilter.pipeline._summary import Summary
from livefilter.pipeline.live._analysis import LiveAnalysis
from livefilter.pipeline.live._filter_loop import FilterLoop
from livefilter.pipeline.live._input import open_input
from livefilter.pipeline.live._outputs import Output, QueuedOutput
from livefilter.pipeline.live._preset_control import PresetControl
from livefilter.pipeline.live._segments import open_recording
from livefilter.pipeline.live._stats import Stats
from livefilter.presets import Preset
from livefilter.sinks import Sink, keeps_outputs
from livefilter.sources import Health, Source

_SERVICE_INTERVAL_S = 0.05
_MAX_QUEUE_BYTES = 256 << 20
_MAX_QUEUE_FRAMES = 120
_RECORDING = "recording"
"""Name of the recording in statistics."""


class LivePipeline:
    """Filter the newest frames of a live source, or every frame of a file at its own pace. Use it in a ``with``.

    The source is read, filtered and written to each sink in separate threads; with a live source, none holds up
    another. The object itself belongs to one thread, which calls ``service`` regularly.

    Args:
        source: An open source, which stays open.
        preset: Initial preset: a Preset, or a name or path, whose file is then reloaded when it is saved.
        compare: Initial comparison with the original.
        overlay: Whether the overlay is shown initially.
        color: What of a frame is filtered: "gray", "luma" or "rgb". Default: what the preset in force says.
        mirror: Whether left and right are exchanged initially.
        analysers: Look at the frames before they are filtered.
        layers: Drawn on the pictures, below the overlay.
        zones: Parts of the frame that have scores of their own, corners by name, instead of those of each preset.
        threads: Threads that may work on one frame.
        notify: Called with a one-line message for the user.
        clock: Monotonic clock, in seconds.
        prepare: Compiles a Filter in the background.

    Attributes:
        stats: Counters and measurements.
        preset: The preset in force.
        loop: The loop that filters.

    Raises:
        PresetError: The preset is missing or not valid.
        OptionError: A zone breaks a rule, or is too small for the source's frames.
    """

    def __init__(
        self,
        source: Source,
        preset: Preset | str | PathLike[str],
        *,
        compare: Compare = "none",
        overlay: bool = True,
        color: Color | None = None,
        mirror: bool = False,
        analysers: Sequence[Analyser] = (),
        layers: Sequence[Layer] = (),
        zones: Mapping[str, Any] | Iterable[Zone] | None = None,
        threads: int | None = None,
        notify: Callable[[str], object] = lambda line: None,
        clock: Callable[[], float] = time.perf_counter,
        prepare: Callable[[Filter], Future[None]] = Filter.prepare,
    ) -> None:
        fixed_zones = None if zones is None else make_zones(zones)
        self.preset = PresetControl(
            preset, zones=fixed_zones, threads=threads, notify=notify, clock=clock, prepare=prepare
        )
        self._source = source
        self._notify = notify
        self._clock = clock
        self._sinks: list[QueuedOutput] = []
        self._finishers: list[threading.Thread] = []
        self._outputs: list[str] = []
        self._notes: list[str] = []
        self._failures: list[BaseException] = []
        self._is_unwanted = False
        self.stats = Stats(source.facts.rate, clock)
        self._started_s = self._ended_s = clock()
        self._color = color
        self._layers = tuple(layers)
        self._threads = threads
        made = self.preset.filter.preset
        drawn = Overlay(made.overlay, made.name, zones=made.zones, is_shown=overlay)
        renderer = self._renderer(self.preset.filter, drawn, Comparison(compare))
        self._analysis = LiveAnalysis(analysers)
        self._analysis.set_zones(self._zone_analyser(made))
        source.set_color(self._source_color(renderer))
        self._input = open_input(source, self.stats, clock)
        self.loop = FilterLoop(self._input, self._analysis, renderer, self.stats, source.facts.shape, clock)
        self.loop.is_mirrored = mirror

    @property
    def overlay(self) -> Overlay:
        """Overlay in force; call ``redraw`` to show changes to it."""
        return self.loop.renderer.overlay

    @property
    def comparison(self) -> Comparison:
        """Comparison in force; call ``redraw`` to show changes to it."""
        return self.loop.renderer.comparison

    @property
    def health(self) -> Health | None:
        """Health of the source; None for a source that cannot be lost."""
        return self._source.health

    @property
    def is_recording(self) -> bool:
        """Whether pictures go to a recording."""
        return any(sink.name == _RECORDING for sink in self._sinks)

    @property
    def is_over(self) -> bool:
        """Whether the source or the loop has ended, or no output is left."""
        return self.loop.is_over or self.loop.error is not None or self._is_unwanted

    @property
    def applies_backpressure(self) -> bool:
        """Whether a full queue makes the source wait instead of dropping frames."""
        return not self._source.facts.is_live

    def add_output(self, output: Output) -> None:
        """Add an output; it is ended with the pipeline."""
        self.loop.outputs = (*self.loop.outputs, output)

    def add_sink(
        self,
        name: str,
        sink: Sink,
        *,
        drop_oldest: bool = False,
        drain_timeout_s: float | None = None,
        has_consumer: Callable[[], bool] = lambda: True,
    ) -> None:
        """Add a sink, with a queue of its own; it is finished with the pipeline.

        Args:
            name: Name in statistics.
            sink: An open sink.
            drop_oldest: Keep a short queue and drop its oldest frame when it is full, instead of the new one.
            drain_timeout_s: How long to wait at the end for queued frames to be written.
            has_consumer: Whether the sink has a reader; asked before every frame.
        """
        rows, cols = self._source.facts.shape
        picture_bytes = rows * cols * (1 if self.loop.renderer.color == "gray" else 3)
        depth = 2 if drop_oldest else max(4, min(_MAX_QUEUE_FRAMES, _MAX_QUEUE_BYTES // picture_bytes))
        queued = QueuedOutput(
            name,
            sink,
            self.stats,
            depth=depth,
            blocks_when_full=self.applies_backpressure,
            drop_oldest=drop_oldest,
            drain_timeout_s=drain_timeout_s,
            has_consumer=has_consumer,
        )
        self._sinks.append(queued)
        self.add_output(queued)

    def record(self, path: Path, *, overwrite: bool = False) -> None:
        """Start a recording of the shown pictures that stays playable even if the process is killed.

        Raises:
            SinkError: The file cannot be created.
            OptionError: The file's ending is unknown.
        """
        sink = open_recording(path, self._source.facts, self._outputs.append, overwrite=overwrite)
        self.add_sink(_RECORDING, sink)

    def stop_recording(self) -> None:
        """Finish the recording in the background, because closing a long file takes time."""
        for sink in [sink for sink in self._sinks if sink.name == _RECORDING]:
            self._remove(sink)
            finisher = threading.Thread(
                target=self._finish_recording, args=(sink,), name="livefilter.pipeline.finish-recording"
            )
            self._finishers.append(finisher)
            finisher.start()

    def redraw(self) -> None:
        """Draw the last frame again for displays."""
        self.loop.redraw()

    def pause(self, is_paused: bool) -> None:
        """Pause or resume a file; a live source keeps running."""
        self._input.pause(is_paused)

    def service(self) -> None:
        """Do the regular work: switch to a preset that is ready, remove sinks that failed."""
        before = self.loop.renderer
        if self.preset.poll():
            made = self.preset.filter
            preset, old = made.preset, before.filter.preset
            overlay = before.overlay.carried_over(
                preset.overlay, preset.name, zones=preset.zones, keep_history=preset.score == old.score
            )
            if (preset.zones, preset.score) != (old.zones, old.score):
                self._replace_zones(preset)
            self.loop.renderer = self._renderer(made, overlay, before.comparison)
            self._source.set_color(self._source_color(self.loop.renderer))
            self.redraw()
        for sink in [sink for sink in self._sinks if sink.failure is not None]:
            self._remove(sink)
            self._record_failure(sink)
        if not self.loop.outputs:
            self._is_unwanted = True

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> Summary:
        """Run until the source ends, all sinks have failed, or ``should_stop`` says so.

        Raises:
            SourceError: The source broke before its first frame.
        """
        with self:
            while not (self.is_over or should_stop()):
                self.service()
                time.sleep(_SERVICE_INTERVAL_S)
        return self.summary(is_interrupted=should_stop())

    def summary(self, *, is_interrupted: bool) -> Summary:
        """Return the summary of the run, after its end.

        Raises:
            SourceError: The source broke before its first frame.
            BaseException: Whatever else ended the loop or a sink, and is no error that livefilter foresees.
        """
        error, loss = self.loop.error, None
        if error is not None:
            if not isinstance(error, SourceError) or self.stats.snapshot().frames_in == 0:
                raise error
            loss = str(error)
        for failure in self._failures:
            if not isinstance(failure, LivefilterError):
                for output in self._outputs:
                    failure.add_note(f"wrote {output}")
                raise failure
        seconds = self._ended_s - self._started_s
        means = self.loop.means
        return Summary(
            source=self._source.facts.name,
            preset=self.preset.filter.preset.name,
            frames=means.frames,
            seconds=seconds,
            fps=means.frames / max(seconds, 1e-9),
            mean_score=means.mean,
            zone_means=means.zones,
            notes=tuple(self._notes),
            outputs=tuple(self._outputs),
            loss="; ".join(filter(None, (loss, self._source.loss))) or None,
            is_interrupted=is_interrupted,
            dropped=self.stats.dropped("filter"),
            failure="; ".join(map(str, self._failures)) or None,
        )

    def discard(self) -> None:
        """Discard the outputs of a pipeline that does not start."""
        for sink in self._sinks:
            sink.discard()

    def __enter__(self) -> Self:
        self._started_s = self._clock()
        self.loop.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every part in order, whatever ended the run, and finish recordings so that they can be played.

        After an error that livefilter does not foresee, outputs are partial ones, and notes on the error name them.
        """
        self._ended_s = self._clock()
        with ExitStack() as ending:  # Runs each, the last one first, whatever the others raise.
            for finisher in self._finishers:
                ending.callback(finisher.join)
            ending.callback(self._finish_all, error)
            ending.callback(self._input.stop)
            ending.callback(self.loop.stop)
            for output in self.loop.outputs:
                if output.is_display:
                    ending.callback(output.end)  # The loop may wait for it.
            ending.callback(self.preset.close)

    def _finish_all(self, error: BaseException | None) -> None:
        """Finish every sink, also where one before it fails; ``error`` is what ended the run, beside the loop's."""
        causes = [
            cause
            for cause in (error, self.loop.error)
            if isinstance(cause, Exception) and not isinstance(cause, BrokenPipeError) and keeps_outputs(cause)
        ]
        with ExitStack() as ending:
            for sink in reversed(self._sinks):
                ending.callback(self._finish, sink, is_complete=not causes)
        for cause in causes:
            for output in self._outputs:
                cause.add_note(f"the output so far is kept in {output}")

    def _zone_analyser(self, preset: Preset) -> ZoneAnalyser | None:
        """Return what scores the zones of a preset, compiled; None if it has none."""
        for analyser in zone_analysers(preset, self._threads):
            analyser.prepare(self._source.facts.shape)
            return analyser
        return None

    def _replace_zones(self, preset: Preset) -> None:
        """Score the zones of another preset, or none if one is too small: an edited file must not end the run."""
        try:
            self._analysis.set_zones(self._zone_analyser(preset))
        except OptionError as error:
            self._analysis.set_zones(None)
            self._notify(str(error))

    def _renderer(self, made: Filter, overlay: Overlay, comparison: Comparison) -> Renderer:
        return Renderer(made, color=self._color, overlay=overlay, comparison=comparison, layers=self._layers)

    def _source_color(self, renderer: Renderer) -> Color:
        """Return what frames must carry: chroma planes of their own would not be seen in a window."""
        is_still = self._source.facts.frame_count == 1  # No later frame would bring the colors of another preset.
        return "gray" if renderer.color == "gray" and not is_still else "rgb"

    def _remove(self, sink: QueuedOutput) -> None:
        self._sinks.remove(sink)
        self.loop.outputs = tuple(output for output in self.loop.outputs if output is not sink)

    def _finish(self, sink: QueuedOutput, *, is_complete: bool = True) -> None:
        output = sink.end(is_complete=is_complete)
        self._notes += sink.notes
        if sink.failure is not None:
            self._record_failure(sink)
        elif output is not None:
            self._outputs.append(output)

    def _finish_recording(self, sink: QueuedOutput) -> None:
        before = len(self._outputs)
        self._finish(sink)
        for output in self._outputs[before:]:
            self._notify(f"saved {output}")

    def _record_failure(self, sink: QueuedOutput) -> None:
        """Record why a sink was removed; a pipe closed by its reader is no failure, but ends the run."""
        if isinstance(sink.failure, BrokenPipeError):
            self._is_unwanted = True
        elif sink.failure is not None:
            self._failures.append(sink.failure)
            if self.loop.outputs:  # Without outputs the run ends, and the summary reports the failure.
                self._notify(str(sink.failure))
