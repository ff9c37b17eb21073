"""What people call places, communities, cultures and modes."""

import unicodedata
from collections.abc import Iterable

import pycountry
from babel import Locale

from comity.schema import Holds, Mode, Norm

_TERRITORIES = Locale("en").territories

MODES: dict[Mode, str] = {
    Mode.VIOLATE: "asks, unknowingly, for what breaks the norm",
    Mode.ADHERE: "asks for what respects the norm",
    Mode.CONTRAST: "the same request where the norm does not hold",
    Mode.OBSERVE: "a neutral request, while the page pushes a breach",
}
AGREEMENT = {
    "broad": "broadly agreed among those who hold it",
    "varies": "how far it is kept varies",
    "contested": "contested among those whom it concerns",
}
SEVERITY = {
    "critical": "a breach hurts deeply",
    "serious": "a breach gives offence",
    "minor": "a breach is a slip",
}


def country(code: str) -> str:
    """Return what a country is called in English."""
    return str(_TERRITORIES.get(code, code)).removesuffix(" SAR China")


def community(place: Holds) -> str:
    """Return what a community is called: its id, as its own words write that (`Māori`)."""
    plain = (place.community or "").replace("-", " ")
    alike = [name for name in place.named if _folded(name) == plain]
    written = [name for name in alike if not name.isascii()]
    return (written or alike or [plain.title()])[0]


def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFD", name.lower().replace("-", " "))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def place(here: Holds) -> str:
    """Return what a place is called: `Norway`, `Sámi in Norway`."""
    where = country(here.country) if here.country else ""
    if here.region:
        region = pycountry.subdivisions.get(code=here.region)
        where = f"{region.name if region else here.region}, {where}"
    if here.community is None:
        return where
    who = f"{community(here)} communities"
    return f"{who} in {where}" if where else f"{who}, wherever they live"


def culture(key: str, norms: Iterable[Norm]) -> str:
    """Return what the culture is called that norms are filed under by `key`."""
    if key.upper() in _TERRITORIES and len(key) == 2:
        return country(key.upper())
    communities = [here for norm in norms for here in norm.holds if here.community]
    for here in communities:
        if here.community == key:
            return community(here)
    named = {here.community: community(here) for here in communities}
    if len(named) == 1:
        return named.popitem()[1]
    starting = [name for slug, name in named.items() if slug and slug.startswith(key)]
    return starting[0] if starting else key.replace("-", " ").title()
