"""Sends assets: for ever under a name with the right hash, never stored under an old one."""

import re

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from parley.web.assets.manifest import Asset, manifest

NEVER = re.compile(r"q=0(\.0*)?")
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def show(request: HttpRequest, path: str) -> HttpResponse:
    """The asset of that hashed name. An old hash gets today's version unstored: while machines are
    being updated one after the other, a page of the new version may ask a machine with the old one."""
    found = manifest().find(path)
    if found is None:
        raise Http404
    asset, is_current = found
    response = _answer(request, asset)
    response["Cache-Control"] = FOR_EVER if is_current else "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _answer(request: HttpRequest, asset: Asset) -> HttpResponse:
    packed = asset.gzipped if _takes_gzip(request) else None
    etag = f'"{asset.digest}-gzip"' if packed else f'"{asset.digest}"'
    known = {each.removeprefix("W/") for each in parse_etags(request.headers.get("If-None-Match", ""))}
    if known & {etag, "*"}:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(packed or asset.body, content_type=asset.content_type)
        response["Content-Length"] = str(len(packed or asset.body))
        if packed:
            response["Content-Encoding"] = "gzip"
    response["ETag"] = etag
    return response


def _takes_gzip(request: HttpRequest) -> bool:
    """RFC 9110 §12.5.3: named (or `*`), and not with weight zero."""
    weights = {}
    for offer in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, weight = offer.partition(";")
        weights[coding.strip()] = weight.replace(" ", "")
    weight = weights.get("gzip", weights.get("*"))
    return weight is not None and not NEVER.fullmatch(weight)
