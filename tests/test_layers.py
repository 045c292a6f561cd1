"""The house: imports run one way, modules and functions stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULE_LINES = 300
FUNCTION_LINES = 40
FILES = sorted([*ROOT.glob("labeling/**/*.py"), *ROOT.glob("models/**/*.py"), ROOT / "app.py"])

# A module may import those of its own layer and of the layers before it.
LAYERS = (
    ("errors", "trainer", "threads", "changes", "roster", "roots", "svg", "wording", "zips"),
    ("heap", "lookers"),
    ("images",),
    ("filenames",),
    ("folders",),
    ("samples",),
    ("store", "decoding"),
    ("project", "panel"),
    ("loading", "imported", "certainty"),
    ("ingest", "moments", "ledger", "follow", "tokens", "access", "truth", "exchange", "speeds"),
    (
        "table",
        "rounds",
        "rivals",
        "cards",
        "status",
        "certify",
        "offers",
        "learner",
        "curves",
        "charts",
        "trials",
        "verdict",
    ),
    ("session", "fellows"),
    (
        "workspace",
        "replay",
        "simulate",
        "sweep",
        "progress",
        "terminal",
        "options",
        "team",
        "backup",
        "candidates",
    ),
    ("acceptance", "figures", "taxonomy", "trail"),
    ("rewinding",),
    ("review", "trust", "transfer", "adjudication"),
    ("why", "report"),
    ("api", "cli"),
    ("screens", "__main__"),
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}
MODEL_LIBRARIES = {"numpy", "torch", "timm", "sklearn", "scipy", "PIL"}
MODEL_LIBRARIES |= {"huggingface_hub", "safetensors"}  # files of weights


def name_of(file: Path) -> str:
    """The dotted name of a module."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(file: Path) -> set[str]:
    """Every module that a file imports, at any depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            base = node.module or ""
            found.update(f"{base}.{alias.name}" for alias in node.names)
            found.add(base)
    return found


def tops(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(file)}


def parts(name: str) -> str | None:
    """The part of the human half that a module name belongs to, such as `store`."""
    pieces = name.split(".")
    return pieces[1] if pieces[0] == "labeling" and len(pieces) > 1 else None


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_run_one_way(file: Path) -> None:
    here = parts(name_of(file))
    if here is None:
        return
    assert here in HEIGHT, f"labeling.{here} has no layer yet; give it one in {__file__}"
    for name in imports(file):
        there = parts(name)
        if there in HEIGHT:
            assert HEIGHT[there] <= HEIGHT[here], f"{name_of(file)} imports {name}"


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_the_numeric_half_knows_nothing_of_people(file: Path) -> None:
    if name_of(file).startswith("models"):
        foreign = tops(file) - set(sys.stdlib_module_names) - MODEL_LIBRARIES - {"models"}
        assert not foreign


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_only_the_app_and_its_screens_know_streamlit(file: Path) -> None:
    name = name_of(file)
    if name != "app" and not name.startswith("labeling.screens"):
        assert "streamlit" not in tops(file)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_nobody_imports_the_app(file: Path) -> None:
    assert "app" not in tops(file)


def test_the_trainer_needs_the_standard_library_alone() -> None:
    assert tops(ROOT / "labeling" / "trainer.py") <= set(sys.stdlib_module_names)


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


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_modules_and_functions_stay_small(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    assert lines <= MODULE_LINES, f"{name_of(file)} has {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docs = 0
            if (doc := ast.get_docstring(node, clean=False)) is not None:
                docs = len(doc.splitlines())
            size = (node.end_lineno or node.lineno) - node.lineno + 1 - docs
            assert size <= FUNCTION_LINES, f"{name_of(file)}.{node.name} has {size} lines of code"
