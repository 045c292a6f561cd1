"""Free texts to learn from: files of lines, docstrings of Python code, and made-up questions."""

import ast
import json
import random
import re
from pathlib import Path

SENTENCE = re.compile(r"(?<=[.!?])\s+")
SHORTEST, LONGEST = 12, 400  # characters

# {} is a word of the teacher's vocabulary. Only the form of a question is to be learned.
QUESTIONS = """
What is {} ?|What is a {} {} ?|What does {} mean ?|What are the {} of {} ?|What was the {} of {} ?
What {} did {} {} in {} ?|What kind of {} is {} ?|What is the {} {} in the {} ?|Name a {} of {} .
Who is {} ?|Who was the {} of {} ?|Who {} the first {} ?|Whose {} was {} ?|Which {} is the {} {} ?
Where is {} ?|Where was the {} {} ?|Where do {} {} ?|In what {} was {} ?|Which {} of {} has the {} ?
When did {} {} ?|When was the {} {} ?|What year did {} {} the {} ?|What day is {} ?
How many {} are in a {} ?|How much {} does a {} {} ?|How far is {} from {} ?|How old is the {} ?
How long does {} {} ?|How do you {} a {} ?|How did {} {} ?|How does a {} {} ?|How tall is {} ?
Why do {} {} ?|Why is the {} {} ?|Why did {} {} the {} ?|What causes {} ?|What does {} stand for ?
What is the abbreviation of {} ?|What is the full form of {} ?|What is the origin of {} ?
Can you {} the {} ?|Please {} my {} {} .|I want to {} a {} .|The {} was {} and the {} {} .
I did not {} this {} because of its {} .|my {} is {} again|{} {} {} , {} .|Call {} now for a {} {} !
""".strip().replace("\n", "|").split("|")  # fmt: skip


def lines(file: Path) -> list[str]:
    """The lines of a text file; of a .tsv the last column, without the heading."""
    found = file.read_text(encoding="utf-8", errors="replace").splitlines()
    if file.suffix == ".tsv":
        found = [line.rpartition("\t")[2] for line in found[1:]]
    return [line.strip() for line in found if line.strip()]


def docstrings(folder: Path, most: int, seed: int = 0) -> list[str]:
    """Some sentences of the docstrings of the modules of a folder, each once."""
    found: dict[str, None] = {}
    for file in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                for part in SENTENCE.split(" ".join((ast.get_docstring(node) or "").split())):
                    if SHORTEST <= len(part) <= LONGEST and part[0].isalpha():
                        found[part] = None
    shuffled = list(found)
    random.Random(seed).shuffle(shuffled)
    return shuffled[:most]


def questions(tokenizer: Path, count: int, seed: int = 0) -> list[str]:
    """Made-up questions and phrases of whole words of a tokenizer's vocabulary."""
    vocabulary = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    words = [word for word in vocabulary if re.fullmatch(r"[a-z]{3,}", word)]
    draw = random.Random(seed)
    return [
        re.sub(r"\{\}", lambda _: draw.choice(words), draw.choice(QUESTIONS)) for _ in range(count)
    ]
