"""The page: what all parts come to, in one file that runs no script but its own.

A policy in the page forbids the browser every request, and every script and style but those whose
hash it names. Texts of models and pages are escaped by the template, or set as text by the script,
which never makes markup of anything.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from comity.reporting.html import names, overview, places
from comity.reporting.html.course import WORDS
from comity.reporting.html.figures import STEPS, WIDEST
from comity.reporting.html.heat import heat
from comity.reporting.html.packing import Cases, packed
from comity.reporting.html.panels import panels
from comity.reporting.html.pictures import ORDER, Pictures, pictures
from comity.reporting.html.source import Source
from comity.reporting.html.text import finalize, shown
from comity.schema import Norm, OpenQuestion

HERE = "comity.reporting.html"
SCRIPTS = ("base.js", "map.js", "replay.js", "list.js")
STYLES = ("page.css", "print.css")

# What is passed on by mail or kept by CI; at this it also still opens in a moment.
MAX_BYTES = 38_000_000
# Of it, what pictures may take: a thousand or more of them.
MAX_PICTURE_BYTES = 20_000_000


def page(folder: Path) -> bytes:
    """Return the report of the run in `folder`.

    Raises:
        InfrastructureError: it holds no run, or a file of it is damaged.
    """
    source, cases = Source.open(folder), Cases()
    for outcome in source.cases():
        cases.add(outcome)
    cases.close()
    taken = sum(map(len, cases.blocks)) + sum(len(str(one)) for one in cases.listed)
    room = max(0, min(MAX_PICTURE_BYTES, MAX_BYTES - taken))
    small = pictures(source.folder, source.outcomes, room)
    text = _environment().get_template("page.html.j2").render(_content(source, cases, small))
    return text.encode("utf-8", "replace")


def _content(source: Source, cases: Cases, small: Pictures) -> dict[str, Any]:
    script, style = _asset(*SCRIPTS), _asset(*STYLES)
    found = places.places(source)
    return {
        "run": source.facts["run"],
        "when": _when(source),
        "policy": _policy(script, style),
        "script": Markup(script),  # noqa: S704 - our own file
        "style": Markup(style),  # noqa: S704 - our own file
        "agents": source.agents,
        "outcomes": len(source.outcomes),
        "selected": source.selected,
        "cut_off": source.summary is None,
        "norms": source.norms,
        "questions": source.questions,
        "gated": overview.gated(source.summary),
        "glances": overview.glances(source),
        "ended": overview.ended(source),
        "rates": overview.rates(source),
        "calibrated": overview.calibrated(source.summary),
        "countries": [place for place in found if place.is_country],
        "communities": [place for place in found if not place.is_country],
        "world": places.world(),
        "map_columns": places.columns(places.ON_THE_MAP),
        "culture_columns": places.columns(places.BY_CULTURE),
        "cultures": places.cultures(source),
        "map_data": embedded({"places": places.told(found)}),
        "heat": heat(source),
        "panels": panels(source),
        "about": _about(source),
        "statuses": overview.STATUSES,
        "went": WORDS,
        "modes": names.MODES,
        "widest": WIDEST,
        "steps": STEPS,
        "index": packed(_index(source, cases, small)),
        "blocks": cases.blocks,
        "pictures": small.encoded,
    }


def _index(source: Source, cases: Cases, small: Pictures) -> dict[str, Any]:
    for listed in cases.listed:
        if (number := small.of_case.get(listed["id"])) is not None:
            listed["picture"] = number
        elif listed["id"] in small.left_out:
            listed["picture"] = None
    cultures = {one.key: one.name for one in places.cultures(source)}

    def order(listed: dict[str, Any]) -> tuple[int, str, str]:
        norm = source.norms.get(listed.get("norm", ""))
        return ORDER.index(listed["went"]), cultures[norm.culture] if norm else "", listed["id"]

    return {
        "cases": sorted(cases.listed, key=order),
        "norms": {name: _norm(norm) for name, norm in source.norms.items()},
        "questions": {name: _question(one) for name, one in source.questions.items()},
        "cultures": cultures,
        "agents": {shown(one.reference): [one.name, one.oracle] for one in source.agents},
        "went": WORDS,
        "modes": {mode.value: told for mode, told in names.MODES.items()},
        "statuses": {status.value: told for status, told in overview.STATUSES.items()},
    }


def _norm(norm: Norm) -> dict[str, Any]:
    return {
        "culture": norm.culture,
        "domain": norm.domain.replace("-", " "),
        "statement": shown(norm.statement),
        "why": shown(norm.why),
        "holds": [names.place(here) for here in norm.holds],
        "at": [here.country if here.community is None else here.community for here in norm.holds],
        "severity": [norm.severity, names.SEVERITY[norm.severity]],
        "agreement": names.AGREEMENT[norm.agreement],
        "note": shown(norm.agreement_note) if norm.agreement_note else None,
        "sources": [[shown(one.title), shown(str(one.url))] for one in norm.sources],
        "review": _review(norm),
    }


def _review(norm: Norm) -> str:
    if norm.review.status == "drafted":
        return "A draft: nobody of the community has reviewed it yet."
    return shown(f"Reviewed by {norm.review.by} on {norm.review.on}.")


def _question(question: OpenQuestion) -> dict[str, Any]:
    return {
        "domain": question.domain,
        "why": shown(question.why),
        "draws_on": list(question.draws_on),
    }


NO_MODEL = "none: deeds and rules"
# What of a run's settings explains its figures to a reader; addresses are nobody's business.
_SETTINGS = ("trials", "seed", "temperature")


def _about(source: Source) -> list[tuple[str, str]]:
    """Return what explains the run, in a few words each."""
    facts = source.facts

    def part(name: str, key: str) -> str:
        found = facts.get(name)
        value = found.get(key) if isinstance(found, dict) else None
        return "" if value is None else str(value)

    panel = facts.get("judge")
    judges = panel.get("models") if isinstance(panel, dict) else None
    revision = part("git", "revision")[:12]
    changed = ", with changes" if part("git", "changed") == "True" else ""
    told = {
        "run": str(facts["run"]),
        "model under test": part("model", "name") or "none",
        "judging models": ", ".join(judges) if isinstance(judges, dict) else NO_MODEL,
        "comity": part("versions", "comity"),
        "revision": f"{revision}{changed}" if revision else "",
        "browser": part("browser", "version"),
        **{name: part("settings", name) for name in _SETTINGS},
        "cultures": part("options", "cultures"),
        "selected by": part("options", "mark"),
        "judges' hash": str(facts.get("pipeline") or "")[:12],
    }
    return [(name, value) for name, value in told.items() if value]


def _when(source: Source) -> str:
    """Return when the first case began; empty where there is none."""
    started = [one.timing.started for one in source.outcomes]
    if not started:
        return ""
    try:
        return datetime.fromtimestamp(min(started), UTC).strftime("%-d %B %Y, %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return ""


def embedded(content: object) -> Markup:
    """Return `content` as JSON that can stand in an element: none of its signs is markup."""
    told = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    for sign in "<>&":
        told = told.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(told)  # noqa: S704 - what could be markup is escaped


def _policy(script: str, style: str) -> str:
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _asset(*files: str) -> str:
    folder = resources.files(HERE) / "assets"
    return "\n".join((folder / name).read_text("utf-8").strip() for name in files)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader(HERE),
        autoescape=True,
        finalize=finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
