"""What the report reads of `summary.json` and `robustness.json`, of any later version too."""

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from comity.errors import InfrastructureError
from comity.reporting import robustness
from comity.run.store import SUMMARY_FILE
from comity.statistics.sensitivity import LEVEL

Count = Annotated[int, Field(ge=0)]


Kind = TypeVar("Kind", bound=BaseModel)


class _Stored(BaseModel):
    """A part of the file; what is not known of it is left alone."""

    model_config = ConfigDict(frozen=True)


class Stood(_Stored):
    """A figure, as it stood when the run ended."""

    n: Count = 0
    value: FiniteFloat | None = None
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None


class StoredCriterion(Stood):
    """A criterion of the gate, and what came of it."""

    metric: str
    slice: dict[str, str] = {}
    open: Count = 0
    corrected: bool = False
    side: str = ""
    bound: FiniteFloat | None = None
    verdict: str
    why: str = ""


class StoredRegression(Stood):
    """A criterion against a baseline run, and what came of it; the value is new less old."""

    metric: str
    slice: dict[str, str] = {}
    corrected: bool = False
    side: str = ""
    margin: FiniteFloat | None = None
    verdict: str
    why: str = ""


class StoredRuling(_Stored):
    """What is asked of a run beside the criteria."""

    verdict: str
    why: str
    cases: tuple[str, ...] = ()


class StoredWaiver(_Stored):
    """What a waiver says."""

    scenario: str
    reason: str
    who: str
    expires: str


class StoredWaived(_Stored):
    """A waiver, and the cases that it takes out."""

    waiver: StoredWaiver
    expired: bool
    cases: tuple[str, ...] = ()


class StoredGate(_Stored):
    """Which gate it was."""

    file: str = ""


class StoredVerdict(_Stored):
    """What the gate said."""

    verdict: str
    gate: StoredGate = StoredGate()
    reasons: tuple[str, ...] = ()
    criteria: tuple[StoredCriterion, ...] = ()
    baseline: str | None = None
    regressions: tuple[StoredRegression, ...] = ()
    rulings: tuple[StoredRuling, ...] = ()
    waivers: tuple[StoredWaived, ...] = ()


class StoredTrust(Stood):
    """A metric, as far as it can be gone by."""

    metric: str
    slice: dict[str, str]
    calibrated: bool


class StoredCalibration(_Stored):
    """What the run knew of its judges."""

    rows: tuple[StoredTrust, ...] = ()


class StoredScores(_Stored):
    """Whose voices an agent's answers let speak."""

    means: dict[str, Stood] = {}
    pds: dict[str, Stood] = {}


class StoredVoices(_Stored):
    """Those of one suite, agent by agent."""

    suite: str
    agents: dict[str, StoredScores] = {}


class Summary(_Stored):
    """What a run said of itself as it ended."""

    verdict: StoredVerdict | None = None
    calibration: StoredCalibration | None = None
    voices: tuple[StoredVoices, ...] = ()


class StoredAgent(_Stored):
    """Whom a relation was tried on."""

    reference: str


class StoredCharge(_Stored):
    """What a relation is charged with."""

    n: Count = 0
    broken: FiniteFloat | None = None
    noise: FiniteFloat | None = None
    difference: FiniteFloat | None = None
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    p: FiniteFloat | None = None


class StoredSmallest(_Stored):
    """The smallest change that flips a verdict."""

    relations: tuple[str, ...] = ()
    before: str
    after: str
    cases: tuple[str, ...] = ()
    confirmed: int | None = None
    trials: int = 0


class StoredResult(_Stored):
    """What came of a relation tried on an agent."""

    relation: str
    statement: str = ""
    agent: StoredAgent
    charge: StoredCharge
    cultures: dict[str, tuple[FiniteFloat, int]] = {}
    smallest: StoredSmallest | None = None

    @property
    def is_charged(self) -> bool:
        """Whether there is more than chance in it."""
        return self.charge.p is not None and self.charge.p <= LEVEL


class StoredRobustness(_Stored):
    """What came of the relations that were tried."""

    relations: tuple[StoredResult, ...] = ()


def read_results(folder: Path) -> tuple[StoredResult, ...]:
    """Return what came of relations tried in the run in `folder`; mostly there were none.

    Raises:
        InfrastructureError: the file is damaged, or not as any version writes it.
    """
    found = _read(folder / robustness.FILE, StoredRobustness)
    return found.relations if found else ()


def read(folder: Path) -> Summary | None:
    """Return what the run in `folder` summed up to; None where it was cut off before.

    Raises:
        InfrastructureError: the file is damaged, or not as any version writes it.
    """
    return _read(folder / SUMMARY_FILE, Summary)


def _read(path: Path, kind: type[Kind]) -> Kind | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InfrastructureError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = "".join(f"{part}: " for part in detail["loc"])
        raise InfrastructureError(f"{path} cannot be read: {field}{detail['msg']}") from None
