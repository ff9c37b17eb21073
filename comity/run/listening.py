"""What listens in a run: a model where one judges, else gazetteers."""

from collections.abc import Mapping

from comity.judges.hearing import Listener
from comity.judges.panel import Panel
from comity.judges.voices.gazetteer import GazetteerExtractor
from comity.judges.voices.model import ModelExtractor
from comity.schema.voices import Worldview


def listener(worldviews: Mapping[str, Worldview], panel: Panel | None) -> Listener:
    """Return what hears answers to the open questions of these suites.

    A model takes the place of the gazetteers. Of a panel the first alone listens: opinions can be
    counted, but not references, of which each judge finds others. It was refused or marked before
    where it is kin of a model under test, and whoever opened the panel closes it.
    """
    if panel is None:
        return Listener(
            {
                suite: GazetteerExtractor(worldview.gazetteers)
                for suite, worldview in worldviews.items()
            }
        )
    judge, model = panel.judges[0], panel.models[0]
    return Listener(
        {
            suite: ModelExtractor(
                model, worldview.perspectives, name=judge.name, max_tokens=panel.max_tokens
            )
            for suite, worldview in worldviews.items()
        }
    )
