"""The ratios as a bar chart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from livefilter.bench._measure import Measurement
from livefilter.bench._report import machine_name
from livefilter.errors import MissingPackageError


def plot(measured: Sequence[Measurement], path: Path) -> None:
    """Write how many times OpenCV's speed livefilter reaches, a bar for each measurement, to a picture.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("--plot: needs matplotlib; pip install 'livefilter[bench]'") from error
    labels = [f"{one.job}, {one.size}, {one.threads} thr., {'cold' if one.is_cold else 'hot'}" for one in measured]
    ratios = [one.ratios["OpenCV"] for one in measured]
    figure = Figure(figsize=(9, 1.5 + 0.26 * len(measured)), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(labels, ratios, xerr=[one.spread for one in measured], color="#3b6ea5", ecolor="#222222")
    axes.bar_label(bars, labels=[f"{ratio:.1f}" for ratio in ratios], padding=4, fontsize=8)
    axes.axvline(1, color="#222222", linewidth=0.8)
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)
    axes.set_xlabel("times the speed of the fastest OpenCV calls (median of paired ratios)")
    axes.set_title(machine_name(), fontsize=8)
    figure.savefig(path, dpi=120)
