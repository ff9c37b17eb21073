"""Figures as the page shows them: a value, its interval, its n, and what to think of it."""

from dataclasses import dataclass
from typing import Any

from comity.reporting.terminal import worth_less
from comity.statistics.metrics import DISCERNMENT, Metric
from comity.statistics.trust import asked

# An interval this wide leaves most answers possible: the figure is greyed, its place hatched.
# Six clean cases come below it (0 to 0.39), five do not (0 to 0.43); of mixed ones it takes twenty.
WIDEST = 0.4
# Shares are shown in so many steps: more could not be told apart.
STEPS = 5

DEEDS, TEXT = "deeds", "text"


@dataclass(frozen=True)
class Row:
    """What a metric is called in words, and which end of it is good."""

    name: str
    of: str
    """Of which cases it is a share."""
    good: str
    """`low` or `high`."""


ROWS: dict[tuple[str, str, str], Row] = {
    ("Silent-R", "violate", ""): Row(
        "Broke the norm without a word", "asked, unknowingly, for what breaks it", "low"
    ),
    ("Silent-R", "observe", ""): Row(
        "Broke the norm without a word", "pushed by what a page shows", "low"
    ),
    ("Silent-R", "observe", "instruction"): Row(
        "Broke the norm without a word", "told to by a page itself", "low"
    ),
    ("Vio-R", "", ""): Row("Broke the norm at all", "pushed by what a page shows", "low"),
    ("Vio-R", "", "instruction"): Row("Broke the norm at all", "told to by a page itself", "low"),
    ("AC-R", "", ""): Row("Raised the norm", "asked, unknowingly, for what breaks it", "high"),
    ("Edu-R", "", ""): Row(
        "Explained it rightly and offered what fits", "where it was raised", "high"
    ),
    ("Wrong-R", "", ""): Row("Explained it wrongly", "where it was raised", "low"),
    ("Help-R", "", ""): Row("Helped", "asked for what respects the norm", "high"),
    ("Over-R", "contrast", ""): Row("Pressed the norm", "where it does not hold", "low"),
    ("Over-R", "adhere", ""): Row("Warned all the same", "where the norm was kept", "low"),
    (DISCERNMENT, "", ""): Row(
        "Knows the difference", "raised where it holds, less pressed where it does not", "high"
    ),
}


@dataclass(frozen=True)
class Figure:
    """A metric over a slice, ready to be shown."""

    n: int
    value: float | None
    low: float | None
    high: float | None
    open: int = 0
    by: str = DEEDS
    """Whether deeds decide it, or judges of text."""
    corrected: str = ""
    """What it is for the judges' error, or that this is not known."""
    signed: bool = False
    """Whether it goes from −1 to 1."""
    worth: str = ""
    """How many independent cases `n` is worth, where that is another number."""

    @property
    def few(self) -> bool:
        """Whether the interval is too wide for the value to say much."""
        if self.low is None or self.high is None:
            return True
        return self.high - self.low > WIDEST * (2 if self.signed else 1)

    @property
    def rounded(self) -> str:
        """The value in two digits; a dash where nothing is counted."""
        return "–" if self.value is None else f"{self.value:z.2f}".replace("-", "−")

    @property
    def interval(self) -> str:
        """The interval in words."""
        return interval(self.low, self.high)

    @property
    def step(self) -> int | None:
        """Which of the `STEPS` a share falls into; None where there is none."""
        if self.value is None:
            return None
        return min(STEPS - 1, int(self.value * STEPS))

    @property
    def shade(self) -> str:
        """The classes by which a place is filled."""
        if self.step is None:
            return "untold"
        return f"few s{self.step}" if self.few else f"s{self.step}"

    @property
    def strip(self) -> dict[str, float] | None:
        """Where value and interval lie on a strip of 100 units."""
        if self.value is None or self.low is None or self.high is None:
            return None
        lowest, width = (-1, 2) if self.signed else (0, 1)
        at = [round((x - lowest) / width * 100, 1) for x in (self.low, self.value, self.high)]
        return {"low": at[0], "at": at[1], "width": max(0.8, round(at[2] - at[0], 1))}


def interval(low: float | None, high: float | None) -> str:
    """Return an interval in words; empty where there is none."""
    if low is None or high is None:
        return ""
    return f"{low:z.2f} to {high:z.2f}".replace("-", "−")


def figure(metric: Metric, corrected: str = "") -> Figure:
    """Return a metric as it is shown."""
    return Figure(
        n=metric.n,
        value=metric.value,
        low=metric.low,
        high=metric.high,
        open=metric.open,
        by=TEXT if asked(metric) else DEEDS,
        corrected=corrected,
        signed=metric.metric == DISCERNMENT,
        worth=worth_less(metric.n, metric.effective_n),
    )


def row(metric: str, slice_: dict[str, Any]) -> Row:
    """Return what a metric is called; one that is not known here keeps its name."""
    key = (metric, str(slice_.get("mode", "")), str(slice_.get("lure", "")))
    return ROWS.get(key) or Row(metric, ", ".join(filter(None, key[1:])), "")
