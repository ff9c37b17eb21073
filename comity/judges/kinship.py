"""Whether a judge is the model under test, or of its family.

Models rate their own texts, and those of their kin, too kindly (Panickssery et al., NeurIPS 2024).
A family is told by names, since nothing else of a served model can be relied on: by the maker's,
and by the words of the model's own. That errs on the side of asking.
"""

import re
from collections.abc import Iterable

# Words that say of what kind or size a model is, and not of which family.
_PLAIN = frozenset(
    """
    ai awq base beta bf bnb chat coder distill distilled exl fast fp ggml gguf gptq hub inst
    instruct instruction int it judge large latest lite llm long medium mini model moe nano
    pico preview pro quant quantized rc reason reasoning sft small special super test think
    thinking tiny tuned turbo ultra vision
    """.split()  # noqa: SIM905 - as a list it would take a page
)
_WORD = re.compile(r"[a-z]+")
MIN_WORD_CHARACTERS = 3


def kinship(judge: Iterable[str], tested: Iterable[str]) -> str | None:
    """Return what two models have in common by their names; None where they are no kin.

    Each model may be known by several names: what it is served as, and what it is of.
    """
    judge, tested = list(judge), list(tested)
    if same := {name.casefold() for name in judge} & {name.casefold() for name in tested}:
        return f"both are {sorted(same)[0]}"
    if makers := _makers(judge) & _makers(tested):
        return f"both are made by {sorted(makers)[0]}"
    if family := _family(judge) & _family(tested):
        return f"both are of the family {sorted(family)[0]}"
    return None


def _makers(names: Iterable[str]) -> set[str]:
    """Return the makers, of names such as `maker/model`; a path of files has none."""
    return {
        name.partition("/")[0].casefold()
        for name in names
        if name.count("/") == 1 and not name.startswith(("/", "."))
    }


def _family(names: Iterable[str]) -> set[str]:
    last = [name.rstrip("/").rpartition("/")[2].casefold() for name in names]
    words = {word for name in last for word in _WORD.findall(name)}
    return {word for word in words if len(word) >= MIN_WORD_CHARACTERS} - _PLAIN
