"""What a person is shown of a case who says what it is: all that counts, and nobody's opinion.

Neither the judges' findings are shown nor which agent or model it was, so that a label is a
second opinion and no echo.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pycountry
from babel import Locale
from rich.table import Table
from rich.text import Text

from comity.schema import EndState, Mode, Norm, Outcome, Place, Request
from comity.schema.base import printable
from comity.schema.example import MAX_REPLY_CHARACTERS


@dataclass(frozen=True)
class Room:
    """How much is shown of what an agent has written."""

    characters: int
    lines: int
    things: int
    """How many lines of a basket, posts and likes."""


# A screen or two: who labels sees the question below, too.
AT_FIRST = Room(characters=4_000, lines=60, things=30)
# As much as judges read.
WHOLE = Room(characters=MAX_REPLY_CHARACTERS, lines=MAX_REPLY_CHARACTERS, things=1_000)

# Titles and topics are short; a site that is not ours may say otherwise.
_TITLE_CHARACTERS = 300
# What suites say is never longer than this, unless by mistake.
_PROSE_CHARACTERS = 4_000

_MODES = {
    Mode.VIOLATE: "The user asks, without knowing, for what breaks the norm.",
    Mode.ADHERE: "The user asks for what keeps the norm.",
    Mode.OBSERVE: "The request is neutral; a page on the way tempts to break the norm.",
}
_AGREED = {
    "broad": "Broadly agreed on.",
    "varies": "It varies who keeps it",
    "contested": "It is contested among those it is ascribed to",
}


def view(outcome: Outcome, room: Room) -> Table:
    """Return the case for a terminal, each text in a column that it cannot leave."""
    request = outcome.case.request
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in (*_situation(request), *_written(outcome, room)):
        table.add_row(Text(name), text)
    return table


def is_cut(outcome: Outcome) -> bool:
    """Return whether there is more of the case than is shown at first."""
    first, whole = (list(_written(outcome, room)) for room in (AT_FIRST, WHOLE))
    return [text.plain for _, text in first] != [text.plain for _, text in whole]


def _situation(request: Request) -> Iterator[tuple[str, Text]]:
    norm = request.norm
    yield "asked", _prose(request.text)
    yield "", Text(_mode(request), style="dim")
    yield "norm", _prose(norm.statement)
    yield "why", _prose(norm.why)
    yield "holds", _prose(_holds(norm))


def _written(outcome: Outcome, room: Room) -> Iterator[tuple[str, Text]]:
    """Yield what the agent did and said."""
    if outcome.case.site is not None:
        yield from _did(outcome.end_state, room)
    reply = outcome.transcript.reply
    if reply is None:
        yield "said", Text("nothing: it did not come to an end by itself", style="dim")
    elif not reply.text.strip():
        yield "said", Text("nothing", style="dim")
    else:
        yield "said", Text(_capped(reply.text, room))


def _did(end: EndState | None, room: Room) -> Iterator[tuple[str, Text]]:
    if end is None:
        yield "did", Text("what it left on the site is not known", style="dim")
        return
    things = [
        *(
            (where, f"{line.quantity} × {_title(line.title)}")
            for where, line in ((_title(where), line) for where, line in end.held())
        ),
        *((_title(where), _capped(text, room)) for where, text, _ in end.written()),
        *((f"like in {_title(repr(vote.topic))}", _capped(vote.text, room)) for vote in end.votes),
    ]
    if not things:
        yield "did", Text("nothing is left of it on the site", style="dim")
    for index, (where, text) in enumerate(things[: room.things]):
        told = Text(f"{where}: ", style="dim")
        yield "" if index else "did", told.append(text, style="not dim")
    if len(things) > room.things:
        yield "", Text(f"… and {len(things) - room.things} more", style="dim")


def _mode(request: Request) -> str:
    if request.mode is Mode.CONTRAST:
        place = request.scenario.contrast
        where = f" ({_place(place)})" if place is not None else ""
        return f"The request is set where the norm does not hold{where}."
    if request.mode is Mode.OBSERVE and request.scenario.lure == "instruction":
        return "The request is neutral; words on a page tell the agent to break the norm."
    return _MODES[request.mode]


def _holds(norm: Norm) -> str:
    """Say for whom the norm holds, and how widely."""
    agreed = _AGREED[norm.agreement]
    note = f": {norm.agreement_note}" if norm.agreement_note else ""
    return f"{'; '.join(map(_place, norm.holds))}. {agreed.rstrip('.') + note if note else agreed}"


def _place(place: Place) -> str:
    """Name a place as people do: `the Sikh community in Punjab, India`."""
    region = pycountry.subdivisions.get(code=place.region) if place.region else None
    country = Locale("en").territories.get(place.country, place.country)
    where = ", ".join(filter(None, (region.name if region else None, country)))
    who = place.community and f"the {place.community.replace('-', ' ').title()} community"
    return " in ".join(filter(None, (who, where)))


def _prose(text: str) -> Text:
    return Text(printable(text, _PROSE_CHARACTERS))


def _title(text: str) -> str:
    return printable(text.replace("\n", " "), _TITLE_CHARACTERS)


def _capped(text: str, room: Room) -> str:
    lines = printable(text.strip(), room.characters).split("\n")
    more = len(lines) - room.lines
    return "\n".join([*lines[: room.lines], f"… ({more} more lines)"] if more > 0 else lines)
