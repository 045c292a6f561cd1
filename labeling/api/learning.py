"""How far the person and the model are: what the boards show beside the images.

An annotator sees only their own share: how good the team's model is could influence the next
answer, and the roles keep it from the Model screen too.
"""

from typing import Annotated

from msgspec import Meta

from labeling.api.forms import Asked, Reply
from labeling.api.operation import Operation
from labeling.evidence.glance import Glance
from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.store import Role


class LearningQuery(Asked, frozen=True):
    """Since when to count."""

    since: Annotated[
        float,
        Meta(description="Seconds since 1970, such as the last midnight where the person is."),
    ] = 0.0


class Learning(Reply, frozen=True):
    """The labels and goals of the person who asks, and how good the model is."""

    labels: Annotated[int, Meta(description="Samples that you have labeled.")]
    lately: Annotated[int, Meta(description="… and since the moment that you asked for.")]
    goal_person: Annotated[int, Meta(description="Labels that each person should give; 0: none.")]
    goal_team: Annotated[int, Meta(description="Labels that the team should give; 0: none.")]
    alone: Annotated[bool, Meta(description="Whether this person sees their own share only.")]
    accuracy: Annotated[
        Glance | None,
        Meta(description="Null for annotators, and before there is a model."),
    ]


def _learning(session: Session, visitor: Visitor, asked: LearningQuery) -> Learning:
    settings, own = session.project.settings(), session.store.answers.own(visitor.name, asked.since)
    sees = visitor.role >= Role.REVIEWER
    return Learning(
        labels=own.labels,
        lately=own.lately,
        goal_person=settings.goal_person,
        goal_team=settings.goal_team,
        alone=not sees,
        accuracy=session.glancer.look() if sees else None,
    )


LEARNING = Operation(
    "GET",
    "/api/learning",
    "Your labels and goals, and for reviewers and owners how good the model is, with its 95 % "
    "interval and the measures so far. It is measured at most a tenth of the time: ask again "
    "later if `is_newest` is false.",
    takes=LearningQuery,
    gives=Learning,
    handle=_learning,
)
