"""Measurements as a table on a terminal, as Markdown for the documentation, and as JSON."""

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
    """Return a rich table of jobs that were measured on one size, with as many threads, and caches of one state."""
    from rich.table import Table

    rivals = _rivals(measured)
    first = measured[0]
    table = Table(title=f"{first.size}, {first.state}", title_justify="left", caption=machine_name())
    for head in _heads(rivals):
        is_text = head in ("job", "fastest OpenCV calls")
        table.add_column(head, justify="left" if is_text else "right", overflow="fold")
    for one in measured:
        job, ours, theirs, ratio, *rest = _cells(one, rivals)
        table.add_row(job, ours, theirs, f"{ratio} ± {one.pairs['OpenCV'].spread:.1f}", *rest)
    return table


def as_markdown(measured: Sequence[Measurement]) -> str:
    """Return the table of .github/docs/speed.md: hot, one thread, in the order measured."""
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
    return list(dict.fromkeys(name for one in measured for name in one.pairs if name not in ("OpenCV", "copy")))


def _heads(rivals: Sequence[str]) -> list[str]:
    others = [f"times {name}" for name in rivals]
    return ["job", "livefilter, ms", "OpenCV, ms", "times OpenCV", "in copies", *others, "fastest OpenCV calls"]


def _cells(one: Measurement, rivals: Sequence[str]) -> list[str]:
    others = [f"{one.pairs[name].ratio:.1f}" if name in one.pairs else "" for name in rivals]
    pair, copies = one.pairs["OpenCV"], 1 / one.pairs["copy"].ratio
    times = [f"{pair.ours_ms:.2f}", f"{pair.theirs_ms:.2f}", f"{pair.ratio:.1f}", f"{copies:.1f}"]
    return [one.job, *times, *others, one.opencv]
