"""The preview, with a stand-in for the window: each key does what the help says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.errors import SourceError
from livefilter.frame import Frame
from livefilter.pipeline import Preview
from livefilter.sinks import WindowSink
from livefilter.testing import ArraySource, FakeClock

Pixels = NDArray[np.uint8]
SHAPE = (60, 80)
ARRAYS = [np.full(SHAPE, level, np.uint8) for level in range(10, 90, 10)]
RATE = Fraction(8)


class Window(WindowSink):
    """Keeps what it is shown, and presses keys: after the first frame, one at each turn.

    Args:
        keys: What to press; None lets a turn pass. Then "q".
        closes: Close the window, as by its button, instead of pressing "q".
    """

    def __init__(self, keys: Sequence[str | None] = (), *, closes: bool = False) -> None:
        self.target = "a stand-in"
        self.is_closed = False
        self.shown: list[Pixels] = []
        self.clock = FakeClock(100)
        self._keys = iter(keys)
        self._closes = closes

    def show(self, pixels: Pixels) -> None:
        """Keep a copy."""
        self.shown.append(pixels.copy())

    def poll_key(self, wait_ms: int) -> str | None:
        """Press the next key, once there is a picture; that takes as long as a frame."""
        assert 0 <= wait_ms <= 15
        self.clock.advance(1 / 8)
        if not self.shown:
            return None
        try:
            return next(self._keys)
        except StopIteration:
            self.is_closed = self._closes
            return None if self._closes else "q"


@pytest.fixture
def presets(tmp_path: Path) -> list[str]:
    """Three presets without overlay: the picture as it is, its negative, and a broken one."""
    texts = {"plain": "steps: []", "negative": "steps: [tone: {invert: true}]", "broken": "steps: [blurr: {}]"}
    paths = []
    for name, text in texts.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(text + ("\noverlay: {scores: false, name: false}\n" if name != "broken" else "\n"))
        paths.append(str(path))
    return paths


def preview(window: Window, presets: list[str], source: ArraySource | None = None, **options: Any) -> Preview:
    """A preview that starts with the first preset and saves nowhere unless told."""
    given: dict[str, Any] = {
        "snapshot_folder": Path("nowhere"),
        "presets": presets,
        "window": window,
        "clock": window.clock,
    }
    given |= options
    return Preview(source or ArraySource(ARRAYS, rate=RATE), presets[0], **given)


def test_every_frame_of_a_clip_is_shown_until_it_ends(presets: list[str]) -> None:
    """Unfiltered here; the summary counts them, and nothing was lost."""
    window = Window([None] * 20)
    summary = preview(window, presets).run()
    assert [int(shown[0, 0]) for shown in window.shown] == list(range(10, 90, 10))
    assert (summary.frames, summary.loss, summary.is_interrupted, summary.outputs) == (8, None, False, ())
    assert (summary.seconds, summary.fps) == (1.0, 8.0)
    assert summary.preset == "plain"


@pytest.mark.parametrize("key", ["q", "Q", "esc"])
def test_q_and_escape_quit(key: str, presets: list[str]) -> None:
    """After one frame here, and as a normal end."""
    summary = preview(Window([key]), presets).run()
    assert (summary.frames, summary.is_interrupted) == (1, False)


def test_closing_the_window_ends_it(presets: list[str]) -> None:
    """As a normal end."""
    summary = preview(Window(closes=True), presets).run()
    assert (summary.frames, summary.is_interrupted) == (1, False)


def test_being_told_to_stop_ends_it_as_interrupted(presets: list[str]) -> None:
    """A signal, at the command line."""
    stops = iter([False, False, False])
    summary = preview(Window([None] * 100), presets).run(lambda: next(stops, True))
    assert summary.is_interrupted
    assert 0 < summary.frames < 8


def test_a_single_picture_stays_until_the_user_quits(presets: list[str]) -> None:
    """It does not flash up for a 25th of a second."""
    window = Window([None] * 200 + ["2", "q"])
    summary = preview(window, presets, ArraySource(ARRAYS[:1], rate=RATE)).run()
    assert summary.frames == 1
    assert [int(shown[0, 0]) for shown in window.shown[:2]] == [10, 245]


def test_space_pauses_and_goes_on(presets: list[str]) -> None:
    """No new frame comes meanwhile, and all others come afterwards."""
    window = Window([" ", *[None] * 50, " ", *[None] * 20])
    summary = preview(window, presets).run()
    levels = [int(shown[0, 0]) for shown in window.shown]
    assert levels == [10, 10, 10, *range(20, 90, 10)]  # Twice more: each key draws again.
    assert summary.frames == 8


def test_digits_change_the_preset(presets: list[str]) -> None:
    """The picture on show is filtered anew at once; the summary names the last preset."""
    window = Window([" ", "2", "1", "2", "q"])
    summary = preview(window, presets).run()
    assert [int(shown[0, 0]) for shown in window.shown] == [10, 10, 245, 10, 245, 245]
    assert summary.preset == "negative"


@pytest.mark.parametrize("key", ["4", "9", "0", "x", "é", "²"])
def test_other_keys_do_nothing(key: str, presets: list[str]) -> None:
    """Nor do digits without a preset."""
    window = Window([" ", key, "q"])
    summary = preview(window, presets).run()
    assert summary.preset == "plain"
    assert {int(shown[0, 0]) for shown in window.shown} == {10}


def test_a_broken_preset_is_announced_and_the_old_one_stays(presets: list[str]) -> None:
    """A typing error in a file must not end the show."""
    announced: list[str] = []
    window = Window([" ", "2", "3", "q"])
    summary = preview(window, presets, announce=announced.append).run()
    assert summary.preset == "negative"
    assert len(announced) == 1
    assert "broken.yaml:1:9" in announced[0]
    assert int(window.shown[-1][0, 0]) == 245


def test_only_nine_presets_have_digits(presets: list[str]) -> None:
    """A tenth has none, and is not in the help."""
    made = preview(Window(), presets * 4)
    assert [line.split()[0] for line in made._help()[-9:]] == list("123456789")


def test_o_shows_and_hides_the_overlay() -> None:
    """The scores' panel comes and goes; what is under it stays."""
    window = Window([" ", "o", "o", "q"])
    made = Preview(
        ArraySource(ARRAYS, rate=RATE),
        "sobel-vertical",
        presets=[],
        window=window,
        overlay=False,
        snapshot_folder=Path("nowhere"),
        clock=window.clock,
    )
    made.run()
    assert [bool(shown.any()) for shown in window.shown] == [False, False, True, False, False]


def test_c_goes_through_the_comparisons(presets: list[str]) -> None:
    """None, side, wipe, pip, and none again; it stays when the preset changes."""
    window = Window([" ", "c", "c", "c", "c", "c", "2", "q"])
    preview(window, presets, ArraySource([ARRAYS[0]] * 2, rate=RATE)).run()
    assert [shown.shape for shown in window.shown] == [
        SHAPE, SHAPE, (60, 160), SHAPE, SHAPE, SHAPE, (60, 160), (60, 160), (60, 160)
    ]  # fmt: skip
    assert not (window.shown[3] == 10).all()  # Wipe
    assert not (window.shown[4] == 10).all()  # Picture in picture
    assert (window.shown[5] == 10).all()
    assert (window.shown[7][:, :80] == 10).all()
    assert (window.shown[7][:, 80:] == 245).all()


def test_h_shows_and_hides_the_help(presets: list[str]) -> None:
    """A darker panel in the middle, with every key and every preset."""
    bright = ArraySource([np.full((480, 640), 250, np.uint8)] * 2, rate=RATE)
    window = Window([" ", "h", "h", "q"])
    made = preview(window, presets, bright)
    made.run()
    middle = [float(np.median(shown[220:260, 300:340])) for shown in window.shown]
    assert middle == [250, 250, 75, 250, 250]
    words = "\n".join(made._help())
    for key in ("q", "Esc", "space", "s ", "o ", "c ", "h ", "1   plain", "2   negative", "3   broken"):
        assert key in words


def test_s_saves_what_is_shown(presets: list[str], tmp_path: Path) -> None:
    """As a PNG named by time, preset and frame, without the help; a line says where."""
    announced: list[str] = []
    folder = tmp_path / "shots"
    folder.mkdir()
    window = Window([" ", "2", "h", "s", "q"])
    preview(window, presets, snapshot_folder=folder, announce=announced.append).run()
    (path,) = folder.iterdir()
    assert re.fullmatch(r"livefilter-\d{8}-\d{6}-negative-000000\.png", path.name)
    assert announced == [f"saved {path}"]
    saved = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert saved is not None
    assert (saved == 245).all()


def test_a_presets_name_cannot_lead_a_snapshot_elsewhere(tmp_path: Path) -> None:
    """A name is free text; in a file's name, what is no letter becomes a dash."""
    path = tmp_path / "odd.yaml"
    path.write_text('name: "../a b/c"\nsteps: []\n')
    folder = tmp_path / "shots"
    folder.mkdir()
    preview(Window(["s"]), [str(path)], snapshot_folder=folder).run()
    (saved,) = folder.iterdir()
    assert saved.name.endswith("-..-a-b-c-000000.png")


def test_a_snapshot_that_cannot_be_saved_is_announced(presets: list[str], tmp_path: Path) -> None:
    """The show goes on."""
    announced: list[str] = []
    summary = preview(
        Window(["s", *[None] * 20]), presets, snapshot_folder=tmp_path / "missing", announce=announced.append
    ).run()
    assert summary.frames == 8
    assert len(announced) == 1
    assert "does not exist" in announced[0]


def test_keys_before_the_first_frame_do_no_harm(presets: list[str]) -> None:
    """There is nothing to save, to draw again or to pause yet."""
    made = preview(Window(), presets)
    for key in (" ", "s", "o", "c", "h", "2"):
        made.press(key)


def test_a_source_that_breaks_midway_ends_it_with_a_loss(presets: list[str]) -> None:
    """All frames before are shown."""
    window = Window([None] * 20)
    summary = preview(window, presets, ArraySource(ARRAYS, rate=RATE, fails_after=3)).run()
    assert summary.frames == 3
    assert summary.loss == "arrays: was told to fail after 3 frames"


def test_a_source_that_breaks_at_once_is_an_error(presets: list[str]) -> None:
    """There is nothing to show."""
    with pytest.raises(SourceError, match="after 0 frames"):
        preview(Window(), presets, ArraySource(ARRAYS, rate=RATE, fails_after=0)).run()


def test_what_the_source_lost_is_in_the_summary(presets: list[str]) -> None:
    """As when it is processed."""
    source = ArraySource(ARRAYS, rate=RATE, loss="2 damaged packets")
    assert preview(Window([None] * 20), presets, source).run().loss == "2 damaged packets"


def test_a_live_source_is_read_by_its_own_thread(presets: list[str]) -> None:
    """Every frame was either shown or counted as dropped, and the last one is shown."""
    window = Window([None] * 100_000)
    summary = preview(window, presets, ArraySource(ARRAYS, is_live=True)).run()
    assert summary.frames + summary.dropped == 8
    assert int(window.shown[-1][0, 0]) == 80


def test_colour_and_a_change_of_size_can_be_shown(presets: list[str]) -> None:
    """A window, unlike a video, need not keep its size."""

    class Mixed(ArraySource):
        """A BGR picture and a smaller gray one."""

        def __iter__(self) -> Iterator[Frame]:
            yield Frame(np.full((8, 8, 3), 40, np.uint8), 0, Fraction(0), 0)
            yield Frame(np.full((4, 4), 50, np.uint8), 1, 1 / RATE, 0)

    window = Window([None] * 20)
    summary = preview(window, presets, Mixed(ARRAYS, rate=RATE)).run()
    assert summary.frames == 2
    assert [(shown.shape, int(shown[0, 0])) for shown in window.shown] == [((8, 8), 40), ((4, 4), 50)]


def test_the_rate_is_shown_once_there_are_two_frames(presets: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured over the last frames shown: this stand-in takes an eighth of a second for each."""
    told: list[float | None] = []
    made = preview(Window([None] * 20), presets)
    draw: Callable[..., Pixels] = made._overlay.draw

    def note(*arguments: Any) -> Pixels:
        told.append(arguments[-1])
        return draw(*arguments)

    monkeypatch.setattr(made._overlay, "draw", note)
    made.run()
    assert told == [None, *[8.0] * 7]
