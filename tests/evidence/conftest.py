"""What the tests of this folder share."""

from tests.mislabeled import mislabeled, session

__all__ = ["mislabeled", "session"]
