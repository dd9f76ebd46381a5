"""Bar chart of the ratios: a panel for each size, a group of bars for each job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from livefilter.bench._measure import Measurement
from livefilter.bench._report import machine_name
from livefilter.errors import MissingPackageError, OptionError
from livefilter.sinks import PLOT_SUFFIXES, AtomicFile, write_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = ("#3b6ea5", "#a9c3e0", "#b5533c", "#e3b3a6")
_BAR_INCHES, _PANEL_INCHES, _NAMES_INCHES, _MARGIN_INCHES = 0.14, 3.6, 1.8, 1.4


@contextmanager
def plot_to_file(path: Path, *, overwrite: bool) -> Iterator[Callable[[Sequence[Measurement]], None]]:
    """Yield a function that plots measurements; raise errors of the plot now, not after an hour of measuring.

    Args:
        path: The image to write; its extension selects the format.
        overwrite: Replace an existing file.

    Raises:
        OptionError: The extension is unknown.
        MissingPackageError: matplotlib is not installed.
        SinkError: The file exists, or cannot be written.
    """
    if path.suffix.lower() not in PLOT_SUFFIXES:
        raise OptionError(f"--plot: must end in {', '.join(PLOT_SUFFIXES)}, found {path.suffix or 'none'}")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("--plot: needs matplotlib; pip install 'livefilter[bench]'") from error
    file = AtomicFile(path, overwrite=overwrite)

    def draw(measured: Sequence[Measurement]) -> None:
        figure = Figure(layout="constrained")
        draw_ratios(figure, measured)
        try:
            figure.savefig(file.partial, format=path.suffix[1:].lower(), dpi=120)
        except OSError as error:
            raise write_error(path, error) from error
        file.complete()

    try:
        yield draw
    finally:
        file.discard()


def draw_ratios(figure: Figure, measured: Sequence[Measurement]) -> None:
    """Draw livefilter's speed as a multiple of OpenCV's; whiskers show half the interquartile range."""
    jobs, sizes, states = (
        list(dict.fromkeys(values))
        for values in zip(*((entry.job, entry.size, entry.state) for entry in measured), strict=True)
    )
    step = 1 / (len(states) + 1)
    height = len(jobs) * (len(states) + 1) * _BAR_INCHES + _MARGIN_INCHES
    figure.set_size_inches(_NAMES_INCHES + _PANEL_INCHES * max(2, len(sizes)), height)
    panels = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
    for axes, size in zip(panels, sizes, strict=True):
        for at, state in enumerate(states):
            shown = [entry for entry in measured if (entry.size, entry.state) == (size, state)]
            pairs = [entry.pairs["OpenCV"] for entry in shown]
            bars = axes.barh(
                [jobs.index(entry.job) + (at + 0.5 - len(states) / 2) * step for entry in shown],
                [pair.ratio for pair in pairs],
                step,
                xerr=[pair.spread for pair in pairs],
                color=_COLOURS[at % len(_COLOURS)],
                error_kw={"elinewidth": 0.7, "ecolor": "#444444"},
                label=state,
            )
            axes.bar_label(bars, labels=[f"{pair.ratio:.1f}" for pair in pairs], padding=3, fontsize=6)
        axes.axvline(1, color="#222222", linewidth=0.8)
        axes.set_title(size, fontsize=10)
        axes.margins(x=0.12, y=0.5 * step / len(jobs))
        axes.set_xlim(left=0)
        axes.tick_params(labelsize=8)
    panels[0].set_yticks(range(len(jobs)), jobs)
    panels[0].invert_yaxis()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(states), fontsize=8, frameon=False)
    figure.suptitle(machine_name(), fontsize=8, x=0.01, ha="left", wrap=True)
    figure.supxlabel("times the speed of the fastest OpenCV calls (median of paired ratios)", fontsize=9)
