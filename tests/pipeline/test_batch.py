"""Several inputs through one job: names, what is finished, and one that fails among others that do not."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from livefilter.errors import OptionError, SinkError, SourceError
from livefilter.pipeline import InputResult, OutputSpec, ProcessOptions, Progress, run_batch
from livefilter.pipeline.batch import (
    FILE_NAME,
    Manifest,
    Task,
    WorkerDiedError,
    WorkerMessage,
    content_hash,
    expand,
    run_tasks,
    size_of,
)

# What runs inside a worker process: run here, in the test's own, where it can be looked at.
from livefilter.pipeline.batch._workers import _done, _partition_cpus, _signals_blocked, _work
from livefilter.presets import load_preset
from livefilter.sources import Trim, VideoFile

_ENDING = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))


class Recorder:
    """An observer that records every call."""

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.progress: dict[int, list[Progress]] = {}
        self.results: dict[int, InputResult] = {}

    def on_start(self, sources: Sequence[str], sizes: Sequence[int]) -> None:
        """Once, before all else."""
        self.sources = list(sources)
        assert len(sizes) == len(sources)

    def on_progress(self, place: int, progress: Progress) -> None:
        """Of each that is at work."""
        self.progress.setdefault(place, []).append(progress)

    def on_done(self, place: int, result: InputResult) -> None:
        """Once for each."""
        assert place not in self.results
        self.results[place] = result


@pytest.fixture
def job(negative: str) -> ProcessOptions:
    """The quick preset, nothing else."""
    return ProcessOptions(preset=load_preset(negative))


@pytest.fixture
def inputs(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: the clip four times, padded so that bytes differ, one of them deeper; and a broken one."""
    for padding, name in enumerate(("b/clip.mp4", "clip.mp4", "Clip2.mp4", "clip10.mp4")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(clip.read_bytes() + b"\0\0\0\x08free" * padding)
    (tmp_path / "broken.mp4").write_bytes(clip.read_bytes()[:100])
    (tmp_path / "notes.txt").write_text("no video")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.jit
def test_one_that_fails_does_not_stop_the_others_and_what_is_finished_is_skipped(
    inputs: Path, job: ProcessOptions
) -> None:
    """Names kept and made unique, a reply for each in order; then, resumed, only what is not finished runs again."""
    notes, out = Recorder(), inputs / "out"
    results = run_batch(
        ["clip.mp4", "broken.mp4", "b", "clip10.mp4"], out, job, OutputSpec("", ".csv"), observer=notes, jobs=2
    )
    assert [result.source for result in results] == [
        "clip.mp4",
        "broken.mp4",
        os.path.join("b", "clip.mp4"),
        "clip10.mp4",
    ]
    assert [isinstance(result.error, SourceError) for result in results] == [False, True, False, False]
    assert names(out) == sorted(
        [FILE_NAME, "clip.mp4", "clip.csv", "clip-2.mp4", "clip-2.csv", "clip10.mp4", "clip10.csv"]
    )
    for name in ("clip.mp4", "clip-2.mp4", "clip10.mp4"):
        with VideoFile(out / name) as made:
            assert len(list(made)) == 8
    assert notes.results == dict(enumerate(results))
    assert notes.progress[0][-1] == Progress(8, 8)

    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    (out / "clip10.csv").write_text("changed")
    os.rename("clip.mp4", "renamed.mp4")
    again = run_batch(
        ["renamed.mp4", "b", "clip10.mp4"], out, job, OutputSpec("", ".csv"), observer=Recorder(), resume=True
    )
    assert [result.is_skipped for result in again] == [True, True, False]
    assert again[0].outputs == (str(out / "clip.mp4"), str(out / "clip.csv"))
    assert isinstance(again[2].error, SinkError)  # It exists, and is not ours any more.
    assert {path for path in before if path.stat().st_mtime_ns != before[path]} == {out / "clip10.csv"}


@pytest.mark.jit
def test_a_worker_that_dies_takes_only_its_own_input_with_it(inputs: Path, job: ProcessOptions) -> None:
    """A crash of a library, or a kill: named, with the signal; the next input gets a worker of its own."""
    said: list[tuple[int, WorkerMessage]] = []

    def on_message(place: int, reply: WorkerMessage) -> None:
        said.append((place, reply))
        if place == 0 and reply.progress is not None:
            (worker,) = multiprocessing.active_children()
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)

    tasks = {place: Task(f"t{place}", "clip.mp4", None, str(inputs / f"{place}.csv"), None) for place in range(2)}
    run_tasks(tasks, job, jobs=1, on_message=on_message)
    ends = {place: reply for place, reply in said if reply.progress is None}
    assert isinstance(ends[0].error, WorkerDiedError)
    assert "SIGKILL" in str(ends[0].error)
    assert ends[1].summary is not None
    assert ends[1].summary.frames == 8


@pytest.mark.jit
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot confine a process to cores")
def test_cores_are_shared_out_among_jobs(inputs: Path, job: ProcessOptions) -> None:
    """Two at once have halves that do not overlap, and this process keeps all."""
    before = os.sched_getaffinity(0)
    seen: dict[int | None, set[int]] = {}

    def on_message(place: int, reply: WorkerMessage) -> None:
        for worker in multiprocessing.active_children():
            if worker.pid is not None:
                seen[worker.pid] = os.sched_getaffinity(worker.pid)

    tasks = {place: Task(f"t{place}", "clip.mp4", None, str(inputs / f"{place}.csv"), None) for place in range(2)}
    run_tasks(tasks, job, jobs=2, on_message=on_message)
    first, second = seen.values()
    assert first | second == before == os.sched_getaffinity(0)
    assert not first & second or len(before) == 1


@pytest.mark.parametrize("jobs", [1, 2, 3, 7])
def test_every_job_has_a_core(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All cores are given out, evenly; where there are more jobs than cores, some share one."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2, 4, 6}, raising=False)
    shares = _partition_cpus(jobs)
    assert len(shares) == jobs
    assert set.union(*shares) == {0, 2, 4, 6}
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.jit
def test_stopping_keeps_what_is_done_so_far_and_begins_nothing_new(
    tmp_path: Path, job: ProcessOptions, make_clip: Callable[..., Path], pictures: list[object]
) -> None:
    """What is at work ends as after an interrupt, its output partial; the next one is not begun."""
    for name in "ab":
        make_clip(tmp_path / f"{name}.mp4", pictures * 500)
    begun = threading.Event()

    class Stopper(Recorder):
        def on_progress(self, place: int, progress: Progress) -> None:
            super().on_progress(place, progress)
            if progress.frames:
                begun.set()

    out = tmp_path / "out"
    results = run_batch([str(tmp_path)], out, job, OutputSpec(".mp4"), observer=Stopper(), should_stop=begun.is_set)
    assert [result.summary is not None and result.summary.is_interrupted for result in results] == [True]
    assert names(out) == ["a.partial.mp4"]


def test_a_worker_does_what_comes_through_its_channel_and_ends_with_it(inputs: Path, job: ProcessOptions) -> None:
    """Here in this process: progress, a summary with the hash of the bytes, and a failure as an error of ours."""
    ours, theirs = multiprocessing.Pipe()
    said: list[WorkerMessage] = []

    def give() -> None:
        for source in ("clip.mp4", "broken.mp4"):
            ours.send(Task("a", source, None, str(inputs / "a.csv"), None))
            said.append(ours.recv())
            while said[-1].progress is not None:
                said.append(ours.recv())
        ours.close()

    handlers = {number: signal.getsignal(number) for number in _ENDING}
    giver = threading.Thread(target=give)
    giver.start()
    try:
        _work(theirs, job, multiprocessing.get_context("spawn").Event())
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        giver.join(30)
    assert not giver.is_alive()
    done, failed = (reply for reply in said if reply.progress is None)
    assert done.summary is not None
    assert (done.summary.frames, done.content) == (8, content_hash("clip.mp4"))
    assert isinstance(failed.error, SourceError)
    assert said[0].progress == Progress(0, None)


def test_an_error_that_is_not_ours_is_sent_as_its_name(inputs: Path, job: ProcessOptions) -> None:
    """Any object may stand in a foreign error, and not every one survives a pipe."""
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    reply = _done(Task("a", "clip.mp4", None, None, None), job, theirs, lambda: False)
    assert isinstance(reply.error, RuntimeError)
    assert "BrokenPipeError" in str(reply.error)


def test_a_folder_stands_for_its_videos_in_natural_order(inputs: Path) -> None:
    """Not for what else lies in it, nor for what lies in its folders."""
    assert [Path(source).name for source in expand(".")[0]] == ["broken.mp4", "Clip2.mp4", "clip10.mp4", "clip.mp4"]
    assert [Path(source).name for source in expand("*clip*")[0]] == ["clip10.mp4", "clip.mp4"]
    assert len(expand("**/*.mp4")[0]) == 5


def test_files_of_a_folder_are_known_by_their_content_and_what_is_skipped_is_named(
    make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    """Any suffix will do; hidden files are those of systems; others that are no videos are counted and named."""
    clip = make_clip(tmp_path / "a.mp4", [np.zeros((16, 16), np.uint8)] * 2)
    for name in ("b.insv", "c", "d.MP4"):
        (tmp_path / name).write_bytes(clip.read_bytes())
    with av.open(str(clip)) as source, av.open(str(tmp_path / "e.h264"), "w") as bare:
        copy = bare.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                bare.mux(packet)
    for name in ("._a.mp4", ".DS_Store", "Thumbs.db"):
        (tmp_path / name).write_bytes(bytes(100))
    (tmp_path / "notes.txt").write_text("a.mp4 is the best\n" * 10)
    (tmp_path / "list.m3u8").write_text("#EXTM3U\na.mp4\n")
    (tmp_path / "cover.png").write_bytes(b"png")
    for spec in (str(tmp_path), str(tmp_path / "*")):
        sources, skipped = expand(spec)
        assert [Path(source).name for source in sources] == ["a.mp4", "b.insv", "c", "d.MP4", "e.h264"]
        assert skipped == f"{spec}: 3 files are no videos and are skipped: cover.png, list.m3u8, notes.txt"


def test_a_damaged_video_of_a_folder_is_not_skipped(tmp_path: Path) -> None:
    """Its suffix says what it should be, so that it fails with a message."""
    (tmp_path / "broken.mp4").write_bytes(bytes(100))
    assert expand(str(tmp_path)) == ([str(tmp_path / "broken.mp4")], None)


def test_pictures_are_one_sequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of pictures, or a glob that matches pictures alone, is one source as it stands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "frames").mkdir()
    for number in range(3):
        (tmp_path / "frames" / f"{number}.png").write_bytes(b"png")
    assert expand("frames") == (["frames"], None)
    assert expand("frames/*.png") == (["frames/*.png"], None)
    assert size_of("frames") == size_of("frames/*.png") == 9
    assert content_hash("frames") == content_hash("frames/*.png")


def test_a_glob_without_a_match_is_an_error(tmp_path: Path) -> None:
    """Rather than nothing being done in silence."""
    with pytest.raises(SourceError, match="as a pattern it matches nothing"):
        expand(str(tmp_path / "*.mp4"))


@pytest.mark.skipif(sys.platform == "win32", reason="no masks of signals")
def test_a_signal_does_not_end_a_worker_that_is_still_starting() -> None:
    """It is kept until the worker can heed it, so that its input is interrupted, not failed."""
    code = "import os, signal; [os.kill(os.getpid(), number) for number in (1, 2, 15)]; print('lives')"
    with _signals_blocked():
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, timeout=100)
    assert done.stdout == "lives\n"
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, []) & set(_ENDING)


def test_a_list_that_cannot_be_written_leaves_none_begun(tmp_path: Path) -> None:
    """The disk may be full; what was recorded before stays as it is."""
    source = tmp_path / "a.mp4"
    source.write_bytes(b"one")
    manifest = Manifest(tmp_path)
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(SinkError, match=r"finished\.json: cannot be written"):
        manifest.add("a", str(source), content_hash(str(source)), "job", [])
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE_NAME, "a.mp4"]


@pytest.mark.parametrize("spec", ["0", "camera:1", "rtsp://host/stream", "rtp://host:5004", "/dev/video0"])
def test_a_live_source_is_refused(spec: str) -> None:
    """It would never end, and no other would have its turn."""
    with pytest.raises(OptionError, match="is a live source"):
        expand(spec)


def test_standard_input_is_refused() -> None:
    """It can be read only once, and a batch reads each input twice: for its hash, and to filter it."""
    with pytest.raises(OptionError, match="standard input: can be read only once"):
        expand("-")


def test_the_manifest_knows_content_job_and_outputs(tmp_path: Path) -> None:
    """An entry matches once, and only while bytes, job, wanted endings and outputs are what they were."""
    source, out = tmp_path / "a.mp4", tmp_path / "a.csv"
    source.write_bytes(b"one")
    out.write_text("rows")
    Manifest(tmp_path).add("a", str(source), content_hash(str(source)), "job", [out], "half of it")
    assert Manifest(tmp_path).find(str(source), "other", [".csv"]) is None
    assert Manifest(tmp_path).find(str(source), "job", [".mp4", ".csv"]) is None
    manifest = Manifest(tmp_path)
    found = manifest.find(str(source), "job", [".csv"])
    assert found is not None
    assert (found.name, found.loss) == ("a", "half of it")
    assert manifest.find(str(source), "job", [".csv"]) is None
    source.write_bytes(b"two")
    assert Manifest(tmp_path).find(str(source), "job", [".csv"]) is None
    source.write_bytes(b"one")
    os.utime(out, ns=(0, 0))
    assert Manifest(tmp_path).find(str(source), "job", [".csv"]) is None
    out.unlink()
    assert Manifest(tmp_path).find(str(source), "job", [".csv"]) is None


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": "a"}]', "null", '{"a": 1}'])
def test_a_list_that_is_not_ours_counts_as_empty(tmp_path: Path, text: str) -> None:
    """Then everything is done again, which is safe."""
    (tmp_path / FILE_NAME).write_text(text)
    assert Manifest(tmp_path).find("a", "job", []) is None


def test_the_list_of_the_finished_is_plain_json(tmp_path: Path) -> None:
    """Other programs can read it."""
    Manifest(tmp_path).add("a", "a.mp4", "hash", "job", [])
    (entry,) = json.loads((tmp_path / FILE_NAME).read_text())
    assert entry["source"] == "a.mp4"


def test_a_jobs_fingerprint_is_of_what_outputs_depend_on(negative: str) -> None:
    """Threads and the leave to overwrite are not among it; a trim is."""
    preset = load_preset(negative)
    key = ProcessOptions(preset=preset).fingerprint
    assert ProcessOptions(preset=preset, threads=3, overwrite=True).fingerprint == key
    assert ProcessOptions(preset=preset, trim=Trim(stride=2)).fingerprint != key
    assert ProcessOptions(preset=load_preset("blur")).fingerprint != key
    assert ProcessOptions(preset=preset, color="luma").fingerprint != key


def test_too_few_jobs_are_refused(tmp_path: Path, job: ProcessOptions) -> None:
    """At least one."""
    with pytest.raises(OptionError, match="jobs: must be at least 1"):
        run_batch([], tmp_path, job, OutputSpec(), observer=Recorder(), jobs=0)


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path: Path, job: ProcessOptions) -> None:
    """Before anything is read."""
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="cannot be created"):
        run_batch([], tmp_path / "file" / "out", job, OutputSpec(), observer=Recorder())


@pytest.mark.jit
def test_no_output_is_written_over_another_input(inputs: Path, job: ProcessOptions) -> None:
    """Not even where outputs may be replaced: what was to be read would be lost. The others are done."""
    before = (inputs / "clip.mp4").read_bytes()
    results = run_batch(
        ["b/clip.mp4", "clip.mp4", "Clip2.mp4"],
        inputs,
        replace(job, overwrite=True),
        OutputSpec(".mp4", ".csv"),
        observer=Recorder(),
    )
    assert [isinstance(result.error, OptionError) for result in results] == [True, False, True]
    assert "clip.mp4: is, or would be written over, an input" in str(results[0].error)
    assert results[1].outputs == (str(inputs / "clip-2.mp4"), str(inputs / "clip-2.csv"))
    assert (inputs / "clip.mp4").read_bytes() == before


def test_two_runs_share_one_manifest(tmp_path: Path) -> None:
    """What one of them adds, the other keeps."""
    one, other = Manifest(tmp_path), Manifest(tmp_path)
    one.add("a", "a.mp4", "hash", "job", [])
    other.add("b", "b.mp4", "hash", "job", [])
    assert [entry["name"] for entry in json.loads((tmp_path / FILE_NAME).read_text())] == ["a", "b"]
