"""What all tests stand on: hypothesis profiles, a clean home, and tools that may or may not be there."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from fractions import Fraction
from itertools import count
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from livefilter.compiler import release_compiled
from livefilter.compiler.native import interpreted
from livefilter.cpus import usable_cpus

# A first call compiles, which takes longer than any sensible deadline.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
settings.register_profile(
    "nojit", deadline=None, max_examples=5, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", deadline=None, max_examples=500, print_blob=True)
IS_THOROUGH = os.environ.get("LIVEFILTER_THOROUGH") == "1"
"""Whether to try as much as ``tests/nightly`` does, rather than what is enough to find a mistake of the usual kinds."""
if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    settings.load_profile("nojit")
elif IS_THOROUGH:
    settings.load_profile("thorough")
else:
    settings.load_profile("ci" if os.environ.get("CI") else "dev")

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Let tests, and the processes that they start, be interrupted, also where pytest itself is not to be.

    A shell script starts background jobs with SIGINT ignored, and nohup ignores SIGHUP. Children inherit that, and
    livefilter keeps to it. A handler, in contrast, is not inherited: children of this process begin with the default.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)  # pytest itself survives the hang-up, as nohup asks.


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the whole suite on all processors, and files that are named on the command line in this process.

    Starting workers takes longer than most single files do.
    """
    return usable_cpus() if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


@pytest.fixture(scope="session", autouse=True)
def _own_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for the whole run, new and empty, shared by all workers: nothing compiled earlier makes a test pass."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # Each worker has a folder of its own in that of the run.
    (folder / "cache").mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        yield


@pytest.fixture(scope="session")
def _config_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths of folders that do not exist yet; pytest itself would look through all earlier ones for each new one."""
    parent = tmp_path_factory.mktemp("config")
    return (parent / str(number) for number in count())


@pytest.fixture(autouse=True)
def _own_config_folder(_config_folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty configuration folder for each test, and for the processes that it starts."""
    folder = next(_config_folders)
    folder.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.setattr(platformdirs, "user_config_path", lambda name, *_, **__: folder / name)


@pytest.fixture(scope="session")
def require() -> Callable[[object, str], None]:
    """Skip a test whose tool is not on this machine, or fail it where LIVEFILTER_REQUIRE_ALL=1 says that all are.

    Example::

        def test_a_window_opens(require):
            require(shutil.which("Xvfb"), "needs Xvfb")
    """

    def check(condition: object, reason: str) -> None:
        if condition:
            return
        if os.environ.get("LIVEFILTER_REQUIRE_ALL") == "1":
            pytest.fail(f"{reason} (LIVEFILTER_REQUIRE_ALL=1 allows no skips)")
        pytest.skip(reason)

    return check


@pytest.fixture(scope="session")
def thorough() -> bool:
    """Whether ``tests/nightly`` runs, which tries every combination and repeats what depends on chance."""
    return IS_THOROUGH


@pytest.fixture
def machine_code() -> None:
    """Run generated source as machine code where the JIT is on, and over NumPy arrays where it is off.

    For tests of whole files, which filter many frames by one or two presets.
    """


@pytest.fixture(scope="session")
def footage() -> Path:
    """The folder of real footage beside the checkout; it is in no repository, so its absence only ever skips."""
    folder = Path(os.environ.get("LIVEFILTER_FOOTAGE", ROOT.parent / "shared" / "footage"))
    if not folder.is_dir():
        pytest.skip("no footage beside the checkout (LIVEFILTER_FOOTAGE names another folder)")
    return folder


@pytest.fixture(scope="session")
def make_clip() -> Callable[..., Path]:
    """A function that encodes gray pictures to a clip, by PyAV alone, so that no FFmpeg program is needed.

    The luma is written without loss (crf 0 where x264 encodes), in limited range unless ``full_range``.
    """

    def make(
        path: Path,
        pictures: Sequence[NDArray[np.uint8]],
        *,
        pts: Sequence[int] | None = None,
        time_base: Fraction = Fraction(1, 25),
        rate: Fraction = Fraction(25),
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        full_range: bool = False,
        faststart: bool = True,
        **options: str,
    ) -> Path:
        import av
        from av.video.reformatter import ColorRange

        is_mp4 = path.suffix == ".mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"} if is_mp4 and faststart else {}) as container:
            given = {"crf": "0", "threads": "1"} | options if codec == "libx264" else options
            stream = container.add_stream(codec, rate=rate, options=given)
            assert isinstance(stream, av.VideoStream)
            stream.height, stream.width = pictures[0].shape
            stream.pix_fmt = pix_fmt
            stream.time_base = stream.codec_context.time_base = time_base
            color_range = ColorRange.JPEG if full_range else ColorRange.MPEG
            stream.codec_context.color_range = color_range
            for at, picture in enumerate(pictures):
                frame = av.VideoFrame.from_ndarray(picture, format="gray")
                frame = frame.reformat(format=pix_fmt, dst_color_range=color_range)
                frame.pts, frame.time_base = at if pts is None else pts[at], time_base
                frame.color_range = color_range
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture(scope="session")
def pictures() -> list[NDArray[np.uint8]]:
    """Eight gray pictures of 48 x 64: a ramp over all levels that moves, with a white and a black corner."""
    made = []
    for shift in range(8):
        picture = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))
        picture = np.roll(picture, shift, axis=1)
        picture[:12, :16], picture[36:, :16] = 255, 0
        made.append(picture)
    return made


@pytest.fixture(scope="session")
def clip(
    tmp_path_factory: pytest.TempPathFactory, make_clip: Callable[..., Path], pictures: list[NDArray[np.uint8]]
) -> Path:
    """The eight pictures as an MP4, 25 frames per second."""
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", pictures)


@pytest.fixture(scope="session")
def negative(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a preset that is quick even where nothing is compiled: it turns white to black, and draws nothing."""
    path = tmp_path_factory.mktemp("presets") / "negative.yaml"
    path.write_text("steps:\n  - tone: {invert: true}\noverlay: {scores: false, name: false}\n", encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def _interpreted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run generated source over NumPy arrays; tests marked ``jit`` or using ``machine_code`` run it as machine code."""
    is_native = request.node.get_closest_marker("jit") is not None or "machine_code" in request.fixturenames
    release_compiled()  # correlate keeps compiled kernels: those of one way to run must not be used in the other.
    with nullcontext() if is_native else interpreted():
        yield
    release_compiled()
