"""What the model says of texts: its guess, the words that speak for it, and the lists it makes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from labeling.cli.main import main
from tests.journeys import board
from tests.journeys.axe import faults
from tests.journeys.serving import Server
from tests.journeys.test_text import table

Serve = Callable[..., Server]
Visit = Callable[..., Page]
TOPICS = {
    "delivery": ("parcel", "courier", "driver", "doorstep"),
    "payment": ("invoice", "refund", "charged", "card"),
}
TEXTS = [
    # The signs in front are of one code point each, and of two places in a browser's string.
    f"👍 🎉 please look at number {number} , {words[number % 4]} and {words[number % 3]} again"
    for number in range(30)
    for words in TOPICS.values()
]
LABELS = 16
MARKED = """marks => marks.map((mark) => [
  mark.textContent, mark.className, parseFloat(mark.style.getPropertyValue("--strength"))
])"""


@pytest.fixture
def server(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server of texts, embedded by a small table of tokens."""
    pool = table(tmp_path, *TEXTS)
    monkeypatch.setenv("HONE_HOME", str(tmp_path / "home-0"))
    encoder = f"local-dir:{_encoder(tmp_path / 'tokens')}"
    assert main(["embed", "--pool", str(pool), "--backbone", encoder]) == 0
    return serve(pool)


def _encoder(folder: Path) -> Path:
    """A vector for each word, drawn by chance."""
    folder.mkdir()
    words = ["[UNK]", *sorted({word for text in TEXTS for word in text.split() if word.isalpha()})]
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    drawn = torch.Generator().manual_seed(5)
    rows = torch.randint(-127, 128, (len(words), 48), generator=drawn, dtype=torch.int8)
    ones = torch.ones(len(words))
    save_file(
        {"table": rows, "scale": ones / 127, "weight": ones.clone()}, folder / "model.safetensors"
    )
    (folder / "config.json").write_text(json.dumps({"model_type": "static", "medium": "text"}))
    return folder


def _topic(text: str) -> str:
    return next(name for name, words in TOPICS.items() if any(word in text for word in words))


def _text(page: Page) -> str:
    return page.locator(".stage .words").inner_text()


def _label(page: Page, count: int, look: Callable[[], None] = lambda: None) -> None:
    """Answer by the topics, as fast as the model follows; `look` at each text first."""
    name, made = board.on_screen(page), set[str]()
    for number in range(1, count + 1):
        look()
        topic = _topic(_text(page))
        if topic in made:
            page.keyboard.press(board.keys(page)[topic])
        else:
            board.find_class(page, topic)
            page.keyboard.press("Escape")
            made.add(topic)
        name = board.after(page, name)
        if len(made) > 1:
            board.caught_up(page, number)
            page.wait_for_timeout(250)  # until the newest ranking is here
    board.saved(page)


def _strongest(marks: Locator) -> tuple[str, str]:
    """The word that counts most, and whether it is for or against."""
    word, kind, _ = max(marks.evaluate_all(MARKED), key=lambda mark: mark[2])
    return word, kind


def test_the_words_for_the_guess_are_marked_but_not_on_a_blind_check(
    server: Server, visit: Visit
) -> None:
    page = visit(server.url)
    blind: list[str] = []
    guessed: list[tuple[str, str, tuple[str, str]]] = []

    def look() -> None:
        marks, legend = page.locator(".stage .words mark"), page.locator(".legend")
        guess = board.guess(page)
        if guess is None:
            expect(legend).to_contain_text("no words are marked")
            assert marks.count() == 0
            blind.append(_text(page))
            return
        expect(legend).to_contain_text(f"for “{guess}”")
        assert {word for word, _, _ in marks.evaluate_all(MARKED)} <= set(_text(page).split())
        guessed.append((guess, _text(page), _strongest(marks)))

    board.on_screen(page)
    page.keyboard.press(",")
    _label(page, LABELS, look)
    assert len(blind) > 2  # the first ones, and some later ones
    right = [one for one in guessed if one[0] == _topic(one[1])]
    told = [(word, kind) for guess, _, (word, kind) in right if word in TOPICS[guess]]
    assert sum(kind == "for" for _, kind in told) > len(told) / 2 > 0
    while board.guess(page) is None:
        page.keyboard.press(" ")
        board.after(page, board.on_screen(page))
    expect(page.locator(".stage .words mark").first).to_be_visible()
    assert faults(page) == []
    page.keyboard.press(",")
    expect(page.locator(".legend")).to_be_hidden()
    expect(page.locator(".stage mark")).to_have_count(0)


def test_texts_are_accepted_in_a_list_and_reviewed_with_the_words_of_each_class(
    server: Server, visit: Visit
) -> None:
    page = visit(server.url)
    _label(page, LABELS)
    board.turn_to(page, "Grid")
    expect(page.locator(".tile .snippet").last).to_contain_text("please look at")
    columns = page.locator(".tiles").evaluate("one => getComputedStyle(one).gridTemplateColumns")
    assert 2 <= len(columns.split()) <= 4
    page.keyboard.down(".")
    expect(page.locator(".lens .words")).to_contain_text("please look at")
    page.wait_for_timeout(300)  # longer than a tap
    page.keyboard.up(".")
    expect(page.locator(".lens")).to_be_hidden()
    count = page.locator(".tile").count()
    page.keyboard.press("Space")
    page.wait_for_timeout(300)  # a page that has hardly been seen cannot be accepted
    page.keyboard.press("Enter")
    expect(page.locator(".count")).to_have_text(f"{LABELS + count - 1} of {len(TEXTS)} labeled")
    board.saved(page)

    board.turn_to(page, "Review")
    page.get_by_role("tab", name="one class").click()
    board.on_screen(page)
    page.keyboard.press(" ")
    expect(page.locator(".near-ones .snippet").first).to_contain_text("please look at")
    spoken = []
    for button in page.get_by_role("button", name="mark its words").all():
        topic = button.locator("xpath=../..").locator("strong").inner_text()
        button.click()
        expect(page.locator(".legend")).to_contain_text(f"for “{topic}”")
        word, kind = _strongest(page.locator(".stage .words mark"))
        own, others = TOPICS[topic], {*sum(TOPICS.values(), ())} - {*TOPICS[topic]}
        spoken.append((kind == "for" and word in own) or (kind == "against" and word in others))
    assert any(spoken)
    page.keyboard.press("Escape")
    expect(page.locator(".stage mark")).to_have_count(0)
