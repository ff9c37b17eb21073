"""The extractor that needs no model: a gazetteer's terms, and rules over the clause around them.

It is deterministic, and runs in time linear in the text. What it cannot know is measured
(`agreement.py`) and told: a term that no gazetteer has, irony, a view told in the next sentence.
"""

import hashlib
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import metadata, resources
from itertools import pairwise

from comity.judges import reading
from comity.judges.voices import clauses
from comity.judges.voices.clauses import NAME, PLACE, Reader
from comity.judges.voices.naming import Namer, Naming
from comity.schema.voices import Gazetteer, Reference, Sentiment, Voices

# TextBlob's polarity goes from -1 to 1; its lexicon's makers draw the line of a positive text here.
POLAR = 0.1
_LINE_END = re.compile(r"\n")
# A full stop that shortens a word ends no sentence.
_SHORTENED = re.compile(r"(?:\b(?:St|Jr|Mr|Ms|Dr|Mrs|vs|cf|e\.g|i\.e|Sr|Sra|[A-Z]))\.\s$")
# What may be left around a clause once its names are gone: marks, and the points of a list.
_AROUND = " \t\n.,;:!?*#_-–—()[]\"'“”«»…。，；：！？、；（）《》“”؟،؛"
_CODE = (
    "reading.py",
    "voices/clauses.py",
    "voices/gazetteer.py",
    "voices/naming.py",
    f"voices/{clauses.CUES}",
)


class GazetteerExtractor:
    """Finds references by gazetteers, each for its language."""

    def __init__(self, gazetteers: Mapping[str, Gazetteer]) -> None:
        known = {
            language: gazetteer
            for language, gazetteer in sorted(gazetteers.items())
            if language in clauses.readers()
        }
        self._without_cues = gazetteers.keys() - known.keys()
        self.name = f"gazetteer {_fingerprint(known)[:8]}"
        self._namers = {language: Namer(gazetteer) for language, gazetteer in known.items()}

    async def extract(self, text: str, language: str | None) -> Voices:
        """Return the references in `text`, by the gazetteer of its language.

        Where nobody told the language it is that in which most is named.
        """
        text = reading.prepared(text)
        if language is None:
            found = max((self._references(text, one) for one in self._namers), key=len, default=[])
            return Voices(extractor=self.name, references=tuple(found))
        known = self._known(language)
        if known is None:
            names = ", ".join(self._namers) or "none"
            failed = f"there is no gazetteer of {language}; there are: {names}"
            if language in self._without_cues:
                failed = (
                    f"the gazetteer of {language} has no cues in comity/judges/voices/cues.yaml"
                )
            return Voices(extractor=self.name, references=(), failed=failed)
        return Voices(extractor=self.name, references=tuple(self._references(text, known)))

    def _known(self, language: str) -> str | None:
        """Return the gazetteer's language that `language` is one of: `es` for `es-MX`."""
        for one in self._namers:
            if f"{language}-".startswith(f"{one}-") or f"{one}-".startswith(f"{language}-"):
                return one
        return None

    def _references(self, text: str, language: str) -> list[Reference]:
        namer, reader = self._namers[language], clauses.readers()[language]
        found: list[Reference] = []
        for start, end, inside in by_sentence(text, namer.namings(text)):
            first: dict[str, Reference] = {}
            for reference in _read(text, start, end, namer.heads(text, inside), reader):
                # The first naming is quoted; what is said at another is said all the same.
                known = first.setdefault(reference.perspective, reference)
                if reference.substantive and not known.substantive:
                    told: dict[str, object] = {"substantive": True}
                    told["predicate"] = reference.predicate
                    first[reference.perspective] = known.model_copy(update=told)
            if first:
                masked, _ = _masked(text, start, end, inside)
                felt = sentiment(predicate(masked), language)
                found += (one.model_copy(update={"sentiment": felt}) for one in first.values())
        return found


def by_sentence(text: str, namings: Iterable[Naming]) -> list[tuple[int, int, list[Naming]]]:
    """Return where the sentences that name something begin and end, each with its namings."""
    namings = list(namings)
    starts = [naming.start for naming in namings]
    ends = []
    for end in sentence_ends(text):
        before = bisect_left(starts, end) - 1
        if before < 0 or namings[before].end <= end:  # no name ends a sentence (St. Paul)
            ends.append(end)
    found: dict[int, list[Naming]] = {}
    for naming in namings:
        found.setdefault(bisect_right(ends, naming.start), []).append(naming)
    bounds = [0, *ends, len(text)]
    return [(bounds[at], bounds[at + 1], inside) for at, inside in sorted(found.items())]


def sentence_ends(text: str) -> list[int]:
    """Return where sentences end: a line ends one too, as a list's points have no full stop."""
    ends = {end for end in reading.sentence_ends(text) if not _SHORTENED.search(text, end - 6, end)}
    return sorted(ends | {match.end() for match in _LINE_END.finditer(text)})


def _read(
    text: str, start: int, end: int, namings: list[Naming], reader: Reader
) -> Iterator[Reference]:
    """Yield a reference for each of the namings in a sentence that is one."""
    namings = _peopled(text, start, end, namings, reader)
    asked = clauses.is_question(text[start:end])
    sentence, places = _masked(text, start, end, namings)
    bounds = [0, *reader.breaks(sentence), len(sentence)]
    for first, last in pairwise(bounds):
        clause = sentence[first:last]
        aside, told = reader.set_aside(clause), reader.substantive(clause, asked)
        for at in range(bisect_left(places, first), bisect_left(places, last)):
            naming, place = namings[at], places[at] - first
            if place in aside:
                continue
            substantive = place in told
            yield Reference(
                perspective=naming.perspective,
                quote=text[naming.start : naming.end],
                start=naming.start,
                substantive=substantive,
                predicate=predicate(clause) if substantive else "",
            )


def _peopled(
    text: str, start: int, end: int, namings: list[Naming], reader: Reader
) -> list[Naming]:
    """Return the namings without those that are only places there."""
    if not any(naming.is_place for naming in namings):
        return namings
    sentence, places = _masked(text, start, end, namings)
    lived_in = {
        first + place
        for first, last in pairwise([0, *reader.breaks(sentence), len(sentence)])
        for place in reader.lived_in(sentence[first:last])
    }
    return [
        replace(naming, is_place=False)
        for place, naming in zip(places, namings, strict=True)
        if not naming.is_place or place in lived_in
    ]


def _masked(text: str, start: int, end: int, namings: Iterable[Naming]) -> tuple[str, list[int]]:
    """Return a sentence with a sign for each naming in it, and the places of these signs."""
    parts, places, length, at = [], [], 0, start
    for naming in namings:
        between = _unsigned(text[at : naming.start])
        parts += [between, PLACE if naming.is_place else NAME]
        places.append(length + len(between))
        length += len(between) + 1
        at = naming.end
    return "".join([*parts, _unsigned(text[at:end])]), places


def _unsigned(text: str) -> str:
    """Return text without the signs that stand for names, and without Arabic's vowel signs."""
    return clauses.unvowelled(text.replace(NAME, " ").replace(PLACE, " "))


def predicate(masked: str) -> str:
    """Return what a clause says, whoever says it: equal where equal things are said."""
    bare = masked.replace(NAME, " ").replace(PLACE, " ")
    return " ".join(bare.casefold().split()).strip(_AROUND)


def sentiment(said: str, language: str) -> Sentiment | None:
    """Return how a sentence speaks, by TextBlob's lexicon; None in languages that it has not."""
    if language != "en":
        return None
    polarity = _polarity()(said)
    return "positive" if polarity >= POLAR else "negative" if polarity <= -POLAR else "neutral"


@cache
def _polarity() -> Callable[[str], float]:
    # Imported where it is needed: it brings NLTK along, which takes a second or more.
    from textblob.en import polarity

    found: Callable[[str], float] = polarity
    return found


def _fingerprint(gazetteers: Mapping[str, Gazetteer]) -> str:
    """Return the hash of all that decides what is found: the data, the cues and the code."""
    digest = hashlib.sha256()
    for language, gazetteer in gazetteers.items():
        data = json.dumps(gazetteer.model_dump(mode="json"), sort_keys=True)
        digest.update(f"{language}\0{data}\0".encode())
    for name in _CODE:
        content = resources.files("comity.judges").joinpath(name).read_bytes()
        digest.update(name.encode() + b"\0" + content + b"\0")
    digest.update(metadata.version("textblob").encode())
    return digest.hexdigest()
