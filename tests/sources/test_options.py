"""What can be asked of a source."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from livefilter.errors import OptionError
from livefilter.sources import KINDS_BY_OPTION, SourceKind, SourceOptions


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"rate": Fraction(0)}, "rate: must be positive"),
        ({"size": (0, 640)}, "size: each side must be 1 to 32767 pixels"),
        ({"size": (480, 40000)}, "size: each side"),
        ({"fourcc": "MJPEG"}, "fourcc: must be four letters"),
        ({"fourcc": "ÄÖÜß"}, "fourcc: must be four letters"),
        ({"open_timeout_s": 0.0}, "open_timeout_s: must be more than 0 seconds"),
        ({"read_timeout_s": float("nan")}, "read_timeout_s: must be more than 0 seconds"),
        ({"retry_wait_s": float("inf")}, "retry_wait_s: must be more than 0 seconds"),
        ({"give_up_after_s": -1.0}, "give_up_after_s: must be more than 0 seconds"),
        ({"frozen_after_s": -1.0}, "frozen_after_s: must be 0 or more seconds"),
        ({"frozen_after_s": float("nan")}, "frozen_after_s: must be 0 or more seconds"),
        ({"input_format": "yuv"}, "input_format: must be gray8 or bgr24, found 'yuv'"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(given: dict[str, Any], says: str) -> None:
    """At once, before anything is opened, and by the option's name."""
    with pytest.raises(OptionError, match=says):
        SourceOptions(**given)


def test_every_option_belongs_to_some_kind_of_source() -> None:
    """One that no source takes would be dead; its default is taken by all."""
    assert set(KINDS_BY_OPTION) == set(SourceOptions.__dataclass_fields__)
    for kind in SourceKind:
        SourceOptions().reject_unsupported(kind, "it")
