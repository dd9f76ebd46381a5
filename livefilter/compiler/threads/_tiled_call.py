"""One call of a generated function, split into tiles that several threads can compute."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import chain
from typing import Any

from numpy.typing import NDArray

from livefilter.compiler._abi import WORDS_PER_ARG, Argument, Call, NativeCall, pack_args
from livefilter.compiler.threads import _control_block as control
from livefilter.compiler.threads._team import current_team


class TiledCall:
    """Computes one result, in tiles if other threads help.

    Args:
        calls: One for each thread that may take part; each of them can compute any tile. Their first arguments are the
            frames, and the next ones select the tile.
        frame_count: Number of frames among the arguments.
        whole: Arguments that select all rows.
        tiles: Arguments that select each tile, in the order in which threads take them.

    Attributes:
        workers: Number of threads that may help the caller.
        words: Values of the control block's words, in the order in which the team writes them.
    """

    def __init__(
        self,
        calls: Sequence[Call],
        frame_count: int,
        whole: Sequence[Argument],
        tiles: Sequence[Sequence[Argument]],
    ) -> None:
        self._call = calls[0]
        self._native_calls = [call for call in calls if isinstance(call, NativeCall)]
        self._tiles = tiles
        # The control block has the addresses of the memory that these names keep alive.
        self._whole = whole
        self._whole_args = pack_args(whole)
        self._tile_args = (ctypes.c_int64 * (len(tiles) * len(self._whole_args)))(
            *chain.from_iterable(map(pack_args, tiles))
        )
        self._arg_blocks = (ctypes.c_int64 * len(calls))(*(call.args_address for call in self._native_calls))
        self.workers = max(len(self._native_calls) - 1, 0)
        self.words = {
            control.ENTRY: self._native_calls[0].entry_address if self._native_calls else 0,
            control.ARG_BLOCKS: ctypes.addressof(self._arg_blocks),
            control.TILE_ARG_OFFSET: frame_count * WORDS_PER_ARG,
            control.TILE_ARG_COUNT: len(self._whole_args),
            control.TILES: ctypes.addressof(self._tile_args),
            control.MAX_WORKERS: self.workers,
            control.NEXT_TILE: 0,
            control.TILE_COUNT: len(tiles),
        }

    def __call__(self, *frames: NDArray[Any]) -> None:
        """Compute the result."""
        if self.workers and current_team().run(self, frames):
            return
        if isinstance(self._call, NativeCall):
            self._call.set_args(pack_args(frames) + self._whole_args)
            self._call.run()
        else:  # Plain Python is for tests and debugging, so it goes through all tiles.
            for tile in self._tiles:
                self._call.set_args((*frames, *tile))
                self._call.run()

    def bind_frames(self, frames: Sequence[NDArray[Any]]) -> None:
        """Write the frames' addresses into the arguments of every thread."""
        args = pack_args(frames)
        for call in self._native_calls:
            call.set_args(args)
