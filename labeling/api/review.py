"""Review: the lists of a reviewer, and why the model doubts a label."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import asdict
from starlette.requests import Request
from starlette.responses import Response

from labeling.api.cards import LONGEST_HOLDER, MOST_IDS
from labeling.api.forms import Asked, Reply
from labeling.api.operation import Operation
from labeling.api.samples import MISSING
from labeling.api.threads import in_worker
from labeling.evidence.heat_map import shown_evidence
from labeling.evidence.suspects import ENOUGH, FEWEST
from labeling.loop.review import Item, Wanted
from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.store import Role

MOST_ITEMS = 200
MOST_CLASSES = 10
LARGEST_ID = 2**31 - 1

SampleId = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]


class AskReview(Asked, frozen=True):
    """Which list, and what the browser holds of it."""

    holder: Annotated[
        str,
        Meta(description="The name of the browser tab. What others see comes last in its lists."),
    ]
    count: Annotated[int, Meta(description=f"How many more samples; at most {MOST_ITEMS}.")]
    name: Annotated[
        Literal["", "disagreements", "suspects", "unsure", "class"],
        Meta(description="The list; empty for the first one that is not empty."),
    ] = ""
    class_id: Annotated[int | None, Meta(description="The class, for the list `class`.")] = None
    given: Annotated[
        int | None,
        Meta(description="Only suspects labeled with this class; give `predicted` too."),
    ] = None
    predicted: Annotated[
        int | None, Meta(description="Only suspects that look like this class.")
    ] = None
    held: Annotated[
        dict[str, int],
        Meta(
            max_length=MOST_IDS,
            description="The samples that the browser holds, each with the `answer` that it shows.",
        ),
    ] = msgspec.field(default_factory=dict)
    screen: Annotated[
        int,
        Meta(description="How many samples it has on its screen, the first ones that it holds."),
    ] = 0


class Review(Reply, frozen=True):
    """A part of a list."""

    name: Annotated[str, Meta(description="The list that was chosen.")]
    items: Annotated[list[Item], Meta(description="The next samples of the list.")]
    changed: Annotated[
        dict[str, Item | None],
        Meta(
            description="The held samples whose answer is another now; null if they have none, or "
            "have left the pool."
        ),
    ]
    total: Annotated[int, Meta(description="The length of the list.")]
    counts: Annotated[dict[str, int], Meta(description="The length of each list.")]
    pairs: Annotated[
        list[tuple[int, int, int]],
        Meta(description="The given class, the predicted class, and the number of such suspects."),
    ]
    judged: Annotated[int, Meta(description="How many labels were compared with each other.")]
    fewest: Annotated[int, Meta(description="How many labels there must be to compare them.")]
    thin: Annotated[list[int], Meta(description="Classes with too few labels to judge theirs.")]
    enough: Annotated[int, Meta(description="How many labels a class must have.")]
    team: Annotated[bool, Meta(description="Whether several people answer the same samples.")]


class AskAlike(Asked, frozen=True):
    """A sample, and the classes to look in."""

    sample_id: str
    class_ids: Annotated[tuple[int, ...], Meta(max_length=MOST_CLASSES)]


class Alike(Reply, frozen=True):
    """Labeled samples that look most like the sample."""

    alike: Annotated[
        dict[int, list[tuple[str, float]]],
        Meta(description="Of each class (sample id, similarity), the most similar first."),
    ]


class HeatPath(Asked, frozen=True):
    """Which sample, and the evidence for which class."""

    sample_id: SampleId
    class_id: Annotated[int, Meta(ge=1, le=LARGEST_ID)]


def _review(session: Session, visitor: Visitor, asked: AskReview) -> Review:
    page = session.reviews.page(
        f"{visitor.member or ''}:{asked.holder[:LONGEST_HOLDER]}",
        Wanted(asked.name, asked.class_id, asked.given, asked.predicted),
        max(0, min(asked.count, MOST_ITEMS)),
        asked.held,
        max(0, min(asked.screen, MOST_ITEMS)),
    )
    return Review(**vars(page), fewest=FEWEST, enough=ENOUGH)


def _alike(session: Session, _visitor: Visitor, asked: AskAlike) -> Alike:
    return Alike(session.reviews.alike(asked.sample_id, asked.class_ids))


async def _heat(session: Session, _visitor: Visitor, request: Request, _asked: None) -> Response:
    try:
        asked = msgspec.convert(request.path_params, HeatPath, strict=False)
    except msgspec.ValidationError:
        raise MISSING from None
    seen = (session.project, session.round, session.ingest.device)
    content = await in_worker(shown_evidence, *seen, *asdict(asked).values())
    headers = {"Cache-Control": "no-store"}  # another round sees another evidence
    return Response(content, media_type=session.project.medium.shown_as, headers=headers)


REVIEW = Operation(
    "POST",
    "/api/review",
    "What a reviewer decides: labels that the others contradict, images on which people disagree, "
    "unsure ones, or the labels of one class. A decision is an answer with the source "
    "`adjudicated`.",
    takes=AskReview,
    gives=Review,
    handle=_review,
    role=Role.REVIEWER,
)
ALIKE = Operation(
    "POST",
    "/api/alike",
    "The labeled samples of some classes that look most like a sample.",
    takes=AskAlike,
    gives=Alike,
    handle=_alike,
    role=Role.REVIEWER,
)
HEAT = Operation(
    "GET",
    "/api/heat/{sample_id}/{class_id}",
    "Where in a sample the model sees evidence for a class: a WebP of an image, coloured there, or "
    "the `spans` of a text as JSON, each with where it begins and ends (in code points) and its "
    "weight in logits.",
    in_path=HeatPath,
    refusals={
        404: "There is no such sample or class.",
        409: "No map is possible; the text says why.",
    },
    media=("image/webp", "application/json"),
    respond=_heat,
    role=Role.REVIEWER,
)
