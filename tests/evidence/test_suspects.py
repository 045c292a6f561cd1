"""Suspects: labels that the others contradict."""

from labeling.evidence.suspects import alike, confirmed
from labeling.loop.decisions import decide
from labeling.loop.session import Session
from tests.mislabeled import wrong


def test_wrong_labels_come_first_and_are_mended_or_confirmed(session: Session) -> None:
    evidence = session.figures.evidence()
    assert evidence is not None
    found = session.figures.suspects(evidence)
    assert {one.sample_id for one in found[:2]} == wrong(session)
    assert session.figures.judged(evidence) is session.figures.judged(evidence)
    first, second = found[:2]
    assert first.given != first.predicted
    assert [key for key, _ in first.chances] == [first.predicted, first.given]
    assert first.chances[1][1] == first.likelihood
    decide(session, "ann", first.sample_id, first.predicted)
    decide(session, "ann", second.sample_id, second.given)
    # On what was known before, too: a round may take its time.
    assert not wrong(session) & {one.sample_id for one in session.figures.suspects(evidence)}
    session.worker.wait()
    assert session.labels()[first.sample_id].class_id == first.predicted
    assert confirmed(session.store.answers.standing()) == {second.sample_id}
    evidence = session.figures.evidence()
    assert evidence is not None
    left = {one.sample_id for one in session.figures.suspects(evidence)}
    assert not left & {first.sample_id, second.sample_id}


def test_a_suspect_is_shown_beside_what_is_most_like_it_in_each_likely_class(
    session: Session,
) -> None:
    evidence = session.figures.evidence()
    assert evidence is not None
    first = session.figures.suspects(evidence)[0]
    labels = {key: answer.class_id for key, answer in session.labels().items()}
    truly, as_labeled = alike(session.round, evidence, first)
    assert (truly.class_id, as_labeled.class_id) == (first.predicted, first.given)
    assert truly.chance > as_labeled.chance
    for one in (truly, as_labeled):
        assert len(one.samples) == 4
        assert {labels[key] for key, _ in one.samples} == {one.class_id}
        assert first.sample_id not in dict(one.samples)
        similarity = [value for _, value in one.samples]
        assert similarity == sorted(similarity, reverse=True)
    assert truly.samples[0][1] > as_labeled.samples[0][1]
