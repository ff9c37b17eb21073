"""What the report reads of `summary.json`, of this version's or a later one's."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from comity.errors import InfrastructureError
from comity.run.store import SUMMARY_FILE

Count = Annotated[int, Field(ge=0)]


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


def read(folder: Path) -> Summary | None:
    """Return what the run in `folder` summed up to; None where it was cut off before.

    Raises:
        InfrastructureError: the file is damaged, or not as any version writes it.
    """
    path = folder / SUMMARY_FILE
    try:
        return Summary.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InfrastructureError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = "".join(f"{part}: " for part in detail["loc"])
        raise InfrastructureError(f"{path} cannot be read: {field}{detail['msg']}") from None
