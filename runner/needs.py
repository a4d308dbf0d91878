"""What a recipe needs of the machine that runs it: extras, the hub, disk. Read from the recipe as meant and its forecasts."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.meant import Meant
from runner.room import downloads, needed, store_of

DOCS = ("pdf", "docx")  # formats that the extra `docs` reads
EXTRAS_OF = {
    "train_tokenizer": "train", "tokenize_bin": "train", "split_long": "train", "train": "train", "validate_checkpoint": "train",
    "export_ollama": "export", "report": "", "plan": "",
}  # fmt: skip


@dataclass(frozen=True)
class Needs:
    """extras: names of extras, None when no recipe was asked about. errors: codes that stop the recipe itself."""

    recipe: str = ""
    project: Path = field(default_factory=Path.cwd)
    store: Path = Path(".recipe/store")
    extras: set[str] | None = None
    hub: bool = False
    disk_bytes: float = 0
    errors: tuple[str, ...] = ()


def needs_of(file: Path) -> Needs:
    """What the recipe in `file` needs."""
    from runner.judge import judge
    from runner.resolve import mean

    meant = mean(file)
    judge(meant)
    extras = set(filter(None, (EXTRAS_OF.get(step.type, "") for step in meant.steps)))
    for step in meant.steps:
        extras |= _of_step(step.type, step.raw)
        if step.type == "parse_corpus":
            extras |= _of_files(meant, step.raw)
    disk = sum(needed(meant.steps)) + sum(downloads(meant).values())
    hub = any(_has_hub(step.raw) for step in meant.steps)
    errors = tuple(finding.code for finding in meant.errors)
    return Needs(str(file), meant.project, store_of(meant), extras, hub, disk, errors)


def _of_step(kind: str, raw: dict[str, Any]) -> set[str]:
    found = set()
    if kind == "train":
        family = (raw.get("model") or {}).get("family", "mamba") if "base" not in (raw.get("model") or {}) else ""
        if str(family).startswith("mamba"):
            found.add("mamba")
        if raw.get("method") == "qlora" or "quant" in raw or str(raw.get("optimizer", "")).endswith("8bit"):
            found.add("qlora")
        if raw.get("attn_implementation") == "flash_attention_2":
            found.add("flash")
    return found | {name for name in ("wandb", "tensorboard", "mlflow") if name in str(raw.get("tracking", ""))}


def _of_files(meant: Meant, raw: dict[str, Any]) -> set[str]:
    """The extra for PDF and Word files, where the sources match some."""
    from runner.facts import Facts
    from steps.text.choices import BY_EXTENSION

    facts = Facts(meant.project, meant.target, 0)
    for source in raw.get("sources") or []:
        pattern = source.get("path") if isinstance(source, dict) else None
        if isinstance(pattern, str) and any(BY_EXTENSION.get(path.suffix.lower()[1:]) in DOCS for path in facts.files(pattern)):
            return {"docs"}
    return set()


def _has_hub(value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(value.get("hub"), str) or any(map(_has_hub, value.values()))
    return isinstance(value, list) and any(map(_has_hub, value))
