"""The cases as they lie in the page: a list of all, and their replays in compressed blocks.

A block is JSON under gzip, in base64: its signs can neither end an element nor be markup, and the
page unpacks a block only when one of its cases is opened. Files beside the page would be smaller by
a quarter, but a page opened from the disk may not read them, and a page is passed on by itself.
"""

import base64
import gzip
import json
from typing import Any

from comity.reporting.html.course import course
from comity.reporting.html.replay import replay, value
from comity.reporting.html.text import shown
from comity.schema import AnyOutcome, NormOutcome, OpenOutcome

# So much JSON is unpacked in a few milliseconds, and has what its cases share but once.
BLOCK_CHARACTERS = 400_000
# What is searched of an answer; the replay shows all of it.
SEARCHED_CHARACTERS = 3_000
# Level 9 takes twice the time of 6 to save a hundredth.
LEVEL = 6


def packed(content: object) -> str:
    """Return `content` as JSON under gzip, in base64."""
    return _packed(_told(content))


def _told(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _packed(told: str) -> str:
    return base64.b64encode(gzip.compress(told.encode("utf-8", "replace"), LEVEL, mtime=0)).decode()


class Cases:
    """The cases of a page, added one by one."""

    def __init__(self) -> None:
        self.listed: list[dict[str, Any]] = []
        """What the list shows of each, what it is found by, and where its replay lies."""
        self.blocks: list[str] = []
        self._texts: dict[str, int] = {}
        self._replays: list[str] = []
        self._size = 0

    def add(self, outcome: AnyOutcome) -> None:
        """Add a case with its evidence."""
        told = _told(replay(outcome, self._keep))
        self.listed.append({**_listed(outcome), "at": [len(self.blocks), len(self._replays)]})
        self._replays.append(told)
        self._size += len(told)
        if self._size > BLOCK_CHARACTERS:
            self.close()

    def close(self) -> None:
        """Pack what is not packed yet."""
        if self._replays:
            # Joined as text, since each case was written as JSON when it came.
            cases, texts = ",".join(self._replays), _told(list(self._texts))
            self.blocks.append(_packed(f'{{"texts":{texts},"cases":[{cases}]}}'))
            self._texts, self._replays, self._size = {}, [], 0

    def _keep(self, text: str) -> int:
        if text not in self._texts:
            self._texts[text] = len(self._texts)
            self._size += len(text)
        return self._texts[text]


def _listed(outcome: AnyOutcome) -> dict[str, Any]:
    case, request, went = outcome.case, outcome.case.request, course(outcome)
    told: dict[str, Any] = {
        "id": shown(case.id),
        "suite": shown(request.suite),
        "agent": shown(case.agent.reference),
        "trial": case.trial,
        "site": shown(case.site) if case.site else None,
        "lang": request.language,
        "status": outcome.status.value,
        "reason": shown(outcome.reason),
        "went": went.word,
        "faults": list(went.faults),
        "request": shown(request.text),
        "said": _searched(outcome),
    }
    if isinstance(outcome, OpenOutcome):
        return {**told, "question": outcome.case.request.question.id}
    return {**told, **_of_norm(outcome)}


def _of_norm(outcome: NormOutcome) -> dict[str, Any]:
    request = outcome.case.request
    return {
        "norm": request.norm.id,
        "scenario": request.scenario.id,
        "mode": request.mode.value,
        "found": [f"{one.question}: {value(one)}" for one in outcome.findings if _says(one)],
    }


def _says(finding: Any) -> bool:
    return finding.open or finding.value is not None


def _searched(outcome: AnyOutcome) -> str:
    reply = outcome.transcript.reply
    return "" if reply is None else shown(reply.text, SEARCHED_CHARACTERS)
