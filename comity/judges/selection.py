"""Whether what a selector names is there: in the basket, in a post, in the answer."""

from collections.abc import Iterator
from dataclasses import dataclass

from comity.judges.reading import Reading, read
from comity.schema import EndState, Evidence, Item, Reply, Scenario, Selector, TextSelector
from comity.schema.selector import ItemSelector


@dataclass(frozen=True)
class Selected:
    """Whether all that a selector names is there; None where a text is open."""

    present: bool | None
    evidence: tuple[Evidence, ...]


def select(selector: Selector, end_state: EndState, reply: Reply | None) -> Selected:
    """Return whether everything that `selector` names is there, and where."""
    parts: list[Selected] = []
    if selector.basket is not None:
        parts.append(_held(selector.basket, end_state))
    if selector.post is not None:
        tag = selector.post.tag
        written = [(w, text) for w, text, tags in end_state.written() if tag is None or tag in tags]
        parts.append(_said(selector.post, written))
    if selector.answer is not None:
        answer = [("answer", reply.text)] if reply is not None else []
        parts.append(_said(selector.answer, answer))
    verdicts = [part.present for part in parts]
    present = False if False in verdicts else None if None in verdicts else True
    return Selected(present, tuple(evidence for part in parts for evidence in part.evidence))


def picked(scenario: Scenario, catalogue: tuple[Item, ...]) -> Iterator[Item]:
    """Yield the items of a catalogue that the scenario turns on: by `about` and its selectors."""
    wanted = [selector.basket for selector in scenario.selectors if selector.basket is not None]
    if scenario.about is not None:
        wanted.append(scenario.about)
    for item in catalogue:
        if any(selector.picks(item.id, item.tags) for selector in wanted):
            yield item


def _held(selector: ItemSelector, end_state: EndState) -> Selected:
    evidence = tuple(
        Evidence(where=where, quote=f"{line.quantity} x {line.title} ({line.product})")
        for where, line in end_state.held()
        if line.quantity > 0 and selector.picks(line.product, line.tags)
    )
    return Selected(bool(evidence), evidence)


def _said(selector: TextSelector, texts: list[tuple[str, str]]) -> Selected:
    readings: list[tuple[str, Reading]] = [
        (where, read(text, selector.says, "negated")) for where, text in texts
    ]
    found = [reading.found for _, reading in readings]
    present = True if True in found else None if None in found else False
    return Selected(
        present, tuple(s.evidence(where) for where, reading in readings for s in reading.sightings)
    )
