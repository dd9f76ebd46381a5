"""The color behind transparent parts of pictures."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from livefilter.errors import OptionError
from livefilter.frame import Pixels


@cache
def parse_color(name: str) -> tuple[int, int, int]:
    """Return red, green and blue of a color, each 0 to 255.

    Args:
        name: A name that FFmpeg knows, such as "white" or "DarkGreen", or a number such as "#20c0ff".

    Raises:
        OptionError: There is no such color.

    Example:
        >>> parse_color("black"), parse_color("#ff8000")
        ((0, 0, 0), (255, 128, 0))
    """
    if name == "black":
        return 0, 0, 0
    import av  # On first use: PyAV takes a while to load.

    graph = av.filter.Graph()
    try:
        if not name.removeprefix("#").isalnum() or name == "random":
            raise ValueError
        # In RGB from the start: the filter rounds if it has to convert.
        source, format_ = graph.add("color", f"c={name}:s=16x16"), graph.add("format", "pix_fmts=rgb24")
        graph.link_nodes(source, format_, graph.add("buffersink")).configure()
        pixel = graph.vpull().to_ndarray()[0, 0]
    except (av.error.FFmpegError, ValueError) as error:
        raise OptionError(f"background: must be a color such as black, white or #20c0ff, found {name!r}") from error
    red, green, blue = (int(value) for value in pixel)
    return red, green, blue


def blend(pixels: Pixels, alpha: Pixels, behind: int | tuple[int, ...]) -> Pixels:
    """Return pixels in front of a color.

    Args:
        pixels: uint8, shape (rows, cols) or (rows, cols, channels).
        alpha: Opacity of each pixel, uint8, shape (rows, cols): 0 shows the color, 255 the pixel.
        behind: The color, a number for each channel.
    """
    weight = alpha.astype(np.uint16)
    if pixels.ndim == 3:
        weight = weight[..., np.newaxis]
    behind_ = np.asarray(behind, dtype=np.uint16)
    return ((pixels * weight + behind_ * (255 - weight) + 127) // 255).astype(np.uint8)


def shrink_alpha(alpha: Pixels, shape: tuple[int, int]) -> Pixels:
    """Return the mean opacity of the pixels behind each sample of a smaller plane, uint8."""
    return np.asarray(cv2.resize(alpha, shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)
