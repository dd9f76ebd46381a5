"""How pictures are encoded: what cannot be meant is refused at once."""

from __future__ import annotations

from typing import Any

import pytest

from livefilter.errors import OptionError
from livefilter.sinks import Encoding


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"crf": -1}, r"crf: must be from 0 \(best\) to 63, found -1"),
        ({"crf": 64}, "crf: must be from 0"),
        ({"gop": 0}, "gop: must be at least 1 frame"),
        ({"codec": ""}, "codec: must be a name, found an empty text"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], says: str) -> None:
    """Before anything is opened."""
    with pytest.raises(OptionError, match=says):
        Encoding(**given)
