"""The words that more than one room uses: pydantic and the standard library only."""

from schemas.artifacts import (
    Artifact,
    Checkpoint,
    CheckpointForecast,
    Corpus,
    CorpusForecast,
    Document,
    Export,
    ExportForecast,
    Forecast,
    Page,
    PageForecast,
    Plan,
    PlanForecast,
    TokenBin,
    TokenBinForecast,
    Tokenizer,
    TokenizerForecast,
)
from schemas.base import Fraction, NotInKey, Positive, Secret, SecretMark, StepParams, Strict, reveal, version_of
from schemas.context import ForecastContext, StepContext
from schemas.findings import Edit, Finding, Place, RecipeError, RulePage
from schemas.machine import Machine
from schemas.model import ModelConfig
from schemas.records import EvalLine, Event, RunRecord, StepRecord, TrainLine
from schemas.step import Input, Read, Step, step

__all__ = [
    "Artifact", "Checkpoint", "CheckpointForecast", "Corpus", "CorpusForecast", "Document", "Edit", "EvalLine", "Event", "Export",
    "ExportForecast", "Finding", "Forecast", "ForecastContext", "Fraction", "Input", "Machine", "ModelConfig", "NotInKey", "Page",
    "PageForecast", "Place", "Plan", "PlanForecast", "Positive", "Read", "RecipeError", "RulePage", "RunRecord", "Secret",
    "SecretMark", "Step", "StepContext", "StepParams", "StepRecord", "Strict", "TokenBin", "TokenBinForecast", "Tokenizer",
    "TokenizerForecast", "TrainLine", "reveal", "step", "version_of",
]  # fmt: skip
