"""How sure a label is: by whom it was given, and who agrees."""

import numpy as np
import pytest

from labeling.answers.certainty import certainty
from labeling.answers.consensus import Consensus, by_sample
from labeling.settings import Overlap
from labeling.store import NewAnswer, Store
from models.evidence.consensus import PRIOR_SKILL
from models.head.logistic import fit_logistic
from tests.answers.test_consensus import give
from tests.conftest import OpenSession, add_samples


def told(store: Store) -> dict[str, float]:
    consensus = Consensus(Overlap())
    answers = consensus.settle(by_sample(store.answers.standing()))
    return certainty(answers, consensus.all())


def sprint(store: Store) -> list[str]:
    """Twelve samples that three careful people and one who guesses have labeled; four more."""
    ids = add_samples(store, 16)
    for name in ("cat", "dog"):
        store.classes.ensure(name)
    for number, key in enumerate(ids[:12]):
        right, wrong = ("cat", "dog") if number % 2 else ("dog", "cat")
        people = [(who, right) for who in ("ann", "bob", "cem")]
        give(store, key, *people, ("guess", wrong if number % 3 else right))
    return ids


def test_a_label_alone_is_as_sure_as_its_annotator_is_good_and_agreement_is_surer(
    store: Store,
) -> None:
    ids = sprint(store)
    give(store, ids[12], ("ann", "cat"))
    give(store, ids[13], ("guess", "cat"))
    give(store, ids[14], ("new", "cat"))
    sure = told(store)
    assert sure[ids[13]] < PRIOR_SKILL < sure[ids[12]] < sure[ids[0]] <= 1.0
    assert sure[ids[14]] == PRIOR_SKILL


def test_what_a_reviewer_has_decided_or_was_imported_is_taken_to_be_true(store: Store) -> None:
    ids = sprint(store)
    give(store, ids[0], ("reviewer", "cat"))
    cat = store.classes.ensure("cat").id
    store.answers.append("import", [NewAnswer("i", ids[12], "label", cat, source="imported")])
    assert {ids[0], ids[12]}.isdisjoint(told(store))


@pytest.mark.parametrize("people", [["ann"], ["ann", "bob"]])
def test_of_one_or_two_people_nothing_is_known(store: Store, people: list[str]) -> None:
    for key in add_samples(store, 4):
        give(store, key, *[(who, "cat") for who in people])
    assert told(store) == {}


def test_the_head_learns_each_label_with_the_weight_of_its_certainty(
    open_session: OpenSession,
) -> None:
    session = open_session()
    store, ids = session.store, session.store.samples.ids()
    for number, key in enumerate(ids[:8]):
        give(store, key, *[(who, "cat" if number % 2 else "dog") for who in ("ann", "bob", "cem")])
    give(store, ids[8], ("new", "cat"))
    session.current.refresh()
    session.worker.request()
    session.worker.wait()
    round_ = session.round
    assert round_ is not None and round_.head is not None
    rows, sure = round_.snapshot.rows, round_.snapshot.certainty
    assert sure is not None
    alone = rows.tolist().index(round_.table.row(ids[8]))
    assert sure[alone] == PRIOR_SKILL == sure.min()
    features, labels = round_.table.features[rows], round_.snapshot.labels
    audits = np.zeros(len(rows), dtype=bool)
    weighed = fit_logistic(features, labels, audits=audits, certainty=sure)
    alike = fit_logistic(features, labels, audits=audits)
    found = round_.head.predict_proba(features)
    np.testing.assert_allclose(found, weighed.predict_proba(features), atol=1e-6)
    assert np.abs(found - alike.predict_proba(features)).max() > 1e-4
