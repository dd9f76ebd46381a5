"""``livefilter cache``: folder and size of the compiled presets; filling and clearing it."""

from __future__ import annotations

import json

import click

from livefilter.cli._options import grouped_command, option
from livefilter.cli._shared import json_option


@grouped_command("Show, fill or clear the compiled presets")
@option("Other", "--clear", is_flag=True, help="Delete all compiled presets; livefilter compiles them again on use.")
@option("Other", "--warm", is_flag=True, help="Compile all presets now, for example for a container image.")
@json_option
def command(clear: bool, warm: bool, as_json: bool) -> None:
    """Show the folder of the compiled presets, and its size.

    The folder is LIVEFILTER_CACHE_DIR, or else livefilter in NUMBA_CACHE_DIR, or else the user's cache folder.
    livefilter does not use a folder that it cannot write, or that other users can write: it then compiles presets at
    every start.
    """
    from livefilter.compiler import cache_folder, cached_files, clear_cache

    removed = clear_cache() if clear else 0
    compiled = _warm() if warm else []
    files = cached_files()
    size = sum(file.stat().st_size for file in files)
    if as_json:
        facts = {
            "folder": str(cache_folder()),
            "files": len(files),
            "bytes": size,
            "removed": removed,
            "warmed": compiled,
        }
        click.echo(json.dumps(facts))
        return
    if clear:
        click.echo(f"removed {removed} files")
    if warm:
        click.echo(f"compiled {len(compiled)} presets: {', '.join(compiled)}")
    click.echo(f"{cache_folder()}: {len(files)} files, {size / 1e6:.1f} MB")


def _warm() -> list[str]:
    """Compile every preset, one for each CPU at a time, and return their names; print the errors of broken ones."""
    from concurrent.futures import ThreadPoolExecutor

    from livefilter.compiler import compile_shared
    from livefilter.cpus import usable_cpus
    from livefilter.presets import list_presets

    names = list_presets()
    # Each thread waits for a compiler process of its own.
    with ThreadPoolExecutor(usable_cpus()) as pool:
        shared = pool.submit(compile_shared)
        problems = list(pool.map(_compile, names))
    shared.result()
    for problem in filter(None, problems):
        click.echo(f"livefilter: {problem}", err=True)
    return [name for name, problem in zip(names, problems, strict=True) if problem is None]


def _compile(name: str) -> str | None:
    """Compile a preset into the cache; return the error of a broken preset, or None."""
    from livefilter.compiler import Filter
    from livefilter.errors import PresetError

    try:
        Filter(name).compile()
    except PresetError as error:
        return str(error)
    return None
