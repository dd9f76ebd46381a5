"""Composition of a picture: layers, one above the other, on a copy of the filtered image."""

from __future__ import annotations

from collections.abc import Sequence

from livefilter.analysis import Result
from livefilter.frame import Pixels
from livefilter.layers._compare import Comparison
from livefilter.layers._layer import Layer


def compose(result: Result, comparison: Comparison, layers: Sequence[Layer] = ()) -> Pixels:
    """Return the picture of a result; its arrays stay unchanged.

    Args:
        result: The filtered frame and its analysis.
        comparison: The lowest layer, which decides the size.
        layers: The others, from the lowest to the highest.

    Returns:
        uint8, gray or BGR as the filtered image: a new array, or the filtered image itself if nothing is visible.
    """
    for layer in (comparison, *layers):
        layer.observe(result)
    visible = [layer for layer in (comparison, *layers) if layer.is_visible]
    if not visible:
        return result.filtered
    canvas = comparison.canvas(result.filtered)
    for layer in visible:
        layer.draw(canvas, result)
    return canvas
