"""The overlay: drawn on a copy, readable on any image of any size, with a history of ten seconds."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from livefilter.analysis import Analysis, EdgeScore, Result
from livefilter.frame import Frame
from livefilter.layers import COMPARES, Compare, Comparison, Overlay, TextStyle, compose, contact_sheet, draw_panel
from livefilter.presets import OverlaySettings

Pixels = NDArray[np.uint8]
SCORE = EdgeScore(0.2, 0.05, 0.6)
SIZES = [(1, 1), (2, 2), (1, 40), (40, 1), (16, 16), (48, 64), (120, 160), (240, 320), (2160, 3840)]


def make_overlay(**settings: bool) -> Overlay:
    """An overlay of a preset called "edge"."""
    return Overlay(OverlaySettings.model_validate(settings), "edge")


def draw(overlay: Overlay, picture: Pixels, score: EdgeScore, time_s: Fraction, compare: Compare = "none") -> Pixels:
    """What it draws on a picture that no filter has changed."""
    result = Result(Frame(picture, 0, time_s, 0), picture, picture, Analysis(score))
    return compose(result, Comparison(compare), [overlay])


def drawn(
    overlay: Overlay, shape: tuple[int, int] = (240, 320), level: int = 0, time_s: Fraction = Fraction(0)
) -> Pixels:
    """What it draws on a picture of one level."""
    picture = np.full(shape, level, np.uint8)
    return draw(overlay, picture, SCORE, time_s)


def drawn_score(overlay: Overlay, time_s: int, value: float) -> Pixels:
    """What an overlay draws on a large black image when all three scores have one value."""
    black = np.zeros((1080, 1920), np.uint8)
    return draw(overlay, black, EdgeScore(value, value, value), Fraction(time_s))


def after(*past: tuple[int, float], sparkline: bool = False) -> Overlay:
    """An overlay that has drawn scores of these times and values."""
    overlay = make_overlay(sparkline=sparkline)
    for time_s, value in past:
        drawn_score(overlay, time_s, value)
    return overlay


def bar_share(overlay: Overlay, value: float, time_s: int) -> float:
    """Which part of a score's bar, the last thing in its row, is filled when all three scores have one value."""
    style = TextStyle.for_shape(1080, 1920)
    row = drawn_score(overlay, time_s, value)[1080 - 3 * style.line_px + style.height_px // 6]
    (edges,) = np.nonzero(np.diff(np.concatenate([[0], row >= 55, [0]])))
    bar = row[edges[-2] : edges[-1]]
    assert set(bar) <= {55, 255}
    return float((bar == 255).mean())


@pytest.mark.parametrize("compare", COMPARES)
@pytest.mark.parametrize("shape", SIZES)
def test_any_size_is_drawn_on_and_the_arguments_stay_as_they_were(compare: Compare, shape: tuple[int, int]) -> None:
    """From a single pixel to 4K, twice, so that there is a history to draw."""
    filtered = np.full(shape, 160, np.uint8)
    overlay = make_overlay()
    for second in range(2):
        picture = draw(overlay, filtered, SCORE, Fraction(second), compare)
        assert picture.shape == (shape[0], shape[1] * (2 if compare == "side" else 1))
        assert picture.dtype == np.uint8
        assert not np.shares_memory(picture, filtered)
    assert (filtered == 160).all()


def test_nothing_to_draw_gives_the_result_itself() -> None:
    """No copy is made for nothing."""
    overlay = make_overlay()
    overlay.is_shown = False
    picture = np.zeros((8, 8), np.uint8)
    assert draw(overlay, picture, SCORE, Fraction(0)) is picture


def test_a_hidden_overlay_remembers_scores() -> None:
    """So that it has a history as soon as it is shown."""
    hidden, shown = make_overlay(), after((0, 0.4), sparkline=True)
    hidden.is_shown = False
    drawn_score(hidden, 0, 0.4)
    hidden.is_shown = True
    np.testing.assert_array_equal(drawn_score(hidden, 1, 0.1), drawn_score(shown, 1, 0.1))


def test_colour_is_drawn_on_as_gray_is() -> None:
    """White text, bars and lines on every channel alike."""
    gray = np.random.default_rng(3).integers(0, 256, (240, 320), dtype=np.uint8)
    overlays = make_overlay(), make_overlay()
    for second in range(3):
        expected = draw(overlays[0], gray, SCORE, Fraction(second))
        coloured = draw(overlays[1], np.dstack([gray] * 3), SCORE, Fraction(second))
        np.testing.assert_array_equal(coloured, np.dstack([expected] * 3))


def test_settings_say_what_is_drawn() -> None:
    """Name and scores each stay away when they are not asked for; the sparkline makes the panel wider."""
    np.testing.assert_array_equal(drawn(make_overlay(scores=False, name=False)), np.zeros((240, 320)))
    name = drawn(make_overlay(scores=False)) > 0
    scores = drawn(make_overlay(name=False)) > 0
    assert name[:40].any()
    assert not name[40:].any()
    assert scores[150:].any()
    assert not scores[:150].any()
    wide, narrow = drawn(make_overlay(name=False)), drawn(make_overlay(name=False, sparkline=False))
    assert np.flatnonzero(wide.any(axis=0))[-1] > np.flatnonzero(narrow.any(axis=0))[-1]


def test_another_presets_overlay_is_drawn_in_the_same_way() -> None:
    """Whether it is shown stays; name and settings are the other's."""
    overlay = make_overlay()
    overlay.is_shown = False
    drawn(overlay)
    other = overlay.carried_over(OverlaySettings(scores=False), "blur", keep_history=False)
    assert not other.is_visible
    assert other.name_rows((240, 320)) == 0
    other.is_shown = True
    assert 8 < other.name_rows((240, 320)) < 40


def test_scores_and_their_scale_go_on_where_the_next_preset_scores_alike() -> None:
    """What was held stays held; where frames are scored otherwise, nothing can be compared."""
    before, then = (0, 0.4), (1, 0.02)
    for sparkline in (True, False):
        first = after(before)
        first.is_scale_held = True
        settings = OverlaySettings(sparkline=sparkline)
        continued = first.carried_over(settings, "edge", keep_history=True)
        fresh = first.carried_over(settings, "edge", keep_history=False)
        assert (continued.is_scale_held, fresh.is_scale_held) == (True, False)
        alone, both = (drawn_score(after(*past, sparkline=sparkline), *then) for past in ((), (before,)))
        np.testing.assert_array_equal(drawn_score(continued, *then), both)
        np.testing.assert_array_equal(drawn_score(fresh, *then), alone)
        assert not np.array_equal(both, alone)
    assert bar_share(continued, 0.25, 2) == pytest.approx(0.5, abs=0.02)
    assert bar_share(fresh, 0.02, 2) == 1


def test_a_held_scale_lets_bars_be_compared() -> None:
    """A score of half the strength has half the bar then, and one that is too strong for the scale a full one."""

    def bar(overlay: Overlay, strength: float, time_s: int) -> int:
        picture = np.zeros((240, 320), np.uint8)
        shown = draw(overlay, picture, EdgeScore(strength, 0.0, 0.0), Fraction(time_s))
        return int(np.count_nonzero((shown == 255).all(axis=0) | (shown[-50:] == 255).sum(axis=0) > 6))

    overlay = make_overlay(name=False, sparkline=False)
    full = bar(overlay, 0.2, 0)
    overlay.is_scale_held = True
    assert bar(overlay, 0.1, 100) == pytest.approx(full / 2, abs=2)
    assert bar(overlay, 0.9, 200) == pytest.approx(full, abs=2)
    overlay.is_scale_held = False
    assert bar(overlay, 0.1, 300) == pytest.approx(full, abs=2)


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("shape", [(240, 320), (432, 768), (2160, 3840)])
def test_the_overlay_is_readable_on_any_picture(level: int, shape: tuple[int, int]) -> None:
    """White text of 8 pixels or more stands on ground of at most 77 levels, also on an all-white picture."""
    picture = drawn(make_overlay(), shape, level)
    style = TextStyle.for_shape(*shape)
    assert 8 <= style.height_px <= shape[0] / 20
    panel = picture[shape[0] - 3 * style.line_px :, : style.width("horizontal")]
    assert int(panel.max()) >= 250
    assert int(np.median(panel)) <= 77


def test_the_panel_fits_a_small_picture() -> None:
    """At 320 x 240 everything is inside, the newest score included."""
    columns = np.flatnonzero((drawn(make_overlay(name=False)) > 0).any(axis=0))
    assert columns[-1] < 320 - 1


def test_a_longer_bar_is_a_higher_score() -> None:
    """All bars of a score share the scale of its history."""
    overlay = make_overlay(name=False, sparkline=False)
    lengths = []
    for second, value in enumerate((0.5, 0.25, 0.1)):
        picture = np.zeros((240, 320), np.uint8)
        shown = draw(overlay, picture, EdgeScore(value, value, value), Fraction(second))
        columns = np.flatnonzero((shown == 255).sum(axis=0) >= 3 * 8)  # Where all three bars are.
        lengths.append(columns.size)
    assert lengths[0] > lengths[1] > lengths[2] > 0


def test_the_history_is_of_ten_seconds() -> None:
    """Older scores are dropped, so that memory does not grow with hours of video."""
    alone = drawn_score(after(), 29, 0.1)
    is_forgotten = [np.array_equal(drawn_score(after((peak_s, 1.0)), 29, 0.1), alone) for peak_s in (18, 19)]
    assert is_forgotten == [True, False]


def test_the_history_is_forgotten_when_time_jumps_back() -> None:
    """A clip that starts over has no past."""
    jumped = after((0, 1.0), (5, 1.0))
    np.testing.assert_array_equal(drawn_score(jumped, 1, 0.1), drawn_score(after(), 1, 0.1))


def test_a_frame_drawn_again_is_remembered_once() -> None:
    """Every key redraws a paused picture; its past does not grow by that."""
    redrawn = after(*[(3, 1.0)] * 5)
    np.testing.assert_array_equal(drawn_score(redrawn, 3, 0.1), drawn_score(after(), 3, 0.1))


@pytest.mark.parametrize(
    ("value", "full"), [(0, 0.01), (0.01, 0.01), (0.011, 0.02), (0.06, 0.1), (0.3, 0.5), (0.7, 1), (1, 1)]
)
def test_a_bars_full_length_is_a_round_number(value: float, full: float) -> None:
    """1, 2 or 5 of a power of ten, never less than the value: half of it is half a bar then."""
    overlay = after((0, value))
    overlay.is_scale_held = True
    assert bar_share(overlay, full / 2, 1) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("shape", SIZES)
def test_a_help_panel_darkens_the_middle(shape: tuple[int, int]) -> None:
    """In place, cut off where it does not fit."""
    picture = np.full(shape, 255, np.uint8)
    draw_panel(picture, ["q   quit", "s   snapshot"])
    assert picture[shape[0] // 2, shape[1] // 2] < 255 or (picture < 255).any()
    if min(shape) >= 240:
        assert picture[0].min() == 255


def test_a_sheet_shows_all_pictures_in_rows_with_their_names() -> None:
    """On white paper, each scaled to one width, in order."""
    pictures = [(f"level {level}", np.full((30, 40), level, np.uint8)) for level in (10, 60, 110, 160, 210)]
    sheet = contact_sheet(pictures, columns=2, tile_cols=80)
    assert sheet.shape[1] == 2 * (80 + 8) + 8
    centres = [(8 + 30 + row * (sheet.shape[0] - 8) // 3, 8 + 40 + col * 88) for row in range(3) for col in range(2)]
    assert [int(sheet[centre]) for centre in centres] == [10, 60, 110, 160, 210, 255]
    below = sheet[8 + 60 : 8 + 60 + 15, 8:96]
    assert int(below.min()) < 128


def test_what_follows_tabs_is_aligned() -> None:
    """A panel of keys and what they do reads as a table: after a wide key and a narrow one, the text begins alike."""
    begins = []
    for key in ("i", "space"):
        panel = np.zeros((240, 320), np.uint8)
        draw_panel(panel, [f"{key}\tH", "space\tH"], top=0, left=0)
        first = panel[: TextStyle.for_shape(240, 320).line_px]
        (columns,) = np.nonzero((first > 100).any(axis=0))
        begins.append(columns[-1])
    assert begins[0] == begins[1]


def test_a_panel_in_the_middle_hides_the_text_under_it() -> None:
    """White text under it is hardly there, so that it does not mix with the help."""
    picture = np.full((240, 320), 255, np.uint8)
    draw_panel(picture, ["help"] * 5)
    assert picture[95, 160] < 25
