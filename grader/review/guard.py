"""Who may use the page: whoever has the token, from a page of its own, by the address of this machine alone."""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a page may do. A frame's own document has the same, and no script: see `sheet.html.j2`."""
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
}


class Guard:
    """An application behind a token.

    Its first address carries the token, and sets a cookie that no other site's page sends along. What changes something
    must bring, in a header, a word that only these pages hold.

    Args:
        port: on which it is served.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token = token
        self._cookie = f"grade-review-{port}"  # cookies know of no ports
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *given]}
            await send(message)

        response = self._answer(scope)
        await (response or self._app)(scope, receive, sealed)

    def _answer(self, scope: Scope) -> Response | None:
        """What is answered in the application's place; None where it may answer."""
        headers = Headers(scope=scope)
        if headers.get("host") not in self._hosts:  # a name that somebody made stand for this machine
            return PlainTextResponse("This page is at 127.0.0.1.", 403)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] == "GET" and scope["path"] == "/" and given:
            if not _same(given, self._token):
                return PlainTextResponse("The token is another one: take the address that `grade review` shows.", 403)
            response = RedirectResponse("/", 303)
            response.set_cookie(self._cookie, cookie_token(self._token), httponly=True, samesite="strict", path="/")
            return response
        if not _same(_cookie(headers.get("cookie", ""), self._cookie), cookie_token(self._token)):
            return PlainTextResponse("Open the address that `grade review` shows.", 403)
        if scope["method"] not in ("GET", "HEAD"):
            own = headers.get("origin") in {f"http://{host}" for host in self._hosts}
            if not own or not _same(headers.get("x-token", ""), page_token(self._token)):
                return PlainTextResponse("This came from another page.", 403)
        return None


def page_token(token: str) -> str:
    """What a page shows that it is one of ours by; the token itself is in no page."""
    return _derived(token, b"page")


def cookie_token(token: str) -> str:
    """What a browser shows; it shows it to whatever is served from this machine, on other ports, too."""
    return _derived(token, b"cookie")


def _derived(token: str, use: bytes) -> str:
    return hmac.new(token.encode(), use, hashlib.sha256).hexdigest()


def _cookie(header: str, name: str) -> str:
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
