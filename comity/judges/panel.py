"""A panel of model judges: who sits on it, and what it finds together."""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr

from comity.errors import ConfigurationError
from comity.judges.asking import Matter
from comity.judges.model import ANSWER_TOKENS, Answers, ModelJudge
from comity.judges.questions import Asked
from comity.models.client import ChatModel
from comity.models.recorded import CaseModel
from comity.schema import Finding, ModelCall, Word, toml_file
from comity.schema.base import printable

Rule = Literal["majority", "unanimity"]

MAX_JUDGES = 9
MAX_PROBLEM_CHARACTERS = 300


class JudgeSpec(Word):
    """One judge of a panel, as its file describes it."""

    url: tuple[str, ...] = Field(min_length=1)
    """OpenAI-compatible endpoints of equal servers, used in turn."""
    model: str | None = None
    """Its served name; the only one that is served there, where None."""
    api_key_env: str | None = None
    """The variable of the environment that holds its key."""

    def api_key(self) -> SecretStr | None:
        """Return the key out of the environment; None where none is needed.

        Raises:
            ConfigurationError: the variable is not set.
        """
        if self.api_key_env is None:
            return None
        if not (key := os.environ.get(self.api_key_env)):
            raise ConfigurationError(
                f"the judge at {self.url[0]} needs a key in {self.api_key_env}, which is not set"
            )
        return SecretStr(key)


class PanelSpec(Word):
    """Who judges, and how many of them must agree."""

    rule: Rule = "majority"
    judge: tuple[JudgeSpec, ...] = Field(min_length=1, max_length=MAX_JUDGES)


def load(path: Path) -> PanelSpec:
    """Return the panel that the TOML file `path` describes.

    Raises:
        ConfigurationError: the file cannot be read, or describes none; a line a problem.
    """
    return toml_file.load(path, PanelSpec, "--judges", _listed)


def _listed(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content with a single `url` as a list of one."""
    judges = content.get("judge")
    if not isinstance(judges, list):
        return content
    return content | {
        "judge": [
            one | {"url": [one["url"]]}
            if isinstance(one, dict) and isinstance(one.get("url"), str)
            else one
            for one in judges
        ]
    }


class Panel:
    """Model judges that answer together; a panel of one is a judge."""

    def __init__(
        self,
        judges: Sequence[ChatModel],
        rule: Rule = "majority",
        *,
        batched: bool = False,
        max_tokens: int = ANSWER_TOKENS,
        kin: Mapping[str, str] | None = None,
    ) -> None:
        """Take the judges' models; `kin` says of some what they have in common with the tested.

        Raises:
            ConfigurationError: two judges have one name.
        """
        names = [model.name for model in judges]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigurationError(
                f"two judges are the model {twice[0]}; equal servers of one judge are listed "
                "together, as its `url`"
            )
        self.rule = rule
        self.batched = batched
        self.max_tokens = max_tokens
        self.kin = dict(kin or {})
        self.models = tuple(judges)
        self.judges = tuple(
            ModelJudge(
                f"model {name}{' (kin of the tested)' if name in self.kin else ''}",
                batched,
                max_tokens,
            )
            for name in names
        )

    def identity(self) -> dict[str, Any]:
        """Return what decides how the panel judges, the same in every process.

        A judge is known by its served name: whoever changes the weights behind it calibrates anew.
        """
        names = sorted(model.name for model in self.models)
        how = {"batched": self.batched, "max_tokens": self.max_tokens}
        return {"judges": names, "rule": self.rule, **how}

    def sitting(self, matter: Matter, started: float | None = None) -> "Sitting":
        """Return the panel's work on one case; `started` is when the case was, in monotonic s."""
        return Sitting(self, matter, [CaseModel(model, started=started) for model in self.models])

    async def close(self) -> None:
        """Close the connections to all judges."""
        for model in self.models:
            await model.close()


@dataclass
class Sitting:
    """What a panel does about one case."""

    panel: Panel
    matter: Matter
    models: Sequence[CaseModel]

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """All calls so far, judge by judge."""
        return tuple(call for model in self.models for call in model.calls)

    async def ask(self, asked: Sequence[Asked]) -> "Answered":
        """Put the questions to all judges at once, and return what they found; it never raises."""
        answers = await asyncio.gather(
            *(
                judge.answer(asked, self.matter, model)
                for judge, model in zip(self.panel.judges, self.models, strict=True)
            )
        )
        answered = Answered({}, {}, {})
        for question in asked:
            self._combine(question, answers, answered)
        return answered

    def _combine(self, question: Asked, answers: Sequence[Answers], into: "Answered") -> None:
        found = [one.found[question] for one in answers if question in one.found]
        into.opinions[question] = tuple(found)
        failed = [
            f"{question}: {judge.name}: {one.failed[question]}"
            for judge, one in zip(self.panel.judges, answers, strict=True)
            if question in one.failed
        ]
        if failed:
            into.failed[question] = tuple(failed)
        verdict = _together(question, found, len(answers), self.panel.rule)
        # Where a judge failed, to be undecided is its failing, and not a disagreement.
        if verdict is not None and not (verdict.open and failed):
            into.found[question] = verdict


@dataclass(frozen=True)
class Answered:
    """What a panel found: the finding of all, each one's own, and what failed, by question."""

    found: dict[Asked, Finding]
    """Without the questions that failures left undecided."""
    opinions: dict[Asked, tuple[Finding, ...]]
    failed: dict[Asked, tuple[str, ...]]


def _together(question: Asked, found: Sequence[Finding], judges: int, rule: Rule) -> Finding | None:
    """Return what `judges` judges found together, of whom some may have failed."""
    if judges == 1 or not found:
        return found[0] if found else None
    name = f"panel ({rule} of {judges})"
    value, count = Counter(finding.value for finding in found).most_common(1)[0]
    if count == judges or (rule == "majority" and 2 * count > judges):
        first = next(finding for finding in found if finding.value == value)
        reason = f"{count} of {judges}: {first.reason}"
        return first.model_copy(update={"judge": name, "reason": reason})
    told = ", ".join(f"{finding.judge} {finding.value}" for finding in found)
    return Finding(
        question=question,
        value=None,
        open=True,
        judge=name,
        reason=printable(f"the judges disagree: {told}", MAX_PROBLEM_CHARACTERS),
    )
