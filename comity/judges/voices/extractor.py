"""What finds the references in an answer."""

from typing import Protocol

from comity.schema.voices import Voices


class Extractor(Protocol):
    """Finds which perspectives an answer refers to, and whether it says something of them."""

    @property
    def name(self) -> str:
        """What stands in `Voices.extractor`: it changes with all that decides an answer.

        A model is known by its served name.
        """
        ...

    async def extract(self, text: str, language: str | None) -> Voices:
        """Return the references in `text`; None is a language that nobody told.

        It never raises for what stands in the text: what fails is told in `failed`.
        """
        ...
