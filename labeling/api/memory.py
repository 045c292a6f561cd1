"""The heap: what was freed goes back to the system."""

import ctypes


def give_back_freed() -> bool:
    """Give freed memory back to the system; whether there was any.

    Rounds allocate and free arrays of changing sizes. The C library keeps them between what
    other threads have allocated, so that a server grows for hours without holding anything. Takes
    some milliseconds; does nothing where the C library has no such call.
    """
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (AttributeError, OSError, TypeError):  # not the GNU library
        return False
