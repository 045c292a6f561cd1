"""Why a fit ends without a head: somebody asked it to stop, or the labels are too few."""

from collections.abc import Callable

Stop = Callable[[], bool]


class FewClassesError(ValueError):
    """Raised when the labels hold fewer than two classes."""


class Cancelled(Exception):  # noqa: N818 (it is no error: someone asked for it)
    """Raised by a fit when its `stop` returns true."""


def never() -> bool:
    """The `stop` of a fit that runs to its end."""
    return False


def raise_if(stop: Stop) -> None:
    """Raise Cancelled when `stop` says so."""
    if stop():
        raise Cancelled("the fit was stopped")
