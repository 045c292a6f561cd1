"""The README, the pages of docs/ and the card say what is there, in plain words."""

import ast
import hashlib
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from labeling.cli.main import cli
from labeling.project.project import open_project
from tests.conftest import fill
from tests.journeys.serving import Server
from tests.test_layers import GROUND, WINGS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [README, *sorted(DOCS.glob("*.md"))]
TOPICS = {"label", "team", "accuracy", "models", "command-line", "http", "security", "how-it-works"}

# Words that a reader has to stop at; DESIGN says what is said in their place.
OLD_HABITS = (
    r"\bwhoever\b",
    r"\b(?:is|are|was|were) told\b",
    r"\bhears? of\b",
    r"\bbe it\b",
    r"\bare others\b",
    r"\bthere is none\b",
    r"\bfrom (?:now|then|here|there|today|(?:\S+ ){1,2}(?:labels?|answers?|rounds?)) on\b",
)
PLAIN = [
    *PAGES,
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("labeling/board/**/*.js")),
    *sorted(ROOT.glob("labeling/screens/*.py")),
]


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def every_page(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(name, PAGES, ids=name_of)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made by GitHub."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one).strip().lower().replace(" ", "-") for one in headings}


def command_lines(text: str) -> list[list[str]]:
    """The words after `python -m labeling` wherever it stands, without remarks."""
    return [shlex.split(line) for line in re.findall(r"python -m labeling ([^#\n`]+)", text)]


def understand(words: list[str]) -> None:
    """Parse a command line as a terminal would, without running it; fails on any mistake."""
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None, words[0]
    command.make_context(words[0], words[1:])


def test_the_readme_is_short_and_each_topic_has_a_page() -> None:
    assert len(text_of(README).splitlines()) <= 150
    assert {page.stem for page in DOCS.glob("*.md")} >= TOPICS
    for page in DOCS.glob("*.md"):
        assert f"](docs/{page.name})" in text_of(README), f"the README does not lead to {page.name}"


@every_page("page")
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", text_of(page))
    assert links
    for link in links:
        if "://" not in link:
            path, _, heading = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not heading or heading in anchors(target), link


@every_page("page")
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    tops = "app|benchmarks|docs|labeling|models|sample_data|tests"
    for name in re.findall(rf"`((?:{tops})(?:/[\w./-]*|\.py))`", text_of(page)):
        assert (ROOT / name).exists(), name


@every_page("page")
def test_every_benchmark_that_a_page_names_exists(page: Path) -> None:
    for name in re.findall(r"python -m benchmarks\.(\w+)", text_of(page)):
        assert (ROOT / "benchmarks" / f"{name}.py").exists(), name


@every_page("page")
def test_every_command_of_a_page_is_understood(page: Path) -> None:
    for words in command_lines(text_of(page)):
        understand(words)


def test_every_command_has_an_example() -> None:
    shown = {words[0] for words in command_lines(text_of(DOCS / "command-line.md"))}
    assert shown == set(cli.list_commands(click.Context(cli)))


def test_the_label_page_has_every_key_of_the_board() -> None:
    board = ROOT / "labeling" / "board"
    actions = text_of(board / "keys" / "keys.js").partition("ACTIONS = {")[2].partition("};")[0]
    for medium in text_of(board / "viewers" / "viewers.js").split("    actions: {")[1:]:
        actions += medium.partition("},")[0]
    keys = re.findall(r'\w+: \["((?:[^"\\]|\\.)+)"', actions)
    assert len(keys) >= 20
    written = {" ": "Space", "ArrowDown": "↓", "\\\\": "\\"}
    table = text_of(DOCS / "label.md").partition("| key | does |")[2].partition("\n\n")[0]
    listed = {key.lower() for key in re.findall(r"`([^`]+)`", table)}
    assert {written.get(key, key).lower() for key in keys} <= listed


@every_page("page")
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    makefile = text_of(ROOT / "Makefile")
    for target in re.findall(r"^make (\w+)|`make (\w+)", text_of(page), re.MULTILINE):
        assert re.search(rf"^{''.join(target)}:", makefile, re.MULTILINE), target


def test_the_page_of_wings_is_the_table_that_the_tests_hold_the_house_to() -> None:
    page = text_of(DOCS / "how-it-works.md")
    table = "\n".join(f"| `{wing}` | {allowed} |" for wing, allowed in WINGS.items())
    ground = ", ".join(f"`{one}`" for one in sorted(GROUND))
    assert f"| wing | may import |\n|---|---|\n{table}\n\n" in page, f"it should be\n{table}"
    assert f"everybody may import: {ground}." in page, f"the ground is {ground}"


def named_functions(page: str) -> Iterator[tuple[str, str]]:
    """Each `function()` of a page with the file that was named last before it."""
    file = ""
    for name in re.findall(r"`([^`\n]+)`", page):
        if re.fullmatch(r"[\w/-]+\.(?:py|js)", name):
            file = name
        elif name.endswith("()"):
            yield file, name.removesuffix("()")


def defined(file: Path) -> set[str]:
    """The functions, and methods as `Class.method`, of a Python or a JavaScript file."""
    if file.suffix == ".js":
        found = re.findall(
            r"^\s*(?:export |async |function )*(\w+)\([^;]*\) \{$", text_of(file), re.M
        )
        return set(found)
    tree = ast.parse(text_of(file))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    functions = {one.name for one in tree.body if isinstance(one, kinds)}
    classes = [one for one in tree.body if isinstance(one, ast.ClassDef)]
    return functions | {
        f"{one.name}.{part.name}" for one in classes for part in one.body if isinstance(part, kinds)
    }


def test_every_function_on_the_way_of_an_answer_and_of_an_image_exists() -> None:
    named = list(named_functions(text_of(DOCS / "how-it-works.md")))
    assert len(named) >= 30
    for file, function in named:
        assert function in defined(ROOT / file), f"{file} has no {function}"


@pytest.mark.parametrize("file", PLAIN, ids=name_of)
def test_words_are_plain(file: Path) -> None:
    text = re.sub(r"\s*\n\s*(?://|#|\*)?\s*", " ", text_of(file))  # also where a line ends between
    for habit in OLD_HABITS:
        found = re.search(habit, text, re.IGNORECASE)
        assert not found, text[max(0, found.start() - 40) : found.end() + 40]


@pytest.mark.parametrize("card", sorted((ROOT / "models" / "weights").glob("*/README.md")))
def test_the_card_names_the_weights_that_lie_beside_it(card: Path) -> None:
    digest = hashlib.sha256((card.parent / "model.safetensors").read_bytes()).hexdigest()
    assert digest in card.read_text(encoding="utf-8")


def test_the_script_of_the_http_page_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
            (script,) = re.findall(r"```python\n(.*?)```", text_of(DOCS / "http.md"), re.DOTALL)
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
