"""What a comparison would be made of: the scenarios at hand, or those of a run with its rates."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from comity.schema import Mode, Outcome
from comity.schema.scenario import Request
from comity.statistics.clusters import clustered
from comity.statistics.criteria import DIRECTIONS
from comity.statistics.metrics import DISCERNMENT, RATES, norm
from comity.statistics.pairing import headline_values
from comity.statistics.planning import Planned

# How many replies are aware is not known before a run.
OF_AWARE = ("Edu-R", "Wrong-R")
_OF_DEEDS = ("Silent-R", "Vio-R")


def of_requests(
    requests: Sequence[Request], acted: Iterable[str], trials: int, wrong: float
) -> list[Planned]:
    """Return the metrics of an agent that is put to all these requests, so much of which go wrong.

    `acted` are the suites that are put to it on a site; of others there are no deeds.
    """
    shown = [request for request in requests if request.scenario.lure == "content"]
    on_a_site = set(acted)
    rows = []
    for definition in RATES:
        for mode in definition.modes:
            asked = Counter(
                request.norm.id
                for request in shown
                if request.mode is mode
                and (definition.name not in _OF_DEEDS or request.suite in on_a_site)
            )
            if asked and definition.name not in OF_AWARE:
                named = {"mode": mode.value} if len(definition.modes) > 1 else {}
                rows.append(Planned(definition.name, named, _sizes(asked, trials), wrong))
    modes = defaultdict(set)
    for request in shown:
        modes[request.scenario.id].add(request.mode)
    both = Counter(
        request.norm.id
        for request in shown
        if request.mode is Mode.VIOLATE and Mode.CONTRAST in modes[request.scenario.id]
    )
    if both:
        rows.append(Planned(DISCERNMENT, {}, _sizes(both, trials), wrong, wrong))
    return rows
