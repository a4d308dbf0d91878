"""recipe check --online: what the hub says of the models and data sets that a recipe names, and their small files in the local cache.

The only part of a check that uses the network, and only when asked to. No weights are fetched and no code is run.
"""

import os
from collections.abc import Iterator
from typing import Any

from runner.hubcache import cache_folder, snapshot
from runner.meant import Meant
from runner.rules.paths import hub_id, hub_names
from schemas.findings import Finding, RecipePath, RulePage

SMALL = ["*.json", "*.jinja"]  # what rules read; a tokenizer.model is fetched by the run
PAGES = (
    RulePage(
        "H027",
        "the hub does not have it",
        "The name, or its revision, is not there: a slip of the pen, a renamed repository, or a private one for which this machine has no "
        "login.",
        wrong="model: {base: {hub: Qwen/Qwen2-0.5}}",
        right="model: {base: {hub: Qwen/Qwen2-0.5B}}",
        source="hiyouga/LlamaFactory#4873",
        needs="the hub, with --online",
    ),
    RulePage(
        "H028",
        "the hub cannot be asked",
        "--online looks names up on the hub, and it does not answer, or wants a login first: hf auth login, and the model's page for gated "
        "ones.",
        wrong="recipe check --online recipe.yaml   # without a network",
        right="recipe check recipe.yaml",
        source="the hub's documentation of gated repositories",
        severity="warning",
        needs="the hub, with --online",
    ),
)


def look_up(meant: Meant) -> list[Finding]:
    """Fetch the small files of hub models and the pages of data sets into the local cache, and say what is not there."""
    found: list[Finding] = []
    for path, kind, name, revision in _named(meant):
        if snapshot(name, revision, "datasets" if kind == "dataset" else "models") is not None:
            continue
        finding = _asked(path, kind, name, revision)
        if finding is not None:
            found.append(finding.at(meant.place(path)))
    return found


def _named(meant: Meant) -> Iterator[tuple[RecipePath, str, str, str | None]]:
    seen: set[tuple[str, str, str | None]] = set()
    for step in meant.steps:
        for where, source in hub_names(step.raw):
            name, revision = source["hub"], source.get("revision")
            kind = "dataset" if where.startswith("sources") else "model"
            local = name.startswith((".", "/", "~")) or hub_id(name) != name or (meant.project / name).exists()
            if local or (kind, name, revision) in seen:
                continue
            seen.add((kind, name, revision))
            parts = tuple(int(part) if part.isdigit() else part for part in where.split("."))
            yield ("steps", step.id, *parts, "hub"), kind, name, revision if isinstance(revision, str) else None


def _asked(path: RecipePath, kind: str, name: str, revision: str | None) -> Finding | None:
    try:
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError, RevisionNotFoundError
    except ImportError:
        return Finding("H028", "warning", "--online needs huggingface_hub", path, 'pip install "recipe[train]"')
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    endpoint = os.environ.get("HF_ENDPOINT") or None
    options: dict[str, Any] = {"revision": revision, "etag_timeout": 5, "endpoint": endpoint, "cache_dir": str(cache_folder())}
    try:
        if kind == "model":
            snapshot_download(name, allow_patterns=SMALL, **options)
        else:
            HfApi(endpoint=endpoint).dataset_info(name, revision=revision, timeout=10)
            snapshot_download(name, repo_type="dataset", allow_patterns=["README.md"], **options)
    except GatedRepoError:
        return Finding("H028", "warning", f"{name} wants a login and its page's consent", path, "hf auth login")
    except RevisionNotFoundError:
        return Finding("H027", "error", f"{name} has no revision {revision}", path, "take a commit from its page")
    except (RepositoryNotFoundError, HFValidationError):
        return Finding("H027", "error", f"the hub has no {kind} {name}", path, "look the name up on its page")
    except Exception as error:  # noqa: BLE001 - the network has a tree of exceptions, and a check goes on without it
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return Finding(
            "H028", "warning", f"the hub cannot be asked about {name}: {first[:120]}", path, "check the network, or leave --online out"
        )
    return None
