"""How a live source is doing: read by whoever shows it, from any thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

State = Literal["connected", "frozen", "reconnecting", "ended"]
Reason = Literal["lost", "failed", "overrun", "damaged", "empty", "resized", "time", "frozen"]


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a live source at one moment. A source replaces it as a whole, so any thread may read it.

    Attributes:
        state: "connected"; "frozen", it repeats one picture; "reconnecting", there is none, and it is tried again;
            "ended".
        since_ns: When this state began, on the monotonic clock, in nanoseconds.
        counts: How often something happened, by reason. Only what happened is listed. "lost": a connection broke or
            fell silent; "failed": an attempt to open it again; "overrun": a frame was replaced by a newer one before
            anybody took it; "damaged": a piece of the stream could not be decoded; "empty": a picture came without
            pixels, and nobody knows why; "resized": a frame of another size was scaled to the promised one; "time": a
            time stamp made no sense (not a number, back, or far off) and the clock's was taken; "frozen": the picture
            stopped changing.
        lost_s: Seconds without a picture, in all interruptions that are over.
        last_error: What went wrong last, in words, without any credentials; None if nothing did.
    """

    state: State = "connected"
    since_ns: int = 0
    counts: Mapping[Reason, int] = field(default_factory=lambda: MappingProxyType({}))
    lost_s: float = 0.0
    last_error: str | None = None
