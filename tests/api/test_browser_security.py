"""The guard: which requests come from a page of another site, and what replies forbid."""

import pytest

from labeling.api.browser_security import is_foreign, script_hashes

ALLOWED = frozenset({"https://hone.example.org"})


@pytest.mark.parametrize(
    "headers",
    [
        {},  # a script
        {"origin": "http://localhost:8501"},
        {"origin": "http://LOCALHOST:8501"},
        {"origin": "https://hone.example.org"},  # allowed by the configuration
        {"origin": "https://proxy.example.org", "x-forwarded-host": "proxy.example.org"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
def test_own_pages_and_scripts_may_ask(headers: dict[str, str]) -> None:
    assert not is_foreign({"host": "localhost:8501"} | headers, ALLOWED)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost:3000"},  # another program on the same machine
        {"origin": "http://127.0.0.1:8501"},
        {"origin": "https://evil.example"},
        {"origin": "https://evil.example/localhost:8501"},
        {"origin": "https://localhost:8501@evil.example"},
        {"origin": "https://hone.example.org.evil.example"},
        {"origin": "null"},  # a sandboxed frame
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_pages_of_other_sites_may_not(headers: dict[str, str]) -> None:
    assert is_foreign({"host": "localhost:8501"} | headers, ALLOWED)


def test_a_request_without_a_host_has_no_own_origin() -> None:
    assert is_foreign({"origin": ""}) and is_foreign({"origin": "null"})


def test_a_script_of_the_page_is_named_by_the_hash_that_browsers_compute() -> None:
    page = '<script src="a.js"></script>\n<script>alert(1)</script>'
    assert script_hashes(page) == ["'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"]
