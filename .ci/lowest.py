"""Makes an environment of the lowest versions that requirements.txt admits, beside .venv."""

import re
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution, distributions, version
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = re.compile(r"(torch|torchvision|triton|nvidia|cuda)([-_.].*)?")  # gigabytes


def main(target: Path) -> None:
    """Resolve, install, share what is large, and print the versions that are tried."""
    folder = ROOT / target
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    kept = [f"{name}=={version(name).partition('+')[0]}\n" for name in ("torch", "torchvision")]
    (folder / "kept.txt").write_text("".join(kept))
    wanted = ["--resolution", "lowest-direct", "--no-build", "--no-annotate", "--no-header"]
    wanted += ["--no-emit-index-url", "--override", folder / "kept.txt", ROOT / "requirements.txt"]
    resolved = uv("pip", "compile", "--python", python, *wanted)
    own = [line for line in resolved.splitlines() if not SHARED.fullmatch(line.partition("==")[0])]
    (folder / "lowest.txt").write_text("\n".join(own))
    uv("pip", "install", "--python", python, "--no-deps", "--no-build", "-r", folder / "lowest.txt")
    site = folder / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    for distribution in distributions():
        if SHARED.fullmatch(distribution.name):
            share(distribution, site)
    print("The lowest versions:", ", ".join([*own, *map(str.strip, kept)]))


def uv(*arguments: str | Path) -> str:
    """Run uv; what it prints."""
    done = subprocess.run([Path(sys.executable).parent / "uv", "--quiet", *arguments],
                          check=True, stdout=subprocess.PIPE, text=True)  # fmt: skip
    return done.stdout


def share(distribution: Distribution, site: Path) -> None:
    """Link the folders of a package of this environment into another."""
    for top in {file.parts[0] for file in distribution.files or () if file.parts[0] != ".."}:
        link = site / top
        if not link.exists():
            link.symlink_to(distribution.locate_file(top))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
