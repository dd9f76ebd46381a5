"""The Filter: a preset, compiled."""

from __future__ import annotations

import os
from dataclasses import dataclass

from livefilter.compiler._apply import apply_all, score_sums, to_gray
from livefilter.errors import OptionError
from livefilter.frame import Pixels
from livefilter.kernels import EdgeScore
from livefilter.presets import Preset, load_preset


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """What a Filter gives: the picture, uint8 of shape (rows, cols), and the score of the picture that went in."""

    image: Pixels
    score: EdgeScore


class Filter:
    """A preset made ready for frames of any size; safe to call from any number of threads.

    Args:
        preset: A Preset, the name of one, or the path of its YAML file.
        threads: How many threads may work on one frame; 1 unless given.

    Raises:
        PresetError: There is no such preset, or it is not valid.
        OptionError: ``threads`` is not positive.

    Example:
        >>> import numpy as np
        >>> Filter("blur")(np.full((4, 4), 7, dtype=np.uint8)).image.max()
        np.uint8(7)
    """

    def __init__(self, preset: Preset | str | os.PathLike[str], *, threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise OptionError(f"threads: must be at least 1, found {threads}")
        self.preset = preset if isinstance(preset, Preset) else load_preset(preset)
        self._operations = self.preset.operations
        self._rule = self.preset.score.rule

    def __call__(self, image: Pixels, out: Pixels | None = None) -> Filtered:
        """Filter one picture and score it.

        Args:
            image: uint8, gray (rows, cols) or BGR (rows, cols, 3), of which the luma is taken; any strides, any size.
            out: Written to and returned if given: uint8, C-contiguous, shape (rows, cols), not overlapping ``image``.

        Raises:
            ShapeError: No picture, an empty one, or ``out`` does not fit.
            PixelTypeError: The picture or ``out`` is not uint8.
        """
        gray = to_gray(image)
        return Filtered(apply_all(self._operations, gray, out), self._rule.score(score_sums(gray, self._rule)))
