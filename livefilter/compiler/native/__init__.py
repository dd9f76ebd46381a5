"""From source text to callable machine code: Numba, object files, their cache on disk and the compile server.

Begin with ``_disk_cache``, through which every function is loaded or compiled.
"""
