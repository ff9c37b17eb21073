"""Shards: one of several parts of a run, each run by itself, which `comity merge` puts together."""

import hashlib
import re
from typing import Any

from pydantic import Field, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from comity.schema import AnyCase, OpenCase, Word

_WRITTEN = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


class Shard(Word):
    """The K-th of N parts, written K/N."""

    number: int = Field(ge=1)
    of: int = Field(ge=1)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        written = _WRITTEN.fullmatch(given)
        number, of = map(int, written.groups()) if written else (0, 0)
        if not 1 <= number <= of:
            raise PydanticCustomError("shard", "it is written K/N, from 1/N to N/N")
        return {"number": number, "of": of}

    @model_serializer
    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def holds(self, case: AnyCase) -> bool:
        """Return whether a case is in this shard.

        All cases of a scenario are in one: its modes, which are compared with each other, its
        trials and its agents. A scenario's place depends on nothing but its id and N, so that it
        stays where it is when others come and go.
        """
        whole = case.request.question.id if isinstance(case, OpenCase) else case.request.scenario.id
        digest = hashlib.sha256(whole.encode()).digest()
        return int.from_bytes(digest) % self.of == self.number - 1
