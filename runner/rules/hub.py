"""Hub data sets: the configuration and the split that a source asks for, against what a folder in the hub's layout says it has."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.meant import StepMeant
from runner.nearest import did_you_mean, nearest
from runner.rules import View, rule, say, sources
from runner.rules import path as step_path
from runner.screen import in_bytes
from schemas.findings import Edit, Finding, RulePage
from steps.text.hubpage import entries, page_of

DATA = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".txt", ".arrow")
MOST_FILES = 2000
SLICE = re.compile(r"\s*([\w.-]+)\s*\[(.*?)\]?\s*")
WORDS = {  # how `datasets` knows a split by a file's or folder's name
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
NAMED = {  # data sets that have many configurations and no default, with one that is there
    "wikimedia/wikipedia": "20231101.en", "allenai/c4": "en", "Salesforce/wikitext": "wikitext-103-raw-v1",
    "wikitext": "wikitext-103-raw-v1",
    "uonlp/CulturaX": "en", "abisee/cnn_dailymail": "3.0.0", "cnn_dailymail": "3.0.0", "nyu-mll/glue": "sst2", "glue": "sst2",
    "openai/gsm8k": "main", "oscar-corpus/OSCAR-2301": "en", "cais/mmlu": "all",
}  # fmt: skip

WHOLE = {  # bytes of data sets without a choice of configurations, by their pages on the hub
    "HuggingFaceFW/fineweb": 44e12, "tiiuae/falcon-refinedweb": 2.8e12, "togethercomputer/RedPajama-Data-1T": 5e12,
    "cerebras/SlimPajama-627B": 0.9e12, "EleutherAI/pile": 0.8e12, "monology/pile-uncopyrighted": 0.8e12,
}  # fmt: skip


@rule()
def data_sets_have_what_is_asked(view: View) -> Iterator[Finding]:
    """D107: a configuration or a split that the data set does not have, or a choice of configurations that is not made."""
    for step in view.of_type("parse_corpus"):
        for where, source, stands_by in sources(step):
            name = source.get("hub")
            if not isinstance(name, str) or not name:
                continue
            config, split = source.get("config"), source.get("split") or "train"
            severity: Any = "warning" if stands_by else "error"
            if (sliced := SLICE.fullmatch(str(split))) is not None:
                yield _sliced(step, where, source, sliced, severity)
                continue
            folder, whole = folder_of(view, name, source.get("revision"))
            if folder is None:
                if config is None and name in NAMED:
                    message = f"{name} has several configurations and none of them is the default"
                    fix = f"name one with config:, such as config: {NAMED[name]}"
                    yield say("D107", step, f"{where}.hub", message, fix, severity=severity)
                continue
            configs = _configs(view, folder)
            names = list(configs)
            if len(configs) > 1 and config is None and "default" not in configs and "" not in configs:
                message = f"{name} has the configurations {', '.join(names[:8])}, and none is named"
                yield say("D107", step, f"{where}.hub", message, f"write config: {names[0]}", severity=severity)
                continue
            if configs and config is not None and config not in configs:
                message = f"{name} has no configuration {config!r}"
                yield say("D107", step, f"{where}.config", message, did_you_mean(str(config), names, "it has"), severity=severity)
                continue
            chosen = config if config in configs else next((n for n in ("default", "", *names) if n in configs), None)
            splits = configs.get(chosen) if chosen is not None else None
            splits = splits or (_splits(folder) if whole and not configs else None)
            asked = re.sub(r"\[.*", "", str(split))
            if splits and asked not in splits and "+" not in asked:
                at = f"{where}.split" if source.get("split") else f"{where}.hub"
                message = f"{name} has no split {asked!r}; it has {', '.join(sorted(splits))}"
                best = nearest(asked, splits, 0.5) or min(splits, key=lambda s: s != "train")
                yield say("D107", step, at, message, f"write split: {best}", severity=severity)


def _sliced(step: StepMeant, where: str, source: dict[str, Any], found: re.Match[str], severity: Any) -> Finding:
    """train[:1000] is what `datasets` takes for a data set that it fetched whole; here rows are read as they come."""
    name, first = found[1], re.fullmatch(r":([1-9]\d*)", found[2])
    edits: tuple[Edit, ...] = ()
    if first and source.get("take") is None:
        at = step_path(step, where)
        edits = (Edit("set", (*at, "split"), name), Edit("set", (*at, "take"), int(first[1])))
    message = f"{source['split']} is a slice, and rows are read one after the other, without knowing how many there are"
    fix = f"write split: {name}, and take: {first[1] if first else 'N'} beside it"
    return say("D107", step, f"{where}.split", message, fix, severity=severity, edits=edits)


@rule(
    RulePage(
        "D165",
        "a data set of terabytes",
        "A source without take is read to its end, and the corpus is written to the disk. Of the largest data sets that takes weeks and "
        "more room than there is. take: N reads the first N documents and stops; their pages name samples as configurations.",
        wrong="sources: [{hub: HuggingFaceFW/fineweb}]",
        right="sources: [{hub: HuggingFaceFW/fineweb, config: sample-10BT, take: 1000000}]",
        source="mlfoundations/open_lm#154; huggingface.co/datasets/HuggingFaceFW/fineweb",
        severity="warning",
    )
)
def data_sets_have_an_end(view: View) -> Iterator[Finding]:
    """D165: a data set of WHOLE without take and without a configuration; mixing by weight ends with the first that is spent."""
    for step in view.of_type("parse_corpus"):
        listed = [(where, source) for where, source, _ in sources(step)]
        if any(source.get("weight") is not None for _, source in listed):
            continue
        for where, source in listed:
            size = WHOLE.get(str(source.get("hub")))
            if size is not None and source.get("take") is None and source.get("config") is None:
                message = f"{source['hub']} is {in_bytes(int(size))}, and all of it is read and written"
                fix = "write take: 1000000 beside it, or config: of a sample"
                yield say("D165", step, f"{where}.hub", message, fix, severity="warning")


def rows_of(view: View, source: dict[str, Any]) -> list[Path]:
    """The files of a hub source's split that are on this machine, in the hub's order; those of its configuration where a name says so."""
    name, config = source.get("hub"), source.get("config")
    folder, _ = folder_of(view, name, source.get("revision")) if isinstance(name, str) and name else (None, False)
    if folder is None:
        return []
    listed = _listed(view, folder, config, split := re.sub(r"\[.*", "", str(source.get("split") or "train")))
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and any(suffix in DATA for suffix in path.suffixes)]
    if listed:
        return [path for path in files if any(path.relative_to(folder).match(pattern) for pattern in listed)]
    named = {path: path.relative_to(folder).as_posix().lower() for path in files if not path.name.startswith((".", "_"))}
    own = [path for path in named if isinstance(config, str) and config.lower() in named[path].split("/")] or list(named)
    others = [words for each, words in WORDS.items() if each != split]
    return [path for path in own if _says(named[path], WORDS.get(split, (split,)))] or [
        path for path in own if split == "train" and not any(_says(named[path], words) for words in others)
    ]


def _listed(view: View, folder: Path, config: Any, split: str) -> list[str]:
    """The patterns of files that README.md's head gives to a configuration's split; none where it lists none."""
    for each in _front(view, folder):
        files = each.get("data_files")
        if each.get("config_name") != config and not (config is None and (each.get("default") or each.get("config_name") == "default")):
            continue
        rows = files if isinstance(files, list) else [files]
        paths = [
            row.get("path") if isinstance(row, dict) else row for row in rows if not isinstance(row, dict) or row.get("split") == split
        ]
        return [p for path in paths for p in (path if isinstance(path, list) else [path]) if isinstance(p, str)]
    return []


def folder_of(view: View, name: str, revision: Any) -> tuple[Path | None, bool]:
    """The data set's folder, and whether all of its files are there, which a cache does not promise."""
    folder = view.facts.data_set(name, revision if isinstance(revision, str) else None)
    return folder, folder == view.facts.project / name


def _front(view: View, folder: Path) -> list[dict[str, Any]]:
    """The configurations that the head of README.md lists; of hundreds that takes half a second, so it is remembered."""

    def made() -> list[dict[str, Any]]:
        found = [each for each in entries(page_of(view.facts, folder), "configs") if isinstance(each.get("config_name"), str)]
        return [{key: each.get(key) for key in ("config_name", "default", "data_files")} for each in found]

    page = folder / "README.md"
    listed: list[dict[str, Any]] = view.facts.remembered("hub configurations 1", [page], made) if view.facts.size(page) else []
    return listed


def _configs(view: View, folder: Path) -> dict[str, set[str]]:
    """Configurations by name with their splits, as the head of README.md lists them; the default under its name or ''."""
    made: dict[str, set[str]] = {}
    for each in _front(view, folder):
        made["" if each.get("default") is True and each["config_name"] != "default" else each["config_name"]] = _split_names(
            each.get("data_files")
        )
        if each.get("default") is True:
            made.setdefault(each["config_name"], made.get("", set()))
    return made


def _split_names(files: Any) -> set[str]:
    if isinstance(files, list) and any(isinstance(each, dict) for each in files):
        return {str(each["split"]) for each in files if isinstance(each, dict) and isinstance(each.get("split"), str)}
    return {"train"} if files else set()


def _splits(folder: Path) -> set[str]:
    """The splits of a folder without a list, by the names of its data files and of the folders that they lie in."""
    files = []
    for path in folder.rglob("*"):
        if any(suffix in DATA for suffix in path.suffixes) and not any(
            part.startswith((".", "_")) for part in path.relative_to(folder).parts
        ):
            files.append(path.relative_to(folder).as_posix().lower())
        if len(files) >= MOST_FILES:
            break
    found = {split for split, words in WORDS.items() if any(_says(file, words) for file in files)}
    return found or ({"train"} if files else set())


def _says(file: str, words: tuple[str, ...]) -> bool:
    return re.search(rf"(?:^|[-._ /0-9])(?:{'|'.join(words)})(?:[-._ /0-9]|$)", file) is not None
