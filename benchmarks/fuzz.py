"""Coverage-guided fuzzing of all code that reads files from strangers, and of a running server.

    pip install atheris
    python -m benchmarks.fuzz [--target zip] [--seconds 120]

A fault is an error that is not one of the reader's own, a hang of ten seconds, or more memory than
the 1.5 GB of a process that decodes; the input is kept in the printed folder. Of the server it is
also a status of 500, a traceback in its log, or a connection that it does not close in time.
`tests/benchmarks/test_fuzz.py` does the same for some seconds with hypothesis.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.table import Table

HANG = 10  # seconds
LARGEST = 20_000  # bytes of an input
HOUSE = ("pool", "media", "project.backup", "exchange", "simulation.ground_truth", "spreadsheet")
LIBRARIES = ["zipfile", "csv", "json", "PIL", "models.array_file", "models.encoders.pixels"]
LIBRARIES += ["models.head.head_file", "models.space.map_file"]
INSTRUMENTED = [*LIBRARIES, *(f"labeling.{name}" for name in HOUSE)]
NAMES = (
    "zip", "manifest", "table", "texts", "truth", "labels", "classes", "lines", "head", "map",
    "backup", "image", "request",
)  # fmt: skip


def fuzz(target: str, place: Path, seconds: int) -> None:
    """Fuzz one reader in this process, which ends afterwards."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from benchmarks.fuzz_targets import TARGETS
        from labeling.media.worker import MEMORY, limit_memory
    chosen = TARGETS[target]
    corpus, work = place / "corpus", place / "work"
    for folder in (corpus, work):
        folder.mkdir(parents=True)
    for number, seed in enumerate(chosen.seeds(work)):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [f"-max_total_time={seconds}", f"-timeout={HANG}", f"-rss_limit_mb={MEMORY >> 20}"]
    options += [f"-max_len={LARGEST}", f"-artifact_prefix={place}/", "-print_final_stats=1"]
    limit_memory()
    atheris.Setup([sys.argv[0], *options, str(corpus)], lambda data: chosen(data, work))
    atheris.Fuzz()


def main() -> None:
    """Fuzz each reader in a process of its own and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", choices=NAMES, action="append", dest="targets")
    parser.add_argument("--seconds", type=int, default=120, help="per target")
    parser.add_argument("--in", dest="place", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    try:
        import atheris  # noqa: F401
    except ImportError:
        sys.exit("This needs atheris, which Hone itself does not: .venv/bin/pip install atheris")
    if given.place:
        fuzz(given.targets[0], given.place, given.seconds)
        return
    table = Table("reader", "inputs", "fault")
    place = Path(tempfile.mkdtemp(prefix="hone-fuzz-"))
    faults = 0
    for name in given.targets or NAMES:
        inputs, fault = _run(name, place / name, given.seconds)
        table.add_row(name, f"{inputs:,}", fault)
        faults += bool(fault)
    Console().print(table)
    sys.exit(1 if faults else 0)


def _run(name: str, place: Path, seconds: int) -> tuple[int, str]:
    """The number of inputs, and the error of the last one, if any."""
    command = [sys.executable, "-m", "benchmarks.fuzz", "--target", name, "--in", str(place)]
    command += ["--seconds", str(seconds)]
    done = _run_alone(command)
    lines = done.stderr.splitlines()
    counted = [one for one in lines if one.startswith("stat::number_of_executed_units")]
    inputs = int(counted[-1].rpartition(" ")[2]) if counted else 0
    if done.returncode == 0:
        return inputs, ""
    told = done.stdout + "\n".join(lines[-20:])
    (place / "told.txt").write_text(told, encoding="utf-8")
    kept = [str(file) for file in place.iterdir() if file.is_file()]
    return inputs, f"exit status {done.returncode}; see {', '.join(sorted(kept))}"


def _run_alone(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command, and end what it has started: a fuzzer ends without goodbye."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            told, errors = process.communicate()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, told, errors)


if __name__ == "__main__":
    main()
