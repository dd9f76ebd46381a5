"""Layout of the control block: 64-bit words that the threads of a team share, by their index.

The docstring of the package says who reads and writes each word, when, and in which memory order.
"""

from __future__ import annotations

ENTRY = 0
"""Address of the generated function that computes one tile."""
ARG_BLOCKS = 1
"""Address of an array of addresses: the argument block of each thread, the caller's first."""
TILE_ARG_OFFSET = 2
"""Index of those words of an argument block that select the tile."""
TILE_ARG_COUNT = 3
"""Number of those words."""
TILES = 4
"""Address of the words that select the tiles, ``TILE_ARG_COUNT`` for each tile."""
TILE_COUNT = 5
"""Number of tiles; 0 while the other words change."""
MAX_WORKERS = 6
"""Number of workers that may help with this frame: workers 1 to ``MAX_WORKERS``."""
WAKE_ONLY = 7
"""1 if ``run_and_join`` only admits workers, because the caller wakes sleeping ones before it computes tiles."""
ADMITTED = 8
"""Number of workers that may join now; 0 when the frame is closed."""
ACTIVE = 9
"""Number of workers that have registered: they compute tiles, or are about to check whether they may."""
STILL_ACTIVE = 10
"""Value of ``ACTIVE`` when the caller stopped spinning; not 0 until the frame is joined."""
NEXT_TILE = 16
"""Index of the first tile that no thread has taken. It changes most often, so it has a cache line of its own."""
WORD_COUNT = 24
"""Number of words in the block, in whole cache lines."""
