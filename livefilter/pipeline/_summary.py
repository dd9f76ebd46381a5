"""Progress and summary of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from livefilter.analysis import EdgeScore


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        frames: Frames done.
        expected: Frames to expect in all; None if that is not known.
        is_first_pass: The frames are only analysed, for a second pass that filters them.
    """

    frames: int
    expected: int | None
    is_first_pass: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """Result of a run.

    Attributes:
        source: Name of the source.
        preset: The preset's name.
        frames: Frames that were filtered.
        seconds: Wall-clock time that it took.
        fps: Frames per second of that time.
        mean_score: The mean of each score over all frames; None if there was no frame.
        outputs: Where the results are, in the order of the sinks.
        loss: Message about what could not be read; None if nothing was lost.
        is_interrupted: The run was stopped before its end.
        dropped: Frames of a live source that were replaced by newer ones before they could be filtered.
        notes: Warnings: what an output does not keep as it was in the source.
        failure: Error of an output that a live run continued without; None if there was none.
        zone_means: The mean of each score of each zone, by the zone's name.
    """

    source: str
    preset: str
    frames: int
    seconds: float
    fps: float
    mean_score: EdgeScore | None
    outputs: tuple[str, ...]
    loss: str | None
    is_interrupted: bool
    dropped: int = 0
    notes: tuple[str, ...] = ()
    failure: str | None = None
    zone_means: dict[str, EdgeScore] = field(default_factory=dict)


class ScoreMean:
    """A running mean of scores."""

    def __init__(self) -> None:
        self.frames = 0
        self._sums = [0.0, 0.0, 0.0]
        self._zones: dict[str, ScoreMean] = {}

    def add(self, score: EdgeScore, zones: Mapping[str, EdgeScore] | None = None) -> None:
        """Take one more frame's score, and those of its zones."""
        self.frames += 1
        for at, value in enumerate((score.horizontal, score.vertical, score.density)):
            self._sums[at] += value
        for name, zone_score in (zones or {}).items():
            self._zones.setdefault(name, ScoreMean()).add(zone_score)

    @property
    def zones(self) -> dict[str, EdgeScore]:
        """The means so far of each zone, over the frames in which it was scored."""
        return {name: mean for name, scores in self._zones.items() if (mean := scores.mean) is not None}

    @property
    def mean(self) -> EdgeScore | None:
        """The mean so far; None before the first frame."""
        return EdgeScore(*(value / self.frames for value in self._sums)) if self.frames else None
