"""The scenes are in the repository alone: its folder comes last on the path, after an installed livefilter."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
