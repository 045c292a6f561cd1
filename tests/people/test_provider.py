"""A login by an OpenID provider: the real flow, against the server as it runs."""

import json
import re
import time
from collections.abc import Iterator

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from labeling.project.project import open_project
from labeling.store import Role
from tests.api.test_safety import ELSEWHERE, SECRET_NAME, Target, processes, seen
from tests.conftest import contents, fill
from tests.journeys.serving import Forked
from tests.provider import CLIENT, CLIENT_SECRET, Provider

COOKIES = "cookie-s3cret-of-enough-length"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    started = Provider()
    yield started
    started.close()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Target]:
    """A served Hone with an owner, an annotator, and the provider in its secrets file."""
    place = tmp_path_factory.mktemp("served")
    pool = fill(place / SECRET_NAME.replace("/", "-"), 2)
    server = Forked(place / "home", pool)
    secrets = place / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "{server.url}/oauth2callback"\ncookie_secret = "{COOKIES}"\n'
        f'client_id = "{CLIENT}"\nclient_secret = "{CLIENT_SECRET}"\n'
        f'server_metadata_url = "{provider.url}/.well-known/openid-configuration"\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONE_HOME", str(server.home))
        patch.setenv("HONE_LOGIN", "1")
        patch.setenv("STREAMLIT_LOGGER_LEVEL", "debug")
        patch.setenv("STREAMLIT_SECRETS_FILES", str(secrets))
        server.start()
        project = open_project(pool)
    people = project.store.people
    people.invite("Olga", Role.OWNER, 1, email="olga@example.org")
    people.invite("Ann", Role.ANNOTATOR, 1, email="Ann@Example.org")
    yield Target(server, project.folder, people, "", "")
    project.close()
    server.kill()


def page_of(target: Target) -> bytes:
    """What a browser sees once it has gone to the provider and come back."""
    return page_with(target, log_in(target))


def page_with(target: Target, cookies: dict[str, str]) -> bytes:
    """What a browser with these cookies sees."""
    carried = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return seen(target, {"Cookie": carried}, target.server.url, cookies["_streamlit_xsrf"])


def log_in(target: Target) -> dict[str, str]:
    """The cookies of a browser that has gone to the provider and come back."""
    claims = {"provider": "default", "exp": int(time.time()) + 60}
    start = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(COOKIES))
    with httpx.Client(base_url=target.server.url, follow_redirects=True) as browser:
        reply = browser.get("/auth/login", params={"provider": start})
        assert reply.status_code == 200 and reply.url.path == "/"
        browser.get("/_stcore/health")
        return dict(browser.cookies)


def media(target: Target, cookies: dict[str, str]) -> int:
    """The status of an export that nobody has prepared."""
    carried = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return target.ask("/media/0.zip", headers={"Cookie": carried} | ELSEWHERE)[0]


def board_token(told: bytes) -> str:
    """The token that the board of a page was given."""
    found = re.search(rb'"token": ?"([^"]+)"', told)
    assert found is not None, "there is no board on this page"
    return found[1].decode()


@pytest.mark.parametrize(
    ("email", "name", "role"),
    [("olga@example.org", "Olga", Role.OWNER), ("ann@example.org", "Ann", Role.ANNOTATOR)],
)
def test_who_is_invited_by_address_comes_in_with_the_own_name_and_role(
    target: Target, provider: Provider, email: str, name: str, role: Role
) -> None:
    provider.claims = {"email": email, "email_verified": True, "name": "as the provider has it"}
    page = page_of(target)
    assert b"secret-name" in page
    assert (b"Setup" in page) == (role is Role.OWNER)
    token = board_token(page)
    assert target.ask("/api/history", token=token, headers=ELSEWHERE)[0] == 200
    assert media(target, log_in(target)) == 404  # it is not there, but would be given
    expected = 200 if role is Role.OWNER else 403
    assert target.ask("/api/log", token=token, headers=ELSEWHERE)[0] == expected
    found = target.people.named(name)
    assert found.email == email


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@example.org", "email_verified": True},
        {"email": "olga@example.org", "email_verified": False},
        {"email": "olga@example.org", "email_verified": "false"},
        {"name": "Olga"},
        {"email": ["olga@example.org"]},
    ],
    ids=json.dumps,
)
def test_a_stranger_and_an_address_that_was_not_checked_see_nothing(
    target: Target, provider: Provider, claims: dict[str, object]
) -> None:
    provider.claims = claims
    page = page_of(target)
    assert media(target, log_in(target)) == 403
    assert b"secret-name" not in page and b'"token"' not in page
    assert b"not invited" in page or b"could not be taken over" in page


@pytest.mark.parametrize("forgery", ["other key", "other client", "other issuer", "run out"])
def test_a_token_that_the_provider_has_not_made_for_this_hone_logs_nobody_in(
    target: Target, provider: Provider, forgery: str
) -> None:
    provider.claims = {"email": "olga@example.org", "email_verified": True}
    if forgery == "other key":
        provider.key = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256"})
    provider.claims |= {
        "other client": {"aud": "another"},
        "other issuer": {"iss": "https://evil.example"},
        "run out": {"exp": int(time.time()) - 3600},
    }.get(forgery, {})
    try:
        assert b"secret-name" not in page_of(target)
    finally:
        provider.key = provider.published


def test_who_is_revoked_is_out_although_the_provider_still_knows_the_person(
    target: Target, provider: Provider
) -> None:
    member, _ = target.people.invite("Eve", Role.REVIEWER, 1, email="eve@example.org")
    provider.claims = {"email": "eve@example.org", "email_verified": True}
    cookies = log_in(target)
    time.sleep(1.1)  # another process has invited
    token = board_token(page_with(target, cookies))
    target.people.revoke(member.id)
    time.sleep(1.1)
    assert b"secret-name" not in page_with(target, cookies)
    assert target.ask("/api/status", token=token, headers=ELSEWHERE)[0] == 401


def test_a_forged_cookie_logs_nobody_in_and_no_secret_is_told(target: Target) -> None:
    claims = {"email": "olga@example.org", "is_logged_in": True, "origin": target.server.url}
    forged = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("another-secret-of-length"))
    xsrf = httpx.get(f"{target.server.url}/_stcore/health").cookies["_streamlit_xsrf"]
    page = page_with(target, {"_streamlit_user": forged, "_streamlit_xsrf": xsrf})
    assert media(target, {"_streamlit_user": forged}) == 403
    assert b"secret-name" not in page and b"Log in" in page
    told = [target.server.log.read_bytes(), page, *processes(target.server.pid)]
    files = [file for file in target.server.home.rglob("*") if file.is_file()]
    told += [content for file in files for content in contents(file)]
    for hidden in (COOKIES, CLIENT_SECRET):
        assert not any(hidden.encode() in one for one in told)
