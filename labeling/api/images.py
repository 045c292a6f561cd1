"""Images by sample id, never by path; a browser keeps each for ever."""

import re

from starlette.requests import Request
from starlette.responses import Response

from labeling.api.operation import Json, Operation, RefusedError
from labeling.api.schema import STRING, described
from labeling.api.threads import in_worker
from labeling.errors import UnreadableImageError
from labeling.loop.session import Session
from labeling.media.image import SIZES
from labeling.people.access import Visitor

IMMUTABLE = "private, max-age=31536000, immutable"
SAMPLE_ID = re.compile("[0-9a-f]{64}")  # so that no name of a file can be made of it
MISSING = RefusedError(404, "There is no such image in this project.")


async def _image(session: Session, _visitor: Visitor, request: Request, _body: Json) -> Response:
    sample_id, size = request.path_params["sample_id"], request.path_params["size"]
    if size not in SIZES or not SAMPLE_ID.fullmatch(sample_id):
        raise MISSING
    headers = {"Cache-Control": IMMUTABLE, "ETag": f'"{sample_id[:32]}-{size}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    content = await in_worker(_content, session, sample_id, size)
    return Response(content, media_type="image/webp", headers=headers)


def _content(session: Session, sample_id: str, size: str) -> bytes:
    """The image as it was shown before, else from its file."""
    try:
        return session.project.preview(sample_id, size)
    except (UnreadableImageError, OSError) as error:
        sample = session.store.samples.get(sample_id)
        if sample is None or not sample.paths:
            raise MISSING from error
        reason = f"{sample.paths[0]} cannot be shown: {error}"
        session.leave_out(sample_id, reason)
        raise RefusedError(410, reason) from error


IMAGE = Operation(
    "GET",
    "/api/images/{sample_id}/{size}",
    "An image as WebP. The token may stand in the address, as `?token=…`, for `<img>`.",
    in_path={
        "sample_id": described(STRING, "The id of the sample: the SHA-256 of its file."),
        "size": {"enum": list(SIZES), "description": f"Pixels on the longer side: {SIZES}."},
    },
    refusals={404: "There is no such image.", 410: "The file is gone or damaged; it is left out."},
    media="image/webp",
    respond=_image,
    token_in_address=True,
)
