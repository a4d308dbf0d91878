"""The local cache of the Hugging Face hub: where a repository's files lie, without the network and without the hub's client."""

import os
import re
from pathlib import Path
from typing import Literal

Kind = Literal["models", "datasets"]


def cache_folder() -> Path:
    """The cache, by the variables that huggingface_hub reads, in its order."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return Path(os.environ[name]).expanduser()
    home = os.environ.get("HF_HOME")
    if home:
        return Path(home).expanduser() / "hub"
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "huggingface" / "hub"


def repository(name: str, kind: Kind = "models") -> Path:
    """The cache's folder for a repository, which need not be there."""
    return cache_folder() / f"{kind}--{name.replace('/', '--')}"


def snapshot(name: str, revision: str | None = None, kind: Kind = "models") -> Path | None:
    """The files of a repository at a revision (`main` when left out); None when they are not in the cache."""
    folder = repository(name, kind)
    wanted = revision or "main"
    if re.fullmatch(r"[0-9a-f]{40}", wanted):
        commit = wanted
    else:
        try:
            commit = (folder / "refs" / wanted).read_text("utf-8").strip()
        except OSError:
            return None
    found = folder / "snapshots" / commit
    return found if commit and found.is_dir() else None
