"""Statistics of a live pipeline as JSON Lines: one row per second, and one at the end."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from livefilter.errors import SinkError
from livefilter.pipeline.live._pipeline import LivePipeline
from livefilter.sources import Health

_EVERY_S = 1.0
logger = logging.getLogger(__name__)


class StatsLog:
    """Append statistics to a file while a pipeline runs. Use it in a ``with``, around the pipeline's own.

    Args:
        live: The pipeline.
        path: File; rows are appended to an existing one.
        every_s: Interval between rows.

    Raises:
        SinkError: The file cannot be written.
    """

    def __init__(self, live: LivePipeline, path: Path, *, every_s: float = _EVERY_S) -> None:
        self._live = live
        self._every_s = every_s
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise SinkError(f"{path}: cannot be written: {error.strerror or error}") from error
        self._ended = threading.Event()
        self._writer = threading.Thread(target=self._run, name="livefilter.pipeline.stats-log", daemon=True)

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._writer.join()
        with suppress(OSError):  # A failed write was logged already; closing tries it again.
            self._file.close()

    def _run(self) -> None:
        try:
            while not self._ended.wait(self._every_s):
                self._write()
            self._write()
        except Exception as error:  # A log that cannot be written must not end the pipeline.
            logger.warning("statistics are no longer written: %s", error)

    def _write(self) -> None:
        live = self._live
        score, health = live.loop.score, live.health
        row = {
            "at": datetime.now().astimezone().isoformat(timespec="milliseconds"),
            "preset": live.preset.filter.preset.name,
            **asdict(live.stats.snapshot()),
            "score": None if score is None else asdict(score),
            "zones": {name: asdict(zone_score) for name, zone_score in live.loop.zones.items()},
            "source": None if health is None else _health(health),
        }
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()


def _health(health: Health) -> dict[str, object]:
    return {
        "state": health.state,
        "counts": dict(health.counts),
        "lost_s": round(health.lost_s, 3),
        "last_error": health.last_error,
    }
