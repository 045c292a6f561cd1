"""No code from data: nothing in the house unpickles, evaluates or starts a shell."""

import ast

import pytest

from tests.test_layers import FILES, Path, name_of

MODULES = {"pickle", "dill", "joblib", "shelve", "marshal"}
CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load"}


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_module_runs_what_it_reads(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not MODULES & {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in MODULES
        elif isinstance(node, ast.Call):
            called, given = ast.unparse(node.func), {one.arg: one.value for one in node.keywords}
            assert called not in CALLS
            if called == "torch.load":
                assert ast.unparse(given["weights_only"]) == "True"
            if called == "np.load" and "allow_pickle" in given:
                assert ast.unparse(given["allow_pickle"]) == "False"
