"""When two sentences say one and the same thing of their perspectives, by words alone.

A predicate is read as its content words: without words that only join or introduce ("and", "also",
"believe"), and without a plural's or a third person's s. Two are the same where their content words
are: at least `SAME` of all of both stand in both (Jaccard), and equally many words deny. So "value
family", "also value the family" and "values family" are one, and "do not value family" is not.

It is a rule for lists, not for paraphrase: what is put in other words counts as said anew.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

SAME = 0.8
"""One word more among five is the same predicate; one word of four put otherwise is another."""

# By language. Left out are those that mean something else in another: Spanish "son" and "sin".
_JOINING_WORDS = {
    "en": """
        a an the and or but as at by for from in into of on to with about that this these those it
        its they them their he his she her we our you your i is are was were be been being has have
        had do does did will would can could may might all both each every too also likewise
        similarly so there here who which what how when where while than then such other others
        same many most some believe hold held teach teaches taught say said think argue see view
        consider maintain stress stresses emphasise emphasize
        """,
    "es": """
        el la los las lo un una unos unas y e o u de del al a en con por para que se su sus es ser
        está están han ha también igualmente así como todo toda ambo ambas cada le este esta estos
        estas ese esa cree creen sostiene sostienen enseña enseñan dice dicen piensa piensan
        """,
    "ar": """
        في من على إلى عن أن إن هو هي هم هذا هذه ذلك التي الذي كل كما أيضا كذلك كان قد و أو ثم مع
        يرى ترى يرون يقول تقول يعتقد تعتقد
        """,
}
_DENYING_WORDS = {
    "en": "no not never cannot without nor neither none",
    "es": "ni nunca jamás tampoco",
    "ar": "لا ليس ليست لم لن غير بدون دون",
}
_JOINING = frozenset(" ".join(_JOINING_WORDS.values()).split())
_DENYING = frozenset(" ".join(_DENYING_WORDS.values()).split())
# Vowel signs, which Arabic may be written with or without, and the stroke that draws words out.
_ARABIC_SIGNS = re.compile("[\u064b-\u0652\u0640]")
# Chinese has no blanks between words.
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_HAN_JOINING = re.compile("[的地得也都和与與及以而且则則又亦皆均是在了]|同样|认为|主张|相信|强调")
_HAN_DENYING = re.compile("[不没沒无無未非勿]")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_LEAST_STEM = 3
"""A word is not cut to fewer letters than this."""


@dataclass(frozen=True)
class Predicate:
    """What a predicate is compared by."""

    content: frozenset[str]
    denials: int


def predicate(text: str) -> Predicate:
    """Return what `text` is compared by."""
    folded = _ARABIC_SIGNS.sub("", unicodedata.normalize("NFKC", text).casefold())
    content: set[str] = set()
    denials = 0
    for run in _HAN.findall(folded):
        denials += len(_HAN_DENYING.findall(run))
        kept = _HAN_JOINING.sub("", run)
        content.update(kept[i : i + 2] for i in range(max(1, len(kept) - 1)) if kept)
    for word in _WORD.findall(_HAN.sub(" ", folded)):
        if word in _DENYING or word.endswith(("n't", "n’t")):
            denials += 1
        elif word not in _JOINING and (stem := _stem(word)) not in _JOINING:
            content.add(stem)
    return Predicate(frozenset(content), denials)


def alike(one: Predicate, other: Predicate) -> bool:
    """Return whether two predicates are one and the same."""
    if one.denials != other.denials:
        return False
    sizes = len(one.content), len(other.content)
    if min(sizes) < SAME * max(sizes):
        return False
    shared = len(one.content & other.content)
    return shared >= SAME * (sum(sizes) - shared)


def groups(predicates: Iterable[Predicate]) -> dict[Predicate, int]:
    """Return the number of each predicate's group: those that are alike, directly or by others.

    The order in which they come changes no group.
    """
    number: dict[Predicate, int] = {}
    members: dict[int, list[Predicate]] = {}
    for fresh, new in enumerate(dict.fromkeys(predicates)):
        joined = {number[known] for known in number if alike(new, known)}
        members[fresh] = [new, *(known for group in joined for known in members.pop(group))]
        number.update(dict.fromkeys(members[fresh], fresh))
    return number


def _stem(word: str) -> str:
    if "\u0600" <= word[0] <= "\u06ff":
        for prefix in ("و", "ال"):
            if len(word) - len(prefix) >= _LEAST_STEM:
                word = word.removeprefix(prefix)
        return word
    if len(word) > _LEAST_STEM and word.endswith("s"):
        # "families" and "family" meet as well.
        return word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return word
