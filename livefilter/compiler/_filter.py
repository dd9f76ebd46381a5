"""Filters: compiled presets."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from livefilter.compiler._convolution import output_array
from livefilter.compiler._executable import Chain
from livefilter.compiler._grayscale import luma_function, to_gray
from livefilter.compiler._zone_scores import compile_zone_scores
from livefilter.compiler.native import CompileCancelled, CompileSession
from livefilter.compiler.threads import load_work_loops, thread_count
from livefilter.frame import Pixels
from livefilter.kernels import EdgeScore, ScoreRule
from livefilter.presets import Preset, load_preset

_BYTE = np.dtype(np.uint8)
_NO_OUTPUT = np.empty((1, 1), dtype=np.uint8)
"""Given to compiled functions that only score, and write nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """The result of a Filter.

    Attributes:
        image: The filtered image; uint8, shape (rows, cols).
        score: The edge score of the unfiltered input.
        zones: Scores of zones by name, from ``filter_frames``; a Filter alone scores none.
    """

    image: Pixels
    score: EdgeScore
    zones: Mapping[str, EdgeScore] = field(default_factory=dict)


class Filter:
    """A preset, compiled for frames of any size; safe to call from any number of threads.

    The first call compiles the preset, in a few seconds, or loads it from the cache folder; ``prepare`` does so in
    advance.

    Args:
        preset: A Preset, the name of one, or the path of a YAML file.
        threads: Maximum number of threads per frame. Default: the environment variable LIVEFILTER_THREADS, otherwise
            one per CPU, at most 8. The result does not depend on it.

    Raises:
        PresetError: The preset does not exist or is not valid.
        OptionError: ``threads`` is not positive.

    Example:
        >>> import numpy as np
        >>> Filter("blur")(np.full((4, 4), 7, dtype=np.uint8)).image.max()
        np.uint8(7)
    """

    def __init__(self, preset: Preset | str | os.PathLike[str], *, threads: int | None = None) -> None:
        self._threads = thread_count(threads)
        self.preset = preset if isinstance(preset, Preset) else load_preset(preset)
        self._rule = self.preset.score.rule
        self._chain: Chain | None = None
        self._scorer: Chain | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Callable[[Preset], Filter], tuple[Preset]]:
        """Pickle and copy a Filter as its preset and options; a copy compiles again, or loads from the cache folder."""
        return partial(Filter, threads=self._threads), (self.preset,)

    @property
    def threads(self) -> int:
        """Maximum number of threads per frame."""
        return self._threads

    @property
    def is_ready(self) -> bool:
        """Whether the preset is compiled."""
        return self._chain is not None

    @property
    def chain(self) -> Chain:
        """The compiled operations; the first access compiles them."""
        return self._chain or self._compile(None)

    def compile(self) -> None:
        """Compile now, if the preset is not compiled yet, and wait for it."""
        self._compile(None)

    def prepare(self) -> Future[None]:
        """Compile in the background, so that a live preset switch can keep the old filter until this one is ready.

        Returns:
            A future that is done when the Filter is ready, or that holds the error. Cancelling it stops compilation.
        """
        future: Future[None] = Future()
        session = CompileSession(low_priority=True)

        def work() -> None:
            failure: BaseException | None = None
            try:
                self._compile(session)
            except CompileCancelled:
                return
            except BaseException as error:
                failure = error
            if not future.set_running_or_notify_cancel():
                return
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(failure)

        future.add_done_callback(lambda _: session.cancel())
        threading.Thread(target=work, name="livefilter.compiler.prepare", daemon=True).start()
        return future

    def _compile(self, session: CompileSession | None) -> Chain:
        with self._lock:
            if self._chain is None:
                # Not used here, but a pipeline that switches to this preset must not wait.
                if self.preset.zones:
                    compile_zone_scores(self._rule, session)
                if self.preset.color != "gray":
                    self._compile_scorer()
                self._chain = Chain(self.preset.operations, self._rule, threads=self._threads, session=session)
            return self._chain

    def __call__(self, image: Pixels, out: Pixels | None = None) -> Filtered:
        """Filter one image and score it.

        Args:
            image: uint8, gray (rows, cols), or BGR (rows, cols, 3), of which the luma is used; any strides, any size.
            out: Receives the result and becomes ``Filtered.image``. uint8, C-contiguous, shape (rows, cols), not
                overlapping ``image``. Default: a new array.

        Returns:
            The filtered image and the edge score of ``image``.

        Raises:
            ShapeError: The image is neither gray nor BGR, or is empty; ``out`` has another shape.
            PixelTypeError: The image or ``out`` is not uint8.
            OptionError: ``out`` is read-only, not contiguous, or overlaps the image.
        """
        gray = to_gray(image)
        result: Pixels = output_array(out, gray.shape, _BYTE, image)
        sums = self.chain(np.ascontiguousarray(gray), result)
        return Filtered(result, self._rule.score(sums))

    def score(self, image: Pixels) -> EdgeScore:
        """Score one image as this preset scores it, without filtering.

        Args:
            image: As for the call of the filter.

        Raises:
            ShapeError: The image is neither gray nor BGR, or is empty.
            PixelTypeError: The image is not uint8.
        """
        gray = np.ascontiguousarray(to_gray(image))
        scorer = self._scorer
        if scorer is None:
            with self._lock:
                scorer = self._compile_scorer()
        return self._rule.score(scorer(gray, _NO_OUTPUT))

    def _compile_scorer(self) -> Chain:
        """Return the compiled score; the caller holds the lock."""
        if self._scorer is None:
            self._scorer = Chain.score_only(self._rule, threads=self._threads)
        return self._scorer


def compile_shared() -> None:
    """Compile what all presets share: the luma of BGR images, the work loops of threads, and the scores of zones."""
    luma_function()
    load_work_loops()
    compile_zone_scores(ScoreRule())
