"""Accepting the pre-labels that a certificate covers, and taking all of them back."""

from collections.abc import Sequence
from uuid import uuid4

from labeling.errors import HoneError
from labeling.loop.session import Session
from labeling.store import Certificate, NewAnswer, Offer
from labeling.store.certificates import ACCEPTED, TAKEN_BACK

AT_ONCE = 200  # answers in one transaction: people who label meanwhile wait no longer
HOLDER = "certificate"  # leases samples while accepting them; those that people hold are left out


def accept(session: Session, certificate: Certificate, annotator: str) -> int:
    """Accept what a proven certificate covers; returns the number of accepted pre-labels."""
    offers = session.certifier.to_accept(certificate)
    done = 0
    for begin in range(0, len(offers), AT_ONCE):
        part = offers[begin : begin + AT_ONCE]
        claimed = session.store.leases.claim(HOLDER, part, len(part))
        _give(session, annotator, [_answer(certificate, offer) for offer in claimed])
        done += len(claimed)
    session.store.certificates.end(
        certificate.id, ACCEPTED, certificate.result | {"accepted": done}
    )
    return done


def take_back(session: Session, certificate: Certificate, annotator: str) -> int:
    """Undo every answer that rests on a certificate; people's answers stay."""
    if certificate.end != ACCEPTED:
        raise HoneError("Nothing was accepted on this certificate, or it was taken back already.")
    undos = [
        NewAnswer(str(uuid4()), answer.sample_id, "undo", undoes=answer.client_id)
        for answer in session.store.answers.standing()
        if answer.certificate_id == certificate.id
    ]
    for begin in range(0, len(undos), AT_ONCE):
        _give(session, annotator, undos[begin : begin + AT_ONCE])
    session.store.certificates.end(certificate.id, TAKEN_BACK, certificate.result)
    return len(undos)


def _answer(certificate: Certificate, offer: Offer) -> NewAnswer:
    return NewAnswer(
        str(uuid4()),  # one that nobody can take before
        offer.sample_id,
        "label",
        offer.predicted_class,
        source="accepted",
        certificate_id=certificate.id,
    )


def _give(session: Session, annotator: str, answers: Sequence[NewAnswer]) -> None:
    refused = session.answer(annotator, answers)
    if refused:
        raise HoneError(next(iter(refused.values())))
