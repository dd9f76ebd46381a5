"""Measurements of whole files as tables on a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

from livefilter.bench._files import OURS, FileMeasurement
from livefilter.bench._long_file import LongMeasurement
from livefilter.bench._report import machine_name

if TYPE_CHECKING:
    from rich.table import Table

_MOST_MB = 400
_MOST_ETA_ERROR = 0.1
_MOST_GROWTH = 1.1
"""By which factor peak memory may differ between a clip and its first tenth and still count as flat."""


def files_table(measured: Sequence[FileMeasurement], rival: str) -> Table:
    """Return a rich table: each way's time, and livefilter's as a share of it beside what is aimed at."""
    from rich.table import Table

    table = Table("job", "way", title=measured[0].clip, caption=f"{machine_name()}, av {version('av')}, {rival}")
    for head in ("seconds", "fps", "livefilter takes", "aim"):
        table.add_column(head, justify="right")
    for one in measured:
        for name, seconds in one.seconds.items():
            share, aim = one.shares.get(name), one.aims.get(name)
            is_ours = name == OURS
            table.add_row(
                one.job if is_ours else "",
                name,
                f"{seconds:.2f}",
                f"{one.frames / seconds:.0f}",
                "" if share is None else f"{share:.2f} x",
                "" if aim is None or share is None else _aim(f"{aim:.2f} x", share <= aim),
            )
        if one.peak_mb is not None:
            table.add_row(
                "", "peak memory", "", "", f"{one.peak_mb:.0f} MB", _aim(f"{_MOST_MB} MB", one.peak_mb <= _MOST_MB)
            )
        table.add_section()
    return table


def long_lines(measured: LongMeasurement) -> Iterator[str]:
    """Yield what a long clip showed, a line for each aim."""
    yield f"{measured.clip}: {measured.seconds:.1f} s"
    error = measured.eta_error
    yield (
        f"after the first tenth, {measured.promised_s:.1f} s were promised, wrong by {error:.1%} "
        f"(aim {_aim(f'{_MOST_ETA_ERROR:.0%}', error <= _MOST_ETA_ERROR)})"
    )
    if measured.peak_mb is not None and measured.tenth_peak_mb is not None:
        growth = measured.peak_mb / measured.tenth_peak_mb
        yield (
            f"peak memory {measured.peak_mb:.0f} MB, of the first tenth alone {measured.tenth_peak_mb:.0f} MB: "
            f"{growth:.2f} x (aim {_aim(f'{_MOST_GROWTH:.2f} x', growth <= _MOST_GROWTH)})"
        )


def files_json(measured: Sequence[FileMeasurement], long: LongMeasurement | None, rival: str) -> str:
    """Return everything that was measured, with the machine's name and the rival's version."""
    made: dict[str, object] = {"machine": machine_name(), "rival": rival, "measured": [asdict(one) for one in measured]}
    if long is not None:
        made["long"] = asdict(long) | {"eta_error": long.eta_error}
    return json.dumps(made, indent=2)


def _aim(aim: str, is_held: bool) -> str:
    return f"{aim}, {'held' if is_held else 'missed'}"
