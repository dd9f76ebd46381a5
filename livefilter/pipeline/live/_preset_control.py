"""Switching, adjusting and hot-reloading the preset of a live pipeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Literal, cast

from livefilter.compiler import Filter
from livefilter.errors import LivefilterError
from livefilter.kernels import Zone
from livefilter.pipeline.live._file_watch import FileWatch
from livefilter.pipeline.live._preset_loader import PresetLoader
from livefilter.presets import Preset, adjust_strength, load_preset

_SLOW_START_S = 0.7
_MAX_STEPS = 12


@dataclass(frozen=True, slots=True)
class _Request:
    """Why a preset is loaded: to switch to it, because its file was saved, or to adjust its strength.

    Its files are watched from the moment they are read; an adjusted preset has been read before.
    """

    kind: Literal["switch", "reload", "strength"]
    name: str
    watch: FileWatch | None = None


class PresetControl:
    """The preset in force, which can be replaced while frames are filtered.

    Args:
        preset: Initial preset, compiled at once: a Preset, or a name or path, whose file is watched together with
            those that it extends.
        zones: Zones of every preset, instead of its own; None leaves each preset its own.
        threads: Threads that may work on one frame.
        notify: Called with a one-line message for the user.
        clock: Monotonic clock, in seconds.
        prepare: Compiles a Filter in the background.

    Attributes:
        filter: Filter in force.
        broken: Error in the preset's file; None while the file is valid.

    Raises:
        PresetError: The preset is missing or not valid.
    """

    def __init__(
        self,
        preset: Preset | str | PathLike[str],
        *,
        zones: Sequence[Zone] | None = None,
        threads: int | None = None,
        notify: Callable[[str], object] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
        prepare: Callable[[Filter], Future[None]] = Filter.prepare,
    ) -> None:
        self._clock = clock
        self._watch: FileWatch | None = None
        self._name = preset.name if isinstance(preset, Preset) else fspath(preset)
        if not isinstance(preset, Preset):
            self._watch = FileWatch(clock)
            preset = load_preset(preset, on_read=self._watch.add)
        self._zones = zones
        self.filter = Filter(preset.with_zones(zones), threads=threads)
        self.broken: str | None = None
        self._notify = notify
        self._loader = PresetLoader(threads, prepare)
        self._base = self.filter.preset
        self._steps = 0
        self._is_loading = False
        self._newest_watch: FileWatch | None = None
        self._compile()

    @property
    def is_changing(self) -> bool:
        """Whether another preset is being loaded or compiled."""
        return self._loader.is_busy

    def switch(self, preset: str) -> None:
        """Switch to another preset, by name or path, as soon as it is compiled."""
        self._load("switch", preset)

    def adjust(self, steps: int) -> None:
        """Raise the strength of the preset, or lower it for negative steps; ignored while another preset loads."""
        if self._is_loading:
            return
        total = min(max(self._steps + steps, -_MAX_STEPS), _MAX_STEPS)
        adjusted = adjust_strength(self._base, total)
        if adjusted is None:
            self._notify(f"{self._base.name} has no strength setting")
            return
        self._steps = total
        self._notify(f"{adjusted.parameter} {adjusted.value}")
        self._loader.load(_Request("strength", self._name), lambda: adjusted.preset)

    def poll(self) -> bool:
        """Reload a saved file, switch to what is ready, and return whether ``filter`` changed."""
        if self._watch is not None and self._watch.is_changed():
            self._load("reload", self._name)
        done = self._loader.poll()
        if done is None:
            return False
        request = cast(_Request, done.request)
        self._is_loading = False
        if done.filter is None:
            self._refuse(request, done.error)
            return False
        self.filter = done.filter
        if request.kind != "strength":
            self._base, self._steps, self.broken = done.filter.preset, 0, None
            self._name, self._watch = request.name, request.watch
        if request.kind == "reload":
            self._notify(f"{request.name}: reloaded")
        return True

    def close(self) -> None:
        """Cancel the compilation in progress."""
        self._loader.close()

    def _load(self, kind: Literal["switch", "reload"], name: str) -> None:
        self._is_loading = True
        watch = self._newest_watch = FileWatch(self._clock)

        def load() -> Preset:
            preset = load_preset(name, on_read=watch.add)
            if kind == "reload" and self._newest_watch is watch:
                self.broken = None  # The file is valid again, though compiling it may take seconds.
            return preset.with_zones(self._zones)

        self._loader.load(_Request(kind, name, watch), load)

    def _refuse(self, request: _Request, error: Exception | None) -> None:
        if error is not None and not isinstance(error, LivefilterError):
            raise error
        if request.kind == "reload" and request.watch is not None and self._watch is not None:
            request.watch.merge(self._watch)  # Loading may have failed before all files were read.
            self._watch = request.watch
            self.broken = str(error)
        self._notify(str(error))

    def _compile(self) -> None:
        line = f"compiling the preset {self._base.name}; the result is cached"
        waiting = threading.Timer(_SLOW_START_S, self._notify, [line])
        waiting.daemon = True
        waiting.start()
        try:
            self.filter.compile()
        finally:
            waiting.cancel()
