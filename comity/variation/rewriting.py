"""How a scenario is told otherwise: its request, its slots, its fields; it stays a valid one."""

import re
from collections.abc import Callable, Iterator, Mapping

from comity.schema import Mode, Scenario
from comity.schema.scenario import SLOT

# Thai, kana, Han and Hangul: words follow each other without blanks, or have endings.
UNPARTED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# Where a sentence ends: the marks of the scripts that the suites are written in.
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
# A full stop after these mostly ends no sentence: Dr., St., U.S., 12. (May), ca. Where it does, the
# two stay together, which changes nothing; a sentence torn apart would be no sentence any more.
_SHORTENED = re.compile(
    r"(?:^|[\W_])(?:[^\W\d_]|[A-Z][a-z]{1,2}|Prof|[0-9]+|ca|etc|vs|approx|bzw)\.$"
)


def written_in(mode: Mode) -> Mode:
    """Return the mode whose template the request of `mode` is: `contrast` has that of `violate`."""
    return Mode.VIOLATE if mode is Mode.CONTRAST else mode


def template(scenario: Scenario, mode: Mode) -> str:
    """Return the request of `mode` with its slots unfilled."""
    return scenario.requests[written_in(mode)]


def reduced(scenario: Scenario, mode: Mode) -> Scenario:
    """Return `scenario` with nothing but what its request of `mode` needs."""
    modes = {mode, written_in(mode)}
    content = scenario.model_dump(exclude_defaults=True)
    for name in ("requests", "slots", "asks"):
        kept = {key: value for key, value in content.pop(name, {}).items() if key in modes}
        if kept:
            content[name] = kept
    if mode is not Mode.CONTRAST:
        content.pop("contrast", None)
    if mode is not Mode.OBSERVE:
        content.pop("stage", None)
        content.pop("lure", None)
    return Scenario.model_validate(content)


def rewritten(
    scenario: Scenario,
    mode: Mode,
    *,
    template: str | None = None,
    slots: Mapping[str, str] | None = None,
    **fields: object,
) -> Scenario:
    """Return `scenario` with the request of one mode told otherwise; slots not named stay.

    The text of `contrast` is that of `violate`, and both change.

    Raises:
        ValidationError: it is no scenario any more.
    """
    written = Mode.VIOLATE if mode is Mode.CONTRAST else mode
    content = scenario.model_dump(exclude_defaults=True)
    if template is not None:
        content["requests"][written] = template
    if slots:
        content.setdefault("slots", {}).setdefault(mode, {}).update(slots)
    return Scenario.model_validate(content | fields)


def mapped(
    scenario: Scenario, mode: Mode, change: Callable[[str], str]
) -> tuple[str, dict[str, str]]:
    """Return template and fillers of `mode` with all their text changed, slots left as they are."""
    pieces = SLOT.split(template(scenario, mode))
    text = "".join(
        change(piece) if place % 2 == 0 else f"{{{piece}}}" for place, piece in enumerate(pieces)
    )
    fillers = scenario.slots.get(mode, {})
    return text, {slot: change(filler) for slot, filler in fillers.items()}


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    found: list[str] = []
    start = 0
    for end in _SENTENCE.finditer(text):
        part = text[start : end.start()]
        if part and not _SHORTENED.search(part):
            found.append(part)
            start = end.end()
    return [*found, text[start:]] if text[start:] else found


def literal_words(text: str, least: int) -> Iterator[re.Match[str]]:
    """Yield the Latin words outside slots that have at least so many letters."""
    slots = [match.span() for match in SLOT.finditer(text)]
    for word in re.finditer(rf"[A-Za-z]{{{least},}}", text):
        if not any(start <= word.start() < end for start, end in slots):
            yield word
