"""What a site without the control protocol shows on its pages, and how that is read there."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Annotated

from playwright.async_api import BrowserContext, Request
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as PlaywrightPage
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError

from comity.sandbox.traffic import ENDLESS
from comity.schema import Word
from comity.schema.base import printable

# A page that is drawn by a script shows its rows a little after it has loaded.
DRAWN_SECONDS = 5.0
DRAWN_CHECK_SECONDS = 0.1
CLOSE_SECONDS = 5.0
# What a hostile page could make unbounded. A post of an agent's is at most a fifth as long.
MAX_ROWS = 1_000
MAX_CHARACTERS = 20_000
MAX_TOLD_CHARACTERS = 200

_READING = re.compile(r"(?P<css>.*?)(?:@(?P<attribute>[A-Za-z_][A-Za-z0-9_.:-]*))?", re.DOTALL)
# CSS's own word for it; `querySelector` alone would look for it among what is in the row.
ROW = ":scope"

_SHOWN = """([each, empty, readings, mostRows, mostCharacters]) => {
  const text = (row, [css, attribute]) => {
    const found = css ? row.querySelector(css) : row;
    const value = found && (attribute ? found.getAttribute(attribute)
                                      : found.innerText ?? found.textContent);
    return value === null ? null : value.slice(0, mostCharacters).toWellFormed();
  };
  const seen = (element) => element.checkVisibility({visibilityProperty: true})
                            || getComputedStyle(element).display === "contents";
  const rows = Array.from(document.querySelectorAll(each)).slice(0, mostRows);
  return {
    empty: Array.from(document.querySelectorAll(empty)).some(seen),
    rows: rows.map((row) => Object.fromEntries(
      Object.entries(readings).map(([name, reading]) => [name, text(row, reading)]))),
  };
}"""


def _checked_path(path: str) -> str:
    if not path.startswith("/") or path.startswith("//"):
        raise ValueError(f"{path!r} is no path on the site, such as /basket")
    return path


Css = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""A CSS selector."""

Reading = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""Where a row has a text: `.sku` is what the first such element says, `.sku@data-id` what its
attribute holds, `@data-id` what the row's own does, and `:scope` is all that the row says."""


class Rows(Word):
    """A page that shows things of one kind, a row each."""

    path: Annotated[str, StringConstraints(max_length=500), AfterValidator(_checked_path)]
    each: Css
    """What every row is, and nothing else."""
    empty: Css
    """What can be seen on the page where there is no row, so that a page that changed is not taken
    for an empty one."""

    @property
    def readings(self) -> dict[str, str]:
        """Where in a row its texts stand, by what they are."""
        given = self.model_dump(exclude={"path", "each", "empty"}, exclude_none=True)
        return {name: str(reading) for name, reading in given.items()}


class LineRows(Rows):
    """The lines of a basket or of orders."""

    product: Reading
    title: Reading | None = None
    quantity: Reading | None = None
    price: Reading | None = None


class PostRows(Rows):
    """Posts that stand on a page."""

    text: Reading
    topic: Reading | None = None
    id: Reading | None = None


class Pages(Word):
    """The pages that show what an agent left behind; a site need not have all of them."""

    basket: LineRows | None = None
    orders: LineRows | None = None
    posts: PostRows | None = None


class _Shown(BaseModel):
    """What our script found; a hostile page can have it find anything."""

    empty: bool
    rows: list[dict[str, Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)] | None]] = (
        Field(max_length=MAX_ROWS + 1)
    )


class UnreadableError(Exception):
    """A page does not show what it should: how, in words that follow its name."""


async def read(
    context: BrowserContext, url: str, rows: Rows, *, patience: float
) -> list[dict[str, str]]:
    """Return the texts of all rows that the page at `url` shows, read in a tab of its own.

    Raises:
        UnreadableError: it does not answer, or does not show what `rows` says.
    """
    try:
        async with asyncio.timeout(patience), _tab(context) as tab:
            under_way = _requests(tab)
            response = await tab.goto(url, wait_until="domcontentloaded")
            if response is None or not response.ok:
                raise UnreadableError(f"answered {response.status if response else 'nothing'}")
            found = await _drawn(tab, rows, under_way)
    except (TimeoutError, PlaywrightTimeout):
        raise UnreadableError(f"did not load or answer within {patience:g} s") from None
    except PlaywrightError as error:
        told = printable(error.message.partition("\n")[0], MAX_TOLD_CHARACTERS)
        raise UnreadableError(f"could not be read by the browser: {told}") from None
    except ValidationError:
        raise UnreadableError("could not be read: its own scripts are in the way") from None
    if len(found) > MAX_ROWS:
        raise UnreadableError(f"shows more than {MAX_ROWS} rows {rows.each!r}")
    return [_whole(row, rows) for row in found]


async def _drawn(
    tab: PlaywrightPage, rows: Rows, under_way: Collection[Request]
) -> list[dict[str, str | None]]:
    """Return the rows as soon as there are some, or the page says that there are none.

    What says so may stand there before a script has fetched the rows, or always, as a form does:
    it is believed once the page has come to rest, or when the time is over.
    """
    readings = {name: _parts(reading) for name, reading in rows.readings.items()}
    asked = [rows.each, rows.empty, readings, MAX_ROWS + 1, MAX_CHARACTERS]
    rested = said_empty = False
    for _ in range(round(DRAWN_SECONDS / DRAWN_CHECK_SECONDS)):
        # What has just come is drawn a little later: a page rests that did so at two looks.
        rests = not under_way and await tab.evaluate("document.readyState") == "complete"
        shown = _Shown.model_validate(await tab.evaluate(_SHOWN, asked))
        if shown.rows or (shown.empty and rests and rested):
            return shown.rows
        rested, said_empty = rests, shown.empty
        await asyncio.sleep(DRAWN_CHECK_SECONDS)
    if said_empty:
        return []
    raise UnreadableError(
        f"shows neither a row {rows.each!r} nor {rows.empty!r}, which says that there is none"
    )


def _requests(tab: PlaywrightPage) -> Collection[Request]:
    """Return the requests of `tab` that are under way, kept up to date from now on."""
    under_way: set[Request] = set()

    def add(request: Request) -> None:
        if request.resource_type not in ENDLESS:
            under_way.add(request)

    tab.on("request", add)
    # Playwright takes no method of a built-in type for a listener.
    tab.on("requestfinished", lambda request: under_way.discard(request))
    tab.on("requestfailed", lambda request: under_way.discard(request))
    return under_way


def _whole(row: dict[str, str | None], rows: Rows) -> dict[str, str]:
    """Return the row's texts, which must all be there."""
    texts = {}
    for name, reading in rows.readings.items():
        text = row.get(name)
        if text is None:
            raise UnreadableError(f"shows a row {rows.each!r} without its {name} {reading!r}")
        texts[name] = text.strip()
    return texts


def _parts(reading: str) -> tuple[str, str | None]:
    """Return a reading's selector, empty for the row itself, and its attribute, if it has one."""
    found = _READING.fullmatch(reading)
    assert found is not None, "any text is a reading"
    css = found["css"].strip()
    return "" if css == ROW else css, found["attribute"]


@asynccontextmanager
async def _tab(context: BrowserContext) -> AsyncIterator[PlaywrightPage]:
    """Open a tab that asks the site itself and no cache; close it, in bounded time."""
    tab = await context.new_page()
    try:
        session = await context.new_cdp_session(tab)
        await session.send("Network.enable")
        await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        yield tab
    finally:
        with suppress(PlaywrightError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await tab.close()
