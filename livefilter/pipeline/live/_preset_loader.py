"""Going over to another preset while the picture goes on with the old one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass

from livefilter.compiler import Filter
from livefilter.presets import Preset

_POLL_S = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class LoadResult:
    """What became of a wish for another preset.

    Attributes:
        request: What was asked for.
        filter: Ready to be used; None if it failed.
        error: Why it failed.
    """

    request: object
    filter: Filter | None
    error: Exception | None


class PresetLoader:
    """Loads and compiles presets beside the picture; a newer wish ends the work on an older one.

    Args:
        threads: Threads that may work on one frame.
        prepare: Makes a Filter ready in the background.
    """

    def __init__(self, threads: int | None = None, prepare: Callable[[Filter], Future[None]] = Filter.prepare) -> None:
        self._threads = threads
        self._prepare = prepare
        self._newest: object = None
        self._done: LoadResult | None = None
        self._lock = threading.Lock()  # Over the two above.

    @property
    def is_busy(self) -> bool:
        """Whether a wish is not fulfilled yet."""
        return self._newest is not None

    def load(self, request: object, load: Callable[[], Preset]) -> None:
        """Begin with a preset; ``request`` tells it from others."""
        token = object()
        with self._lock:
            self._newest, self._done = token, None
        work = threading.Thread(target=self._work, args=(token, request, load), name="livefilter switch", daemon=True)
        work.start()

    def poll(self) -> LoadResult | None:
        """Return what became of the newest wish, once, when it is known."""
        if self._done is None:
            return None
        with self._lock:
            done, self._done = self._done, None
            if done is not None:
                self._newest = None
            return done

    def close(self) -> None:
        """Let go of what is being worked on."""
        with self._lock:
            self._newest = self._done = None

    def _work(self, token: object, request: object, load: Callable[[], Preset]) -> None:
        ready, failed = None, None
        try:
            ready = Filter(load(), threads=self._threads)
            future = self._prepare(ready)
            while not self._is_over(future):
                if self._newest is not token:
                    future.cancel()
                    return
            future.result()
        except Exception as error:
            ready, failed = None, error
        with self._lock:
            if self._newest is token:
                self._done = LoadResult(request, ready, failed)

    @staticmethod
    def _is_over(future: Future[None]) -> bool:
        try:
            future.exception(timeout=_POLL_S)
        except TimeoutError:
            return False
        return True
