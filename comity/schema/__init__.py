"""The words that every room speaks."""

from comity.schema.base import Word
from comity.schema.case import AgentCard, Case, Reply, Task
from comity.schema.end_state import Change, EndState, Item, Line, Order, Post, Topic, Vote
from comity.schema.norm import Holds, Norm, Place, Review, Source
from comity.schema.outcome import (
    Breach,
    Evidence,
    Finding,
    OpenFindingError,
    Outcome,
    Question,
    Status,
)
from comity.schema.scenario import TIERS, Mode, Request, Scenario, Tier
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

__all__ = [
    "TIERS",
    "AgentCard",
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
    "Observation",
    "OpenFindingError",
    "Order",
    "Outcome",
    "Place",
    "Post",
    "PostSelector",
    "Question",
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
    "Visit",
    "Vote",
    "Word",
]
