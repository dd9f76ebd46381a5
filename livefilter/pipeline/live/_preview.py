"""The live preview: a window on a live pipeline, with keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from livefilter.analysers import Analyser
from livefilter.analysis import Result
from livefilter.compiler import Filter
from livefilter.errors import LivefilterError
from livefilter.frame import Color
from livefilter.kernels import Zone
from livefilter.layers import COMPARES, Compare, Layer
from livefilter.pipeline._summary import Summary
from livefilter.pipeline.live._captures import CaptureFolder
from livefilter.pipeline.live._osd import OsdPanels, source_lines, statistics_lines, status_lines
from livefilter.pipeline.live._outputs import DisplaySlot
from livefilter.pipeline.live._pipeline import LivePipeline
from livefilter.presets import Preset
from livefilter.sinks import WindowSink, write_image
from livefilter.sources import Source

_MAX_WAIT_S, _IDLE_WAIT_S = 0.01, 0.04
"""Time to wait for a picture before polling keys; not left to OpenCV, which polls them a thousand times a second."""
_PANELS_S = 0.25
"""Statistics are updated no more often, to be readable and cheap."""
_NOTICE_S = 4.0
_ZOOM = 1.25


class Preview:
    """A window on a filtered source. Only for the main thread.

    Keys: q or Esc quits, space pauses, s saves a snapshot, r records, n and p step through the presets, 1 to 9 change
    to the first nine, 0 returns to the initial one, [ and ] change the strength, o shows or hides the overlay, c
    changes the comparison, m mirrors, t holds the scores' scale, i shows statistics, f fills the screen, + and - change
    the window's size, h shows the help. Dragging moves the wipe's line.

    Args:
        source: An open source.
        preset: Initial preset.
        presets: Names or paths of the presets to step through; the digit keys change to the first nine.
        window: Window to show pictures in.
        compare: Initial comparison with the original.
        overlay: Whether the overlay is shown initially.
        color: What of a frame is filtered: "gray", "luma" or "rgb". Default: what the preset in force says.
        mirror: Whether left and right are exchanged initially.
        analysers: Look at the frames before they are filtered.
        layers: Drawn on the pictures, below the overlay.
        zones: As for ``LivePipeline``.
        snapshot_folder: Folder for snapshots and recordings.
        threads: Threads that may work on one frame.
        notify: Called with a one-line message for the user.
        clock: Monotonic clock, in seconds.
        now: Local time, for the names of snapshots and recordings.
        prepare: Compiles a Filter in the background.

    Attributes:
        live: The pipeline, to which more sinks can be added before ``run``.

    Raises:
        PresetError: The preset is missing or not valid.
    """

    def __init__(
        self,
        source: Source,
        preset: Preset | str | PathLike[str],
        *,
        presets: Sequence[str],
        window: WindowSink,
        compare: Compare = "none",
        overlay: bool = True,
        color: Color | None = None,
        mirror: bool = False,
        analysers: Sequence[Analyser] = (),
        layers: Sequence[Layer] = (),
        zones: Mapping[str, Any] | Iterable[Zone] | None = None,
        snapshot_folder: Path,
        threads: int | None = None,
        notify: Callable[[str], object] = lambda line: None,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], datetime] = datetime.now,
        prepare: Callable[[Filter], Future[None]] = Filter.prepare,
    ) -> None:
        self._source = source
        self._presets = list(presets)
        own = [] if isinstance(preset, Preset) or fspath(preset) in presets else [fspath(preset)]
        self._steps = [*own, *presets]
        self._initial = self._wished = "" if isinstance(preset, Preset) else fspath(preset)
        self._window = window
        self._captures = CaptureFolder(snapshot_folder, now)
        self._on_notice = notify
        self._clock = clock
        self._panels = self._drawn = OsdPanels()
        self._panels_until_s = self._notice_until_s = clock()
        self._is_helping = self._is_paused = self._is_quitting = self._has_statistics = False
        self._recording_since_s: float | None = None
        self._shown: Result | None = None
        self.live = LivePipeline(
            source,
            preset,
            compare=compare,
            overlay=overlay,
            color=color,
            mirror=mirror,
            analysers=analysers,
            layers=layers,
            zones=zones,
            threads=threads,
            notify=self._notify,
            clock=clock,
            prepare=prepare,
        )
        self._screen = DisplaySlot(self.live.stats, blocks_when_full=self.live.applies_backpressure)
        self.live.add_output(self._screen)
        window.on_drag = self._drag
        self._keys: dict[str, tuple[str, Callable[[], None]]] = {
            "q": ("quit (or Esc)", self._quit),
            " ": ("pause, resume", self._pause),
            "s": ("save a snapshot", self._snapshot),
            "r": ("record, stop", self._record),
            "n": ("next preset", lambda: self._step_presets(1)),
            "p": ("previous preset", lambda: self._step_presets(-1)),
            "[": ("weaker", lambda: self.live.preset.adjust(-1)),
            "]": ("stronger", lambda: self.live.preset.adjust(1)),
            "o": ("overlay on, off", self._toggle_overlay),
            "c": ("compare: side, wipe, pip", self._next_compare),
            "m": ("mirror", self._mirror),
            "t": ("hold the scores' scale", self._toggle_hold),
            "i": ("statistics", self._toggle_statistics),
            "f": ("full screen", window.toggle_full_screen),
            "+": ("larger window", lambda: window.zoom(_ZOOM)),
            "-": ("smaller window", lambda: window.zoom(1 / _ZOOM)),
            "h": ("help on, off", self._toggle_help),
        }

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing more to show: the stream has ended, and it was not a single picture."""
        live = self.live
        if not live.is_over:  # First: the loop may end between this check and the next.
            return False
        is_single = (
            live.applies_backpressure and live.loop.is_over and live.loop.error is None and live.loop.means.frames == 1
        )
        return self._screen.is_empty and not is_single

    @property
    def panels(self) -> OsdPanels:
        """Text on the picture in the window."""
        return self._drawn

    @property
    def help_lines(self) -> list[str]:
        """A line for each key: the key, a tab, and what it does."""
        names = {" ": "space"}
        keys = [f"{names.get(key, key)}\t{meaning}" for key, (meaning, _) in self._keys.items()]
        digits = [f"{digit}\t{Path(name).stem}" for digit, name in enumerate(self._presets[:9], start=1)]
        initial = [f"0\t{Path(self._initial).stem}, as at the start"] if self._initial else []
        return [*keys, "drag\tmove the wipe", *initial, *digits]

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> Summary:
        """Show frames until the source ends, the user quits or closes the window, or ``should_stop`` says so.

        A single picture stays until the user quits.

        Raises:
            SourceError: The source broke before its first frame.
        """
        try:
            self._open()
        except BaseException:
            self.live.discard()
            raise
        with self.live:
            while not (self._is_quitting or self._window.is_closed or self.is_finished or should_stop()):
                self.step()
            self._window.finish()  # Finishing a recording may take a while, in which the window would not respond.
        return self.live.summary(is_interrupted=should_stop())

    def step(self) -> None:
        """Show a new picture if there is one, and handle a key."""
        picture = self._screen.take(_IDLE_WAIT_S if self._screen.is_idle else _MAX_WAIT_S)
        if picture is not None:
            started_s = self._clock()
            self._shown = picture
            self._show()
            self.live.stats.record_stage("window", self._clock() - started_s)
            self.live.stats.record_latency("window", (time.monotonic_ns() - picture.frame.captured_ns) / 1e9)
        elif self._clock() >= self._panels_until_s:
            self._show(is_new=False)
        self._poll_key()
        self._screen.is_idle = self._is_paused or self._window.is_minimised
        self.live.service()

    def _poll_key(self) -> None:
        key = self._window.poll_key(1)
        if key is not None:
            self.press(key)

    def press(self, key: str) -> None:
        """Handle a key, regardless of Caps Lock; unknown keys do nothing."""
        key = {"=": "+", "_": "-"}.get(key, key.lower())  # The same key, with and without Shift.
        if key == "esc":
            self._quit()
        elif key in self._keys:
            self._keys[key][1]()
        elif key in "123456789"[: len(self._presets)]:
            self._switch(self._presets[int(key) - 1])
        elif key == "0" and self._initial:
            self._switch(self._initial)
        self._show(is_changed=True)

    def _open(self) -> None:
        """Open the window before the first frame, because opening takes as long as several frames."""
        shape = self.live.loop.renderer.canvas_shape(self._source.facts.shape)
        self._window.show(OsdPanels(status=["starting ..."]).draw_on(np.zeros(shape, np.uint8), 0))
        self._poll_key()

    def _show(self, *, is_changed: bool = False, is_new: bool = True) -> None:
        """Show the newest picture, with new panels if something changed or the old ones have expired.

        A picture that is already shown is drawn again only if its panels changed.
        """
        if self._shown is None:
            return
        if is_changed or self._clock() >= self._panels_until_s:
            self._panels_until_s = self._clock() + _PANELS_S
            self._panels = self._panels_now()
        if not (is_new or is_changed) and self._panels == self._drawn:
            return
        self._drawn = self._panels
        overlay = self.live.overlay
        picture = self._panels.draw_on(self._shown.picture, overlay.name_rows(self._shown.picture.shape))
        self._window.show(picture)

    def _panels_now(self) -> OsdPanels:
        live = self.live
        now_s = self._clock()
        stats = live.stats.snapshot()
        notice, broken = self._panels.notice, live.preset.broken or ""
        since_s = self._recording_since_s if live.is_recording else None
        recorded_s = None if since_s is None else now_s - since_s
        has_status = live.overlay.has_name or self._has_statistics or recorded_s is not None or stats.is_slow
        status = status_lines(
            stats, recorded_s=recorded_s, is_paused=self._is_paused, is_switching=live.preset.is_changing
        )
        troubles = source_lines(live.health, time.monotonic_ns())
        return OsdPanels(
            status=[*(status if has_status else ()), *troubles],
            is_recording=recorded_s is not None,
            notice=notice if now_s < self._notice_until_s and notice != broken else "",
            broken=broken,
            statistics=statistics_lines(stats, live.health) if self._has_statistics else (),
            help=self.help_lines if self._is_helping else (),
        )

    def _notify(self, line: str) -> None:
        self._on_notice(line)
        self._panels = replace(self._panels, notice=line)
        self._notice_until_s = self._clock() + _NOTICE_S
        self._panels_until_s = 0.0

    def _quit(self) -> None:
        self._is_quitting = True

    def _switch(self, preset: str) -> None:
        self._wished = preset
        self.live.preset.switch(preset)

    def _step_presets(self, steps: int) -> None:
        """Change to a preset after the last one that was wished, or before it, and round at the ends."""
        at = self._steps.index(self._wished) if self._wished in self._steps else -max(steps, 0)
        self._switch(self._steps[(at + steps) % len(self._steps)])

    def _pause(self) -> None:
        self._is_paused = not self._is_paused
        self.live.pause(self._is_paused)

    def _toggle_overlay(self) -> None:
        self.live.overlay.is_shown = not self.live.overlay.is_shown
        self.live.redraw()

    def _next_compare(self) -> None:
        comparison = self.live.comparison
        comparison.mode = COMPARES[(COMPARES.index(comparison.mode) + 1) % len(COMPARES)]
        self.live.redraw()

    def _drag(self, share: float) -> None:
        if self.live.comparison.mode == "wipe":
            self.live.comparison.wipe = share
            self.live.redraw()

    def _mirror(self) -> None:
        self.live.loop.is_mirrored = not self.live.loop.is_mirrored
        self.live.redraw()
        self._notify("mirrored" if self.live.loop.is_mirrored else "not mirrored")

    def _toggle_hold(self) -> None:
        self.live.overlay.is_scale_held = not self.live.overlay.is_scale_held
        self._notify("the scores' scale is held" if self.live.overlay.is_scale_held else "the scores' scale follows")
        self.live.redraw()

    def _toggle_statistics(self) -> None:
        self._has_statistics = not self._has_statistics

    def _toggle_help(self) -> None:
        self._is_helping = not self._is_helping

    def _record(self) -> None:
        if self.live.is_recording:
            self.live.stop_recording()
            return
        try:
            self.live.record(self._captures.new_path(self._preset_name, ".mp4"))
        except LivefilterError as error:
            self._notify(str(error))
            return
        self._recording_since_s = self._clock()

    @property
    def _preset_name(self) -> str:
        return self.live.preset.filter.preset.name

    def _snapshot(self) -> None:
        """Save the shown picture, named by the time and the preset."""
        if self._shown is None:
            return
        try:
            path = self._captures.new_path(self._preset_name, f"-{self._shown.frame.index:06d}.png")
            write_image(path, self._shown.picture)
        except LivefilterError as error:
            self._notify(str(error))
            return
        self._notify(f"saved {path}")
