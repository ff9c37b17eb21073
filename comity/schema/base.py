"""What all words have in common: they are frozen, and refuse what they do not know."""

import datetime
import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any

import pycountry
import re2
from babel import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationInfo,
)

# A pattern longer than this is a program, not a pattern; RE2 would also refuse to compile many.
MAX_PATTERN_CHARACTERS = 4_000
SHARED = "shared patterns"
"""The key in a validation's context of the patterns that others may name."""
# A named group of RE2 is written (?P<name>…), and is no name of a shared pattern.
_NAME = re.compile(r"(?<!\(\?P)(?<!\(\?)<([A-Za-z][\w-]*)>", re.ASCII)
# What double quotes in YAML make of `\b`, `\0` and their like; no reply has such a sign.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# As in every text that is read (judges/reading.py): a pattern with the others would find nothing.
_STRAIGHT = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u00a0": " "})


class Word(BaseModel):
    """The base of every model in the schema: immutable, closed to unknown fields, and finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def compile_pattern(pattern: str) -> Any:
    """Return `pattern` compiled by RE2, without regard to case, `.` matching line ends too.

    RE2 runs in linear time, so a pattern out of a file cannot hang a run.

    Raises:
        ValueError: RE2 refuses the pattern (look-around and back-references, for instance).
    """
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = True
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"RE2 refuses the pattern {pattern!r}: {_text(error)}") from None


def composed(text: str) -> str:
    """Return `text` as texts are read: é is one sign, and apostrophes are straight."""
    return unicodedata.normalize("NFC", text).translate(_STRAIGHT)


def _text(error: Exception) -> str:
    detail = error.args[0] if error.args else error
    return detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)


def _written(pattern: str) -> str:
    """Return a pattern as it is looked for.

    Raises:
        ValueError: it would find nothing, whatever a text says.
    """
    if found := _CONTROL.search(pattern):
        raise ValueError(
            f"U+{ord(found[0]):04X} stands in the pattern {pattern!r}, and in no text; "
            "put it in single quotes, which leave its backslashes alone"
        )
    return composed(pattern)


def _checked_pattern(pattern: str, info: ValidationInfo) -> str:
    pattern = _written(pattern)
    shared = (info.context or {}).get(SHARED, {})
    # Where the shared ones are wrong themselves, that is told, and no norm is to blame.
    whole = pattern if shared is None else _spelled_out(pattern, shared)
    if len(whole) > MAX_PATTERN_CHARACTERS:
        raise ValueError(
            f"a pattern has at most {MAX_PATTERN_CHARACTERS} characters, "
            "those of the shared patterns in it counted"
        )
    if _matches_nothing_said(whole):
        raise ValueError(f"the pattern {pattern!r} matches the empty text, and so everything")
    return whole


@lru_cache(maxsize=10_000)
def _matches_nothing_said(pattern: str) -> bool:
    """Return whether a pattern matches the empty text.

    Each of a run's outcomes has its norm's patterns, which take long to compile.
    """
    return compile_pattern(pattern).search("") is not None


def _spelled_out(pattern: str, shared: Mapping[str, str]) -> str:
    """Return `pattern` with each `<name>` replaced by the shared pattern of that name."""

    def named(match: re.Match[str]) -> str:
        if match[1] not in shared:
            near = difflib.get_close_matches(match[1], shared, n=1)
            hint = f"did you mean <{near[0]}>?" if near else f"known are: {', '.join(shared)}"
            raise ValueError(f"no shared pattern is called {match[0]}; {hint}")
        return f"(?:{shared[match[1]]})"

    return _NAME.sub(named, pattern)


def _checked_part(pattern: str) -> str:
    pattern = _written(pattern)
    compile_pattern(pattern)
    return pattern


def _checked_country(code: str) -> str:
    if pycountry.countries.get(alpha_2=code) is None or code != code.upper():
        raise ValueError(f"{code!r} is no ISO 3166-1 alpha-2 country code such as CN or NO")
    return code


def _checked_region(code: str) -> str:
    if pycountry.subdivisions.get(code=code) is None:
        raise ValueError(f"{code!r} is no ISO 3166-2 subdivision code such as IN-PB")
    return code


def _checked_currency(code: str) -> str:
    if pycountry.currencies.get(alpha_3=code) is None or code != code.upper():
        raise ValueError(f"{code!r} is no ISO 4217 currency code such as USD or EUR")
    return code


def checked_language(tag: str) -> str:
    """Return `tag`, a language tag as CLDR writes it.

    Raises:
        ValueError: it is none.
    """
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        raise ValueError(f"{tag!r} is no language tag such as en, ja or zh-Hans") from None
    canonical = "-".join(filter(None, (locale.language, locale.script, locale.territory)))
    if canonical != tag:
        raise ValueError(f"the language {tag!r} is written {canonical!r}")
    return tag


Country = Annotated[str, AfterValidator(_checked_country)]
"""An ISO 3166-1 alpha-2 code in capitals."""

Currency = Annotated[str, AfterValidator(_checked_currency)]
"""An ISO 4217 code in capitals."""

Region = Annotated[str, AfterValidator(_checked_region)]
"""An ISO 3166-2 subdivision code."""

Language = Annotated[str, AfterValidator(checked_language)]
"""A language tag as CLDR knows it: `en`, `ja`, `zh-Hans`."""

Pattern = Annotated[str, AfterValidator(_checked_pattern)]
"""A regular expression in RE2's syntax, matched without regard to case.

`<name>` in it stands for the shared pattern of that name, and is spelled out when it is loaded.
"""

SharedPattern = Annotated[str, AfterValidator(_checked_part)]
"""A regular expression that others name; by itself it may match the empty text."""

IDENTIFIER = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+")


def _checked_identifier(name: str) -> str:
    if not IDENTIFIER.fullmatch(name):
        raise ValueError(
            f"{name!r} is no id: lower-case words of letters, digits and hyphens, "
            "joined by dots, such as cn.gift.clock"
        )
    return name


def _written_as_a_day(given: object) -> object:
    if isinstance(given, int) or (isinstance(given, str) and given.isdecimal()):
        raise ValueError(f"a day is written as 2026-05-01 is, not {given}")
    return given


Day = Annotated[datetime.date, BeforeValidator(_written_as_a_day)]
"""A day; a number of seconds since 1970, or of a year, is none."""

Identifier = Annotated[str, AfterValidator(_checked_identifier)]
"""A dotted id such as `cn.gift.clock`; its first part names the culture."""

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Slug = Annotated[str, StringConstraints(pattern=SLUG)]
"""A lower-case word such as `gift-giving`."""

Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
"""A non-empty text that people read."""


def printable(text: str, limit: int) -> str:
    """Return `text` fit for a terminal or a log: controls escaped, at most `limit` long.

    Only line ends and tabs are left of what a terminal would act on; characters that turn the
    direction of text around are escaped too.
    """
    cut = text if len(text) <= limit else text[:limit]
    safe = cut if cut.replace("\n", "").isprintable() else "".join(map(_escaped, cut))
    return safe if cut is text else f"{safe}… ({len(text) - limit} more characters)"


def one_line(text: str, limit: int) -> str:
    """Return `text` as `printable` does, and on one line."""
    return printable(text, limit).replace("\n", "\\n")


def few(names: Sequence[str], limit: int = 3) -> str:
    """Return the first `limit` names in words, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _escaped(character: str) -> str:
    if character.isprintable() or character in "\n\t\u3000\u00a0":
        return character
    return character.encode("unicode_escape").decode()


def well_formed(text: str) -> str:
    """Return `text` with lone surrogates replaced: no file and no model takes them."""
    return text.encode("utf-8", "replace").decode("utf-8")
