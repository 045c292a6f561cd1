"""Whether everybody can read and use a page, as axe judges it (WCAG 2.2, levels A and AA)."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def faults(page: Page) -> list[str]:
    """What keeps some people from reading or using what the page shows.

    What still fades in is faint: a page gets a second to come to rest.
    """
    for pause in (0, 300, 700):
        page.wait_for_timeout(pause)
        found = _look(page)
        if not found:
            break
    return found


def _look(page: Page) -> list[str]:
    asked = {"runOnly": LEVELS, "resultTypes": ["violations"]}
    found: list[dict[str, Any]] = Axe().run(page, options=asked).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]
