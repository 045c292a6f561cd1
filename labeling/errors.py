"""Every error that a person may see; its text names the input and the remedy."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class HoneError(Exception):
    """Base of all errors whose text is fit to be shown to a person."""


class SettingError(HoneError):
    """A variable of the environment is misspelled, or its value is not understood."""


class PoolError(HoneError):
    """The images cannot be used: missing, empty or of an unknown kind."""


class UnreadableError(HoneError):
    """One file of the pool cannot be decoded; the rest goes on."""


class ProjectError(HoneError):
    """The project's folder cannot be used."""


class BusyError(HoneError):
    """It cannot be done just now: too much is asked at once, or Hone is closing."""


class StorageError(BusyError):
    """The database cannot be used just now: unreachable, locked, or its disk is full."""


class ScarceError(StorageError):
    """The system can open no more files just now, so nothing is known about the file itself."""


class DamagedError(StorageError):
    """The database is there, but not whole."""


class LostError(StorageError, ProjectError):
    """The database is gone, or another or an older one is in its place."""


class UnstorableError(HoneError):
    """The database can hold no such value."""


class ClassNameError(HoneError):
    """A class name is empty, too long, taken, or holds control characters."""


class HistoryError(HoneError):
    """A change cannot be undone, or there is no such moment to go back to."""


class AnswerError(HoneError):
    """An answer names a sample, class or earlier answer that does not exist."""


class PersonError(HoneError):
    """A person cannot be invited, changed or found."""


class TokenError(HoneError):
    """A request carries no token, or a wrong, expired or foreign one."""


class ExportError(HoneError):
    """An export cannot be written where it was asked for."""


SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


@contextmanager
def files_to_spare() -> Iterator[None]:
    """Raise ScarceError, not an OSError, if the system has no more files or memory to give.

    A file that cannot be opened for that reason is not damaged, and must not be left out.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in SCARCE:
            raise
        raise ScarceError(
            f"The server is at its limit ({error.strerror}). It tries again."
        ) from error
