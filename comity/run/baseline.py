"""The stored run that another is held against."""

from pathlib import Path

from comity.errors import ConfigurationError
from comity.run import finding, store
from comity.schema import Outcome
from comity.statistics.criteria import Gate
from comity.statistics.regression import Baseline


class Stored:
    """A baseline as it was kept, before it is known which judges the other run has."""

    def __init__(self, folder: Path) -> None:
        """Read the run in `folder`.

        Raises:
            InfrastructureError: it holds none, or a damaged one.
        """
        self._facts = store.read_facts(folder)
        self._outcomes = tuple(
            outcome
            for outcome in store.read(folder, evidence=False)
            if isinstance(outcome, Outcome)
        )

    @property
    def run(self) -> str:
        """The id of the run."""
        return self._facts.run

    def against(self, run: str, pipeline: str | None) -> Baseline | None:
        """Return what `run`, judged by `pipeline`, is held against; None where it is that very run.

        A pipeline that is not known is never the same.
        """
        if self._facts.run == run:
            return None
        same = pipeline is not None and pipeline == self._facts.pipeline
        return Baseline(self._facts.run, self._outcomes, same)


def stored(gate: Gate, named: str | None, reports: Path) -> Stored | None:
    """Return the baseline that a gate is given, by option or by its file; None where it needs none.

    It is called by its folder, by its id in `reports`, or `latest`.

    Raises:
        ConfigurationError: it needs one and has none, has one and asks nothing of it, or there is
            no such run.
        InfrastructureError: the baseline cannot be read.
    """
    name = named or gate.baseline
    if not gate.regression:
        if name is None:
            return None
        raise ConfigurationError(
            f"{name} is a baseline, and the gate asks nothing of it; add [[regression]] to its "
            "file, or leave out --baseline"
        )
    if name is None:
        raise ConfigurationError(
            "the gate has [[regression]], and there is no run to hold this one against: name one "
            "by --baseline RUN, or by `baseline` in its file"
        )
    return Stored(finding.find(name, reports))
