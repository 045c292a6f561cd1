"""What a scan of a pool finds."""

from pathlib import Path

from labeling.pool.opening import open_source
from labeling.pool.scan import Scanned, scan


def scanned(location: Path) -> dict[str, Scanned]:
    return {file.path: file for file in scan(open_source(location), {})}
