"""Old names of attributes, kept for a while as deprecated properties."""

from __future__ import annotations

import warnings
from typing import Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class RenamedAttribute(Generic[Value]):
    """A read-only attribute that returns the value of its new name, with a DeprecationWarning.

    Args:
        new_name: The attribute to use instead.

    Example:
        >>> class Clip:
        ...     duration_s = 2.5
        ...     length = RenamedAttribute[float]("duration_s")
        >>> import warnings
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     Clip().length
        2.5
        >>> print(caught[0].message)
        Clip.length is deprecated: use Clip.duration_s
    """

    def __init__(self, new_name: str) -> None:
        self._new_name = new_name
        self._old_name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._old_name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        if instance is None:
            return self
        message = f"{owner.__name__}.{self._old_name} is deprecated: use {owner.__name__}.{self._new_name}"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        value: Value = getattr(instance, self._new_name)
        return value

    def __set__(self, instance: object, value: object) -> None:
        raise AttributeError(f"{type(instance).__name__}.{self._old_name} is read-only: use {self._new_name}")
