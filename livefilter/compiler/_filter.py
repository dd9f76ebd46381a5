"""The Filter: a preset, compiled."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from livefilter.compiler._convolution import destination
from livefilter.compiler._executable import Chain
from livefilter.compiler._grayscale import luma_function, to_gray
from livefilter.compiler.native._compile_server import CompileCancelled, CompileSession
from livefilter.compiler.threads._pool import load_work_loop
from livefilter.compiler.threads._tiling import thread_count
from livefilter.frame import Pixels
from livefilter.kernels import EdgeScore
from livefilter.presets import Preset, load_preset

_BYTE = np.dtype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """What a Filter gives: the picture, uint8 of shape (rows, cols), and the score of the picture that went in."""

    image: Pixels
    score: EdgeScore


class Filter:
    """A preset made ready for frames of any size; safe to call from any number of threads.

    The first call compiles the preset, in a few seconds, or loads it from the cache folder; ``prepare`` does so
    beforehand.

    Args:
        preset: A Preset, the name of one, or the path of its YAML file.
        threads: How many threads may work on one frame; LIVEFILTER_THREADS, or one per processor, unless given. The
            pixels do not depend on it.

    Raises:
        PresetError: There is no such preset, or it is not valid.
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
        self._lock = threading.Lock()

    @property
    def is_ready(self) -> bool:
        """Tell whether the preset is compiled."""
        return self._chain is not None

    @property
    def chain(self) -> Chain:
        """The compiled operations; they are compiled now if they are not yet."""
        return self._chain or self._compiled(None)

    def prepare(self) -> Future[None]:
        """Compile in the background, so that a live preset switch can go on showing the old filter until this is ready.

        Returns:
            A future that is done when the Filter is ready, or that holds what went wrong. Cancelling it ends the work.
        """
        future: Future[None] = Future()
        session = CompileSession(low_priority=True)

        def work() -> None:
            problem: BaseException | None = None
            try:
                self._compiled(session)
            except CompileCancelled:
                return
            except BaseException as error:
                problem = error
            if not future.set_running_or_notify_cancel():
                return
            if problem is None:
                future.set_result(None)
            else:
                future.set_exception(problem)

        future.add_done_callback(lambda _: session.cancel())
        threading.Thread(target=work, name="livefilter prepare", daemon=True).start()
        return future

    def _compiled(self, session: CompileSession | None) -> Chain:
        with self._lock:
            if self._chain is None:
                self._chain = Chain(self.preset.operations, self._rule, threads=self._threads, session=session)
            return self._chain

    def __call__(self, image: Pixels, out: Pixels | None = None) -> Filtered:
        """Filter one picture and score it.

        Args:
            image: uint8, gray (rows, cols) or BGR (rows, cols, 3), of which the luma is taken; any strides, any size.
            out: Written to and returned if given: uint8, C-contiguous, shape (rows, cols), not overlapping ``image``.

        Raises:
            ShapeError: No picture, an empty one, or ``out`` does not fit.
            PixelTypeError: The picture or ``out`` is not uint8.
            OptionError: ``out`` is read-only, not contiguous, or overlaps the picture.
        """
        gray = to_gray(image)
        result: Pixels = destination(out, gray.shape, _BYTE, image)
        sums = self.chain(np.ascontiguousarray(gray), result)
        return Filtered(result, self._rule.score(sums))


def compile_shared() -> None:
    """Compile what presets share: the luma of BGR pictures, and what lets threads share a frame."""
    luma_function()
    load_work_loop()
