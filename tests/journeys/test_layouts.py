"""Keys of other layouts: a press stores the class that stands beside the key, or nothing."""

from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from playwright.sync_api import CDPSession, Page, expect

from tests.journeys import board
from tests.journeys.serving import Forked, Server

Visit = Callable[..., Page]
CLASSES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "q", "w")
IMAGES = 240
ALT, CTRL, META, SHIFT = 1, 2, 4, 8
ALTGR = ALT | CTRL  # as browsers on Windows say it

# What a layout types: (key, code, modifiers, class). An empty class means that nothing is stored.
US = [("1", "Digit1", 0, "one"), ("0", "Digit0", 0, "ten"), ("q", "KeyQ", 0, "q")]
US += [("Q", "KeyQ", SHIFT, "q"), ("!", "Digit1", SHIFT, ""), ("1", "Digit1", ALTGR, "")]
US += [("1", "Digit1", CTRL, ""), ("1", "Digit1", ALT, ""), ("1", "Digit1", META, "")]
US += [("3", "Numpad3", 0, "three"), ("[", "BracketLeft", 0, ""), ("Enter", "Enter", CTRL, "")]
GERMAN = [("8", "Digit8", 0, "eight"), ("[", "Digit8", ALTGR, ""), ("]", "Digit9", ALTGR, "")]
GERMAN += [("{", "Digit7", ALTGR, ""), ("}", "Digit0", ALTGR, ""), ("@", "KeyQ", ALTGR, "")]
GERMAN += [("€", "KeyE", ALTGR, ""), ("Dead", "Equal", 0, ""), ("ö", "Semicolon", 0, "")]
SWEDISH = [("7", "Digit7", 0, "seven"), ("{", "Digit7", ALTGR, ""), ("[", "Digit8", ALTGR, "")]
SWEDISH += [("]", "Digit9", ALTGR, ""), ("}", "Digit0", ALTGR, ""), ("å", "BracketLeft", 0, "")]
FRENCH = [
    *((sign, f"Digit{at % 10}", 0, CLASSES[at - 1]) for at, sign in enumerate("&é\"'(-è_çà", 1)),
    *((str(at % 10), f"Digit{at % 10}", SHIFT, CLASSES[at - 1]) for at in (1, 5, 10)),
    *(("[", "Digit5", ALTGR, ""), ("{", "Digit4", ALTGR, ""), ("\\", "Digit8", ALTGR, "")),
    *(("a", "KeyQ", 0, ""), ("q", "KeyA", 0, "q"), ("w", "KeyZ", 0, "w"), ("Dead", "KeyP", 0, "")),
]
RUSSIAN = [("й", "KeyQ", 0, "q"), ("Ц", "KeyW", SHIFT, "w"), ("2", "Digit2", 0, "two")]
RUSSIAN += [("х", "BracketLeft", 0, ""), ("№", "Digit3", SHIFT, ""), ("э", "Quote", 0, "")]
HEBREW = [
    ("/", "KeyQ", 0, "q"),
    ("'", "KeyW", 0, "w"),
    ("ש", "KeyA", 0, ""),
    ("9", "Digit9", 0, "nine"),
]
GREEK = [(";", "KeyQ", 0, "q"), ("ς", "KeyW", 0, "w")]
DVORAK = [("'", "KeyQ", 0, ""), (",", "KeyW", 0, ""), ("q", "KeyX", 0, "q"), ("w", "Comma", 0, "w")]
JAPANESE = [("Process", "KeyQ", 0, ""), ("Process", "Digit1", 0, "")]  # a word in the making
LAYOUTS = {
    "US": US,
    "German": GERMAN,
    "Swedish": SWEDISH,
    "French": FRENCH,
    "Russian": RUSSIAN,
    "Hebrew": HEBREW,
    "Greek": GREEK,
    "Dvorak": DVORAK,
    "Japanese": JAPANESE,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("layouts")
    (folder / "pool").mkdir()
    for number in range(IMAGES):
        image = Image.new("RGB", (40, 30), (number, 90, 160))
        image.save(folder / "pool" / f"{number:03}.png")
    (folder / "pool" / "classes.txt").write_text("\n".join(CLASSES))
    server = Forked(folder / "home", folder / "pool")
    server.start()
    yield server
    server.kill()


def press(tools: CDPSession, key: str, code: str, modifiers: int) -> None:
    """A key of a keyboard, as the system tells the browser about it."""
    types = len(key) == 1 and not modifiers & (ALT | CTRL | META)
    event = {"key": key, "code": code, "modifiers": modifiers}
    event |= {"location": 3} if code.startswith("Numpad") else {}
    event |= {"windowsVirtualKeyCode": 229} if key == "Process" else {}
    kind = {"type": "keyDown", "text": key} if types else {"type": "rawKeyDown"}
    tools.send("Input.dispatchKeyEvent", kind | event)
    tools.send("Input.dispatchKeyEvent", {"type": "keyUp"} | event)


def test_a_key_stores_the_class_beside_it_or_nothing(server: Server, visit: Visit) -> None:
    page = visit(server.url)
    name = board.on_screen(page)
    expect(page.locator(".class .name")).to_have_text(list(CLASSES))
    beside = {label: key.lower() for label, key in board.keys(page).items()}
    assert (beside["one"], beside["ten"], beside["q"]) == ("1", "0", "q")
    tools = page.context.new_cdp_session(page)
    strip = page.locator(".past span")
    for layout, events in LAYOUTS.items():
        for key, code, modifiers, label in events:
            answers = min(strip.count(), 9)
            press(tools, key, code, modifiers)
            if label:
                name = board.after(page, name)
                expect(strip.first).to_have_text(label)
            else:
                page.wait_for_timeout(60)
                assert board.on_screen(page) == name, f"{layout}: {key} at {code} has answered"
                assert min(strip.count(), 9) == answers
            page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("event", "platform"),
    [
        ("{key: '[', code: 'Digit8', modifierAltGraph: true}", "Linux x86_64"),
        ("{key: '[', code: 'Digit8', ctrlKey: true, altKey: true}", "Win32"),
        ("{key: '[', code: 'Digit5', altKey: true}", "MacIntel"),
        ("{key: 'х', code: 'BracketLeft'}", "Win32"),
    ],
)
def test_the_key_for_darker_darkens_wherever_a_layout_has_it(
    server: Server, visit: Visit, event: str, platform: str
) -> None:
    page = visit("about:blank")
    page.add_init_script(
        f"Object.defineProperty(navigator, 'platform', {{ get: () => '{platform}' }})"
    )
    page.goto(server.url)
    name = board.on_screen(page)
    page.evaluate(
        f"document.dispatchEvent(new KeyboardEvent('keydown', {{...{event}, bubbles: true}}))"
    )
    filtered = page.locator(".stage img").evaluate("image => getComputedStyle(image).filter")
    assert filtered == "brightness(0.9) contrast(1)"
    assert board.on_screen(page) == name


PREVENTED = """(event) => !document.dispatchEvent(
  new KeyboardEvent("keydown", { ...event, bubbles: true, cancelable: true }))"""


def test_no_press_with_altgr_or_in_a_composed_word_answers(server: Server, visit: Visit) -> None:
    page = visit(server.url)
    name = board.on_screen(page)
    for event in (
        {"key": "ą", "code": "KeyA", "modifierAltGraph": True},
        {"key": "1", "code": "Digit1", "modifierAltGraph": True},
        {"key": "1", "code": "Digit1", "isComposing": True},
        {"key": "Enter", "code": "Enter", "modifierAltGraph": True},
    ):
        assert not page.evaluate(PREVENTED, event), event
        page.wait_for_timeout(60)
        assert board.on_screen(page) == name, event
