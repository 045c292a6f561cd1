"""What the tests of the loop share."""

import pytest


@pytest.fixture
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets projects that are opened from now on have their labels in one or the other."""
    if request.param == "postgresql":
        monkeypatch.setenv("HONE_DATABASE_URL", request.getfixturevalue("cluster").url)
