"""Killed servers, dead lines, double clicks and second tabs: every answer counts, once."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from labeling.cli.main import main
from labeling.project.project import open_project
from tests.conftest import fill, standing
from tests.journeys import board
from tests.journeys.serving import Server

SIZE = 620  # images of the sample data
Serve = Callable[..., Server]
Visit = Callable[..., Page]


def _labels(server: Server) -> dict[str, str]:
    """What the store holds: path -> class name."""
    folder = next(path.parent for path in server.home.glob("*/hone.sqlite"))
    project = open_project(server.pool or board.SAMPLE, folder)
    names = project.store.classes.names()
    samples = project.store.samples.many()
    stored = {
        samples[sample_id].paths[0]: names[answer.class_id]
        for sample_id, answer in standing(project.store).items()
        if answer.class_id is not None
    }
    project.close()
    return stored


def _answers(server: Server) -> int:
    """How many answers the store holds, be they the current ones or not."""
    folder = next(path.parent for path in server.home.glob("*/hone.sqlite"))
    project = open_project(server.pool or board.SAMPLE, folder)
    count = len(project.store.answers.all())
    project.close()
    return count


def _labeled(page: Page) -> int:
    """How many labels the page has heard of."""
    expect(page.locator(".count")).to_contain_text(f"of {SIZE} labeled")
    return int(page.locator(".count").inner_text().split()[0])


def _answer(page: Page, count: int) -> dict[str, str]:
    truth, given = board.true_labels(), {}
    name = board.on_screen(page)
    keys = board.keys(page)
    for _ in range(count):
        given[name] = truth[name]
        page.keyboard.press(keys[truth[name]].lower())
        name = board.after(page, name)
    return given


def test_answers_given_while_the_server_is_dead_arrive_when_it_is_back(
    sample_server: Server, visit: Visit
) -> None:
    server, before = sample_server, _labels(sample_server)
    page = visit(server.url)
    given = _answer(page, 6)
    board.saved(page)
    board.held_ahead(page, 10)
    server.kill()
    given |= _answer(page, 3)
    expect(page.locator(".saved")).to_have_attribute("data-state", "offline")
    expect(page.locator(".saved")).to_contain_text("offline 3")
    server.start()
    board.saved(page)
    expect(page.locator(".count")).to_have_text(f"{len(before) + 9} of {SIZE} labeled")
    assert _labels(server) == before | given


def test_answers_not_yet_delivered_survive_a_reload(sample_server: Server, visit: Visit) -> None:
    server, before = sample_server, _labels(sample_server)
    page = visit(server.url)
    board.on_screen(page)
    page.route("**/api/answers", lambda route: route.abort())
    given = _answer(page, 4)
    expect(page.locator(".saved")).to_contain_text("offline 4")
    page.unroute("**/api/answers")
    page.reload()
    board.on_screen(page)
    board.saved(page)
    expect(page.locator(".count")).to_have_text(f"{len(before) + 4} of {SIZE} labeled")
    assert _labels(server) == before | given


def test_an_answer_and_its_undo_whose_replies_are_lost_are_each_stored_once(
    sample_server: Server, visit: Visit
) -> None:
    server, before, known = sample_server, _labels(sample_server), _answers(sample_server)
    page = visit(server.url)
    name = board.on_screen(page)
    lost: list[str] = []
    mended = threading.Event()

    def lose(route: Route) -> None:
        if mended.is_set():
            return route.continue_()
        route.fetch()  # the server stores them
        lost.append(route.request.post_data or "")
        route.abort()

    page.route("**/api/answers", lose)
    _answer(page, 1)
    page.keyboard.press("z")
    while not (lost and "undo" in lost[-1]):
        page.wait_for_timeout(50)
    assert board.on_screen(page) == name
    mended.set()  # not unrouted: the next try may be with its handler already
    board.saved(page)
    expect(page.locator(".notice")).to_be_hidden()
    assert _answers(server) == known + 2
    assert _labels(server) == before


RANKED_AGAIN = """async ([queue, viewers, real]) => {
  // The cards ahead are ranked again while their images are under way, and then those fail.
  const [{ Deck }, { VIEWERS }] = [await import(queue), await import(viewers)];
  const cards = () => [..."abcdef"].map((name) => ({ sample_id: name, name }));
  const next = async () => ({ cards: cards(), status: { version: 1 } });
  let down = true;
  const api = { next, content: (id) => (down ? `/slow/${id}` : real) };
  const deck = new Deck(api, VIEWERS.image, "nobody", () => [], () => {}, () => {});
  const moment = () => new Promise((go) => setTimeout(go, 300));
  deck.refill();
  await moment();
  deck.renew();
  await moment();
  down = false;
  await fetch("/slow/fail");
  await moment();
  const loaded = await Promise.allSettled(deck.cards.map((card) => deck.prepare(card)));
  deck.closed = true;
  return loaded.map(({ status }) => status);
}"""


def test_an_image_that_fails_while_a_round_ranks_its_card_again_can_still_be_loaded(
    sample_server: Server, visit: Visit
) -> None:
    page = visit(sample_server.url)
    board.on_screen(page)
    held: list[Route] = []
    page.route("**/slow/?", lambda route: held.append(route))

    def fail(route: Route) -> None:
        for one in held:
            one.abort()
        route.fulfill(body="done")

    page.route("**/slow/fail", fail)
    names = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    urls = [
        next(name for name in names if part in name)
        for part in ("/queue.js", "/viewers.js", "/view?")
    ]
    assert set(page.evaluate(RANKED_AGAIN, urls)) == {"fulfilled"}


def test_a_held_key_answers_once(sample_server: Server, visit: Visit) -> None:
    page = visit(sample_server.url)
    board.on_screen(page)
    before = _labeled(page)
    page.keyboard.down("1")
    for _ in range(20):
        page.keyboard.down("1")  # without an up in between: what a held key sends
    page.keyboard.up("1")
    board.saved(page)
    expect(page.locator(".count")).to_have_text(f"{before + 1} of {SIZE} labeled")


def test_two_tabs_mashed_through_a_reload_a_killed_server_and_a_cut_line(
    sample_server: Server, visit: Visit
) -> None:
    server, before, known = sample_server, _labels(sample_server), _answers(sample_server)
    tabs = [visit(server.url), visit(server.url)]  # of two browsers
    for tab in tabs:
        tab.add_init_script(board.RECORD)
        tab.reload()
        board.on_screen(tab)
    for tab in tabs:
        board.mash(tab)  # 20 keys a second
    for tab in tabs:
        board.mashed_on(tab)
    tabs[0].reload()
    board.on_screen(tabs[0])
    board.mash(tabs[0])
    for tab in tabs:
        board.mashed_on(tab)
    server.kill()
    offline = [tab.locator(".saved[data-state=offline]") for tab in tabs]
    try:
        for one in offline:
            expect(one).to_be_visible(timeout=60_000)  # a busy machine takes its time
    finally:
        server.start()  # the tests after this one need it
    for tab in tabs:
        board.mashed_on(tab)
    tabs[1].context.set_offline(True)
    expect(offline[1]).to_be_visible(timeout=60_000)
    board.mashed_on(tabs[0])
    tabs[1].context.set_offline(False)
    board.mashed_on(tabs[1])
    for tab in tabs:
        board.mashed(tab)
    first, second = (board.pressed(tab) for tab in tabs)
    names = sorted(set(board.true_labels().values()))
    pressed = {path: names[int(key) - 1] for path, key in (first | second).items()}
    assert len(first) >= 40 and len(second) >= 30
    assert not set(first) & set(second)
    assert _labels(server) == before | pressed
    assert _answers(server) == known + len(pressed)


def test_labeling_goes_on_without_a_line_until_the_images_run_out(
    sample_server: Server, visit: Visit
) -> None:
    server, before = sample_server, _labels(sample_server)
    page = visit(server.url)
    board.on_screen(page)
    board.held_ahead(page, 22)
    page.context.set_offline(True)
    given = _answer(page, 20)
    truth, keys = board.true_labels(), board.keys(page)
    empty = page.locator(".empty")
    while not empty.count():
        name = board.on_screen(page)
        given[name] = truth[name]
        page.keyboard.press(keys[truth[name]].lower())
        page.wait_for_function(f"name => (({board.ON_SCREEN})()) !== name", arg=name)
        page.wait_for_timeout(100)
    expect(page.locator(".empty")).to_contain_text("Your answers are kept in this browser")
    expect(page.locator(".saved")).to_contain_text(f"offline {len(given)}")
    page.context.set_offline(False)
    board.saved(page)
    assert board.on_screen(page) not in given
    assert _labels(server) == before | given


def test_two_browsers_are_never_shown_the_same_image(sample_server: Server, visit: Visit) -> None:
    server, before = sample_server, _labels(sample_server)
    first, second = visit(server.url), visit(server.url)
    given_first, given_second = _answer(first, 8), _answer(second, 8)
    assert not given_first.keys() & given_second.keys()
    board.saved(first)
    board.saved(second)
    expect(second.locator(".count")).to_have_text(f"{len(before) + 16} of {SIZE} labeled")
    assert _labels(server) == before | given_first | given_second


def test_a_double_click_on_a_class_labels_two_images_not_one_twice(
    sample_server: Server, visit: Visit
) -> None:
    server, before = sample_server, _labels(sample_server)
    page = visit(server.url)
    name = board.on_screen(page)
    page.locator(".class").first.click()
    board.after(page, name)
    page.locator(".class").first.dblclick()
    board.saved(page)
    page.wait_for_timeout(300)
    assert len(_labels(server)) == _labeled(page) <= len(before) + 3


def test_a_pool_without_classes_is_labeled_by_naming_the_first_class(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    from PIL import Image

    pool = tmp_path / "pool"
    pool.mkdir()
    for number in range(12):
        Image.new("RGB", (64, 64), (20 * number, 90, 200)).save(pool / f"{number}.png")
    (pool / "broken.jpg").write_text("this is no image")
    server = serve(pool)
    page = visit(server.url)
    name = board.on_screen(page)
    page.keyboard.press("/")
    page.keyboard.type("<b>blue</b>")
    page.keyboard.press("Enter")
    board.after(page, name)
    board.saved(page)
    expect(page.locator(".classes .class .name")).to_have_text(["<b>blue</b>"])
    assert _labels(server) == {name: "<b>blue</b>"}
    page.get_by_role("link", name="Setup").click()
    page.get_by_text("Left out: 1 file").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()


def test_answers_given_after_the_database_was_lost_are_kept_until_a_backup_is_restored(
    serve: Serve, visit: Visit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = fill(tmp_path / "pool", 8)
    (pool / "classes.txt").write_text("disc\nstripe\n")
    server = serve(pool)
    page = visit(server.url)
    names = [board.on_screen(page)]
    for _ in range(3):
        page.keyboard.press("1")
        names.append(board.after(page, names[-1]))
    board.saved(page)
    (file,) = server.home.glob("*/hone.sqlite")
    file.unlink()
    for _ in range(2):
        page.keyboard.press("1")
        names.append(board.after(page, names[-1]))
    expect(page.locator(".saved")).to_have_attribute("data-state", "stuck")
    expect(page.locator(".saved")).to_contain_text("not saved 2")
    expect(page.locator(".saved")).to_contain_text("how to restore the newest backup")
    while "restore" not in server.log.read_text():
        page.wait_for_timeout(100)
    server.kill()
    server.start()
    page.reload()
    told = page.get_by_test_id("stAlert").inner_text()
    command = re.search(r"python -m labeling (restore .*?)”", told)
    assert command is not None
    server.kill()
    assert main(command[1].split()) == 0, capsys.readouterr().err
    server.start()
    page.reload()
    board.saved(page)
    expect(page.locator(".count")).to_have_text("5 of 8 labeled")
    assert _labels(server) == dict.fromkeys(names[:5], "disc")
    assert _answers(server) == 5
