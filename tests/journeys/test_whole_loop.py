"""From a fresh start on the sample data to an export, in a real browser."""

import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from labeling.exchange.formats.csv import read_csv
from labeling.project.project import Project, open_project
from tests.conftest import standing
from tests.journeys import board
from tests.journeys.serving import Server

Visit = Callable[..., Page]
LABELS = 30
RANKING = 250  # ms in which the board has asked for what the newest round ranks first


def test_a_new_user_labels_by_keyboard_and_the_guesses_get_better(
    visit: Visit, tmp_path: Path
) -> None:
    server = Server(tmp_path / "home")
    server.start()
    try:
        _whole_loop(server, visit, tmp_path)
    finally:
        server.kill()


def _whole_loop(server: Server, visit: Visit, tmp_path: Path) -> None:
    page = visit(server.url)
    _embedded(page)
    expected = _label(page, LABELS)
    agreed = _agreement(server)
    assert len(agreed) == LABELS
    assert sum(agreed[:20]) < 0.5 * 20  # at the start they are mostly wrong

    page.keyboard.press("z")
    assert board.after(page, "") == list(expected)[-1]
    expect(page.locator(".count")).to_have_text(f"{LABELS - 1} of 620 labeled")
    expected.popitem()

    page.reload()
    board.on_screen(page)
    expect(page.locator(".count")).to_have_text(f"{LABELS - 1} of 620 labeled")
    strip = page.locator(".past span").all_inner_texts()
    assert strip == list(expected.values())[::-1][:10]

    predicted, count = _accept_a_grid_page(page)
    page.get_by_role("link", name="Model").click()
    expect(page.get_by_text("What next?")).to_be_visible()
    page.get_by_text("Details", exact=True).click()
    page.get_by_text("Rounds", exact=True).click()
    expect(page.get_by_text("Guesses that turned out right")).to_be_visible()
    exported = _export(page, tmp_path)

    project = open_project(board.SAMPLE, _project_folder(server))
    assert exported == _stored(project)
    project.close()
    assert {path: exported[path] for path in expected} == expected
    accepted = {path: name for path, name in exported.items() if path not in expected}
    assert len(accepted) == count and set(accepted.values()) == {predicted}
    truth = board.true_labels()
    assert sum(truth[path] == predicted for path in accepted) > 0.8 * count


def _embedded(page: Page) -> None:
    """Let the whole pool be embedded: what is asked is then no matter of this machine's speed."""
    board.on_screen(page)
    expect(page.locator(".ingest")).to_contain_text("prepared", timeout=30_000)
    expect(page.locator(".ingest")).to_have_text("", timeout=60_000)
    page.wait_for_timeout(4 * RANKING)
    page.reload()
    board.on_screen(page)
    expect(page.get_by_text("no label covers yet")).to_be_visible()


def _label(page: Page, count: int) -> dict[str, str]:
    """Answer by the true labels, as fast as the model follows; what was answered."""
    truth = board.true_labels()
    answered: dict[str, str] = {}
    name = board.on_screen(page)
    keys = board.keys(page)
    page.evaluate("window.neverReloaded = true")
    for number in range(1, count + 1):
        answered[name] = truth[name]
        page.keyboard.press(keys[truth[name]].lower())
        name = board.after(page, name)
        expect(page.locator(".count")).to_contain_text(f"{number} of 620 labeled")
        if len(set(answered.values())) > 1:
            board.caught_up(page, number)
            page.wait_for_timeout(RANKING)
    board.saved(page)
    assert page.evaluate("window.neverReloaded") is True
    return answered


def _agreement(server: Server) -> list[bool]:
    """Whether the model's guess, blind ones too, was the answer; oldest first."""
    project = open_project(board.SAMPLE, _project_folder(server))
    answers = project.store.answers.standing()
    project.close()
    return [answer.predicted_class == answer.class_id for answer in answers]


def _accept_a_grid_page(page: Page) -> tuple[str, int]:
    """The class of the page and the number of its images."""
    page.get_by_role("link", name="Grid").click()
    expect(page.locator(".tile img").last).to_be_visible()
    predicted = page.locator(".tab[aria-selected=true] .name").inner_text()
    count = page.locator(".tile").count()
    page.wait_for_timeout(300)  # a page that has hardly been seen cannot be accepted
    page.keyboard.press("Enter")
    expect(page.locator(".count")).to_have_text(f"{LABELS - 1 + count} of 620 labeled")
    board.saved(page)
    return predicted, count


def _export(page: Page, folder: Path) -> dict[str, str]:
    page.get_by_role("link", name="Export").click()
    page.get_by_role("button", name="Prepare").click()
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(folder / "export")
    (labels,) = (folder / "export").rglob("labels.csv")
    return {record.path: record.label for record in read_csv(labels) if record.label}


def _project_folder(server: Server) -> Path:
    return next(path.parent for path in server.home.glob("*/hone.sqlite"))


def _stored(project: Project) -> dict[str, str]:
    names = project.store.classes.names()
    samples = project.store.samples.many()
    return {
        path: names[answer.class_id]
        for sample_id, answer in standing(project.store).items()
        if answer.class_id is not None
        for path in samples[sample_id].paths
    }
