"""Names that a package exports and loads on first use, so that importing the package stays fast.

A package with lazy exports lists its public names three times: in ``__all__``, as imports for type checkers, and in
the table of `lazy_exports`. A test holds the three equal.

    if TYPE_CHECKING:
        from livefilter.room._heavy import Engine as Engine
    else:
        __getattr__, __dir__ = lazy_exports(__name__, {"_heavy": ["Engine"]})

    __all__ = ["Engine"]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping


def lazy_exports(
    package: str, names: Mapping[str, Iterable[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a package that imports its names on first use.

    Put the call into the ``else`` of an ``if TYPE_CHECKING``: type checkers that see a ``__getattr__`` accept any name.

    Args:
        package: ``__name__`` of the package.
        names: Names to export, by the module that defines them. Modules are relative to the package: "_engine",
            "native._cache".
    """
    homes = {name: f"{package}.{module}" for module, exported in names.items() for name in exported}
    namespace = vars(sys.modules[package])

    def __getattr__(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(homes[name]), name)
        namespace[name] = value  # The next access is an ordinary one.
        return value

    def __dir__() -> list[str]:
        return sorted({*namespace, *homes})

    return __getattr__, __dir__
