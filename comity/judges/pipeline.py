"""What judges a run, as one hash: equal hashes judge the same words alike.

A calibration belongs to the pipeline that it measured, and to no other. So the hash covers what
decides an answer: the judges' code and language, the questions, and of the norms what text is read
by, or what the models that judge are told. It leaves out what does not, so that a norm's new source
costs no calibration.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib import resources

from comity.judges import questions
from comity.schema import Norm

# Files of the judges' room that measure or describe judging, or hear answers to open questions, and
# judge nothing that is said of norms.
_NO_JUDGES = frozenset(
    {
        "calibration.py",
        "checking.py",
        "hearing.py",
        "interview.py",
        "kinship.py",
        "pipeline.py",
        "preference.py",
    }
)
_READ_BY = {"id", "holds", "raised_by"}
_SHOWN = {"statement", "why"}
"""What models are told of a norm beyond its places, and rules do not read."""


def fingerprint(norms: Iterable[Norm], panel: Mapping[str, object] | None = None) -> str:
    """Return the hash of the pipeline that judges what is said of `norms`.

    `panel` is what is known of the models that judge, where there are any.
    """
    digest = hashlib.sha256()
    told = _READ_BY
    if panel is not None:
        told = _READ_BY | _SHOWN
        digest.update(json.dumps(panel, sort_keys=True).encode() + b"\0")
    for name, content in _code():
        digest.update(name.encode() + b"\0" + content + b"\0")
    digest.update(questions.digest().encode() + b"\0")
    for norm in sorted(norms, key=lambda norm: norm.id):
        words = norm.model_dump(mode="json", include=told)
        digest.update(json.dumps(words, sort_keys=True).encode() + b"\0")
    return digest.hexdigest()


def _code() -> list[tuple[str, bytes]]:
    """Return name and content of the files that judge, in the order of their names."""
    files = resources.files("comity.judges").iterdir()
    judging = [
        file
        for file in files
        if file.name.endswith((".py", ".yaml")) and file.name not in _NO_JUDGES
    ]
    return [(file.name, file.read_bytes()) for file in sorted(judging, key=lambda f: f.name)]
