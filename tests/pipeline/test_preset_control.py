"""Reloading a preset when one of its files is saved, however an editor saves it."""

from __future__ import annotations

import os
from concurrent.futures import Future
from pathlib import Path

import pytest

from livefilter.compiler import Filter
from livefilter.pipeline.live import FileWatch, PresetControl
from livefilter.testing import FakeClock, wait_until


class Watched:
    """A file, its watch, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "a.yaml"
        self.path.write_text("first")
        self.clock = FakeClock()
        self.watch = FileWatch(self.clock)
        self.watch.add(self.path)

    def changes(self, seconds: float = 0.5) -> int:
        """Let time pass, and return how many changes the watch reports."""
        changes = 0
        for _ in range(round(seconds / 0.05)):
            self.clock.advance(0.051)
            changes += self.watch.is_changed()
        return changes


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """A file that is watched."""
    return Watched(tmp_path)


def test_an_unchanged_file_is_no_change(watched: Watched) -> None:
    """Reading it is no change."""
    watched.path.read_text()
    assert watched.changes() == 0


def test_writing_in_place_is_one_change(watched: Watched) -> None:
    """And again the next time."""
    watched.path.write_text("second, longer")
    assert watched.changes() == 1
    watched.path.write_text("third")
    assert watched.changes() == 1


def test_moving_another_file_over_it_is_one_change(watched: Watched) -> None:
    """Even one of the same size and time."""
    other = watched.path.with_suffix(".new")
    other.write_text("other")
    then = watched.path.stat()
    os.utime(other, ns=(then.st_atime_ns, then.st_mtime_ns))
    os.replace(other, watched.path)
    assert watched.changes() == 1


def test_a_change_is_reported_when_the_file_stops_growing(watched: Watched) -> None:
    """A file is not read while it grows."""
    for size in range(10, 15):
        watched.path.write_text("x" * size)
        watched.clock.advance(0.051)
        assert not watched.watch.is_changed()
    assert watched.changes() == 1


def test_a_file_that_is_gone_for_a_moment_is_no_change(watched: Watched) -> None:
    """Some editors move the old one away before they write the new one."""
    content = watched.path.read_text()
    watched.path.unlink()
    assert watched.changes(0.5) == 0
    watched.path.write_text(content)
    assert watched.changes() == 1


def test_a_file_that_stays_missing_is_one_change(watched: Watched) -> None:
    """After a second; and once more when it is back."""
    watched.path.unlink()
    assert watched.changes(3) == 1
    watched.path.write_text("back")
    assert watched.changes() == 1


def test_any_of_several_files_is_noticed(watched: Watched) -> None:
    """Also one that was missing until now; and it is no change that it still is."""
    missing = watched.path.with_name("b.yaml")
    watched.watch.add(missing)
    assert watched.changes(3) == 0
    missing.write_text("here")
    assert watched.changes() == 1
    watched.path.write_text("second")
    assert watched.changes() == 1


def test_what_is_written_after_a_file_was_read_is_a_change(watched: Watched) -> None:
    """Even if the watch is not polled before the preset is compiled."""
    other = watched.path.with_name("b.yaml")
    other.write_text("read")
    after = FileWatch(watched.clock)
    after.add(other)
    other.write_text("written since")
    after.merge(watched.watch)
    watched.watch = after
    assert watched.changes() == 1
    watched.path.write_text("the one that was kept")
    assert watched.changes() == 1


class Family:
    """A preset whose parent has a parent, under a control that the test polls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.save("grand", "steps: [threshold: {level: 10}]")
        self.save("parent", "extend: ./grand.yaml")
        self.save("mine", "extend: ./parent.yaml\noverlay: {name: false}")
        self.clock = FakeClock()
        self.notices: list[str] = []
        self.prepared: list[Future[None]] = []
        self.is_quick = True
        self.preset = PresetControl(
            folder / "mine.yaml", notify=self.notices.append, clock=self.clock, prepare=self._prepared
        )

    def save(self, name: str, text: str) -> None:
        """Save one of the files, by moving another one over it."""
        (self.folder / "new").write_text(text + "\n")
        os.replace(self.folder / "new", self.folder / f"{name}.yaml")

    def level(self) -> int:
        """The threshold in force, once what was saved has been noticed and loaded."""
        for _ in range(30):
            self.clock.advance(0.051)
            self.preset.poll()
            wait_until(lambda: self.preset.poll() or not self.preset.is_changing)
        (step,) = self.preset.filter.preset.steps
        return int(step.model_dump()["level"])

    def _prepared(self, made: Filter) -> Future[None]:
        done: Future[None] = Future()
        self.prepared.append(done)
        if self.is_quick:
            done.set_result(None)
        return done


@pytest.fixture
def family(tmp_path: Path) -> Family:
    """A preset that starts from another one, which starts from another one."""
    return Family(tmp_path)


@pytest.mark.parametrize("name", ["grand", "parent", "mine"])
def test_saving_any_file_that_the_preset_was_read_from_swaps_it_in(name: str, family: Family) -> None:
    """Its own file, its parent's, or that one's; and again the next time."""
    assert family.level() == 10
    for level in (20, 30):
        above = {"grand": "", "parent": "extend: ./grand.yaml\n", "mine": "extend: ./parent.yaml\n"}[name]
        family.save(name, f"{above}steps: [threshold: {{level: {level}}}]")
        assert family.level() == level
    assert family.notices == [f"{family.folder / 'mine.yaml'}: reloaded"] * 2


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("steps: [threshold: {level: 999}]", "grand.yaml:1:28: steps[0].threshold.level: "),
        ("steps:\n  - treshold: {level: 5}", "grand.yaml:2:5: steps[0]: unknown step 'treshold'"),
        ("steps: [", "grand.yaml:2:1: not valid YAML"),
    ],
)
def test_a_broken_parent_keeps_the_last_good_filter_until_it_is_fixed(text: str, wrong: str, family: Family) -> None:
    """The message names the parent's file, line and column; fixing the parent is enough."""
    family.save("grand", text)
    assert family.level() == 10
    assert str(family.folder / wrong) in (family.preset.broken or "")
    family.save("mine", "extend: ./parent.yaml")  # Still watched, and still broken.
    assert family.level() == 10
    assert len(family.notices) == 2
    family.save("grand", "steps: [threshold: {level: 40}]")
    assert family.level() == 40
    assert family.preset.broken is None


def test_an_error_disappears_once_the_file_is_fixed(family: Family) -> None:
    """Even if the fixed preset takes seconds to compile."""
    family.save("mine", "steps: [")
    assert family.level() == 10
    assert "mine.yaml:2:1" in (family.preset.broken or "")
    family.is_quick = False
    family.save("mine", "steps: [threshold: {level: 90}]")

    def is_compiling() -> bool:
        family.clock.advance(0.051)
        family.preset.poll()
        return bool(family.prepared)

    wait_until(is_compiling)
    assert not family.preset.poll()
    assert family.preset.is_changing
    assert family.preset.broken is None
    family.prepared[0].set_result(None)
    assert family.level() == 90


def test_a_parent_that_is_not_there_yet_is_waited_for(family: Family) -> None:
    """The preset is saved before the file that it starts from."""
    family.save("mine", "extend: ./later.yaml")
    assert family.level() == 10
    assert f"{family.folder / 'mine.yaml'}:1:9: extend: " in (family.preset.broken or "")
    family.save("later", "steps: [threshold: {level: 50}]")
    assert family.level() == 50
    assert family.preset.broken is None


def test_a_parent_that_is_one_no_longer_is_left_alone(family: Family) -> None:
    """What is watched follows what was read."""
    family.save("mine", "steps: [threshold: {level: 60}]")
    assert family.level() == 60
    family.save("grand", "steps: [")
    assert family.level() == 60
    assert family.preset.broken is None


def test_after_a_switch_the_other_presets_files_are_watched(family: Family) -> None:
    """And those of the one before are not."""
    family.save("base", "steps: [threshold: {level: 70}]")
    family.save("other", "extend: ./base.yaml")
    family.preset.switch(str(family.folder / "other.yaml"))
    assert family.level() == 70
    family.save("grand", "steps: [")
    family.save("base", "steps: [threshold: {level: 80}]")
    assert family.level() == 80
    assert family.preset.broken is None


def test_an_adjustment_does_not_undo_a_pending_switch(family: Family) -> None:
    """It would adjust the previous preset; once the switch is done it adjusts the new one."""
    family.save("other", "steps: [threshold: {level: 100}]")
    family.is_quick = False
    family.preset.switch(str(family.folder / "other.yaml"))
    wait_until(lambda: family.prepared)
    family.preset.adjust(1)
    family.is_quick = True
    family.prepared[0].set_result(None)
    assert family.level() == 100
    family.preset.adjust(1)
    assert family.level() == 125
