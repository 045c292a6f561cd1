"""The terminal: progress bars, and text without control codes."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, TextIO

from labeling.errors import HoneError
from labeling.project.project import Project

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from labeling.embedding.ingest import IngestState
    from models.encoders.encoder import Encoder

POLL_SECONDS = 0.1


def bring_in(project: Project, backbone: "Encoder | None" = None) -> "IngestState":
    """Scan and embed with a progress bar; Ctrl-C stops it between two batches."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    from labeling.embedding.ingest import Ingest

    ingest = Ingest(project, lambda: None, backbone)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
    )
    with progress_bar(*columns) as bar, ThreadPoolExecutor(1, "ingest") as worker:
        task = bar.add_task("scanning", total=None, pace="")
        # Not ingest.start(), which leaves half of the cores to training and serving.
        running = worker.submit(ingest.run)
        try:
            while not wait([running], POLL_SECONDS).done:
                state = ingest.state
                total = state.total if state.stage == "embedding" else 0
                bar.update(
                    task,
                    description=state.stage,
                    completed=state.done,
                    total=total or None,
                    pace=_pace(state),
                )
        except KeyboardInterrupt:
            ingest.stop()
            running.result()  # the running batch is kept too
            raise KeyboardInterrupt(
                f"Stopped while {ingest.state.stage}, with {ingest.state.done:,} done, which are "
                "kept; the same command continues from there."
            ) from None
    ingest.stop()
    if ingest.cache is not None and ingest.cache.warning:
        print(f"warning: {one_line(ingest.cache.warning)}", file=sys.stderr)
    if ingest.state.error:
        raise HoneError(ingest.state.error)
    return ingest.state


def progress_bar(*columns: Any) -> "Progress":
    """A progress bar on stderr that leaves no trace; hidden if stderr is not a terminal."""
    from rich.progress import Progress

    console = console_on(sys.stderr)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def console_on(stream: TextIO) -> "Console":
    """A rich console, imported only when needed."""
    from rich.console import Console

    return Console(file=stream)


def one_line(text: str) -> str:
    """Text from files, without line breaks and terminal control codes."""
    return "".join(sign if sign.isprintable() else " " for sign in " ".join(text.split()))


def _pace(state: "IngestState") -> str:
    if not state.rate:
        return ""
    left = time.strftime("%H:%M:%S", time.gmtime(state.seconds_left or 0))
    return f"{state.rate:,.0f}/s, {left} left"
