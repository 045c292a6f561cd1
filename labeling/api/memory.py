"""The heap: return freed memory to the system."""

import ctypes


def give_back_freed() -> bool:
    """Return freed memory to the system; whether there was any.

    Rounds allocate and free arrays of changing sizes. The C library keeps the freed pieces between
    allocations of other threads, so a server grows for hours although it holds nothing. This takes
    some milliseconds, and does nothing if the C library lacks the call.
    """
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (AttributeError, OSError, TypeError):  # not the GNU library
        return False
