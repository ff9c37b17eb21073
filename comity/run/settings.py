"""What a run is asked to do, from the command line and the environment."""

from collections.abc import Container
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from comity.judges.model import ANSWER_TOKENS
from comity.judges.questions import QUESTIONS
from comity.models.chat import CallSettings, Sampling
from comity.run.sharding import Shard
from comity.sandbox.sites import PATIENCE_SECONDS

# One event loop drives all cases; this many keep a model server on two CPUs busy and no more.
CONCURRENCY = 16
# Eight steps of a model that needs half a minute for each, twice over.
CASE_SECONDS = 900.0
# An agent's own code thinks in milliseconds; a minute of it is a loop without an end.
OWN_SECONDS = 60.0
PREFIX = "COMITY_"


class Settings(BaseSettings):
    """The settings of a run. Each can also come from the environment: `COMITY_MODEL_URL` …"""

    # No infinity: neither JSON nor a browser knows it.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", allow_inf_nan=False
    )

    model_url: Annotated[tuple[str, ...], NoDecode] = ()
    """The model's servers, used in turn; from the environment separated by blanks or commas."""
    model: str | None = None
    model_api_key: SecretStr = CallSettings().api_key
    judge_url: Annotated[tuple[str, ...], NoDecode] = ()
    """The judge's servers, as the model's."""
    judge_model: str | None = None
    judge_api_key: SecretStr = CallSettings().api_key
    judges: Path | None = None
    """The file of a panel, in the place of one judge."""
    judge_all: bool = False
    """Whether the model judges also what the rules can tell."""
    judge_batched: bool = False
    """Whether all questions about a case are put at once."""
    judge_max_tokens: int = Field(default=ANSWER_TOKENS, ge=50)
    """The most that a judge's answer to one question may take, thinking included."""
    allow_kin_judge: bool = False
    """Whether a model may judge itself, or its family."""
    actions: Literal["auto", "tools", "json"] = "auto"
    """How web agents are to write actions: as native tool calls, as JSON by schema, or probed."""
    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int = Field(default=0, ge=0)
    trials: int = Field(default=1, ge=1, le=1_000)
    concurrency: int = Field(default=CONCURRENCY, ge=1, le=1_000)
    case_timeout: float = Field(default=CASE_SECONDS, gt=0)
    agent_timeout: float = Field(default=OWN_SECONDS, gt=0)
    """Longest time of an agent's own in a case, in seconds."""
    call_timeout: float = Field(default=CallSettings().call_timeout, gt=0)
    server_timeout: float = Field(default=CallSettings().server_timeout, gt=0)
    tries: int = Field(default=CallSettings().tries, ge=1)
    token_budget: int | None = Field(default=None, gt=0)
    time_budget: float | None = Field(default=None, gt=0)
    """Longest time for all cases together, in seconds."""
    shard: Annotated[Shard | None, NoDecode] = None
    """Which part of the cases is run."""
    no_cache: bool = False
    replay: bool = False
    """Whether the call cache alone answers."""
    log_json: Path | None = None
    site_timeout: float = Field(default=PATIENCE_SECONDS, gt=0)
    """How long a site may take to answer, and a page of it to load, in seconds."""
    browser_trace: bool = False
    robustness: Literal["smoke", "standard", "full"] = "smoke"
    """How much of a scenario is varied, in suites that do that."""
    robustness_seed: int = Field(default=0, ge=0)
    """Another draws other examples than those that every run has."""

    @field_validator("model_url", "judge_url", mode="before")
    @classmethod
    def _several(cls, given: object) -> object:
        return given.replace(",", " ").split() if isinstance(given, str) else given

    @field_validator("replay")
    @classmethod
    def _has_a_cache(cls, replay: bool, info: ValidationInfo) -> bool:
        if replay and info.data.get("no_cache"):
            raise ValueError("answers come from the call cache alone; leave out --no-cache")
        return replay

    @model_validator(mode="after")
    def _judges_are_named_once(self) -> Self:
        if self.judges and (self.judge_url or self.judge_model):
            raise ValueError("--judges names the judges; leave out --judge-url and --judge-model")
        if not self.judges and not self.judge_url:
            for option, given in (
                ("--judge-model", self.judge_model),
                ("--judge-all", self.judge_all),
                ("--judge-batched", self.judge_batched),
            ):
                if given:
                    raise ValueError(f"{option} needs a judge; name one by --judge-url or --judges")
        return self

    def secrets(self) -> list[str]:
        """Return what no log and no report may show."""
        keys = {k.get_secret_value().strip() for k in (self.model_api_key, self.judge_api_key)}
        return sorted(keys - {"", CallSettings().api_key.get_secret_value()})

    @property
    def has_judges(self) -> bool:
        """Whether models judge beside the rules."""
        return self.judges is not None or bool(self.judge_url)

    def judge_calls(self, api_key: SecretStr | None = None) -> CallSettings:
        """Return on what terms a judge is called: as steadily as a model can answer."""
        return CallSettings(
            sampling=Sampling(max_tokens=self.judge_max_tokens * len(QUESTIONS)),
            api_key=api_key or self.judge_api_key,
            call_timeout=self.call_timeout,
            server_timeout=self.server_timeout,
            tries=self.tries,
        )

    def calls(self) -> CallSettings:
        """Return on what terms the model under test is called."""
        return CallSettings(
            sampling=Sampling(temperature=self.temperature, seed=self.seed),
            api_key=self.model_api_key,
            native_tools={"tools": True, "json": False}.get(self.actions),
            call_timeout=self.call_timeout,
            server_timeout=self.server_timeout,
            tries=self.tries,
            token_budget=self.token_budget,
        )


def told(error: ValidationError, options: Container[str]) -> str:
    """Return what is wrong with the settings, as whoever gave them needs to hear it.

    What is not among the `options` that were given comes from the environment.
    """
    detail = error.errors(include_url=False)[0]
    if not detail["loc"]:
        return str(detail["ctx"]["error"])  # it names the options by itself
    name = str(detail["loc"][0])
    given = f"--{name.replace('_', '-')}" if name in options else f"{PREFIX}{name.upper()}"
    return f"{given}: {detail['msg']}, not {detail['input']!r}"
