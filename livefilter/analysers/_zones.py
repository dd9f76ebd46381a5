"""Scores of zones, frame by frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from livefilter.analysers._analyser import Analyser
from livefilter.analysis import Analysis
from livefilter.compiler import ZoneScorer
from livefilter.frame import Frame
from livefilter.kernels import ScoreRule, Zone


class ZoneAnalyser(Analyser):
    """Scores zones of every frame, at once. Zones refer to frames before they are mirrored.

    Args:
        zones: The zones.
        rule: How they are scored.
        threads: Threads that may work on one zone.
    """

    def __init__(self, zones: Iterable[Zone], rule: ScoreRule, *, threads: int | None = None) -> None:
        self._scorer = ZoneScorer(zones, rule, threads=threads)

    def prepare(self, shape: tuple[int, int]) -> None:
        """Find the pixels of the zones in frames of a shape, before the first frame comes.

        Raises:
            OptionError: No whole window lies inside a zone in frames of this shape.
        """
        self._scorer.prepare(shape)

    def push(self, frame: Frame, so_far: Analysis) -> Iterable[tuple[Frame, Analysis]]:
        """Return the frame with the scores of its zones.

        Raises:
            OptionError: No whole window lies inside a zone in frames of this size.
        """
        gray = frame.gray[:, ::-1] if frame.is_mirrored else frame.gray
        return [(frame, replace(so_far, zones={**so_far.zones, **self._scorer(gray)}))]
