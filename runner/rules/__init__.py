"""Judgements across steps, one family a file: each rule is a function that looks at the recipe as meant and says what it finds."""

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from runner.meant import VOUCHING, Link, Meant, StepMeant
from runner.surroundings import variables
from schemas.artifacts import PlanForecast
from schemas.context import ForecastContext
from schemas.findings import Edit, Finding, RecipePath, RulePage, Severity

if TYPE_CHECKING:
    from runner.modelfolder import ModelFolder
    from steps.text.heads import Head


def something_kept(meant: Meant) -> bool:
    """Whether the store holds work that was stopped half-way."""
    from runner.room import store_of

    try:
        return any(os.scandir(store_of(meant) / "keep"))
    except OSError:
        return False


def _has_files(view: "View") -> bool:
    return any(isinstance(source.get("path"), str) for step in view.of_type("parse_corpus") for _, source, _ in sources(step))


def _has_tables(view: "View") -> bool:
    return any(view.tables(source) for step in view.of_type("parse_corpus") for _, source, _ in sources(step))


SETTINGS = (  # variables of the environment whose values are looked at
    "HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "TMPDIR", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES",
    "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF", "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy",
    "http_proxy", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_MODE", "WANDB_BASE_URL",
)  # fmt: skip
SECRETS = ("password", "wandb", "://", "hf_", "sk-", "gh", "glpat", "AKIA", "xox", "AIza")  # pieces of texts that hold one
HIGH = 6  # nats: chance among 400 tokens
BESIDE = (  # keys that others put out of work
    "similarity", "dry_run_steps", "on_expect", "decay_embeddings", "max_new_tokens", "fallback", "add_tokens",
)  # fmt: skip
ALWAYS = (
    "links", "vocabulary", "data", "enough", "schedule", "batches", "memory", "precision", "hardware", "paths", "keys", "environment",
    "extremes",
)  # fmt: skip
SOMETIMES: dict[str, "Callable[[View], bool]"] = {  # families that are only loaded for a recipe that they can say something about
    "attention": lambda view: any(at(s.raw, "attn_implementation") is not None for s in view.of_type("train")),
    "adapters": lambda view: any(at(s.raw, "lora") is not None or at(s.raw, "method") is not None for s in view.of_type("train")),
    "export": lambda view: any(view.of_type("export_ollama")),
    "served": lambda view: (
        any(at(s.raw, "name") is not None for s in view.of_type("export_ollama"))
        or any(at(s.raw, "weights") == "best" for s in view.of_type("validate_checkpoint"))
    ),
    "expected": lambda view: any(_high(at(s.raw, "expect")) for s in view.of_type("train")),
    "shortrows": lambda view: any((number(s, "max_seq_length") or OFTEN) < 32 for s in view.of_type("train")),
    "answers": lambda view: any(view.of_type("export_ollama")) and any(at(s.raw, "objective") == "sft" for s in view.of_type("train")),
    "base": lambda view: bool(view.bases),
    "proportions": lambda view: any(
        number(s, f"model.{name}") is not None for s in view.of_type("train") for name in ("n_layers", "n_heads", "d_ff", "expand")
    ),
    "unseen": lambda view: any(
        at(s.raw, name) for s in view.of_type("train", "train_tokenizer") for name in ("add_tokens", "user_symbols")
    ),
    "lengths": lambda view: any(at(s.raw, "model.base.step") is not None for s in view.of_type("train")),
    "kinds": lambda view: bool(view.bases),
    "configs": lambda view: bool(view.bases),
    "tokens": lambda view: bool(view.bases),
    "shapes": lambda view: bool(view.bases),
    "beside": lambda view: bool(view.bases),
    "folders": lambda view: bool(view.bases),
    "template": lambda view: bool(view.bases) and any(at(s.raw, "objective") == "sft" for s in view.of_type("train")),
    "rows": _has_tables,
    "templates": lambda view: any("{{" in str(s.raw.get("sources")) for s in view.of_type("parse_corpus")),
    "forms": _has_files,
    "files": _has_files,
    "content": _has_files,
    "heldout": _has_files,
    "hubnames": lambda view: any("hub" in str(step.raw) for step in view.meant.steps),
    "named": lambda view: any(at(step.raw, f"{where}.hub") is not None for step, where, _ in view.bases),
    "idle": _has_files,
    "unused": lambda view: any(name in str(step.raw) for step in view.meant.steps for name in BESIDE),
    "leftovers": _has_tables,
    "bins": lambda view: any(
        at(s.raw, "bins") is not None or any(link.folder is not None for link in s.inputs.get("bins", [])) for s in view.meant.steps
    ),
    "validation": lambda view: (
        any((number(s, "eval_steps") or OFTEN) < OFTEN for s in view.of_type("train"))
        or any(at(s.raw, "max_new_tokens") is not None for s in view.of_type("validate_checkpoint"))
    ),
    "stores": lambda view: bool("RECIPE_STORE" in variables() or (view.meant.recipe is not None and view.meant.recipe.store)),
    "limits": lambda view: any(number(s, "workers") is not None or number(s, "memory_margin") is not None for s in view.meant.steps),
    "shards": lambda view: any(at(s.raw, "shard_tokens") is not None for s in view.of_type("tokenize_bin")),
    "settings": lambda view: any(name in variables() for name in SETTINGS) or not os.path.exists(variables().get("SSL_CERT_FILE", os.sep)),
    "pieces": lambda view: any(
        at(s.raw, "sample_bytes") is not None or any(isinstance(x.get("path"), str) for p in view.parsers(s) for _, x, _ in sources(p))
        for s in view.of_type("train_tokenizer")
    ),
    "addresses": lambda view: (
        any("mlflow" in str(at(s.raw, "tracking")) for s in view.of_type("train"))
        or any("url" in str(s.raw) for s in view.of_type("parse_corpus"))
    ),
    "secrets": lambda view: any(mark in text for text in (str(s.raw) for s in view.meant.steps) for mark in SECRETS),
    "chosen": lambda view: any(
        isinstance(source.get("path"), str) or source.get("lang") not in (None, "tr", "en")
        for s in view.of_type("parse_corpus")
        for _, source, _ in sources(s)
    ),
    "sifting": lambda view: any(at(s.raw, "clean") is not None or _weighed(s) for s in view.of_type("parse_corpus")),
    "amounts": _has_tables,
    "unread": _has_tables,
    "turns": lambda view: _has_tables(view) and any(at(s.raw, "objective") == "sft" for s in view.of_type("train")),
    "hub": lambda view: any(isinstance(source.get("hub"), str) for s in view.of_type("parse_corpus") for _, source, _ in sources(s)),
    "gates": lambda view: any(at(s.raw, "objective") == "sft" for s in view.of_type("train")),
    "passes": lambda view: any((number(s, "num_train_epochs") or 1) < 1 for s in view.of_type("train")),
    "phases": lambda view: any(at(s.raw, "init_from") is not None or at(s.raw, "stages") is not None for s in view.of_type("train")),
    "raised": lambda view: (
        any(at(s.raw, "max_steps") is not None for s in view.of_type("train")) and (view.meant.project / ".recipe").is_dir()
    ),
    "stopped": lambda view: any(view.of_type("train")) and something_kept(view.meant),
    "prompts": lambda view: any(at(s.raw, "prompts") or at(s.raw, "samples") for s in view.meant.steps),
    "resume": lambda view: any(at(s.raw, "resume_from") is not None for s in view.of_type("train")),
}
FAMILIES = (*ALWAYS, *SOMETIMES)
OFTEN = 100  # steps between validations: with more the steps are the larger part
BEGINNING = 65536  # bytes of a text file that are looked at
FEWEST = 8  # texts: of fewer nothing is said
FILES = 20  # of a source are opened, at most
GUESS = 8  # times its guess may the text of PDFs be
VOUCHES = ("check_vocab_consistency", "validate_checkpoint")  # types that hand on what they were given


class View:
    """What a rule sees: the recipe as meant, facts of disk and target, and the forecasts that reach each step.

    given: step id to input name to the forecast wired there, a list where the input takes several; as a step's own forecast gets it.
    """

    def __init__(self, meant: Meant, facts: ForecastContext) -> None:
        self.meant: Meant = meant
        self.facts = facts
        self.given: dict[str, dict[str, Any]] = {}

    def of_type(self, *types: str) -> Iterator[StepMeant]:
        """Steps of these types, in the order of the file."""
        return (step for step in self.meant.steps if step.type in types)

    def of_kind(self, kind: str) -> Iterator[StepMeant]:
        """Steps that make this kind of artifact."""
        return (step for step in self.meant.steps if step.step is not None and step.step.makes.kind() == kind)

    def reaches(self, step: StepMeant, name: str) -> Any:
        """The forecast at an input, or None."""
        return self.given.get(step.id, {}).get(name)

    def row_length(self, step: StepMeant) -> Any:
        """Tokens of a row of a train step: as written, else as its plan is foreseen to choose, else the default."""
        plan = None if at(step.raw, "max_seq_length") is not None else self.reaches(step, "plan")
        planned = plan.settings.get("max_seq_length") if isinstance(plan, PlanForecast) else None
        return planned or param(step, "max_seq_length")

    def makers(self, step: StepMeant, name: str) -> list[StepMeant]:
        """The steps of this recipe that make what is wired to an input, seen through those that only vouch for it."""
        return [self._behind(self.by_id[link.step]) for link in step.inputs.get(name, []) if link.inside and link.step in self.by_id]

    def parsers(self, step: StepMeant) -> list[StepMeant]:
        """The parse_corpus steps whose documents reach `step`, through steps that rewrite them."""
        behind, found = list(self.makers(step, "corpus")), []
        for _ in range(len(self.meant.steps)):
            if behind:
                maker = behind.pop()
                found += [maker] if maker.type == "parse_corpus" else []
                behind += self.makers(maker, "corpus")
        return found

    def text_sources(self, step: StepMeant) -> list[Any]:
        """The sources of all texts that reach `step`."""
        return [source for parser in self.parsers(step) for source in param(parser, "sources") or ()]

    def texts(self, step: StepMeant) -> list[str]:
        """Stretches of the texts that reach `step`, as `sampled_texts` reads them; read once."""
        from steps.text.richness import sampled_texts

        if step.id not in self._texts:
            self._texts[step.id] = sampled_texts(self.text_sources(step), self.facts)
        return self._texts[step.id]

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        return {}

    @cached_property
    def bases(self) -> "list[tuple[StepMeant, str, ModelFolder | None]]":
        """Each model folder or hub model that a step starts from, with its dotted path; None for one that cannot be looked at."""
        found = []
        for step in self.meant.steps:
            where = {"train": "model.base", "check_vocab_consistency": "checkpoint"}.get(step.type)
            ref = at(step.raw, where) if where is not None else None
            if where is not None and isinstance(ref, dict) and any(isinstance(ref.get(way), str) and ref[way] for way in ("path", "hub")):
                found.append((step, where, self.folder(ref)))
        return found

    def base(self, step: StepMeant) -> "ModelFolder | None":
        """The folder that a step starts from, where it can be looked at."""
        return next((folder for other, _, folder in self.bases if other is step), None)

    def folder(self, ref: dict[str, Any]) -> "ModelFolder | None":
        """The folder that `{path: ...}` or `{hub: ...}` names, None where it cannot be looked at."""
        from runner.modelfolder import ModelFolder

        if isinstance(ref.get("path"), str):
            folder: Path | None = self.facts.project / Path(os.path.expanduser(ref["path"]))
            name = ref["path"]
        else:
            from runner.hubcache import snapshot

            folder, name = snapshot(ref["hub"], ref.get("revision") if isinstance(ref.get("revision"), str) else None), ref["hub"]
        if folder is None or not folder.is_dir():
            return None
        return self._folders.setdefault(folder, ModelFolder(self.facts, folder, name))

    @cached_property
    def _folders(self) -> "dict[Path, ModelFolder]":
        return {}

    def tables(self, source: dict[str, Any]) -> list[Path]:
        """The files of rows of a source, the first FILES of them; none where its `columns` are no names, which validation has told."""
        from steps.text.heads import kind_of

        pattern, columns = source.get("path"), source.get("columns")
        if not isinstance(pattern, str) or not pattern:
            return []
        if isinstance(columns, dict) and not all(isinstance(name, str) for name in columns.values()):
            return []
        wanted = source.get("format", "auto")
        files = [file for file in self.facts.files(pattern) if kind_of(file, wanted)][:FILES]
        return [file for file in files if not self._disguised(file, wanted)]

    def _disguised(self, file: Path, wanted: Any) -> bool:
        """True for a file that is not what it is read as: nothing is said of its rows."""
        from steps.text.disguise import disguise

        key = file, str(wanted)
        if key not in self._disguises:
            self._disguises[key] = disguise(self.facts, file, wanted) is not None
        return self._disguises[key]

    @cached_property
    def _disguises(self) -> "dict[tuple[Path, str], bool]":
        return {}

    def head(self, file: Path, wanted: Any = "auto") -> "Head":
        """The first rows of a table, in the format that its source writes out."""
        key = file, str(wanted or "auto")
        if key not in self._heads:
            from steps.text.heads import head_of

            self._heads[key] = head_of(self.facts, file, key[1])
        return self._heads[key]

    @cached_property
    def _heads(self) -> "dict[tuple[Path, str], Head]":
        return {}

    def is_read(self, step: StepMeant) -> bool:
        """True when a step of this recipe takes what `step` makes."""
        return step.id in self._read

    def _behind(self, step: StepMeant) -> StepMeant:
        for _ in range(len(self.meant.steps)):
            name = VOUCHING.get(step.type, "")
            links: list[Link] = step.inputs.get(name, []) if name else []
            if len(links) != 1 or not links[0].inside or links[0].step not in self.by_id:
                return step
            step = self.by_id[links[0].step]
        return step

    @cached_property
    def by_id(self) -> dict[str, StepMeant]:
        """Each step by its id."""
        return {step.id: step for step in self.meant.steps}

    @cached_property
    def _read(self) -> set[str]:
        return {k.step for s in self.meant.steps for links in s.inputs.values() for k in links if k.inside}


Judge = Callable[[View], Iterator[Finding]]


class Rule:
    """A judgement with the pages of the codes that only it raises (the page of a step's own code stands in the step)."""

    def __init__(self, judge: Judge, pages: tuple[RulePage, ...]) -> None:
        self.judge = judge
        self.pages = pages


RULES: list[Rule] = []


def rule(*pages: RulePage) -> Callable[[Judge], Judge]:
    """Decorator: the function is asked at every check."""

    def register(function: Judge) -> Judge:
        RULES.append(Rule(function, pages))
        return function

    return register


def every() -> list[Rule]:
    """All rules, the families in the order of FAMILIES."""
    for family in FAMILIES:
        import_module(f"runner.rules.{family}")
    return RULES


def wanted(view: View) -> list[Rule]:
    """The rules of the families that can say something about this recipe."""
    left_out = set()
    for family in ALWAYS:
        import_module(f"runner.rules.{family}")
    for family, asks in SOMETIMES.items():
        if asks(view):
            import_module(f"runner.rules.{family}")
        else:
            left_out.add(f"runner.rules.{family}")
    return [each for each in RULES if each.judge.__module__ not in left_out]


def sources(step: StepMeant) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Each source of a parse_corpus with its dotted path, and whether another is read when it fails; fallbacks follow their source."""
    listed = step.raw.get("sources")
    for index, source in enumerate(listed if isinstance(listed, list) else []):
        where = f"sources.{index}"
        while isinstance(source, dict):
            yield where, source, isinstance(source.get("fallback"), dict)
            source, where = source.get("fallback"), f"{where}.fallback"


def _high(expected: Any) -> bool:
    """Whether a band begins where most losses are not."""
    bands = [band for each in expected.values() if isinstance(each, dict) for band in each.values()] if isinstance(expected, dict) else []
    return any(isinstance(band, list) and bool(band) and isinstance(band[0], (int, float)) and band[0] > HIGH for band in bands)


def _weighed(step: StepMeant) -> bool:
    return any(source.get("weight") is not None for _, source, _ in sources(step))


def say(
    code: str,
    step: StepMeant,
    where: str,
    message: str,
    fix: str = "",
    *,
    severity: Severity = "error",
    edits: tuple[Edit, ...] = (),
    on: Literal["both", "key", "value"] = "both",
) -> Finding:
    """A finding about the param `where` (dotted) of `step`; about the step itself when `where` is empty."""
    return Finding(code, severity, message, path(step, where), fix, edits, on)


def path(step: StepMeant, where: str) -> RecipePath:
    """The path of a step's dotted param in the recipe as meant."""
    return ("steps", step.id, *(int(part) if part.isdigit() else part for part in where.split(".") if part))


def at(data: Any, where: str) -> Any:
    """The value at a dotted path of plain data, None when something on the way is missing."""
    for part in where.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def number(step: StepMeant, where: str) -> float | None:
    """A finite number written in the step's params, None when there is none (a truth value is none)."""
    value = at(step.raw, where)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) else None


def param(step: StepMeant, name: str) -> Any:
    """A param as validated, its default included; None where the params did not validate."""
    return getattr(step.params, name, None)
