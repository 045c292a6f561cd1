"""Review at the keyboard: each decision is stored on the image that was on screen, and undone."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from labeling.loop.session import Session
from labeling.project.project import open_project
from labeling.simulation.ground_truth import class_names, read_truth
from labeling.store import NewAnswer, Role
from models.encoders.backbones import resolve
from tests.journeys import board
from tests.journeys.axe import faults
from tests.journeys.conftest import embedded_project
from tests.journeys.serving import Forked, Server

Visit = Callable[..., Page]
LABELS, WRONG, DECISIONS, GAP = 420, 0.35, 60, 0.1


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory: pytest.TempPathFactory, embedded_home: Path) -> Path:
    """The home of a project with 420 labels, many of them wrong: more suspects than are decided."""
    home = tmp_path_factory.mktemp("doubtful") / "home"
    project = open_project(board.SAMPLE, embedded_project(home, embedded_home))
    project.change(backbone="bundled")
    session = Session(project, resolve("bundled", device="cpu"))
    session.prepare()
    truth = class_names(project, read_truth(project.source))
    ids = {one.name: one.id for one in session.store.classes.all()}
    rng = np.random.default_rng(5)
    answers = []
    for number, key in enumerate(session.store.samples.ids()[:LABELS]):
        given = ids[truth[key]]
        if rng.random() < WRONG:
            given = given % len(ids) + 1
        answers.append(NewAnswer(f"a{number}", key, "label", given))
    assert session.answer("script", answers) == {}
    session.worker.wait()
    session.close()
    return home


@pytest.fixture
def server(doubtful: Path, tmp_path: Path) -> Iterator[Server]:
    """A server of a copy of that project."""
    shutil.copytree(doubtful, tmp_path / "home")
    started = Forked(tmp_path / "home")
    started.start()
    yield started
    started.kill()


def decisions(server: Server) -> list[tuple[str, int]]:
    """(path, class id) of the decisions that count now, in their order."""
    (file,) = server.home.glob("*/hone.sqlite")
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(
            "SELECT path, class_id FROM answers a JOIN files f ON f.sample_id = a.sample_id "
            "WHERE source = 'adjudicated' AND NOT EXISTS "
            "(SELECT 1 FROM answers u WHERE u.undoes = a.id) ORDER BY a.id"
        ).fetchall()


def answer_meanwhile(server: Server, stop: threading.Event) -> None:
    """A script's answers, one after the other, so that a round lands after each."""
    script = board.Script(server.url, server.home)
    classes = [one["id"] for one in script("status")["classes"]]
    number = 0
    while not stop.wait(GAP):
        for card in script("next", {"holder": "script", "count": 1})["cards"]:
            number += 1
            answer = {
                "client_id": f"meanwhile-{number}",
                "sample_id": card["sample_id"],
                "kind": "label",
                "class_id": classes[number % len(classes)],
            }
            script("answers", {"answers": [answer]})


def listed(page: Page, name: str) -> None:
    """Turn to one of the lists."""
    tab = page.locator(f".tab[data-list={name}]")
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")


def test_sixty_decisions_while_rounds_land_are_each_stored_on_the_image_on_screen(
    server: Server, visit: Visit
) -> None:
    page = visit(f"{server.url}/review")
    expect(page.locator(".tab[data-list=suspects] .number")).to_be_visible(timeout=90_000)
    name = board.on_screen(page)
    stop = threading.Event()
    others = threading.Thread(target=answer_meanwhile, args=(server, stop))
    others.start()
    try:
        seen, pressed = list[str](), list[tuple[str, int]]()
        for number in range(DECISIONS):
            key = number % 7 + 1
            page.keyboard.press(str(key))
            seen.append(name)
            pressed.append((name, key))
            name = board.after(page, name)
        board.saved(page)
    finally:
        stop.set()
        others.join()
    assert len(set(seen)) == DECISIONS  # nothing that was decided comes back
    assert decisions(server) == pressed

    for back in range(3):
        page.keyboard.press("z")
        page.wait_for_function(f"name => ({board.ON_SCREEN})() === name", arg=seen[-1 - back])
    board.saved(page)
    assert decisions(server) == pressed[:-3]
    # After a reload they can still be taken back; Enter keeps the given label.
    page.reload()
    board.on_screen(page)
    expect(page.locator(".frame-of[data-kind=past]").first).to_be_visible()
    page.keyboard.press("z")
    page.wait_for_function(f"name => ({board.ON_SCREEN})() === name", arg=seen[-4])
    board.saved(page)
    assert decisions(server) == pressed[:-4]
    keep = page.locator("[data-act=keep]")
    expect(keep).to_contain_text("keep ")
    kept = keep.locator("span").inner_text().removeprefix("keep ")
    page.keyboard.press("Enter")
    board.after(page, seen[-4])
    board.saved(page)
    names = {
        one["id"]: one["name"] for one in board.Script(server.url, server.home)("status")["classes"]
    }
    assert [(path, names[key]) for path, key in decisions(server)][-1] == (seen[-4], kept)


def test_a_page_of_one_pair_is_decided_by_marks_and_taken_back_as_one(
    server: Server, visit: Visit
) -> None:
    page = visit(f"{server.url}/review")
    board.on_screen(page)
    page.get_by_role("button", name="a page at once").click()
    tiles = page.locator(".tile")
    expect(tiles.first).to_be_visible()
    count = tiles.count()
    given, predicted = page.locator(".question strong").all_inner_texts()
    names = {
        one["name"]: one["id"] for one in board.Script(server.url, server.home)("status")["classes"]
    }
    page.wait_for_timeout(600)
    page.keyboard.press(" ")  # the first one is labeled right
    expect(tiles.first).to_contain_text(f"stays {given}")
    expect(page.locator(".actions").last).to_contain_text(f"keep 1, change {count - 1}")
    right = tiles.first.get_attribute("title")
    shown = {one.get_attribute("title") for one in tiles.all()}
    page.keyboard.press("Enter")
    board.saved(page)
    found = dict(decisions(server))
    assert set(found) == shown
    assert {path for path, key in found.items() if key == names[given]} == {right}
    assert {key for path, key in found.items() if path != right} <= {names[predicted]}
    page.keyboard.press("z")
    expect(tiles).to_have_count(count)
    board.saved(page)
    assert decisions(server) == []
    assert {one.get_attribute("title") for one in tiles.all()} == shown


def test_why_later_lists_and_offline_decisions(server: Server, visit: Visit) -> None:
    page = visit(f"{server.url}/review")
    first = board.on_screen(page)
    assert faults(page) == []
    page.keyboard.press(" ")
    expect(page.locator(".near-ones img").first).to_be_visible()
    expect(page.locator("img.heat").first).to_be_visible(timeout=60_000)
    assert faults(page) == []
    page.keyboard.press(" ")
    page.keyboard.press("s")
    second = board.after(page, first)
    page.keyboard.press("ArrowLeft")
    assert board.after(page, second) == first
    page.context.set_offline(True)
    page.keyboard.press("2")
    board.after(page, first)
    expect(page.locator(".saved")).to_contain_text("offline 1, kept in this browser")
    page.context.set_offline(False)
    board.saved(page)
    assert decisions(server) == [(first, 2)]
    listed(page, "class")
    expect(page.locator(".facts")).to_contain_text("Labeled animal")
    listed(page, "disagreements")
    expect(page.get_by_text("Nothing to decide")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_contain_text("keep the label")


def test_two_reviewers_do_not_meet_and_a_decision_elsewhere_is_named(
    server: Server, visit: Visit
) -> None:
    one, two = (visit(f"{server.url}/review") for _ in range(2))
    mine = board.on_screen(one)
    theirs = board.on_screen(two)
    assert mine != theirs
    script = board.Script(server.url, server.home, "rita")
    (file,) = server.home.glob("*/hone.sqlite")
    with closing(sqlite3.connect(file)) as connection:
        ((key,),) = connection.execute("SELECT sample_id FROM files WHERE path = ?", (mine,))
    decision = {"kind": "label", "class_id": 3, "source": "adjudicated", "sample_id": key}
    script("answers", {"answers": [decision | {"client_id": "by rita"}]})
    expect(one.locator(".facts")).to_contain_text("rita decided")
    assert board.on_screen(one) == mine  # it stays under the hands
    one.keyboard.press("Enter")
    board.after(one, mine)
    board.saved(one)
    assert decisions(server) == [(mine, 3)]


def test_what_two_people_disagree_on_is_decided_by_a_key(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = board.part_of_sample(tmp_path / "pool", 25)
    monkeypatch.setenv("HONE_HOME", str(tmp_path / "served"))
    project = open_project(pool)
    project.change(overlap_share=1.0)
    people = project.store.people
    for name in ("Ann", "Bob"):
        people.invite(name, Role.ANNOTATOR, 1)
    _, olga = people.invite("Olga", Role.OWNER, 1)
    session = Session(project, resolve("bundled", device="cpu"))
    session.prepare()
    (card,) = session.queue.next("a", 1, annotator="Ann")
    for name, class_id in (("Ann", 1), ("Bob", 2)):
        answer = NewAnswer(f"by {name}", card.sample_id, "label", class_id, seconds=2.0)
        session.queue.next(name, 1, annotator=name)
        assert session.answer(name, [answer], own=True) == {}
    session.close()
    server = Forked(tmp_path / "served", pool, "0.0.0.0")
    try:
        server.start()
        page = visit(f"{server.url}/join/{olga}", 390, 844)
        page.goto(f"{server.url}/review")
        assert board.on_screen(page) == card.name
        expect(page.locator(".tab[data-list=disagreements]")).to_contain_text("1")
        for text in ("Ann", "Bob", "animal", "clothing"):
            expect(page.locator(".opinions").get_by_text(text, exact=True)).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
        assert faults(page) == []
        page.keyboard.press("2")
        expect(page.get_by_text("Nothing is left to decide")).to_be_visible()
        board.saved(page)
        assert decisions(server) == [(card.name, 2)]
        page.keyboard.press("z")
        assert board.on_screen(page) == card.name
        board.saved(page)
        assert decisions(server) == []
    finally:
        server.kill()
