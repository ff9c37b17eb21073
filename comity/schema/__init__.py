"""The words that every room speaks."""

from comity.schema.base import Word
from comity.schema.case import AgentCard, AnyCase, Case, OpenCase, Reply, Task, VariedCase
from comity.schema.end_state import Change, EndState, Item, Line, Order, Post, Topic, Vote
from comity.schema.norm import Holds, Norm, Place, Review, Source
from comity.schema.outcome import (
    AnyOutcome,
    Breach,
    Evidence,
    Finding,
    NormOutcome,
    OpenFindingError,
    OpenOutcome,
    Outcome,
    Question,
    Status,
    VariedOutcome,
)
from comity.schema.scenario import TIERS, Mode, Request, Scenario, Tier, Variation, VariedRequest
from comity.schema.selector import ItemSelector, PostSelector, Selector, TextSelector
from comity.schema.sign import Sign
from comity.schema.transcript import (
    ModelCall,
    Observation,
    Step,
    Timing,
    Transcript,
    Visit,
)
from comity.schema.voices import OpenQuestion, OpenRequest, Perspective, Reference, Voices

__all__ = [
    "TIERS",
    "AgentCard",
    "AnyCase",
    "AnyOutcome",
    "Breach",
    "Case",
    "Change",
    "EndState",
    "Evidence",
    "Finding",
    "Holds",
    "Item",
    "ItemSelector",
    "Line",
    "Mode",
    "ModelCall",
    "Norm",
    "NormOutcome",
    "Observation",
    "OpenCase",
    "OpenFindingError",
    "OpenOutcome",
    "OpenQuestion",
    "OpenRequest",
    "Order",
    "Outcome",
    "Perspective",
    "Place",
    "Post",
    "PostSelector",
    "Question",
    "Reference",
    "Reply",
    "Request",
    "Review",
    "Scenario",
    "Selector",
    "Sign",
    "Source",
    "Status",
    "Step",
    "Task",
    "TextSelector",
    "Tier",
    "Timing",
    "Topic",
    "Transcript",
    "Variation",
    "VariedCase",
    "VariedOutcome",
    "VariedRequest",
    "Visit",
    "Voices",
    "Vote",
    "Word",
]
