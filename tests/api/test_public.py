"""What needs no token."""

from starlette.testclient import TestClient


def test_health_needs_no_token(anonymous: TestClient) -> None:
    assert anonymous.get("/api/health").json() == {"ok": True}
