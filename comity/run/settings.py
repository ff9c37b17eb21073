"""What a run is asked to do, from the command line and the environment."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from comity.sandbox.sites import PATIENCE_SECONDS

# One event loop drives all cases; this many keep a model server on two CPUs busy and no more.
CONCURRENCY = 16
# Eight steps of a model that needs half a minute for each, twice over.
CASE_SECONDS = 900.0


class Settings(BaseSettings):
    """The settings of a run. Each can also come from the environment: `COMITY_MODEL_URL` …"""

    model_config = SettingsConfigDict(env_prefix="COMITY_", frozen=True, extra="ignore")

    model_url: str | None = None
    model: str | None = None
    model_api_key: SecretStr = SecretStr("none")
    actions: Literal["auto", "tools", "json"] = "auto"
    """How web agents are to write actions: as native tool calls, as JSON by schema, or probed."""
    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int = Field(default=0, ge=0)
    trials: int = Field(default=1, ge=1, le=1_000)
    concurrency: int = Field(default=CONCURRENCY, ge=1, le=1_000)
    case_timeout: float = Field(default=CASE_SECONDS, gt=0)
    site_timeout: float = Field(default=PATIENCE_SECONDS, gt=0)
    """How long a site may take to answer, and a page of it to load, in seconds."""
    browser_trace: bool = False
