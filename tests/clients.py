"""A browser of the tests that reads every answer for words of another account."""

from typing import Any

from django.test import Client

from tests.world import ACME, CANARY, FAR, INTRUDER, host_of


class Leaked(AssertionError):
    """A page of one account shows a word of another."""


class WatchedClient(Client):
    """Django's test client at the world's host. Each answer but the intruders' own is searched for the
    canary: body, headers and cookies."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.defaults.setdefault("HTTP_HOST", host_of(ACME))

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        host = str(request.get("HTTP_HOST", self.defaults["HTTP_HOST"])).split(":")[0]
        if host not in (host_of(INTRUDER), host_of(FAR)):
            seen = b"\n".join(
                [_body(response), repr(response.headers).encode(), str(response.cookies).encode()]
            )
            if CANARY.encode().lower() in seen.lower():
                raise Leaked(f"{request.get('REQUEST_METHOD')} {request.get('PATH_INFO')} at {host}")
        return response


def _body(response: Any) -> bytes:
    if not response.streaming:
        return response.content
    body = b"".join(response.streaming_content)
    response.streaming_content = [body]
    return body
