"""Images by sample id, never by path; a browser may cache each without a time limit."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from labeling.api.forms import Asked, RefusedError
from labeling.api.operation import Operation
from labeling.api.threads import in_decoder, in_worker
from labeling.errors import UnreadableImageError, files_to_spare
from labeling.loop.session import Session
from labeling.media.image import SIZES
from labeling.people.access import Visitor

IMMUTABLE = "private, max-age=31536000, immutable"
MISSING = RefusedError(404, "This project has no such image.")


class ImagePath(Asked, frozen=True):
    """Which image, and how large."""

    # Only hexadecimal digits, so it cannot name another file.
    sample_id: Annotated[
        str,
        Meta(
            pattern="^[0-9a-f]{64}$",
            max_length=64,
            description="The id of the sample: the SHA-256 of its file.",
        ),
    ]
    size: Annotated[
        str,
        Meta(
            description=f"Pixels on the longer side: {SIZES}.",
            extra_json_schema={"enum": list(SIZES)},
        ),
    ]


async def _image(session: Session, _visitor: Visitor, request: Request, _asked: None) -> Response:
    try:
        asked = msgspec.convert(request.path_params, ImagePath)
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
    return Response(content, media_type="image/webp", headers=headers)


def _content(session: Session, sample_id: str, size: str) -> bytes:
    """The image from the cache, else from its file."""
    try:
        with files_to_spare():
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
    "An image as WebP. The token may be in the address, as `?token=…`, for `<img>`.",
    in_path=ImagePath,
    refusals={
        404: "The project has no such image.",
        410: "The file is gone or damaged; it is left out.",
    },
    media="image/webp",
    respond=_image,
    token_in_address=True,
)
