"""No code from data: nothing in the house unpickles, evaluates or starts a shell."""

import ast
from collections.abc import Iterator

import pytest

from tests.test_layers import FILES, name_of, tree

MODULES = {"pickle", "dill", "joblib", "shelve", "marshal"}
CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load"}


def test_no_module_runs_what_it_reads() -> None:
    assert [f"{name_of(file)}: {one}" for file in FILES for one in dangers(tree(file))] == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib.a import b",
        "eval(text)",
        "os.system(text)",
        "torch.load(file)",
        "torch.load(file, weights_only=False)",
        "np.load(file, allow_pickle=True)",
    ],
)
def test_what_runs_data_is_seen(line: str) -> None:
    assert len(list(dangers(ast.parse(line)))) == 1


def test_what_only_reads_is_allowed() -> None:
    line = "torch.load(file, weights_only=True); np.load(file); re.compile(text)"
    assert list(dangers(ast.parse(line))) == []


def dangers(module: ast.Module) -> Iterator[str]:
    """What in a module may run what it reads."""
    for node in ast.walk(module):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and runs_data(node):
            yield f"{ast.unparse(node)} in line {node.lineno}"
        yield from (name for name in names if name.partition(".")[0] in MODULES)


def runs_data(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    given = {one.arg: ast.unparse(one.value) for one in call.keywords}
    if called == "torch.load":
        return given.get("weights_only") != "True"
    if called == "np.load":
        return given.get("allow_pickle", "False") != "False"
    return called in CALLS
