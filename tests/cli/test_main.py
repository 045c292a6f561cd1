"""A mistake ends in one line and exit code 2; the list of commands is light and complete."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from labeling.cli.main import COMMANDS, cli, main
from tests.cli.conftest import ROOT, run_command


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["embed", "--pool", "{tmp}/nowhere"], "nowhere; check the path"),
        (["status", "--pool", "{tmp}/nowhere"], "nowhere; check the path"),
        (["status", "--pool", "{pool}"], "no project of"),
        (["export", "csv", "--to", "{tmp}/x", "--pool", "{pool}"], "no project of"),
        (["embed", "--pool", "{pool}", "--backbone", "resnt18"], "did you mean resnet18"),
        (["simulate", "--pool", "{pool}"], "no {pool}/labels.csv"),
        (["simulate", "--pool", "{pool}", "--query", "bogus"], "no query 'bogus'"),
        (["simulate", "--pool", "{pool}", "--truth", "{tmp}/none.csv"], "none.csv"),
        (
            ["simulate", "--pool", "{pool}", "--plot", "{tmp}/curves.gif"],
            "ends in .svg, .png, .html",
        ),
        (["simulate", "--pool", "{pool}", "--plot", "{tmp}/no/curves.svg"], "create it first"),
        (["simulate", "--pool", "{pool}", "--json", "{tmp}/no/figures.json"], "create it first"),
        (["simulate", "--pool", "{pool}", "--batch", "0"], "batch is 0"),
        (["simulate", "--pool", "{pool}", "--pool", "{tmp}/nowhere"], "nowhere; check the path"),
        (
            ["simulate", "--pool", "{pool}", "--pool", "digits", "--project", "{tmp}/p"],
            "--project is the folder of one pool",
        ),
        (
            ["simulate", "--pool", "{pool}", "--truth", "folders", "--truth", "folders"],
            "2 truths for 1 pools",
        ),
        (
            ["simulate", "--pool", "{pool}", "--truth", "folders", "--backbone", "resnt18"],
            "did you mean resnet18",
        ),
    ],
)
def test_a_mistake_ends_in_one_line_and_exit_code_2(
    arguments: list[str],
    reason: str,
    pool: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([part.format(tmp=tmp_path, pool=pool) for part in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert reason.format(pool=pool) in captured.err


def test_a_missing_pool_prints_no_traceback_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = run_command("embed", "--pool", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: There is no ")
    assert done.stderr.count("\n") == 1


def test_no_command_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("embed", "status", "export", "simulate"))


def test_the_list_of_commands_imports_neither_torch_nor_the_store() -> None:
    code = (
        "import sys; from labeling.cli.main import main; code = main(['--help']); "
        "sys.exit(code or ('torch' in sys.modules) or ('sqlalchemy' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_that_begins_like_its_line_in_the_list(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None and command.help is not None
    assert command.help.startswith(COMMANDS[name][1])


@pytest.mark.parametrize("words", [["nothing"], ["status", "--no"], ["simulate", "--batch", "x"]])
def test_a_command_that_is_not_understood_ends_with_code_2_and_writes_only_to_stderr(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("Usage: python -m labeling")
