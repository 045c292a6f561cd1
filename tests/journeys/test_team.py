"""Three people in three browsers: let in, asked blind, contradicting, decided, shut out."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import pytest
import segno
from playwright.sync_api import Page, expect

from labeling.people.reach import found
from labeling.project.project import open_project
from labeling.store import Role
from tests.journeys import board
from tests.journeys.axe import faults
from tests.journeys.serving import Forked, Server
from tests.screens.test_invitation import BORDER, modules

Visit = Callable[..., Page]


def test_a_team_labels_contradicts_itself_and_is_decided(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = board.part_of_sample(tmp_path / "pool", 25)
    monkeypatch.setenv("HONE_HOME", str(tmp_path / "served"))
    project = open_project(pool)
    project.change(overlap_share=1.0, goal_person=10)
    people = project.store.people
    olga, ann = (people.invite(n, r, 1)[1] for n, r in (("Olga", Role.OWNER), ("Ann", Role(1))))
    server = Forked(tmp_path / "served", pool, "0.0.0.0")
    try:
        server.start()
        contested, agreed = _journey(server, visit, olga, ann)
        project.store.look_again()
        said: dict[str, list[tuple[str, str]]] = {contested: [], agreed: []}
        for one in project.store.answers.all():  # what each has said stays
            (path,) = project.store.samples.many([one.sample_id])[one.sample_id].paths
            said[path].append((one.annotator, one.source))
        two = [("Ann", "human"), ("Bob", "human")]
        assert said == {contested: [*two, ("Olga", "adjudicated")], agreed: two}
        people.revoke(people.named("Bob").id)
        page = visit(f"{server.url}/join/{ann}")
        expect(page.get_by_placeholder("find a class")).to_be_visible()
        people.revoke(people.named("Ann").id)
        page.wait_for_timeout(1200)  # another process hears of it within a second
        page.keyboard.press("1")
        expect(page.locator(".notice")).to_contain_text("has ended or was revoked")
        page.on("dialog", lambda dialog: dialog.accept())
        page.reload()
        expect(page.get_by_text("Open the invitation link")).to_be_visible()
    finally:
        server.kill()
        project.close()


def test_an_invited_person_sees_the_own_name_and_logs_out_at_the_door(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = board.part_of_sample(tmp_path / "pool", 25)
    monkeypatch.setenv("HONE_HOME", str(tmp_path / "served"))
    project = open_project(pool)
    _, olga = project.store.people.invite("Olga", Role.OWNER, 1)
    server = Forked(tmp_path / "served", pool, "0.0.0.0")
    try:
        server.start()
        assert found(project.folder).port == server.port
        owner = visit(f"{server.url}/join/{olga}")
        board.on_screen(owner)
        expect(owner.locator(".st-key-who")).to_contain_text("Olga owner")
        link = _invited(owner, server, "Bob")
        code = owner.get_by_role("img", name="QR code of the link").inner_html()
        drawn = [row[BORDER:-BORDER] for row in modules(code)[BORDER:-BORDER]]
        assert drawn == [list(row) for row in segno.make(link, micro=False).matrix]
        assert faults(owner) == []
        owner.get_by_role("button", name="Done").click()
        expect(owner.get_by_role("dialog")).to_have_count(0)

        guest = visit(link)
        board.on_screen(guest)
        expect(guest.locator(".st-key-who")).to_contain_text("Bob annotator")
        second_tab = guest.context.new_page()
        second_tab.goto(urljoin(link, "../grid"))
        expect(second_tab.locator(".st-key-who")).to_contain_text("Bob annotator")
        guest.get_by_role("button", name="Log out").click()
        for page in (guest, second_tab):
            expect(page.get_by_text("Open the invitation link")).to_be_visible()
        kept = [cookie["name"] for cookie in guest.context.cookies()]
        assert not [name for name in kept if name.startswith("hone-")]
        owner.reload()  # nobody else was logged out
        expect(owner.locator(".st-key-who")).to_contain_text("Olga owner")
    finally:
        server.kill()
        project.close()


def _journey(server: Server, visit: Visit, olga: str, ann: str) -> tuple[str, str]:
    stranger = visit(f"{server.url}/setup")
    expect(stranger.get_by_text("Open the invitation link")).to_be_visible()
    owner = visit(f"{server.url}/join/{olga}")
    board.on_screen(owner)
    bobs_link = _invited(owner, server, "Bob")

    first_page = visit(f"{server.url}/join/{ann}")
    contested = board.on_screen(first_page)
    expect(first_page.get_by_role("link", name="Setup")).to_have_count(0)
    first_page.keyboard.press("1")
    agreed = board.after(first_page, contested)
    first_page.keyboard.press("1")
    board.after(first_page, agreed)
    board.saved(first_page)

    second_page = visit(bobs_link)
    assert board.on_screen(second_page) == contested
    assert board.guess(second_page) is None
    second_page.keyboard.press("2")
    assert board.after(second_page, contested) == agreed
    second_page.keyboard.press("1")
    assert board.after(second_page, agreed) not in (contested, agreed)
    board.saved(second_page)
    second_page.reload()  # the link is not needed again
    board.on_screen(second_page)
    second_page.goto(urljoin(bobs_link, "../model"))  # the cookie is for its host
    expect(second_page.get_by_text("You: 2 of 10 labels")).to_be_visible()

    owner.goto(f"{server.url}/review")
    assert board.on_screen(owner) == contested
    expect(owner.locator(".tab[data-list=disagreements]")).to_contain_text("1")
    for text in ("Ann", "Bob", "animal", "clothing"):
        expect(owner.locator(".opinions").get_by_text(text, exact=True)).to_be_visible()
    owner.keyboard.press("2")
    expect(owner.get_by_text("Nothing is left to decide")).to_be_visible()
    board.saved(owner)
    rows = _exported(owner, server)
    assert (rows[contested]["label"], rows[contested]["source"]) == ("clothing", "adjudicated")
    assert rows[agreed]["label"] == "animal"
    assert {row["annotator"] for row in rows.values()} - {""} <= {
        "annotator-1",
        "annotator-2",
        "annotator-3",
    }
    return contested, agreed


def _invited(owner: Page, server: Server, name: str) -> str:
    """The link that an owner gets for a new person."""
    owner.goto(f"{server.url}/setup?page=people")
    owner.get_by_role("button", name="Invite a person").click()
    owner.get_by_role("dialog").get_by_label("Name", exact=True).fill(name)
    owner.get_by_role("button", name="Invite", exact=True).click()
    expect(owner.get_by_text("shown only once")).to_be_visible()
    field = owner.get_by_label("Invitation link")
    expect(field).to_have_value(re.compile("/join/"))
    return field.input_value()


def _exported(owner: Page, server: Server) -> dict[str, dict[str, str]]:
    """The rows of the CSV by path, with people unnamed."""
    owner.goto(f"{server.url}/export")
    owner.get_by_text("Replace the names of people").click()
    owner.get_by_role("button", name="Prepare").click()
    with owner.expect_download() as download:
        owner.locator("[data-testid=stDownloadButton] button").first.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        text = archive.read("labels.csv").decode()
    return {row["path"]: row for row in csv.DictReader(io.StringIO(text))}
