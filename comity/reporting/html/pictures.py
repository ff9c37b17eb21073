"""The last pages as small pictures, as many as the page has room for."""

import base64
import hashlib
import io
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from comity.reporting.html.course import Word
from comity.reporting.html.course import course as course_of
from comity.schema import AnyOutcome

WIDTH = 640
# Text of the sites is still read at this; 50 blurs it, 75 takes a third more.
QUALITY = 60
# What a browser's window can show is far below; what is above was not made by a case.
MAX_PIXELS = 40_000_000
# Whoever looks for pictures looks for what went wrong, first of all.
ORDER: tuple[Word, ...] = ("fault", "open", "unjudged", "well", "asked")


@dataclass
class Pictures:
    """Pictures in base64, each once, and which case has which."""

    encoded: list[str] = field(default_factory=list)
    of_case: dict[str, int] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    """Cases whose pictures found no room."""


def pictures(folder: Path, outcomes: Sequence[AnyOutcome], room: int) -> Pictures:
    """Return the pictures of the cases, at most `room` bytes of them.

    The first that finds no room ends it: to try all others for a smaller one would take minutes.
    """
    made = Pictures()
    numbers: dict[bytes, int | None] = {}
    full = False
    for outcome, path in _paths(folder, outcomes):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        digest = hashlib.sha256(content).digest()
        if digest not in numbers and not full:
            small = _encoded(content)
            full = small is not None and len(small) > room
            if not full:
                numbers[digest] = None if small is None else len(made.encoded)
            if small is not None and not full:
                made.encoded.append(small)
                room -= len(small)
        if digest not in numbers:
            made.left_out.add(outcome.case.id)
        elif (number := numbers[digest]) is not None:
            made.of_case[outcome.case.id] = number
    return made


def _paths(folder: Path, outcomes: Iterable[AnyOutcome]) -> Iterable[tuple[AnyOutcome, Path]]:
    """Yield each case that has a picture, those first in which something went wrong."""
    root = folder.resolve()
    for outcome in sorted(outcomes, key=lambda one: ORDER.index(course_of(one).word)):
        named = outcome.attachments.get("screenshot")
        if named and (path := (root / named).resolve()).is_relative_to(root) and path.is_file():
            yield outcome, path


def _encoded(content: bytes) -> str | None:
    """Return a picture made small, in base64; None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            read = Image.open(io.BytesIO(content), formats=("PNG",))
            if read.width * read.height > MAX_PIXELS:
                return None
            picture = read.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if picture.width > WIDTH:
        height = max(1, round(picture.height * WIDTH / picture.width))
        picture = picture.resize((WIDTH, height), Image.Resampling.BOX)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=2)
    return base64.b64encode(file.getvalue()).decode()
