"""Reasons why a fit ends without a head: it was cancelled, or the labels are too few."""

from collections.abc import Callable

Stop = Callable[[], bool]


class FewClassesError(ValueError):
    """Raised when the labels hold fewer than two classes."""


class Cancelled(Exception):  # noqa: N818 (not an error: it was requested)
    """Raised by a fit when its `stop` returns true."""


def never() -> bool:
    """The `stop` of a fit that is never cancelled."""
    return False


def raise_if(stop: Stop) -> None:
    """Raise Cancelled when `stop` returns true."""
    if stop():
        raise Cancelled("the fit was stopped")
