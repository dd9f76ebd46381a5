"""``livefilter cache``: where compiled presets are kept, how much there is, and filling or emptying it."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--clear", is_flag=True, help="Delete all compiled presets; they are compiled again when needed.")
@click.option("--warm", is_flag=True, help="Compile all presets now, as for a container image.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(clear: bool, warm: bool, as_json: bool) -> None:
    """Show where compiled presets are kept, and how much there is.

    The folder is LIVEFILTER_CACHE_DIR, or livefilter in NUMBA_CACHE_DIR, or the user's cache folder. A folder that
    cannot be
    written, or that others can write, is not used: presets are then compiled at every start.
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
    """Compile every preset, as many at a time as there are cores, and return their names; a broken one is named."""
    from concurrent.futures import ThreadPoolExecutor

    from livefilter.compiler import compile_shared
    from livefilter.cpus import usable_cpus
    from livefilter.presets import list_presets

    names = list_presets()
    # Each thread waits for a process of its own, which compiles.
    with ThreadPoolExecutor(usable_cpus()) as pool:
        shared = pool.submit(compile_shared)
        problems = list(pool.map(_compile, names))
    shared.result()
    for problem in filter(None, problems):
        click.echo(f"livefilter: {problem}", err=True)
    return [name for name, problem in zip(names, problems, strict=True) if problem is None]


def _compile(name: str) -> str | None:
    """Compile a preset into the cache; return what is wrong with it, or None."""
    from livefilter.compiler import Filter
    from livefilter.errors import PresetError

    try:
        Filter(name).compile()
    except PresetError as error:
        return str(error)
    return None
