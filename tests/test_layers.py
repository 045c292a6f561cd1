"""The house: imports run one way, modules and functions stay small."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULE_LINES = 400
FUNCTION_LINES = 40
TESTS = sorted(ROOT.glob("tests/**/*.py"))
FILES = sorted([*ROOT.glob("labeling/**/*.py"), *ROOT.glob("models/**/*.py"), ROOT / "app.py"])

# The wings of the human half, and what each may import beside the ground and itself.
GROUND = {"environment", "errors", "paths", "settings", "spreadsheet", "templates", "wording"}
WINGS: dict[str, str] = {
    "media": "models",
    "targets": "models",
    "pool": "media",
    "store": "targets",
    "answers": "store targets models",
    "people": "store",
    "project": "pool store media answers models",
    "exchange": "project answers pool store targets media",
    "embedding": "project pool store media models",
    "learning": "embedding answers project store targets models",
    "evidence": "learning embedding answers project store models",
    "loop": "evidence learning embedding answers project store targets models",
    "report": "loop evidence learning project store models",
    "simulation": "loop learning embedding project pool store models",
    "registries": "exchange media models",
    "workspace": "loop evidence embedding people project",
    "api": "registries workspace loop evidence answers people project pool store media targets",
    "cli": "registries exchange report simulation workspace loop evidence learning embedding "
    "people project answers pool store media targets models",
    "screens": "exchange report api workspace loop evidence embedding people project answers pool "
    "store media targets models",
    "__main__": "cli",
    "app": "workspace api people",
}
MODEL_LIBRARIES = {"numpy", "torch", "timm", "sklearn", "scipy", "PIL"}
MODEL_LIBRARIES |= {"huggingface_hub", "safetensors"}  # files of weights
MODEL_LIBRARIES |= {"tokenizers", "transformers"}  # of texts


def name_of(file: Path) -> str:
    """The dotted name of a module."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imports(file: Path) -> frozenset[str]:
    """Every module that a file imports, at any depth."""
    found: set[str] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            base = node.module or ""
            found.update(f"{base}.{alias.name}" for alias in node.names)
            found.add(base)
    return frozenset(found)


def tops(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(file)}


def wing_of(name: str) -> str:
    """The wing of a module, such as `store` for `labeling.store.sql.engines`."""
    first, _, rest = name.partition(".")
    return rest.partition(".")[0] if first == "labeling" else first


@cache
def graph() -> dict[str, set[str]]:
    """Each module with those of this project that it imports, wherever in the file."""
    modules = {name_of(file) for file in FILES}
    return {name_of(file): (imports(file) & modules) - {name_of(file)} for file in FILES}


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules each of which reaches the others (Tarjan, 1972, in its plain form)."""
    reached: dict[str, set[str]] = {}
    for name in arrows:
        waiting, seen = [name], set[str]()
        while waiting:
            new = arrows[waiting.pop()] - seen
            seen |= new
            waiting += new
        reached[name] = seen
    found = {
        tuple(sorted(one for one in reached[name] if name in reached[one]))
        for name in arrows
        if name in reached[name]
    }
    return [list(one) for one in sorted(found)]


def allowed(here: str) -> set[str]:
    """The wings that a wing may import."""
    if here in GROUND:
        return GROUND
    assert here in WINGS, f"labeling.{here} is no wing yet; give it a row in {__file__}"
    return GROUND | {here} | set(WINGS[here].split())


def test_a_wing_imports_only_what_it_may() -> None:
    assert [
        f"{name} imports {other}"
        for name, others in graph().items()
        if (here := wing_of(name)) not in ("models", "")
        for other in others
        if wing_of(other) not in allowed(here) | {""}
    ] == []


def test_no_file_imports_itself_by_way_of_others() -> None:
    assert circles(graph()) == []


def test_the_numeric_half_knows_nothing_of_people() -> None:
    known = {*sys.stdlib_module_names, *MODEL_LIBRARIES, "models"}
    numeric = [file for file in FILES if name_of(file).startswith("models")]
    assert [
        f"{name_of(file)}: {foreign}" for file in numeric if (foreign := tops(file) - known)
    ] == []


def test_only_the_app_and_its_screens_know_streamlit() -> None:
    who = {name_of(file) for file in FILES if "streamlit" in tops(file)}
    assert {
        name for name in who if name != "app" and not name.startswith("labeling.screens")
    } == set()


def test_nobody_imports_the_app() -> None:
    assert [name_of(file) for file in FILES if "app" in tops(file)] == []


def test_the_worker_needs_the_standard_library_alone() -> None:
    worker = ROOT / "labeling" / "learning" / "worker.py"
    assert tops(worker) <= set(sys.stdlib_module_names)


def test_only_the_store_speaks_sql() -> None:
    speakers = {name_of(file) for file in FILES if tops(file) & {"sqlalchemy", "alembic"}}
    assert speakers
    assert all(name.startswith("labeling.store") for name in speakers)


def test_the_first_image_does_not_wait_for_torch_or_tables() -> None:
    """Importing the api and the screens loads no torch, and the first one no tables or plots."""
    screens = [path.stem for path in (ROOT / "labeling" / "screens").glob("[a-z]*.py")]
    names = ", ".join(f"labeling.screens.{name}" for name in screens if name != "home")
    assert "torch" not in loaded_by(f"labeling.api, labeling.workspace, {names}")
    first = "labeling.screens.label, labeling.screens.door, labeling.screens.index"
    loaded = loaded_by(f"labeling.api, labeling.workspace, {first}")
    assert not {"pandas", "altair", "scipy", "alembic"} & loaded


def loaded_by(modules: str) -> set[str]:
    """Every module that is loaded in a new process once it has imported these."""
    code = f"import sys, {modules}; print(*sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(shown.stdout.split())


def test_modules_and_functions_stay_small() -> None:
    assert [f"{name_of(file)}{one}" for file in FILES for one in too_large(file)] == []


def too_large(file: Path) -> Iterator[str]:
    """What of a module has too many lines."""
    lines = len(file.read_text(encoding="utf-8").splitlines())
    if lines > MODULE_LINES:
        yield f" has {lines} lines"
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docs = 0
            if (doc := ast.get_docstring(node, clean=False)) is not None:
                docs = len(doc.splitlines())
            size = (node.end_lineno or node.lineno) - node.lineno + 1 - docs
            if size > FUNCTION_LINES:
                yield f".{node.name} has {size} lines of code"


# -- tests and private names -------------------------------------------------------------------


def is_private(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last.startswith("_") and not last.endswith("__") and last != "_"


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def private_names(tests: ast.Module) -> Iterator[str]:
    """The private names of others that a test reads, imports, or replaces by a text."""
    for node in ast.walk(tests):
        if isinstance(node, ast.Attribute):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            names = [] if own else [node.attr]
        elif isinstance(node, ast.ImportFrom):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [part for alias in node.names for part in alias.name.split(".")]
        elif isinstance(node, ast.Call) and "attr" in called(node):
            texts = (one.value for one in node.args if isinstance(one, ast.Constant))
            names = [text for text in texts if isinstance(text, str)]
        else:
            continue
        yield from (f"{name} in line {node.lineno}" for name in names if is_private(name))


def test_no_test_uses_a_private_name() -> None:
    assert [f"{name_of(file)}: {one}" for file in TESTS for one in private_names(tree(file))] == []


@pytest.mark.parametrize(
    "line",
    [
        "from a import _b",
        "from a._b import c",
        "import a._b",
        "a.b._c()",
        "patch.setattr(a, '_b', 1)",
        "patch.setattr('a._b', 1)",
        "getattr(a, '_b')",
    ],
)
def test_private_names_are_seen_wherever_they_stand(line: str) -> None:
    assert len(list(private_names(ast.parse(line)))) == 1


def test_own_names_and_those_of_python_are_no_private_ones() -> None:
    assert list(private_names(ast.parse("self._a, a.__init__, cls._b, a._"))) == []
