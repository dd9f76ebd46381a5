"""Render the shipped clips and their ground truth from the scenes.

Run it in the repository's folder:

    python -m recordings.render             write webcam.mp4, corridor.mp4, chart.mp4 and truth.json next to this script
    python -m recordings.render --check     render again and compare with truth.json; nothing is written

Needs livefilter, which installs PyAV. The rendered frames are the same on every machine, so ``--check`` compares their
hashes. The bytes of the clips depend on the version of the encoder; a test compares their pixels.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recordings.scenes import SCENES, Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
# x264's constant rate factor: the three clips stay under 2 MB together, without visible artefacts.
CRF = {"webcam": 19, "corridor": 21, "chart": 14}
# Every 37th frame has its own hash, so that a test can check the scene without rendering all of it.
SPOT_STEP = 37
# Full-range gray to limited-range luma (BT.709), 0..255 to 16..235, in integers: floor(x + 0.5).
TO_LUMA = ((np.arange(256) * 219 * 2 + 255) // 510 + 16).astype(np.uint8)


def describe(scene: Scene) -> dict[str, object]:
    """Return the ground truth of a scene, with a hash of all rendered frames and of some single frames."""
    total = hashlib.sha256()
    spots: dict[str, str] = {}
    for index in range(scene.frame_count):
        pixels = scene.render(index).tobytes()
        total.update(pixels)
        if index < 3 or index % SPOT_STEP == 0 or index == scene.frame_count - 1:
            spots[str(index)] = hashlib.sha256(pixels).hexdigest()
    return {**scene.truth(), "sha256": total.hexdigest(), "frame_sha256": spots}


def to_planes(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert full-range gray to the planes of one limited-range yuv420p frame, stacked as PyAV expects them.

    Args:
        gray: Pixels of even rows and columns, 0 black to 255 white.

    Returns:
        uint8 of shape (rows * 3 / 2, cols): luma 16..235 over neutral chroma, 128.
    """
    rows, cols = gray.shape
    planes = np.full((rows * 3 // 2, cols), 128, np.uint8)
    planes[:rows] = TO_LUMA[gray]
    return planes


def encode(scene: Scene, target: Path) -> None:
    """Encode a scene as H.264 in MP4 (limited range, BT.709, index in front), and rename it when complete."""
    import av
    from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

    # PyAV chooses the container by the extension, so the temporary name keeps it.
    unfinished = target.with_name(f".{target.stem}.unfinished{target.suffix}")
    try:
        with av.open(str(unfinished), "w", options={"movflags": "+faststart"}) as container:
            # One thread and no version string: fewer differences between machines.
            options = {"crf": str(CRF[scene.name]), "preset": "veryslow", "threads": "1"}
            stream = container.add_stream("libx264", rate=scene.rate, options=options)
            stream.height, stream.width = scene.shape
            stream.pix_fmt = "yuv420p"
            stream.time_base = 1 / scene.rate
            stream.codec_context.time_base = 1 / scene.rate
            stream.codec_context.gop_size = int(scene.rate * 4)
            stream.codec_context.color_range = ColorRange.MPEG
            stream.codec_context.colorspace = Colorspace.ITU709
            stream.codec_context.color_primaries = ColorPrimaries.BT709
            stream.codec_context.color_trc = ColorTrc.BT709
            for index in range(scene.frame_count):
                frame = av.VideoFrame.from_ndarray(to_planes(scene.render(index)), format="yuv420p")
                frame.color_range, frame.colorspace = ColorRange.MPEG, Colorspace.ITU709
                frame.pts, frame.time_base = index, 1 / scene.rate
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def render(folder: Path) -> int:
    """Write the three clips and truth.json into ``folder``; return the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    for scene in SCENES.values():
        target = folder / f"{scene.name}.mp4"
        encode(scene, target)
        truth[scene.name] = describe(scene)
        print(f"{target}: {scene.frame_count} frames, {target.stat().st_size / 1000:.0f} kB", file=sys.stderr)
    unfinished = folder / ".truth.unfinished.json"
    try:
        unfinished.write_text(to_text(truth), encoding="utf-8")
        os.replace(unfinished, folder / "truth.json")
    finally:
        unfinished.unlink(missing_ok=True)
    return 0


def to_text(truth: dict[str, dict[str, object]]) -> str:
    """Return JSON with one line per fact, so that differences are readable."""
    scenes = []
    for name, facts in truth.items():
        lines = ",\n".join(f"    {json.dumps(key)}: {json.dumps(fact)}" for key, fact in facts.items())
        scenes.append(f"  {json.dumps(name)}: {{\n{lines}\n  }}")
    return "{\n" + ",\n".join(scenes) + "\n}\n"


def check(folder: Path) -> int:
    """Render again and compare with truth.json in ``folder``; return 0 if all is equal, otherwise 1."""
    path = folder / "truth.json"
    if not path.is_file():
        print(f"{path}: not found; run without --check first", file=sys.stderr)
        return 1
    recorded = json.loads(path.read_text(encoding="utf-8"))
    differences = [f"{name}: no longer a scene" for name in recorded if name not in SCENES]
    for scene in SCENES.values():
        # Through JSON, so that tuples and lists compare alike.
        fresh = json.loads(json.dumps(describe(scene)))
        old = recorded.get(scene.name, {})
        differences += [
            f"{scene.name}: {key} differs from truth.json"
            for key in sorted({*fresh, *old})
            if fresh.get(key) != old.get(key)
        ]
        if not (folder / f"{scene.name}.mp4").is_file():
            differences.append(f"{scene.name}: {scene.name}.mp4 not found")
    for line in differences:
        print(line, file=sys.stderr)
    print("truth.json is correct" if not differences else "truth.json is wrong", file=sys.stderr)
    return 1 if differences else 0


def main(arguments: list[str] | None = None) -> int:
    """Run the script; return its exit code."""
    parser = argparse.ArgumentParser(
        description="Render webcam.mp4, corridor.mp4, chart.mp4 and truth.json from the scenes.",
        prog="python -m recordings.render",
        epilog="Exit codes: 0 done, or with --check all equal; 1 a difference or a missing file.",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="render again, compare the frames' hashes and the facts with truth.json, write nothing",
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=HERE,
        help="folder of the clips and truth.json (default: next to this script)",
    )
    options = parser.parse_args(arguments)
    return check(options.output) if options.check else render(options.output)


if __name__ == "__main__":
    sys.exit(main())
