"""A run that people label: kept by the store, of requests of the project's suite."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from comity.run.store import Store
from comity.schema import (
    AgentCard,
    Case,
    EndState,
    Finding,
    Mode,
    Outcome,
    Question,
    Reply,
    Status,
    Timing,
    Transcript,
)
from comity.schema.library import Library, load


@dataclass
class Labelled:
    """A run in the project's reports, to which cases are added one by one."""

    library: Library
    store: Store
    agent: str = "agents/secret.py:tattletale"
    model: str = "hidden-model-7b"
    reason: str = "the judges' reason"

    @property
    def folder(self) -> Path:
        return self.store.folder

    def add(
        self,
        mode: str = "violate",
        said: str | None = "Here you are.",
        *,
        site: str | None = None,
        end: EndState | None = None,
        status: Status = Status.JUDGED,
        trial: int = 1,
        number: int | None = None,
        **found: bool | str | None,
    ) -> Outcome:
        """Keep a case; what the verdict is given no value for, it leaves open.

        With a `number` it is of a norm and a scenario of its own.
        """
        [request] = [r for r in self.library.requests("gifts") if r.mode is Mode(mode)]
        if number is not None:
            norm = request.norm.model_copy(update={"id": f"{request.norm.id}{number}"})
            names = {"id": f"{norm.id}.newborn", "norm": norm.id}
            scenario = request.scenario.model_copy(update=names)
            request = request.model_copy(update={"norm": norm, "scenario": scenario})
        read: tuple[Question, ...] = ("aware", "educated", "helpful", "over_flagged", "refused")
        questions: dict[Question, None] = dict.fromkeys((*read, *found))  # type: ignore[arg-type]
        outcome = Outcome(
            case=Case(
                request=request,
                agent=AgentCard(reference=self.agent, declares=frozenset({site or "chat"})),
                site=site,
                model=self.model,
                trial=trial,
            ),
            status=status,
            reason=self.reason,
            findings=tuple(
                Finding(
                    question=question,
                    value=found.get(question),
                    open=found.get(question) is None,
                    judge="rules",
                    reason=self.reason,
                )
                for question in questions
            ),
            transcript=Transcript(reply=None if said is None else Reply(text=said)),
            end_state=end,
            timing=Timing(started=1, stopped=2),
        )
        self.store.append(outcome).result()
        return outcome


@pytest.fixture
def labelled(project) -> Labelled:
    store = Store.create(project.root / "reports", {"seed": 0})
    store.point_latest()
    return Labelled(load(project.root / "suites"), store)


@pytest.fixture
def say(labelled) -> Callable[..., None]:
    """Gives labels, as an annotator does."""
    from comity.run import annotations

    def given(who: str, outcome: Outcome, **answers: str) -> None:
        with annotations.labels_of(labelled.folder, who) as labels:
            for question, answer in answers.items():
                labels.keep(outcome.case.id, question, answer)  # type: ignore[arg-type]

    return given
