"""Samples as browsers show them, by id, never by path; each may be cached without a time limit."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from labeling.api.forms import Asked, RefusedError
from labeling.api.operation import Operation
from labeling.api.threads import in_decoder, in_worker
from labeling.errors import UnreadableError, files_to_spare
from labeling.loop.session import Session
from labeling.media import DEFAULT_MEDIUM, MEDIA
from labeling.people.access import Visitor

IMMUTABLE = "private, max-age=31536000, immutable"
SIZES = MEDIA[DEFAULT_MEDIUM].sizes  # the names are those of all media
MISSING = RefusedError(404, "This project has no such sample.")


class SamplePath(Asked, frozen=True):
    """Which sample, and how much of it."""

    # Only hexadecimal digits, so it cannot name another file.
    sample_id: Annotated[
        str,
        Meta(
            pattern="^[0-9a-f]{64}$",
            max_length=64,
            description="The id of the sample: the SHA-256 of its file, or of its text in UTF-8.",
        ),
    ]
    size: Annotated[
        str,
        Meta(
            description="For lists, for the screen, or all there is. An image has at most 256, "
            "1600 or 8192 pixels on its longer side; a text is a snippet or whole.",
            extra_json_schema={"enum": list(SIZES)},
        ),
    ]


async def _sample(session: Session, _visitor: Visitor, request: Request, _asked: None) -> Response:
    try:
        asked = msgspec.convert(request.path_params, SamplePath)
    except msgspec.ValidationError:
        raise MISSING from None
    sample_id, size = asked.sample_id, asked.size
    if size not in SIZES:
        raise MISSING
    headers = {"Cache-Control": IMMUTABLE, "ETag": f'"{sample_id[:32]}-{size}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    content = await in_worker(session.project.kept_preview, sample_id, size)
    if content is None:
        content = await in_decoder(_content, session, sample_id, size)
    return Response(content, media_type=session.project.medium.shown_as, headers=headers)


def _content(session: Session, sample_id: str, size: str) -> bytes:
    """The preview from the cache, else from its file."""
    try:
        with files_to_spare():
            return session.project.preview(sample_id, size)
    except (UnreadableError, OSError) as error:
        sample = session.store.samples.get(sample_id)
        if sample is None or not sample.paths:
            raise MISSING from error
        reason = f"{sample.paths[0]} cannot be shown: {error}"
        session.leave_out(sample_id, reason)
        raise RefusedError(410, reason) from error


SAMPLE = Operation(
    "GET",
    "/api/samples/{sample_id}/{size}",
    "A sample: an image as WebP, a text as JSON with `text`, its `length`, whether that is the "
    "`whole`, and the other columns of its row as `context`. The token may be in the address, as "
    "`?token=…`, for `<img>`.",
    in_path=SamplePath,
    refusals={
        404: "The project has no such sample.",
        410: "The file is gone or damaged; it is left out.",
    },
    media=tuple(one.shown_as for one in MEDIA.values()),
    respond=_sample,
    token_in_address=True,
)
