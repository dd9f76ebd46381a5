"""The protocol of layers: what is drawn on a picture after it was filtered."""

from __future__ import annotations

from typing import Protocol

from livefilter.analysis import Result
from livefilter.frame import Pixels


class Layer(Protocol):
    """Something drawn at a place, fixed or found. A layer belongs to one run.

    Attributes:
        is_visible: Whether ``draw`` draws anything.
    """

    @property
    def is_visible(self) -> bool:
        """Whether ``draw`` draws anything."""
        ...

    def observe(self, result: Result) -> None:
        """Take note of a result, visible or not: called once for every drawing, before ``draw``."""
        return

    def draw(self, canvas: Pixels, result: Result) -> None:
        """Draw in place.

        Args:
            canvas: uint8, gray (rows, cols) or BGR (rows, cols, 3); what the layers below have drawn.
            result: The result that is drawn; its arrays stay unchanged.
        """
        ...
