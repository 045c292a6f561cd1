"""What is imported is required, and what is required is locked."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
OWN = {"labeling", "models"}


def required(name: str) -> list[Requirement]:
    lines = [line.partition(" #")[0] for line in (ROOT / name).read_text("utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def imported() -> set[str]:
    files = [ROOT / "app.py", *(ROOT / "labeling").rglob("*.py"), *(ROOT / "models").rglob("*.py")]
    names = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names - OWN - set(sys.stdlib_module_names)


def test_every_package_that_is_imported_is_required() -> None:
    named = {canonicalize_name(one.name) for one in required("requirements.txt")}
    packages = packages_distributions()
    for module in imported():
        assert named & {canonicalize_name(one) for one in packages.get(module, ())}, module


def test_every_requirement_is_locked_at_a_version_that_it_admits() -> None:
    locked = required("requirements.lock")
    for wanted in required("requirements.txt") + required("tests/requirements.txt"):
        name = canonicalize_name(wanted.name)
        found = [one for one in locked if canonicalize_name(one.name) == name]
        assert found, f"{name}: make lock"
        versions = [pin.version for one in found for pin in one.specifier]
        assert all(version in wanted.specifier for version in versions), f"{name}: make lock"
