"""The code's own prose: docstrings, comments and texts keep to plain modern English."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = (
    "labeling",
    "models",
    "benchmarks",
)
HABITS = (
    r"\bwhoever\b",
    r"\bwhosoever\b",
    r"\b(?:is|are|was|were) told\b",
    r"\bcan be told\b",
    r"\bhears? of\b",
    r"\bbe (?:it|they) (?:a|an|for|there|by|archived|undone)\b",
    r"\bare others(?: now)?[.,;]",
    r"\bare others now\b",
    r"\bthere (?:is|are) none\b",
    r"\bhas none\b",
    r"\bfrom (?:\d+|so many|two|three|each|then)(?: \w+){0,2} on\b",
    r"\bof late\b",
    r"\bforesee[ns]?\b",
    r"\bforeseeing\b",
    r"\bseldom\b",
    r"\btill\b",
    r"\banew\b",
    r"\bif need be\b",
    r"\bnone of which\b",
    r"\bis the one that\b",
    r"\bsaid so\b",
    r"\bof its own chance\b",
    r"\bto be had\b",
    r"\bno news to\b",
    r"\bfor ever\b",
    r"\bmend(?:s|ed|ing)?\b",
    r"\bas \w+ as can be\b",
    r"\bin the mean\b",
    r"\bwhat (?:came|comes|became) of\b",
    r"\bin which case\b",
    r"\bcome again\b",
)
HABIT = re.compile("|".join(HABITS), re.IGNORECASE)


def prose(source: str) -> Iterator[tuple[int, str]]:
    """The first line and the text of each comment, docstring and string with words."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def habits(source: str) -> list[str]:
    """The habits in the prose of a file, each with its line."""
    return [
        f"{line}: {found.group()}"
        for line, text in prose(source)
        for found in HABIT.finditer(" ".join(text.split()))
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_prose_has_no_habits_that_a_foreign_reader_stumbles_over(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files, f"{folder} holds no code"
    found = [
        f"{path.relative_to(ROOT)}:{habit}"
        for path in files
        for habit in habits(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_habits_are_found_in_comments_docstrings_and_strings_alone() -> None:
    source = (
        '"""Whoever asks\nis told."""\n'
        "told = seldom = anew = 1  # from 30 on\n"
        'text = f"there is none {told}"\n'
    )
    expected = ["1: Whoever", "1: is told", "3: from 30 on", "4: there is none"]
    assert sorted(habits(source)) == expected
