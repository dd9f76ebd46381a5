"""Zones through whole pipelines: files, frames one by one, live."""

from __future__ import annotations

import csv
import json
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livefilter import edge_score, filter_frames, process, score
from livefilter.compiler import Filter
from livefilter.errors import OptionError
from livefilter.frame import Pixels
from livefilter.kernels import EdgeScore
from livefilter.pipeline import LivePipeline, PrometheusExporter, StatsLog
from livefilter.sinks import ScoreSink
from livefilter.sources import open_source
from livefilter.testing import ArraySource, ListSink, wait_until

LEFT = {"left": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}
BOTH = LEFT | {"right": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}
SLIVER = {"sliver": [[0, 0], [1, 0], [1, 0.01]]}


@pytest.fixture
def zoned(tmp_path: Path) -> str:
    """The path of a preset with a zone, which draws nothing."""
    path = tmp_path / "zoned.yaml"
    path.write_text(f"steps: []\noverlay: {{scores: false, name: false, zones: false}}\nzones: {json.dumps(LEFT)}\n")
    return str(path)


def at_once(made: Filter) -> Future[None]:
    """Make a Filter ready where nothing is compiled."""
    assert made.chain
    done: Future[None] = Future()
    done.set_result(None)
    return done


def mean(scores: list[EdgeScore]) -> EdgeScore:
    """The mean of each score."""
    return EdgeScore(*np.mean([(one.horizontal, one.vertical, one.density) for one in scores], axis=0))


def test_every_frame_has_the_scores_of_the_presets_zones(pictures: list[Pixels], zoned: str) -> None:
    """A zone that is a rectangle has the score of the picture that is cut out; the summary has the mean."""
    sink = ListSink()
    summary = process(ArraySource(pictures), sink, zoned)
    halves = [edge_score(np.ascontiguousarray(picture[:, :32])) for picture in pictures]
    assert [dict(result.analysis.zones) for result in sink.results] == [{"left": half} for half in halves]
    assert sink.scores == [edge_score(picture) for picture in pictures]
    assert summary.zone_means.keys() == {"left"}
    assert summary.zone_means["left"].density == pytest.approx(mean(halves).density, abs=1e-12)  # One order of adding.


def test_zones_beat_those_of_the_preset(pictures: list[Pixels], zoned: str) -> None:
    """As arguments do; without any, nothing is scored twice."""
    assert process(ArraySource(pictures), ListSink(), zoned, zones=BOTH).zone_means.keys() == {"left", "right"}
    assert score(ArraySource(pictures), zoned, zones={"all": LEFT["left"]}).zone_means.keys() == {"all"}
    assert process(ArraySource(pictures), ListSink(), zoned, zones={}).zone_means == {}


def test_zones_are_scored_by_the_presets_rule(pictures: list[Pixels], tmp_path: Path) -> None:
    """Its threshold."""
    (tmp_path / "strict.yaml").write_text(f"steps: []\nscore: {{threshold: 0}}\nzones: {json.dumps(LEFT)}\n")
    assert score(ArraySource(pictures), tmp_path / "strict.yaml").zone_means["left"].density == 1


def test_colours_change_no_score(zoned: str) -> None:
    """Zones see the gray of a frame in every mode."""
    coloured = [np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8) for seed in range(3)]
    made = []
    for color in ("gray", "luma", "rgb"):
        sink = ListSink()
        process(ArraySource(coloured), sink, zoned, color=color)
        made.append([dict(result.analysis.zones) for result in sink.results])
    assert made[0] == made[1] == made[2]
    assert all(made[0])


def test_frames_one_by_one_have_zones(pictures: list[Pixels], zoned: str) -> None:
    """In the result of each frame; none without zones."""
    sink = ListSink()
    process(ArraySource(pictures), sink, zoned)
    got = [result.zones for _, result in filter_frames(ArraySource(pictures), zoned)]
    assert got == [dict(result.analysis.zones) for result in sink.results]
    assert [dict(result.zones) for _, result in filter_frames(ArraySource(pictures[:1]), zoned, zones={})] == [{}]


def test_a_zone_without_a_window_ends_the_run_before_anything_is_written(
    pictures: list[Pixels], zoned: str, tmp_path: Path
) -> None:
    """By its name and the size of the picture."""
    with pytest.raises(OptionError, match=r"zone 'sliver': .* found none in a picture of 64x48; make the zone larger"):
        process(ArraySource(pictures), None, zoned, zones=SLIVER, scores=tmp_path / "a.csv")
    assert not list(tmp_path.glob("a*"))


def run_live(pictures: list[Pixels], preset: str, **options: Any) -> tuple[ListSink, LivePipeline]:
    """Run a live pipeline over arrays."""
    sink = ListSink()
    made = LivePipeline(ArraySource(pictures, rate=Fraction(200)), preset, prepare=at_once, **options)
    made.add_sink("list", sink)
    made.run()
    return sink, made


@pytest.mark.parametrize("mirror", [False, True])
def test_live_zones_are_those_of_a_file(pictures: list[Pixels], zoned: str, mirror: bool) -> None:
    """Also where the picture is mirrored: zones stay where they are in the room."""
    expected = ListSink()
    process(ArraySource(pictures), expected, zoned, zones=BOTH)
    sink, made = run_live(pictures, zoned, zones=BOTH, mirror=mirror)
    assert [dict(result.analysis.zones) for result in sink.results] == [
        dict(result.analysis.zones) for result in expected.results
    ]
    assert made.summary(is_interrupted=False).zone_means.keys() == {"left", "right"}


def test_live_statistics_have_zones(pictures: list[Pixels], zoned: str, tmp_path: Path) -> None:
    """The scores of the newest frame, and how long the analysis takes."""
    _, made = run_live(pictures, zoned)
    with StatsLog(made, tmp_path / "stats.jsonl", every_s=1000):
        pass
    row = json.loads((tmp_path / "stats.jsonl").read_text())
    assert row["zones"] == {"left": {name: getattr(made.loop.zones["left"], name) for name in row["score"]}}
    assert "analysis" in row["stages"]


def test_metrics_have_zones(pictures: list[Pixels], zoned: str) -> None:
    """One value for each zone and score."""
    pytest.importorskip("prometheus_client")
    _, made = run_live(pictures, zoned)
    with (
        PrometheusExporter(made, 0) as served,
        urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics", timeout=30) as answer,
    ):
        lines = answer.read().decode().splitlines()
    density = made.loop.zones["left"].density
    assert f'livefilter_zone_score{{name="density",zone="left"}} {density}' in lines


@pytest.fixture
def edited(zoned: str, tmp_path: Path) -> Callable[..., tuple[ListSink, list[str], Any]]:
    """A function that saves another version of the preset while a source runs, and returns what came of it."""

    def edit(saved: dict[str, Any], **options: Any) -> tuple[ListSink, list[str], Any]:
        notices: list[str] = []
        sink = ListSink()
        table = ScoreSink(tmp_path / "live.csv")
        with open_source("synthetic:chart") as source:
            made = LivePipeline(source, zoned, prepare=at_once, notify=notices.append, **options)
            made.add_sink("list", sink, drop_oldest=True)
            made.add_sink("scores", table)
            with made:
                wait_until(lambda: len(sink.results) > 0)
                before = Path(zoned).read_text()
                Path(zoned).write_text(before.replace(json.dumps(LEFT), json.dumps(saved)))

                def has_changed() -> bool:
                    made.service()
                    return any("reloaded" in notice for notice in notices)

                wait_until(has_changed)
                count = len(sink.results)
                wait_until(lambda: len(sink.results) > count + 5)
        return sink, notices, made.summary(is_interrupted=True)

    return edit


def test_zones_of_a_saved_preset_are_those_of_the_next_frames(
    edited: Callable[..., tuple[ListSink, list[str], Any]], tmp_path: Path
) -> None:
    """Tables with fixed columns keep theirs, and a note says so."""
    sink, _, summary = edited(BOTH)
    assert sink.results[0].analysis.zones.keys() == {"left"}
    assert sink.results[-1].analysis.zones.keys() == {"left", "right"}
    assert any("no columns for zone 'right', which came after the first frame" in note for note in summary.notes)
    with (tmp_path / "live.csv").open(newline="") as file:
        assert next(csv.reader(file))[-1] == "left.density"


def test_given_zones_stay_when_a_preset_is_saved(edited: Callable[..., tuple[ListSink, list[str], Any]]) -> None:
    """They beat those of any preset."""
    sink, _, _ = edited(BOTH, zones={"mine": LEFT["left"]})
    assert all(result.analysis.zones.keys() == {"mine"} for result in sink.results)


def test_a_zone_that_was_edited_too_small_ends_no_run(
    edited: Callable[..., tuple[ListSink, list[str], Any]],
) -> None:
    """It is said, and the picture goes on without scores of zones."""
    sink, notices, _ = edited({"sliver": [[0, 0], [1, 0], [1, 0.0001]]})
    assert any("zone 'sliver': must hold at least one window" in notice for notice in notices)
    assert not sink.results[-1].analysis.zones


def test_a_zone_that_is_too_small_from_the_start_is_an_error(pictures: list[Pixels], zoned: str) -> None:
    """Before any output is opened."""
    with pytest.raises(OptionError, match="zone 'sliver'"):
        LivePipeline(ArraySource(pictures), zoned, zones=SLIVER, prepare=at_once)
