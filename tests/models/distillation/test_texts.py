"""Tests for models.distillation.texts."""

from pathlib import Path

from models.distillation.texts import docstrings, lines, questions
from tests.text_encoders import word_tokenizer


def test_lines_are_those_of_a_file_and_of_a_table_the_last_column(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n\n two \n", encoding="utf-8")
    (tmp_path / "a.tsv").write_text("rating\ttext\n1\tgood\n-1\tbad\n", encoding="utf-8")
    assert lines(tmp_path / "a.txt") == ["one", "two"]
    assert lines(tmp_path / "a.tsv") == ["good", "bad"]


def test_docstrings_are_cut_into_sentences_each_once(tmp_path: Path) -> None:
    code = 'def a():\n    """Give the first one. Then the second one."""\n'
    (tmp_path / "a.py").write_text(code, encoding="utf-8")
    (tmp_path / "b.py").write_text(code, encoding="utf-8")
    assert sorted(docstrings(tmp_path, 9)) == ["Give the first one.", "Then the second one."]
    assert len(docstrings(tmp_path, 1)) == 1


def test_questions_are_made_of_whole_words_and_are_the_same_each_time(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    word_tokenizer(["tree", "##ing", "x", "42"]).save(str(file))
    made = questions(file, 50)
    assert made == questions(file, 50) and len(set(made)) > 10
    assert all("tree" in one and "##" not in one and "{" not in one for one in made)
