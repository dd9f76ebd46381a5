"""Reports on measurements: a table for a terminal, Markdown for the documentation, and JSON."""

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
    """Return a description of this machine: CPU, cores, and the versions that matter."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    packages = ", ".join(f"{name} {version(name)}" for name in ("numba", "opencv-python", "numpy"))
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {packages}"


def as_table(measured: Sequence[Measurement]) -> Table:
    """Return a rich table of jobs measured at one size, with one number of threads and one state of the caches."""
    from rich.table import Table

    competitors = _competitors(measured)
    first = measured[0]
    table = Table(title=f"{first.size}, {first.state}", title_justify="left", caption=machine_name())
    for head in _heads(competitors):
        is_text = head in ("job", "fastest OpenCV calls")
        table.add_column(head, justify="left" if is_text else "right", overflow="fold")
    for entry in measured:
        job, ours, theirs, ratio, *rest = _cells(entry, competitors)
        table.add_row(job, ours, theirs, f"{ratio} ± {entry.pairs['OpenCV'].spread:.1f}", *rest)
    return table


def as_markdown(measured: Sequence[Measurement]) -> str:
    """Return the table of .github/docs/speed.md: hot, one thread, in the order measured."""
    shown = [entry for entry in measured if entry.threads == 1 and not entry.is_cold]
    competitors = _competitors(shown)
    heads = _heads(competitors)
    lines = [f"| {' | '.join(heads)} |", "| --- |" + " ---: |" * (len(heads) - 2) + " --- |"]
    lines += [f"| {' | '.join(_cells(entry, competitors))} |" for entry in shown]
    sizes = ", ".join(dict.fromkeys(entry.size for entry in shown))
    return "\n".join([f"{sizes}, one thread each, hot. {machine_name()}.", "", *lines])


def as_json(measured: Sequence[Measurement]) -> str:
    """Return all measurements as JSON, with the machine's name."""
    return json.dumps({"machine": machine_name(), "measured": [asdict(entry) for entry in measured]}, indent=2)


def _competitors(measured: Sequence[Measurement]) -> list[str]:
    return list(dict.fromkeys(name for entry in measured for name in entry.pairs if name not in ("OpenCV", "copy")))


def _heads(competitors: Sequence[str]) -> list[str]:
    others = [f"times {name}" for name in competitors]
    return ["job", "livefilter, ms", "OpenCV, ms", "times OpenCV", "in copies", *others, "fastest OpenCV calls"]


def _cells(entry: Measurement, competitors: Sequence[str]) -> list[str]:
    others = [f"{entry.pairs[name].ratio:.1f}" if name in entry.pairs else "" for name in competitors]
    pair, copies = entry.pairs["OpenCV"], 1 / entry.pairs["copy"].ratio
    times = [f"{pair.ours_ms:.2f}", f"{pair.theirs_ms:.2f}", f"{pair.ratio:.1f}", f"{copies:.1f}"]
    return [entry.job, *times, *others, entry.opencv]
