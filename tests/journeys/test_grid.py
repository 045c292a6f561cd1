"""The grid by keyboard and by pointer: many images of one predicted class at a time."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from labeling.loop.session import Session
from labeling.project.project import open_project
from labeling.store import Answer
from models.encoders.backbones import Backbone
from tests.conftest import standing
from tests.journeys import board
from tests.journeys.serving import Forked, Server

Visit = Callable[..., Page]
TAUGHT = 36


@pytest.fixture(scope="module")
def taught(
    tmp_path_factory: pytest.TempPathFactory, embedded_home: Path, backbone: Backbone
) -> Iterator[Server]:
    """A server whose model has seen some labels; the journeys of this module share it."""
    folder = tmp_path_factory.mktemp("taught")
    server = Forked(folder / "home", board.part_of_sample(folder / "pool", 3))
    _labeled(server, embedded_home, backbone, 0.1, TAUGHT)
    yield server
    server.kill()


def _labeled(
    server: Server, embedded_home: Path, backbone: Backbone, audit_share: float, labels: int
) -> board.Script:
    """Start a server on a prepared project, and give it true labels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONE_HOME", str(server.home))
        project = open_project(server.pool)
    project.change(audit_share=audit_share)
    (embeddings,) = embedded_home.glob("*/embeddings")
    shutil.copytree(embeddings, project.embeddings, dirs_exist_ok=True)
    session = Session(project, backbone)
    session.prepare()
    session.close()
    server.start()
    script = board.Script(server.url, server.home)
    script.teach(labels)
    return script


@pytest.fixture
def page(taught: Server, visit: Visit) -> Page:
    _all_given_back(taught)
    opened = visit(f"{taught.url}/grid")
    _fullest(opened)
    return opened


def _all_given_back(server: Server) -> None:
    """A browser that was shut down before could not always give back the pages that it held, and a
    class whose images are all held elsewhere gives way to the next."""
    (database,) = server.home.glob("*/hone.sqlite")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM leases")


def _fullest(page: Page) -> int:
    """Turn to the class with the most images; how many its page holds."""
    _whole(page)
    tab = max(page.locator(".tab").all(), key=lambda tab: int(_number(tab)))
    name = tab.locator(".name").inner_text()
    tab.click()
    expect(_tab(page).locator(".name")).to_have_text(name)
    return _whole(page)


def _whole(page: Page) -> int:
    """Wait until a page of tiles is there with all its images; how many."""
    page.wait_for_function(
        """() => {
          const root = document.querySelector("[data-testid=stBidiComponentIsolated]")?.shadowRoot;
          const images = [...(root?.querySelectorAll(".tile img") ?? [])];
          return images.length && images.every((image) => image.naturalWidth > 0);
        }"""
    )
    page.wait_for_timeout(300)  # a page that has hardly been seen cannot be accepted
    return page.locator(".tile").count()


def _names(page: Page) -> list[str]:
    return page.locator(".tile").evaluate_all("tiles => tiles.map((tile) => tile.title)")


def _selected(page: Page) -> list[int]:
    return page.locator(".tile").evaluate_all(
        "tiles => tiles.flatMap((one, at) => one.ariaSelected === 'true' ? [at] : [])"
    )


def _tab(page: Page) -> Locator:
    return page.locator(".tab[aria-selected=true]")


def _stored(server: Server) -> dict[str, tuple[str, str]]:
    """Path -> (class, source) of what the store holds."""
    (folder,) = [path.parent for path in server.home.glob("*/hone.sqlite")]
    assert server.pool is not None
    project = open_project(server.pool, folder)
    names = project.store.classes.names()
    samples = project.store.samples.many()
    current: dict[str, Answer] = standing(project.store)
    stored = {
        samples[key].paths[0]: (names[one.class_id], one.source)
        for key, one in current.items()
        if one.class_id is not None
    }
    project.close()
    return stored


def test_a_page_is_sorted_by_keyboard_alone_and_taken_back_as_a_whole(
    taught: Server, page: Page
) -> None:
    count, names = _whole(page), _names(page)
    tab = _tab(page).locator(".name").inner_text()
    page.keyboard.press("ArrowRight")  # 1
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")  # 2
    page.keyboard.press("ArrowRight")  # 3
    page.keyboard.press("Shift+ArrowRight")  # 3 and 4
    assert _selected(page) == [1, 3, 4]
    page.keyboard.press("7")
    assert _selected(page) == []
    expect(page.locator(".tile.changed .name")).to_have_text(["vehicle"] * 3)
    page.keyboard.press("End")
    page.keyboard.press(" ")
    page.keyboard.press("Delete")
    page.keyboard.press("Home")
    page.keyboard.press(" ")  # still selected: it is not accepted either
    expect(page.locator(".actions .primary")).to_contain_text(f"accept {count - 2}")
    page.keyboard.press("Enter")
    _whole(page)
    board.saved(page)

    assert not set(names) & set(_names(page))
    stored = _stored(taught)
    assert {names[0], names[-1]}.isdisjoint(stored)
    expected = {name: (tab, "accepted") for name in names[1:-1]}
    expected |= {names[at]: ("vehicle", "human") for at in (1, 3, 4)}
    assert {name: stored[name] for name in names[1:-1]} == expected

    page.keyboard.press("z")
    _whole(page)
    board.saved(page)
    assert _names(page) == names
    expect(page.locator(".tile.changed .name")).to_have_text(["vehicle"] * 3)
    assert set(names).isdisjoint(_stored(taught))


def test_the_next_page_is_there_at_once_even_without_a_line(taught: Server, page: Page) -> None:
    first, before = _names(page), set(_stored(taught))
    page.wait_for_function(  # the next page is loaded ahead
        """count => performance.getEntriesByType("resource")
          .filter(({ name, responseEnd }) => name.includes("/thumb?") && responseEnd).length
          >= 2 * count""",
        arg=len(first),
    )
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    _whole(page)
    second = _names(page)
    assert not set(first) & set(second)
    expect(page.locator(".saved")).to_contain_text(f"offline {len(first)}, kept in this browser")
    page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_contain_text("Your answers are kept in this browser")
    expect(page.locator(".saved")).to_contain_text(f"offline {len(first) + len(second)}")
    page.context.set_offline(False)
    board.saved(page)
    _whole(page)
    assert set(_stored(taught)) - before == {*first, *second}


def test_tiles_are_selected_by_click_range_rectangle_and_all_at_once(page: Page) -> None:
    tiles = page.locator(".tile")
    tiles.nth(2).click()
    tiles.nth(5).click(modifiers=["Shift"])
    assert _selected(page) == [2, 3, 4, 5]
    tiles.nth(3).click()
    assert _selected(page) == [2, 4, 5]
    page.keyboard.press("Escape")
    assert _selected(page) == []

    columns = tiles.evaluate_all(
        "tiles => tiles.filter((one) => one.offsetTop === tiles[0].offsetTop).length"
    )
    corner, opposite = tiles.nth(1).bounding_box(), tiles.nth(columns + 2).bounding_box()
    assert corner is not None and opposite is not None
    page.mouse.move(corner["x"] + 9, corner["y"] + 9)
    page.mouse.down()
    page.mouse.move(opposite["x"] + 30, opposite["y"] + 30, steps=4)
    page.mouse.up()
    assert _selected(page) == [1, 2, columns + 1, columns + 2]

    page.keyboard.press("Control+a")
    assert len(_selected(page)) == tiles.count()
    expect(page.locator(".actions .primary")).to_contain_text("go on")
    expect(page.get_by_role("listbox")).to_have_attribute("aria-multiselectable", "true")
    assert page.locator(".tile[tabindex='0']").count() == 1


def test_a_tile_is_large_while_it_is_held(page: Page) -> None:
    lens = page.locator(".lens")
    page.keyboard.down(".")
    expect(lens.locator("figcaption")).to_have_text(_names(page)[0])
    page.wait_for_timeout(350)
    page.keyboard.up(".")
    expect(lens).to_be_hidden()
    page.keyboard.press(".")  # a tap: it stays, and the arrows go on to the next
    page.keyboard.press("ArrowRight")
    expect(lens.locator("figcaption")).to_have_text(_names(page)[1])
    page.keyboard.press("Escape")
    expect(lens).to_be_hidden()
    page.locator(".tile").nth(4).hover()
    page.mouse.down()
    expect(lens.locator("figcaption")).to_have_text(_names(page)[4])
    page.mouse.up()
    expect(lens).to_be_hidden()
    assert _selected(page) == []


def test_an_exhausted_class_gives_way_to_the_next(page: Page) -> None:
    smallest = min(page.locator(".tab").all(), key=lambda tab: int(_number(tab)))
    name = smallest.locator(".name").inner_text()
    page.get_by_label("images on a page").select_option("200")
    smallest.click()
    expect(_tab(page).locator(".name")).to_have_text(name)
    expect(page.locator(".tile")).to_have_count(int(_number(_tab(page))))
    _whole(page)
    page.keyboard.press("Enter")
    expect(_tab(page).locator(".name")).not_to_have_text(name)
    expect(page.get_by_text(f"No more “{name}”")).to_be_visible()
    _whole(page)


def _number(tab: Locator) -> str:
    return tab.locator(".number").inner_text()


@pytest.mark.parametrize("width, height", [(390, 844), (2560, 1440)])
def test_the_tiles_fill_the_window_and_no_more(
    taught: Server, visit: Visit, width: int, height: int
) -> None:
    _all_given_back(taught)
    page = visit(f"{taught.url}/grid", width, height)
    assert 12 <= _fullest(page) <= 200
    page.get_by_label("order", exact=True).select_option("least")
    _whole(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    if width > 760:
        below = page.evaluate("document.querySelector('.stMain').scrollHeight - innerHeight")
        assert below <= 0


def test_a_window_made_larger_is_filled_but_for_a_page_that_was_worked_on(
    taught: Server, visit: Visit
) -> None:
    _all_given_back(taught)
    page = visit(f"{taught.url}/grid", 900, 600)
    few = _fullest(page)
    page.locator(".tile").first.click()
    page.set_viewport_size({"width": 2560, "height": 1400})
    page.wait_for_timeout(1000)
    assert (page.locator(".tile").count(), _selected(page)) == (few, [0])
    page.locator(".tile").first.click()  # not any more
    page.set_viewport_size({"width": 2560, "height": 1440})
    expect(page.locator(".tile").nth(few)).to_be_visible()


def _counts(page: Page) -> int:
    """How many guesses the tabs count in all."""
    return sum(int(number) for number in page.locator(".tab .number").all_inner_texts())


def test_one_line_teaches_the_grid_until_it_is_put_away_and_a_button_shows_all_keys(
    page: Page,
) -> None:
    lesson = page.locator(".lesson")
    name = _tab(page).locator(".name").inner_text()
    expect(lesson.locator(".keyed")).to_contain_text(f"The model calls all of these “{name}”")
    expect(lesson.locator(".keyed")).to_contain_text("Enter accepts all the others")
    page.get_by_role("button", name="all keys", exact=True).click()
    expect(page.get_by_role("dialog", name="keys")).to_contain_text("accept all the others")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="put this line away").click()
    expect(lesson).to_be_hidden()
    page.reload()
    _whole(page)
    expect(lesson).to_be_hidden()


def test_a_cut_by_keyboard_keeps_the_surest_guesses_or_the_others_and_the_counts_follow(
    page: Page,
) -> None:
    page.get_by_label("images on a page").select_option("200")
    expect(page.locator(".tile")).to_have_count(int(_number(_tab(page))))
    _whole(page)
    every, shown = _counts(page), set(_names(page))
    tab = _tab(page).locator(".name").inner_text()
    cut = page.get_by_label("how sure the model is")
    cut.focus()
    numbers, seen = list[int](), list[set[str]]()
    for keys, side in ((["ArrowDown"] * 5, "least"), (["End"], "below")):
        with page.expect_response(lambda one, side=side: f'"{side}":0.6' in _asked(one)):
            for key in keys:
                page.keyboard.press(key)
                expect(cut).to_be_focused()
        _whole(page)
        same = _tab(page).locator(".name").inner_text() == tab  # it has guesses of this confidence
        numbers.append(_counts(page))
        seen.append(set(_names(page)) if same else set())
    assert sum(numbers) == every and min(numbers) > 0
    assert not seen[0] & seen[1]
    assert seen[0] | seen[1] == shown


def _asked(response: Response) -> str:
    """What a response answers."""
    return response.request.post_data or ""


def test_with_few_blind_checks_there_is_no_error_rate_and_no_confidence_on_the_tiles(
    page: Page,
) -> None:
    expect(page.locator(".checks")).to_contain_text("wrong is not known yet")
    expect(page.locator(".checks")).to_contain_text("10 are needed")
    assert not [one for one in page.locator(".tile .chance").all() if one.is_visible()]


def test_the_error_rate_of_the_guesses_shown_is_counted_on_blind_checks(
    tmp_path: Path, embedded_home: Path, backbone: Backbone, visit: Visit
) -> None:
    server = Forked(tmp_path / "home", board.part_of_sample(tmp_path / "pool", 1))
    for name, label in board.true_labels().items():
        if label not in ("animal", "food"):
            (tmp_path / "pool" / name).unlink(missing_ok=True)
    try:
        script = _labeled(server, embedded_home, backbone, 0.9, 120)
        classes = {one["name"]: one["id"] for one in script("status")["classes"]}
        page = visit(f"{server.url}/grid")
        _fullest(page)
        name = _tab(page).locator(".name").inner_text()
        asked = {"holder": "script", "class_id": classes[name], "count": 0}
        for value, least, surely in (("", 0.0, ""), ("least 0.8", 0.8, " this surely")):
            page.get_by_label("how sure the model is").select_option(value)
            rate = script("page", asked | {"least": least})["error_rate"]
            assert rate["checks"] >= 10
            were = "was" if rate["wrong"] == 1 else "were"
            expect(page.locator(".checks")).to_contain_text(
                f"Of {rate['checks']} blind checks that the model called “{name}”{surely}, "
                f"{rate['wrong']} {were} wrong: "
            )
            expect(page.locator(".checks")).to_contain_text("95% interval")
            chance = page.locator(".tile .chance").first
            expect(chance).to_be_visible(visible=rate["backs_confidence"])
    finally:
        server.kill()


# The last one: it leaves nothing for another.
def test_a_pool_that_is_labeled_to_the_end_is_said_to_be_so(taught: Server, page: Page) -> None:
    page.get_by_label("images on a page").select_option("200")
    end = page.get_by_text("Every image has an answer")
    for _ in range(600):
        page.keyboard.press("Enter")
        page.wait_for_timeout(100)
        if end.count():
            break
    board.saved(page)
    expect(page.locator(".empty")).to_contain_text("Every image has an answer")
