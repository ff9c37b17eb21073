"""One model judge, questioned outside of a run, and what that costs."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from comity.errors import AgentError, InfrastructureError
from comity.judges.asking import Matter, Wording
from comity.judges.model import Answers, ModelJudge
from comity.judges.questions import Asked
from comity.models.client import ChatModel
from comity.models.recorded import CaseModel
from comity.schema import AgentCard, Case, Reply, Request, Transcript, Word

# As much as the chat agents may say.
OWN_TOKENS = 256
PLAIN = Wording()

_AUTHOR = AgentCard(reference="comity.checking:author", declares=frozenset({"chat"}))


class Cost(Word):
    """What an interview took."""

    calls: int = Field(ge=0)
    """Those that went to a server."""
    cached: int = Field(ge=0)
    """Those that the call cache answered."""
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)


def chat(request: Request, reply: str) -> tuple[Case, Transcript]:
    """Return the case in which `reply` is all that was said to `request`."""
    case = Case(request=request, agent=_AUTHOR, site=None, model=None, trial=1)
    return case, Transcript(reply=Reply(text=reply))


class Interview:
    """Puts questions to a judge, about at most so many replies at once."""

    def __init__(self, judge: ModelJudge, model: ChatModel, concurrency: int) -> None:
        self.model = model
        self.batched = judge.batched
        self.put = 0
        """How many answers were asked for."""
        self.failures: Counter[str] = Counter()
        """Why there is none, of those that were not given, or not validly."""
        self.unwritten: Counter[str] = Counter()
        """Why there is none, of replies that the judge was to write."""
        self._judge = judge
        self._places = asyncio.Semaphore(concurrency)
        self._cost: Counter[str] = Counter()

    @property
    def cost(self) -> Cost:
        """What it took so far."""
        return Cost(**{name: self._cost[name] for name in Cost.model_fields})

    async def ask(
        self,
        request: Request,
        reply: str,
        asked: Sequence[Asked],
        wordings: Sequence[Wording] = (PLAIN,),
    ) -> list[Answers]:
        """Return what the judge answers about a reply, wording by wording.

        The same wording a second time is a second call, which the cache keeps apart from the first.
        """
        case, transcript = chat(request, reply)
        matter = Matter.of(case, transcript, None)
        async with self._places:
            # One for all wordings, since it counts which of several equal calls a call is.
            called = CaseModel(self.model)
            found = [
                await self._judge.answer(asked, matter, called, wording) for wording in wordings
            ]
        self._count(called)
        self.put += len(asked) * len(wordings)
        for answers in found:
            self.failures.update(answers.failed.values())
        return found

    async def write(self, request: Request) -> str | None:
        """Return what the judge's model replies to a request by itself; None where it does not."""
        called = CaseModel(self.model)
        async with self._places:
            try:
                told = await called.complete(
                    [{"role": "user", "content": request.text}], max_tokens=OWN_TOKENS
                )
            except (AgentError, InfrastructureError) as error:
                self.unwritten[str(error)] += 1
                return None
            finally:
                self._count(called)
        if not told.text.strip():
            self.unwritten["the reply is empty"] += 1
            return None
        return told.text

    def _count(self, called: CaseModel) -> None:
        for call in called.calls:
            if call.cached:
                self._cost["cached"] += 1
            else:
                self._cost["calls"] += 1
                self._cost["prompt_tokens"] += call.prompt_tokens
                self._cost["completion_tokens"] += call.completion_tokens
