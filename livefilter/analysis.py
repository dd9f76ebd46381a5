"""What is known of a frame, and the result that a pipeline makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from livefilter.frame import Frame, Pixels

Phase = Literal["new", "update", "end"]


@dataclass(frozen=True, slots=True)
class EdgeScore:
    """Edge scores of a frame, each in [0, 1].

    Attributes:
        horizontal: Mean strength of edges that run along the rows.
        vertical: Mean strength of edges that run along the columns.
        density: Share of windows in which either response reaches the threshold.
    """

    horizontal: float
    vertical: float
    density: float


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle, in pixels of the frame; it may have fractions.

    Attributes:
        top: First row.
        left: First column.
        bottom: End of the rows, exclusive.
        right: End of the columns, exclusive.
    """

    top: float
    left: float
    bottom: float
    right: float


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One thing that an analyser found in a frame.

    Attributes:
        label: What it is, such as "face".
        region: Where it is.
        confidence: In [0, 1].
        track: Number that it keeps from frame to frame; None if it is not tracked.
        landmarks: Points on it, float32 of shape (n, 2): rows and columns in pixels. None without any.
        text: Content of a code; None for anything else.
    """

    label: str
    region: Region
    confidence: float = 1.0
    track: int | None = None
    landmarks: NDArray[np.float32] | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that begins and ends.

    Attributes:
        id: The same in every phase of one event.
        camera: Name of the source.
        label: What happens, such as "motion".
        phase: "new", "update" or "end".
        start_s: Media time of the beginning, in seconds.
        start_time: The same on the wall clock, with the offset from UTC.
        end_s: Media time of the end; None while it lasts.
        end_time: The same on the wall clock; None while it lasts.
        zones: Names of the zones that it touches.
        score: Peak of its score, in [0, 1].
        box: (top, left, bottom, right) as fractions of the image; None for the whole image.
        text: Content of a code; None for anything else.
        clip: Path of its recording; None without one.
        snapshot: Path of its image; None without one.
    """

    id: str
    camera: str
    label: str
    phase: Phase
    start_s: Fraction
    start_time: datetime
    end_s: Fraction | None = None
    end_time: datetime | None = None
    zones: tuple[str, ...] = ()
    score: float = 0.0
    box: tuple[float, float, float, float] | None = None
    text: str | None = None
    clip: str | None = None
    snapshot: str | None = None


def _no_zones() -> Mapping[str, EdgeScore]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What is known of one frame.

    Attributes:
        score: Score of the whole frame; None before the renderer has made it.
        zones: Score of each zone, by the zone's name.
        detections: What was found in the frame.
        events: Events that began, changed or ended with this frame.
        mask: uint8, shape (rows, cols): 255 where a person is, 0 where none is. None without a mask.
    """

    score: EdgeScore | None = None
    zones: Mapping[str, EdgeScore] = field(default_factory=_no_zones)
    detections: tuple[Detection, ...] = ()
    events: tuple[Event, ...] = ()
    mask: Pixels | None = None


NO_ANALYSIS = Analysis()
"""Nothing is known of the frame yet."""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a pipeline makes of one frame. Images may share memory; treat them as read-only.

    Attributes:
        frame: The frame as it was read.
        filtered: The frame as the preset's steps make it: uint8, gray (rows, cols) or BGR (rows, cols, 3).
        picture: ``filtered`` with the layers drawn on it, or ``filtered`` itself if there are none. uint8, gray or BGR.
        analysis: What is known of the frame.
    """

    frame: Frame
    filtered: Pixels
    picture: Pixels
    analysis: Analysis

    @classmethod
    def unfiltered(cls, frame: Frame, score: EdgeScore | None = None) -> Result:
        """Return a result that shows the frame as it was read."""
        return cls(frame, frame.pixels, frame.pixels, Analysis(score))

    @property
    def score(self) -> EdgeScore:
        """Score of the whole frame.

        Raises:
            ValueError: The frame was not scored.
        """
        if self.analysis.score is None:
            raise ValueError(f"frame {self.frame.index} was not scored")
        return self.analysis.score
