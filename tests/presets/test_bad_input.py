"""Presets that are wrong: one line that says where, what the rule is, what was found and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefilter.errors import LivefilterError, PresetError
from livefilter.presets import load_preset
from livefilter.resources import resource_folder

BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{here}: &{here} [{', '.join([f'*{above}'] * 10)}]\n" for above, here in zip("abcdefg", "bcdefgh", strict=True)
)
LONG_ROW = ", ".join("1" * 64)

# what is wrong: (the file, line:column, the key path or "", what else the message has to say)
CASES: dict[str, tuple[str, str, str, list[str]]] = {
    # Files that hold no preset.
    "an empty file": ("", "1:1", "", ["the file is empty", "a preset is a mapping such as 'steps: [...]'"]),
    "only a comment": ("# soon\n", "1:1", "", ["the file is empty"]),
    "a list": ("- gaussian: {sigma: 1}\n", "1:1", "", ["a preset is a mapping", "found a list"]),
    "a word": ("hello\n", "1:1", "", ["a preset is a mapping", "found the value 'hello'"]),
    "two documents": ("steps: []\n---\nsteps: []\n", "2:1", "", ["expected a single document", "another document"]),
    "too large": ("#" * 1_000_001, "1:1", "", ["at most 1,000,000 bytes"]),
    "too large, in two-byte letters": ("#" + "é" * 500_000, "1:1", "", ["at most 1,000,000 bytes"]),
    # Text that is no YAML.
    "an open bracket": ("steps: [\n  gaussian\n", "3:1", "", ["not valid YAML", "expected ',' or ']'"]),
    "a tab": ("steps:\n\t- gaussian: {sigma: 1}\n", "2:1", "", ["not valid YAML", "indent with spaces"]),
    "bad indentation": ("steps:\n  - box: {size: 3}\n name: a\n", "3:2", "", ["not valid YAML"]),
    "a control character": ("name: a\0b\nsteps: []\n", "1:1", "", ["not valid YAML", "#x0000"]),
    "an unknown alias": ("steps: *mine\n", "1:8", "", ["undefined alias 'mine'"]),
    "a version that is not": ("%YAML 9.9\n---\nsteps: []\n", "1:1", "", ["not valid YAML", "version 1"]),
    "a tag without a number": ("name: a\nsteps: !!int\n", "2:8", "", ["cannot read '' as a value of the kind !!int"]),
    "a tag for another value": ("steps: !!bool maybe\n", "1:8", "", ["cannot read 'maybe' as a value of the kind"]),
    # Text that is too much of it.
    "an alias bomb": (BOMB + "steps: []\n", "1:35", "", ["at most 100,000 values", "aliases expand to more"]),
    "an alias of itself": ("steps: &a [*a]\n", "1:8", "", ["an alias must not contain itself"]),
    "deep brackets": (f"steps: {'[' * 30}{']' * 30}\n", "1:28", "", ["at most 20 levels deep"]),
    "bottomless brackets": ("steps: " + "[" * 20_000, "1:1", "", ["at most 20 levels deep"]),
    # Keys.
    "no steps": ("name: mine\n", "1:1", "steps", ["is required, but missing"]),
    "a misspelt key": ("stpes: []\n", "1:1", "", ["unknown key 'stpes'", "did you mean 'steps'?", "known: name, "]),
    "a key twice": ("steps: []\nname: a\nsteps: []\n", "3:1", "", ["'steps' appears twice", "remove one"]),
    "a key that is a list": ("? [a, b]\n: 1\n", "1:3", "", ["a key must be a word, found a list"]),
    "an unknown setting": (
        "steps:\n  - gaussian: {sigmma: 1}\n",
        "2:16",
        "steps[0].gaussian",
        ["unknown key 'sigmma'", "did you mean 'sigma'?", "known: border, sigma, size"],
    ),
    "a setting like nothing": ("steps:\n  - box: {zzz: 1}\n", "2:11", "steps[0].box", ["unknown key 'zzz'; known: "]),
    "an inner name": ("steps:\n  - tone: {step: 1}\n", "2:12", "steps[0].tone", ["unknown key 'step'"]),
    "an unknown score key": ("steps: []\nscore: {treshold: 1}\n", "2:9", "score", ["did you mean 'threshold'?"]),
    "a merge key": (
        "steps:\n  - gaussian: &g {sigma: 1}\n  - gaussian: {<<: *g}\n",
        "3:16",
        "steps[1].gaussian",
        ["unknown key '<<'"],
    ),
    # Steps.
    "a misspelt step": (
        "steps:\n  - gausian: {sigma: 1}\n",
        "2:5",
        "steps[0]",
        ["unknown step 'gausian'", "did you mean 'gaussian'?", "known: kernel, gaussian, box"],
    ),
    "steps as a mapping": ("steps: {gaussian: {sigma: 1}}\n", "1:8", "steps", ["must be a list, found {'gaussian'"]),
    "steps of nothing": ("name: a\nsteps:\n", "2:1", "steps", ["must be a list, found nothing"]),
    "a step of two keys": (
        "steps:\n  - gaussian: {sigma: 1}\n    box: {size: 3}\n",
        "2:5",
        "steps[0]",
        ["a mapping of one key", "found 2 keys ['gaussian', 'box']"],
    ),
    "a step without keys": ("steps:\n  - {}\n", "2:5", "steps[0]", ["a mapping of one key", "found 0 keys"]),
    "a step that is a word": ("steps: [blur]\n", "1:9", "steps[0]", ["such as 'gaussian: {sigma: 1}'", "found 'blur'"]),
    "a step that is a number": ("steps:\n- gaussian: 3\n", "2:13", "steps[0].gaussian", ["a mapping of settings"]),
    "too many steps": ("steps:\n" + "- tone: {}\n" * 33, "2:1", "steps", ["must have at most 32 items, found 33"]),
    # Values.
    "a word for a number": (
        "steps:\n  - gaussian: {sigma: wide}\n",
        "2:23",
        "steps[0].gaussian.sigma",
        ["must be a number, found 'wide'"],
    ),
    "a quoted number": (
        "steps:\n  - tone: {gain: '2'}\n",
        "2:18",
        "steps[0].tone.gain",
        ["must be a number, found '2'"],
    ),
    "a truth value for a number": (
        "steps:\n  - tone: {gain: true}\n",
        "2:18",
        "steps[0].tone.gain",
        ["must be a number, found true"],
    ),
    "a fraction of a pixel": ("steps: [box: {size: 2.5}]\n", "1:21", "steps[0].box.size", ["whole number, found 2.5"]),
    "a clock for a number": (
        "steps:\n  - gaussian: {sigma: 12:30}\n",
        "2:23",
        "steps[0].gaussian.sigma",
        ["must be a number", "'12:30' is text in YAML 1.2, not a number"],
    ),
    "on for true": (
        "steps:\n  - laplacian: {absolute: on}\n",
        "2:27",
        "steps[0].laplacian.absolute",
        ["must be true or false, found 'on'", "'on' is text in YAML 1.2, write true"],
    ),
    "no for false": ("steps: []\noverlay: {scores: no}\n", "2:19", "overlay.scores", ["write false"]),
    "a number for a text": ("name: 5\nsteps: []\n", "1:7", "name", ["must be text, found 5"]),
    "a long name": (f"name: {'x' * 61}\nsteps: []\n", "1:7", "name", ["must have at most 60 characters"]),
    "an empty name": ("name: ''\nsteps: []\n", "1:7", "name", ["must have at least 1 character"]),
    "a score that is a number": ("steps: []\nscore: 5\n", "2:8", "score", ["must be a mapping, found 5"]),
    "a number that is none": ("steps: [tone: {gain: !!float x}]\n", "1:22", "", ["cannot read 'x'", "!!float"]),
    "a Python object": ("steps: !!python/object:os.system x\n", "1:8", "", ["!!python/object:os.system"]),
    "nothing for a size": (
        "steps:\n- box:\n    size:\n  \n",
        "3:5",
        "steps[0].box.size",
        ["whole number, found nothing"],
    ),
    "an unknown border": (
        "steps:\n  - gaussian: {sigma: 1, border: reflect101}\n",
        "2:34",
        "steps[0].gaussian.border",
        ["must be 'reflect_101', 'replicate'", "found 'reflect101'; did you mean 'reflect_101'?"],
    ),
    "an unknown norm": ("steps: [gradient: {norm: 2}]\n", "1:26", "steps[0].gradient.norm", ["'l1', 'l2' or 'max'"]),
    "an unknown mode": (
        "steps: [threshold: {mode: tozero}]\n",
        "1:27",
        "steps[0].threshold.mode",
        ["did you mean 'to-zero'?"],
    ),
    # Ranges.
    "a negative sigma": ("steps: [gaussian: {sigma: -1}]\n", "1:27", "steps[0].gaussian.sigma", ["greater than 0"]),
    "an infinite sigma": ("steps: [gaussian: {sigma: .inf}]\n", "1:27", "steps[0].gaussian.sigma", ["finite number"]),
    "a sigma beyond a kernel": (
        "steps: [gaussian: {sigma: 50}]\n",
        "1:27",
        "steps[0].gaussian.sigma",
        ["needs a kernel of 301, beyond 63", "blur twice by 35.4"],
    ),
    "an even size": ("steps: [gaussian: {size: 4}]\n", "1:26", "steps[0].gaussian.size", ["must be odd", "found 4"]),
    "a gaussian without settings": (
        "steps:\n- gaussian:\n\n",
        "2:3",
        "steps[0].gaussian",
        ["needs sigma, size, or both"],
    ),
    "a box of zero": (
        "steps: [box: {size: 0}]\n",
        "1:21",
        "steps[0].box.size",
        ["greater than or equal to 1, found 0"],
    ),
    "a box of one side": ("steps: [box: {size: [3]}]\n", "1:21", "steps[0].box.size", ["too few items, found [3]"]),
    "a box of three sides": ("steps: [box: {size: [3, 3, 3]}]\n", "1:21", "steps[0].box.size", ["at most 2 items"]),
    "a box with a bad side": ("steps: [box: {size: [3, 64]}]\n", "1:25", "steps[0].box.size[1]", ["equal to 63"]),
    "one gray level": ("steps: [posterize: {levels: 1}]\n", "1:29", "steps[0].posterize.levels", ["equal to 2"]),
    "more than all of it": ("steps: [blend: {weight: 1.5}]\n", "1:25", "steps[0].blend.weight", ["equal to 1"]),
    "a level beyond white": (
        "steps: [threshold: {level: 256}]\n",
        "1:28",
        "steps[0].threshold.level",
        ["equal to 255"],
    ),
    "a score beyond one": ("steps: []\nscore: {threshold: 2}\n", "2:20", "score.threshold", ["equal to 1, found 2"]),
    # Matrices.
    "no weights": ("steps: [kernel: {divisor: 2}]\n", "1:17", "steps[0].kernel.weights", ["is required, but missing"]),
    "a kernel of nothing": ("steps:\n- kernel:\n\n", "2:3", "steps[0].kernel.weights", ["is required, but missing"]),
    "ragged weights": (
        "steps:\n  - kernel:\n      weights:\n        - [1, 2]\n        - [3]\n",
        "4:9",
        "steps[0].kernel.weights",
        ["all rows must have the same number of weights, found rows of 2, 1"],
    ),
    "a single row": (
        "steps: [kernel: {weights: [1, 2]}]\n",
        "1:27",
        "steps[0].kernel.weights",
        ["rows of numbers, such as [[0, 1], [1, 0]]", "put a single row in brackets twice"],
    ),
    "weights as a text": ("steps: [kernel: {weights: '1 2'}]\n", "1:27", "steps[0].kernel.weights", ["must be a list"]),
    "an empty matrix": ("steps: [kernel: {weights: []}]\n", "1:27", "steps[0].kernel.weights", ["at least one weight"]),
    "an empty row": ("steps: [kernel: {weights: [[]]}]\n", "1:27", "steps[0].kernel.weights", ["at least one weight"]),
    "a NaN": (
        "steps: [kernel: {weights: [[1, .nan]]}]\n",
        "1:32",
        "steps[0].kernel.weights[0][1]",
        ["must be a finite number, found nan"],
    ),
    "a hole": ("steps: [kernel: {weights: [[1, null]]}]\n", "1:32", "steps[0].kernel.weights[0][1]", ["found nothing"]),
    "64 columns": (
        f"steps: [kernel: {{weights: [[{LONG_ROW}]]}}]\n",
        "1:27",
        "steps[0].kernel.weights",
        ["at most 63 rows and columns, found 1 x 64"],
    ),
    "weights beyond all bounds": (
        "steps: [kernel: {weights: [[1e308]]}]\n",
        "1:27",
        "steps[0].kernel.weights",
        ["must stay below 2**30", "scale the weights down"],
    ),
    "a number of 400 digits": (
        f"steps: [kernel: {{weights: [[1{'0' * 400}]]}}]\n",
        "1:29",
        "steps[0].kernel.weights[0][0]",
        ["must be a number", "..."],
    ),
    "a number of 5000 digits": (
        f"steps: [tone: {{gain: {'1' * 5000}}}]\n",
        "1:22",
        "",
        ["cannot read", "...", "!!int"],
    ),
    "a zero divisor": (
        "steps: [kernel: {weights: [[1]], divisor: 0}]\n",
        "1:43",
        "steps[0].kernel.divisor",
        ["must not be zero"],
    ),
    "an anchor outside": (
        "steps: [kernel: {weights: [[1]], anchor: [1, 0]}]\n",
        "1:42",
        "steps[0].kernel.anchor",
        ["must lie inside the 1 x 1 weights, found (1, 0)"],
    ),
    "an anchor of one number": (
        "steps: [kernel: {weights: [[1]], anchor: [0]}]\n",
        "1:42",
        "steps[0].kernel.anchor",
        [],
    ),
    "a gradient of both kinds": (
        "steps:\n  - gradient: {operator: sobel, x: [[1]], y: [[1]]}\n",
        "2:15",
        "steps[0].gradient",
        ["give either operator, or both x and y"],
    ),
    "half a gradient": ("steps:\n  - gradient: {x: [[1]]}\n", "2:15", "steps[0].gradient", ["both x and y"]),
    "a ragged derivative": (
        "steps: [gradient: {x: [[1]], y: [[1], [2, 3]]}]\n",
        "1:33",
        "steps[0].gradient.y",
        ["same number of weights, found rows of 1, 2"],
    ),
    "half a score": ("steps: []\nscore: {vertical: [[1]]}\n", "2:8", "score", ["both horizontal and vertical"]),
    "score kernels of two shapes": (
        "steps: []\nscore: {horizontal: [[1]], vertical: [[1, 2]]}\n",
        "2:8",
        "score",
        ["both must have one shape, found (1, 1) and (1, 2)"],
    ),
    "a score of zeros": (
        "steps: []\nscore: {horizontal: [[0]], vertical: [[1]]}\n",
        "2:8",
        "score",
        ["must have a weight other than zero"],
    ),
    "a ragged score": (
        "steps: []\nscore:\n  horizontal: [[1]]\n  vertical: [[1], [2, 3]]\n",
        "4:13",
        "score.vertical",
        ["same number of weights"],
    ),
    # Zones.
    "zones as a list": (
        "steps: []\nzones: [[0, 0], [1, 0], [1, 1]]\n",
        "2:8",
        "zones",
        ["a mapping of names to points"],
    ),
    "zones of nothing": ("steps: []\nzones:\n", "2:1", "zones", ["a mapping of names to points", "found nothing"]),
    "a zone of two points": (
        "steps: []\nzones:\n  door: [[0, 0], [1, 1]]\n",
        "3:9",
        "zones.door",
        ["must have 3 to 256 points, found 2"],
    ),
    "a zone of nothing": ("steps: []\nzones:\n  door:\n", "3:3", "zones.door", ["a list of points", "found nothing"]),
    "a zone in pixels": (
        "steps: []\nzones:\n  door: [[0, 0], [640, 0], [640, 480]]\n",
        "3:19",
        "zones.door[1][0]",
        ["must be from 0 to 1, a fraction of the picture's width, found 640", "divide pixels by"],
    ),
    "a point that is no pair": (
        "steps: []\nzones:\n  door:\n    - [0, 0]\n    - 1\n    - [1, 1]\n",
        "5:7",
        "zones.door[1]",
        ["must be a pair [x, y], found 1"],
    ),
    "a point of words": (
        "steps: []\nzones: {door: [[0, 0], [1, low], [1, 1]]}\n",
        "2:28",
        "zones.door[1][1]",
        ["must be a number, found 'low'"],
    ),
    "a zone that crosses itself": (
        "steps: []\nzones:\n  door: [[0, 0], [1, 1], [1, 0], [0, 1]]\n",
        "3:26",
        "zones.door[2]",
        ["the outline crosses or touches itself", "list the points in order around the zone"],
    ),
    "a zone without area": (
        "steps: []\nzones: {door: [[0, 0], [0.5, 0.5], [1, 1]]}\n",
        "2:15",
        "zones.door",
        ["all points lie on one line, so there is no area"],
    ),
    "a zone twice": (
        "steps: []\nzones:\n  door: [[0, 0], [1, 0], [1, 1]]\n  door: [[0, 0], [1, 0], [1, 1]]\n",
        "4:3",
        "",
        ["'door' appears twice in one mapping"],
    ),
    "a zone with a dot": (
        "steps: []\nzones:\n  front.door: [[0, 0], [1, 0], [1, 1]]\n",
        "3:3",
        "zones",
        ["'front.door'", "the name must be a letter, then letters, digits, '_' or '-'", "names of columns"],
    ),
    "too many zones": (
        "steps: []\nzones:\n" + "".join(f"  z{at}: [[0, 0], [1, 0], [1, 1]]\n" for at in range(65)),
        "3:3",
        "zones",
        ["must be at most 64, found 65"],
    ),
    # Several at once, and other ways to write a file.
    "three mistakes": (
        "steps:\n  - gaussian: {sigmma: 1}\n  - box: {size: big}\nsoup: 1\n",
        "2:16",
        "steps[0].gaussian",
        ["'sigmma'", "(and 2 more errors)"],
    ),
    "two mistakes": ("steps: [box: {size: big}]\nsoup: 1\n", "1:21", "steps[0].box.size", ["(and 1 more error)"]),
    "Windows line ends": ("steps:\r\n  - gausian: {sigma: 1}\r\n", "2:5", "steps[0]", ["unknown step 'gausian'"]),
    "a byte order mark": ("\ufeffstpes: []\n", "1:1", "", ["unknown key 'stpes'"]),
    "letters of two bytes": ("{description: été, stpes: []}\n", "1:20", "", ["unknown key 'stpes'"]),
    # Inheritance.
    "override alone": ("steps: []\noverride: {}\n", "2:1", "override", ["needs an 'extend' beside it"]),
    "extending a number": ("extend: 5\n", "1:9", "extend", ["must name a preset, or be its path, found 5"]),
    "extending nothing": ("extend:\nsteps: []\n", "1:1", "extend", ["must name a preset", "found nothing"]),
    "extending a stranger": ("extend: egde\n", "1:9", "extend", ["unknown preset 'egde'", "did you mean 'edge'?"]),
    "extending a missing file": ("extend: ./gone.yaml\n", "1:9", "extend", ["gone.yaml", "no such file"]),
    "overriding a stranger": (
        "extend: edge\noverride: {gausian: {sigma: 1}}\n",
        "2:12",
        "override",
        ["no inherited step 'gausian'", "did you mean 'gaussian'?"],
    ),
    "overriding the second of one": (
        "extend: blur\noverride: {gaussian.2: {sigma: 1}}\n",
        "2:12",
        "override",
        ["'gaussian.2' must count from gaussian.1 to gaussian.1"],
    ),
    "overriding by letter": ("extend: blur\noverride: {gaussian.x: {}}\n", "2:12", "override", ["must count from"]),
    "overriding with a list": ("extend: blur\noverride: [1]\n", "2:11", "override", ["a mapping of steps, found [1]"]),
    "overriding with a number": (
        "extend: blur\noverride: {gaussian: 1}\n",
        "2:12",
        "override.gaussian",
        ["must be a mapping of settings, found 1"],
    ),
    "overriding with a bad value": (
        "extend: blur\noverride: {gaussian: {sigma: -1}}\n",
        "2:30",
        "steps[0].gaussian.sigma",
        ["greater than 0, found -1"],
    ),
    "overriding with a bad key": (
        "extend: blur\noverride: {gaussian: {sigmma: 1}}\n",
        "2:23",
        "steps[0].gaussian",
        ["did you mean 'sigma'?"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_preset_is_told_in_one_line_with_its_place(case: str, tmp_path: Path) -> None:
    """file:line:column, the key path, the rule and what was found; a LivefilterError and a ValueError."""
    text, at, key, hints = CASES[case]
    file = tmp_path / "mine.yaml"
    file.write_bytes(text.encode())
    with pytest.raises(PresetError) as caught:
        load_preset(file)
    message = str(caught.value)
    assert message.startswith(f"{file}:{at}: {key + ': ' if key else ''}")
    for hint in hints:
        assert hint in message
    assert len(message.splitlines()) == 1
    assert len(message) < len(str(file)) + 300
    assert isinstance(caught.value, LivefilterError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("content", "at", "byte"),
    [
        (b"name: caf\xe9\nsteps: []\n", "1:10", "0xe9"),
        (b"\nname: a\nsteps: [\xff]\n", "3:9", "0xff"),
        ("steps: []\n".encode("utf-16"), "1:1", "0xff"),
        (b"\xef\xbb\xbfname: \xc3\xa9\xe9\n", "1:8", "0xe9"),
    ],
    ids=["Latin-1", "a stray byte", "UTF-16", "after a byte order mark"],
)
def test_a_file_that_is_not_utf8_is_told_with_the_byte(content: bytes, at: str, byte: str, tmp_path: Path) -> None:
    """The first byte that is not UTF-8 has its line and column too."""
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    with pytest.raises(
        PresetError, match=f"^{re.escape(str(file))}:{at}: a preset is UTF-8 text, found the byte {byte}$"
    ):
        load_preset(file)


@given(data=st.data())
def test_whatever_the_file_holds_the_answer_is_a_preset_or_one_line(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Shipped presets with pieces replaced by YAML's special words and signs never give another kind of error."""
    text = data.draw(st.sampled_from(sorted(resource_folder("configs").glob("*.yaml")))).read_text(encoding="utf-8")
    pieces = re.findall(r"\w+|\s+|[^\w\s]", text)
    junk = ["", "-", ":", ": ", "[", "]", "{", "}", "&a ", "*a ", "!!int ", "? ", "| ", "'", '"', "#", "\n", "\t", "\r"]
    words = ["null", ".nan", "-.inf", "1e999", "0", "-1", "12:30", "on", "steps", "extend", "override", "<<", "é", "~"]
    for _ in range(data.draw(st.integers(1, 4))):
        pieces[data.draw(st.integers(0, len(pieces) - 1))] = data.draw(st.sampled_from(junk + words))
    file = tmp_path_factory.mktemp("junk") / "mine.yaml"
    file.write_text("".join(pieces), encoding="utf-8", newline="")
    try:
        preset = load_preset(file)
    except PresetError as error:
        message = str(error)
    else:
        assert isinstance(preset.operations, tuple)
        return
    assert re.match(re.escape(str(file)) + r":\d+:\d+: .", message)
    assert len(message.splitlines()) == 1
