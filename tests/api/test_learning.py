"""What the boards show of the person and of the model, and who may see which part."""

from starlette.testclient import TestClient

from labeling.loop.session import Session
from labeling.people import tokens
from labeling.people.tokens import issue
from labeling.store import Role
from tests.api.conftest import Opened
from tests.conftest import label

MODEL = 20


def teach(session: Session, name: str, first: int, count: int) -> None:
    """Let a person label samples of the pool, in two classes."""
    classes = [session.store.classes.ensure(one).id for one in ("cat", "dog")]
    for number, key in enumerate(session.store.samples.ids()[first : first + count]):
        answer = label(key, classes[number % 2], f"{name}-{key}")
        assert session.answer(name, [answer], own=True) == {}
    session.worker.wait()


def test_a_person_sees_own_labels_all_in_all_and_since_a_moment(
    patient: TestClient, session: Session
) -> None:
    session.change(goal_person=50, goal_team=200)
    teach(session, "ann", 0, 5)
    teach(session, "bob", 5, 3)
    now = patient.get("/api/learning").json()
    assert (now["labels"], now["lately"]) == (5, 5)
    assert (now["goal_person"], now["goal_team"], now["alone"]) == (50, 200, False)
    last = max(answer.at for answer in session.store.answers.all("ann"))
    assert patient.get(f"/api/learning?since={last}").json()["lately"] == 1
    assert patient.get(f"/api/learning?since={last + 1}").json()["lately"] == 0
    undone = {"client_id": "u", "kind": "undo"}
    first = session.store.answers.all("ann")[0]
    undone |= {"sample_id": first.sample_id, "undoes": first.client_id}
    assert patient.post("/api/answers", json={"answers": [undone]}).json()["refused"] == {}
    assert patient.get("/api/learning").json()["labels"] == 4


def test_an_annotator_sees_no_figure_of_the_team_or_of_the_model(
    client: TestClient, session: Session, workspace: Opened
) -> None:
    teach(session, "bob", 0, MODEL)
    seen = {}
    for role in Role:
        member, _ = session.store.people.invite(f"a {role}", role, 1)
        token = issue(tokens.for_member(session.project.folder, member), workspace.secret)
        headers = {"Authorization": f"Bearer {token}"}
        seen[role] = client.get("/api/learning", headers=headers).json()
    assert seen[Role.ANNOTATOR] == {
        "labels": 0,
        "lately": 0,
        "goal_person": 0,
        "goal_team": 0,
        "alone": True,
        "accuracy": None,
    }
    for role in (Role.REVIEWER, Role.OWNER):
        assert not seen[role]["alone"]
        assert seen[role]["accuracy"]["left"] == 40 - MODEL


def test_the_status_says_what_the_newest_round_has_changed(
    patient: TestClient, session: Session
) -> None:
    assert patient.get("/api/status").json()["status"]["moved"] is None
    teach(session, "ann", 0, 4)
    teach(session, "ann", 4, 1)
    moved = patient.get("/api/status").json()["status"]["moved"]
    assert moved["labels"] == 1
    assert 0 <= moved["guesses"] <= 35
    round_ = session.round
    assert round_ is not None and round_.moved is not None
    assert moved["guesses"] == round_.moved.guesses
