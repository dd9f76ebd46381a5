"""The state of a live source, for displays and statistics in any thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

State = Literal["connected", "frozen", "reconnecting", "ended"]
Reason = Literal["lost", "failed", "dropped", "damaged", "empty", "resized", "time", "frozen"]


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a live source at one moment. The source replaces it as a whole, so any thread may read it.

    Attributes:
        state: "connected"; "frozen" (it repeats one frame); "reconnecting" (it is lost and being reopened); "ended".
        since_ns: Start of this state on the monotonic clock, in nanoseconds.
        counts: Number of events by reason; reasons that did not occur are absent. "lost": a connection broke or fell
            silent. "failed": an attempt to reconnect failed. "dropped": a newer frame replaced one that was not read in
            time. "damaged": a part of the stream could not be decoded. "empty": a frame came without pixels, for no
            known reason. "resized": a frame of another size was scaled to the first one's. "time": a timestamp was
            rejected (not a number, back, or far from the clock) and the arrival time used instead. "frozen": the
            picture stopped changing.
        lost_s: Total length of all past interruptions, in seconds.
        last_error: Message of the last error, without credentials; None if there was none.
    """

    state: State = "connected"
    since_ns: int = 0
    counts: Mapping[Reason, int] = field(default_factory=lambda: MappingProxyType({}))
    lost_s: float = 0.0
    last_error: str | None = None
