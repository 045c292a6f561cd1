"""The README and the card say what is there."""

import hashlib
import re
import shlex
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import click
import pytest

from labeling.cli.main import cli
from labeling.exchange.formats import FORMATS
from labeling.project.project import open_project
from tests.conftest import fill
from tests.journeys.conftest import Server

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) >= 4
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_every_place_in_the_readmes_map_exists() -> None:
    rows = README.partition("## Where things live")[2].splitlines()
    named = [name for row in rows if row.startswith("| `") for name in row.split("|")[1].split("`")]
    places = [name for name in named if re.fullmatch(r"[\w./]+", name)]
    assert len(places) >= 10
    for place in places:
        assert (ROOT / place).exists() or (ROOT / "labeling" / place).exists(), place


def test_every_command_of_the_readme_is_understood() -> None:
    lines = re.findall(r"^python -m labeling ([^#\n]+)", README, re.MULTILINE)
    assert {line.split()[0] for line in lines} == {
        "status",
        "embed",
        "backbones",
        "export",
        "report",
        "token",
        "invite",
        "people",
        "revoke",
        "rewind",
        "log",
        "backup",
        "restore",
        "verify",
        "simulate",
    }
    context = click.Context(cli)
    for line in lines:
        words = shlex.split(line)
        command = cli.get_command(context, words[0])
        assert command is not None
        command.make_context(words[0], words[1:])  # fails on what it does not understand
        if words[0] == "export":
            assert words[1] in FORMATS


def test_the_readme_has_every_key_of_the_board() -> None:
    source = (ROOT / "labeling" / "board" / "keys" / "keys.js").read_text(encoding="utf-8")
    actions = source.partition("ACTIONS = {")[2].partition("};")[0]
    keys = re.findall(r'\w+: \["((?:[^"\\]|\\.)+)"', actions)
    assert len(keys) >= 15
    written = {" ": "Space", "ArrowDown": "↓", "\\\\": "\\"}
    table = README.partition("| key | does |")[2].partition("\n\n")[0]
    listed = {key.lower() for key in re.findall(r"`([^`]+)`", table)}
    assert {written.get(key, key).lower() for key in keys} <= listed


def test_readme_names_every_make_target_that_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("card", sorted((ROOT / "models" / "weights").glob("*/README.md")))
def test_the_card_names_the_weights_that_lie_beside_it(card: Path) -> None:
    digest = hashlib.sha256((card.parent / "model.safetensors").read_bytes()).hexdigest()
    assert digest in card.read_text(encoding="utf-8")


def test_the_script_of_the_readme_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = fill(tmp_path / "pool", 4)
    (pool / "img0.png").rename(pool / "disc-0.png")
    monkeypatch.setenv("HONE_HOME", str(tmp_path / "home"))
    with closing(open_project(pool)) as project:
        project.store.classes.create("disc")
        server = Server(tmp_path / "home", pool)
        server.start()
        try:
            command = [sys.executable, "-m", "labeling", "token", "--pool", str(pool)]
            token = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            monkeypatch.setenv("HONE_TOKEN", token.split()[0])
            (script,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
            script = script.replace("http://localhost:8501", server.url)
            for _ in range(200):  # until the pool has been looked through
                if len(project.store.samples.ids()) == 4:
                    break
                time.sleep(0.05)
            for _ in range(2):
                subprocess.run([sys.executable, "-c", script], check=True)
            assert [answer.kind for answer in project.store.answers.all()] == ["label"]
        finally:
            server.kill()
