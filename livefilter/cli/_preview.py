"""``livefilter preview``: a source filtered live, in a window or to other outputs."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from livefilter.cli import _shared
from livefilter.cli._options import grouped_command, option
from livefilter.cli._source_options import source_options as with_source_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from livefilter.frame import Color
    from livefilter.layers import Compare
    from livefilter.pipeline import LivePipeline, LiveStats
    from livefilter.sinks import PipeFormat
    from livefilter.sources import Source, SourceOptions

_output = partial(option, "Output")
_DRAIN_TIMEOUT_S = 2.0
"""How long to wait at the end for the program that reads a pipe or the virtual camera."""


@grouped_command("Show a camera or a file, filtered live")
@click.argument("source", default="0")
@_shared.preset_option()
@_shared.zones_option
@_shared.overlay_option
@_shared.compare_option
@_shared.color_option
@_output("--record", type=click.Path(path_type=Path), metavar="FILE", help="Record what is shown, from the start.")
@_output("--scores", metavar="FILE", help="Write the scores to a .csv or .jsonl file, or to - (standard output).")
@_output(
    "--snapshot-dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    show_default="this folder",
    help="Folder of snapshots and recordings made by key; created if missing.",
)
@_output(
    "--stats",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Append statistics to FILE once per second (JSON Lines).",
)
@_output("--metrics", type=click.IntRange(0, 65535), metavar="PORT", help="Serve Prometheus metrics on 127.0.0.1:PORT.")
@_output("--virtual-camera", is_flag=True, help="Send the output to a virtual camera.")
@_output("--stdout", "pipe", type=click.Choice(["y4m", "raw"]), help="Write frames to standard output.")
@_output("--no-window", is_flag=True, help="Open no window, so that no display is needed.")
@_shared.overwrite_option
@_shared.threads_option
@_shared.quiet_option
@with_source_options
def command(
    source: str,
    preset: str,
    zones: Path | None,
    overlay: bool,
    compare: str,
    color: str | None,
    snapshot_dir: Path | None,
    no_window: bool,
    threads: int | None,
    quiet: bool,
    source_options: SourceOptions,
    **outputs: object,
) -> int:
    """Show SOURCE (by default the first camera) through a preset. A sample clip repeats until you quit.

    Keys of the window:

    \b
    q, Esc   quit                          c      compare: none, side, wipe, pip
    space    pause, resume                 drag   move the wipe
    s        save a snapshot               m      mirror
    r        record, stop                  t      hold the scores' scale
    n p      next, previous preset         i      statistics
    1 to 9   the first nine presets        f      full screen
    0        the preset of the start       + -    size of the window
    [ ]      weaker, stronger              h      help
    o        overlay on, off

    livefilter reloads the preset's YAML file whenever you save it.
    """  # noqa: D301 - click wants the character itself
    if no_window and snapshot_dir is not None:
        raise click.UsageError("--snapshot-dir is for the keys of the window; leave it or --no-window out")
    if outputs["pipe"] and outputs["scores"] == "-":
        raise click.UsageError("--stdout and --scores - cannot share standard output")
    with _shared.stopping_on_signal() as should_stop, ExitStack() as opened:
        from livefilter.pipeline import LivePipeline, Preview, low_latency
        from livefilter.presets import list_presets, load_zones
        from livefilter.sinks import WindowSink, check_display
        from livefilter.sources import SourceKind, kind_of, open_source

        def notify(line: str) -> None:
            if not quiet:
                click.echo(line, err=True)

        kind = kind_of(source)
        if not (no_window or kind.is_stored):  # A camera takes long to open; a file that is missing is said first.
            check_display()
        is_looped = source_options.loop or kind is SourceKind.SAMPLE
        fixed_zones = None if zones is None else load_zones(zones)
        # The pipeline mirrors, so that a key can undo it.
        read = opened.enter_context(
            open_source(source, source_options, should_stop=should_stop, loop=is_looped, mirror=False)
        )
        if not no_window and kind.is_stored:
            check_display()
        for note in read.facts.notes:
            notify(f"livefilter: note: {read.facts.name}: {note}")
        shown = {
            "compare": cast("Compare", compare),
            "overlay": overlay,
            "color": cast("Color | None", color),
            "mirror": source_options.mirror,
            "zones": fixed_zones,
            "threads": threads,
            "notify": notify,
        }
        runs: LivePipeline | Preview
        if no_window:
            runs = live = LivePipeline(read, preset, **shown)  # type: ignore[arg-type]
        else:
            window = opened.enter_context(WindowSink(f"livefilter: {read.facts.name}"))
            folder = snapshot_dir or Path()
            presets = list_presets()
            runs = Preview(read, preset, presets=presets, window=window, snapshot_folder=folder, **shown)  # type: ignore[arg-type]
            live = runs.live
        try:
            _add_outputs(live, read, opened, notify, **outputs)  # type: ignore[arg-type]
        except BaseException:
            live.discard()
            raise
        with low_latency():
            summary = runs.run(should_stop)
        stats = live.stats.snapshot()
    is_piped = outputs["pipe"] is not None or outputs["scores"] == "-"
    code = _shared.report_summary(summary, is_quiet=quiet, to_stderr=is_piped)
    if not quiet:
        for line in _lines(stats, summary.seconds):
            click.echo(line, err=is_piped)
    return code


def _add_outputs(
    live: LivePipeline,
    source: Source,
    opened: ExitStack,
    notify: Callable[[str], object],
    *,
    record: Path | None,
    scores: str | None,
    stats: Path | None,
    metrics: int | None,
    virtual_camera: bool,
    pipe: PipeFormat | None,
    overwrite: bool,
) -> None:
    """Add the requested outputs to a pipeline; without any output it runs for its statistics alone."""
    from livefilter.pipeline import NullOutput, PrometheusExporter, StatsLog
    from livefilter.sinks import RawPipeSink, ScoreSink, VirtualCameraSink

    facts = source.facts
    if stats is not None:
        opened.enter_context(StatsLog(live, stats))
    if metrics is not None:
        served = opened.enter_context(PrometheusExporter(live, metrics))
        notify(f"metrics: http://127.0.0.1:{served.port}/metrics")
    if virtual_camera:
        shape = facts.shape if live.loop.renderer.color == "gray" else (*facts.shape, 3)
        camera = VirtualCameraSink(shape, rate=facts.rate)
        notify(f"virtual camera: {camera.target}")
        live.add_sink(
            "virtual camera",
            camera,
            drop_oldest=True,
            drain_timeout_s=_DRAIN_TIMEOUT_S,
            has_consumer=lambda: camera.has_consumer,
        )
    if pipe is not None:
        live.add_sink("stdout", RawPipeSink(pipe, rate=facts.rate), drop_oldest=True, drain_timeout_s=_DRAIN_TIMEOUT_S)
    if scores is not None:
        live.add_sink("scores", ScoreSink(Path(scores), overwrite=overwrite))
    if record is not None:
        live.record(record, overwrite=overwrite)
    if not live.loop.outputs:
        live.add_output(NullOutput())


def _lines(stats: LiveStats, seconds: float) -> Iterator[str]:
    """Yield the statistics of a live run: rates, drops, latencies."""
    yield f"in: {stats.frames_in} frames at {stats.frames_in / max(seconds, 1e-9):.0f} fps"
    losses = ", ".join(f"{where} {count}" for where, count in stats.dropped.items())
    if losses:
        yield f"dropped: {losses}"
    if stats.timestamps_fixed:
        yield f"timestamps fixed: {stats.timestamps_fixed}"
    figures = {f"latency to {name}": spread for name, spread in stats.total_latency.items()}
    figures |= {f"time in {name}": spread for name, spread in stats.total_stages.items()}
    if figures:
        width = max(map(len, figures))
        yield f"{'milliseconds':{width}}     p50     p95     p99"
        for name, spread in figures.items():
            yield f"{name:{width}} {spread.p50_ms:7.1f} {spread.p95_ms:7.1f} {spread.p99_ms:7.1f}"
