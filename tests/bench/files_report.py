"""Reports on whole files: tables for a terminal, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

from livefilter.bench import machine_name
from tests.bench.files import OURS, FileMeasurement
from tests.bench.long_file import LongMeasurement

if TYPE_CHECKING:
    from rich.table import Table

_MAX_MB = 400
_MAX_ETA_ERROR = 0.1
_MAX_GROWTH = 1.1
"""Largest ratio of the peak memory of a clip to that of its first tenth that counts as flat."""


def files_table(measured: Sequence[FileMeasurement], competitor: str) -> Table:
    """Return a rich table: the time of each method, livefilter's share of it, and the goal."""
    from rich.table import Table

    table = Table(
        "job", "method", title=measured[0].clip, caption=f"{machine_name()}, av {version('av')}, {competitor}"
    )
    for head in ("seconds", "fps", "livefilter takes", "aim"):
        table.add_column(head, justify="right")
    for measurement in measured:
        for name, seconds in measurement.seconds.items():
            share, aim = measurement.shares.get(name), measurement.aims.get(name)
            is_ours = name == OURS
            table.add_row(
                measurement.job if is_ours else "",
                name,
                f"{seconds:.2f}",
                f"{measurement.frames / seconds:.0f}",
                "" if share is None else f"{share:.2f} x",
                "" if aim is None or share is None else _aim(f"{aim:.2f} x", share <= aim),
            )
        if measurement.peak_mb is not None:
            table.add_row(
                "",
                "peak memory",
                "",
                "",
                f"{measurement.peak_mb:.0f} MB",
                _aim(f"{_MAX_MB} MB", measurement.peak_mb <= _MAX_MB),
            )
        table.add_section()
    return table


def long_lines(measured: LongMeasurement) -> Iterator[str]:
    """Yield the results of a long clip, a line for each goal."""
    yield f"{measured.clip}: {measured.seconds:.1f} s"
    error = measured.eta_error
    yield (
        f"after the first tenth, {measured.promised_s:.1f} s were promised, wrong by {error:.1%} "
        f"(aim {_aim(f'{_MAX_ETA_ERROR:.0%}', error <= _MAX_ETA_ERROR)})"
    )
    if measured.peak_mb is not None and measured.tenth_peak_mb is not None:
        growth = measured.peak_mb / measured.tenth_peak_mb
        yield (
            f"peak memory {measured.peak_mb:.0f} MB, of the first tenth alone {measured.tenth_peak_mb:.0f} MB: "
            f"{growth:.2f} x (aim {_aim(f'{_MAX_GROWTH:.2f} x', growth <= _MAX_GROWTH)})"
        )


def files_json(measured: Sequence[FileMeasurement], competitor: str) -> str:
    """Return all measurements as JSON, with the machine's name and the competitor's version."""
    measurements = [asdict(measurement) for measurement in measured]
    content = {"machine": machine_name(), "competitor": competitor, "measured": measurements}
    return json.dumps(content, indent=2)


def long_json(measured: LongMeasurement) -> str:
    """Return the measurement of a long clip as JSON, with the machine's name."""
    content = {"machine": machine_name(), "measured": asdict(measured) | {"eta_error": measured.eta_error}}
    return json.dumps(content, indent=2)


def _aim(aim: str, is_held: bool) -> str:
    return f"{aim}, {'held' if is_held else 'missed'}"
