"""Measurements as a table on a terminal, as Markdown for the README, and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from livefilter.bench._measure import Measurement

if TYPE_CHECKING:
    from rich.table import Table


def machine_name() -> str:
    """Return what the figures were measured on: processor, cores, and the versions that matter."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    packages = ", ".join(f"{name} {version(name)}" for name in ("numba", "opencv-python", "numpy"))
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {packages}"


def as_table(measured: Sequence[Measurement]) -> Table:
    """Return a rich table."""
    from rich.table import Table

    rivals = _rivals(measured)
    table = Table("frames", *_heads(rivals), caption=machine_name())
    for one in measured:
        frames = f"{one.size} {'cold' if one.is_cold else 'hot'}, {one.threads} thr."
        table.add_row(frames, *_cells(one, rivals))
    return table


def as_markdown(measured: Sequence[Measurement]) -> str:
    """Return the README's table: hot, one thread, in the order measured."""
    shown = [one for one in measured if one.threads == 1 and not one.is_cold]
    rivals = _rivals(shown)
    heads = _heads(rivals)
    lines = [f"| {' | '.join(heads)} |", "| --- |" + " ---: |" * (len(heads) - 2) + " --- |"]
    lines += [f"| {' | '.join(_cells(one, rivals))} |" for one in shown]
    sizes = ", ".join(dict.fromkeys(one.size for one in shown))
    return "\n".join([f"{sizes}, one thread each, hot. {machine_name()}.", "", *lines])


def as_json(measured: Sequence[Measurement]) -> str:
    """Return everything that was measured, with the machine's name."""
    return json.dumps({"machine": machine_name(), "measured": [asdict(one) for one in measured]}, indent=2)


def _rivals(measured: Sequence[Measurement]) -> list[str]:
    return list(dict.fromkeys(name for one in measured for name in one.ratios if name not in ("OpenCV", "copy")))


def _heads(rivals: Sequence[str]) -> list[str]:
    others = [f"times {name}" for name in rivals]
    return ["job", "livefilter, ms", "OpenCV, ms", "times OpenCV", "in copies", *others, "fastest OpenCV calls"]


def _cells(one: Measurement, rivals: Sequence[str]) -> list[str]:
    others = [f"{one.ratios[name]:.1f}" if name in one.ratios else "" for name in rivals]
    ours, theirs, copies = one.milliseconds["livefilter"], one.milliseconds["OpenCV"], 1 / one.ratios["copy"]
    times = [f"{ours:.2f}", f"{theirs:.2f}", f"{one.ratios['OpenCV']:.1f}", f"{copies:.1f}"]
    return [one.job, *times, *others, one.opencv]
