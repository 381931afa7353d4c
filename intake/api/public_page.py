"""The frame of the two pages without log-in: an agency's at /a/TOKEN (`phone`), a caller's at /l/TOKEN (`caller_link`).

The token in the address is the whole credential, so a page tells it to nobody: no referrer, no other host, no cache,
no search engine. What opens nothing is one and the same page.
"""

from collections.abc import Mapping
from typing import Annotated, Final

import structlog
from fastapi import Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from intake import access
from intake.api.context import Context
from intake.api.errors import RETRY_AFTER_S
from intake.api.guard import LONGEST_BODY
from intake.guesses import Guesses
from intake.phone_words import Language

log = structlog.get_logger(__name__)
HEADERS: Final = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language",
}
SOURCES: Final = "style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
Field = Annotated[str, Form(max_length=LONGEST_BODY)]


class PublicPage:
    """One of the two: its words, and what all of its answers have in common."""

    def __init__(
        self,
        context: Context,
        words: Mapping[Language, Mapping[str, str]],
        *,
        unknown: str,
        sources: str = SOURCES,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._context = context
        self._words = words
        self._unknown = unknown  # the log's word for a token that opens nothing
        self._headers = {**HEADERS, "Content-Security-Policy": f"default-src 'none'; {sources}", **(headers or {})}
        self._guesses = Guesses(context.database.clock)
        self._templates = Environment(loader=PackageLoader("intake"), autoescape=True, undefined=StrictUndefined)

    def page(self, template: str, spoken: Language, status: int = 200, **values: object) -> HTMLResponse:
        """Fill a template, which has the page's words as `w`."""
        html = self._templates.get_template(template).render(language=spoken, w=self._words[spoken], **values)
        return HTMLResponse(html, status, self._headers)

    def said(self, spoken: Language, what: str, status: int, **values: object) -> HTMLResponse:
        """Say one thing and no more."""
        words = self._words[spoken]
        text = words[what].format(**values)
        return self.page("public_message.html", spoken, status, title=words[f"{what}_title"], text=text)

    def gone(self, request: Request, spoken: Language) -> HTMLResponse:
        """One answer to all that opens nothing; slower, to who tries much. Who has a token is never made to wait."""
        who = _address(request)
        if (wait_s := self._guesses.wait_s(who)) > 0:
            page = self.said(spoken, "slow", 429, seconds=wait_s)
            page.headers["Retry-After"] = str(wait_s)
            return page
        self._guesses.count(who)
        log.warning(self._unknown, address=who)
        return self.said(spoken, "gone", 404)

    def away(self, spoken: Language) -> HTMLResponse:
        """The database does not answer."""
        page = self.said(spoken, "away", 503)
        page.headers["Retry-After"] = str(RETRY_AFTER_S)
        return page

    def foreign(self, request: Request, spoken: Language) -> HTMLResponse | None:
        """Return the answer to what another site's page sent, None to what our own did.

        Since our page gives no referrer, browsers call its origin "null", too: that alone is no sign, and those that
        have no Sec-Fetch-Site shall be able to answer.
        """
        headers = request.headers
        origin = None if headers.get("origin") == "null" else headers.get("origin")
        url = self._context.public_url
        if access.from_our_pages(headers.get("host"), origin, headers.get("sec-fetch-site"), url):
            return None
        log.warning("foreign_page", address=_address(request))
        return self.said(spoken, "foreign", 403)

    def lead(self, address: str) -> RedirectResponse:
        """Lead on after a POST: no reload sends it again."""
        return RedirectResponse(address, 303, self._headers)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
