"""Settings: variables of the environment that are spelled right and hold what their reader cannot take."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from runner.nearest import nearest
from runner.rules import View, rule
from runner.rules.paths import hub_names
from runner.surroundings import is_installed, variables
from schemas.findings import Finding, RulePage
from schemas.training import Tracking

NUMBERS = re.compile(r"[1-9]\d*(,[1-9]\d*)*")
CARDS = re.compile(r"(-1|\d+|(GPU|MIG)-[\w/-]+)(,\s*(-1|\d+|(GPU|MIG)-[\w/-]+))*|NoDevFiles|")
SAMPLE = re.compile(r"(?i)^(hf_)?(x{3,}|\*{3,}|\.{3}|…|your|my|token|paste|here|changeme|todo)[\w .*-]*$|<.*>")
SECRET = ("TOKEN", "KEY")
ALLOCATOR = re.compile(r"\s*[a-z_0-9]+\s*:\s*(\[[^\]]*\]|[\w.]+)\s*(,\s*[a-z_0-9]+\s*:\s*(\[[^\]]*\]|[\w.]+)\s*)*,?")

OPTIONS = ("max_split_size_mb", "expandable_segments", "garbage_collection_threshold", "roundup_power2_divisions", "backend",
           "max_non_split_rounding_mb", "pinned_use_cuda_host_register", "pinned_num_register_threads")  # pytorch: notes/cuda  # fmt: skip


def _address(value: str) -> tuple[str, str] | None:
    if value.startswith(("http://", "https://")):
        return None
    return "is no address: it has no https://, and nothing can be fetched", f"https://{value.strip('/')}"


def _folder(value: str) -> tuple[str, str] | None:
    folder = Path(value).expanduser()
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    if not there.is_dir():
        return f"is no folder: {there} is a file", ""
    return None if os.access(there, os.W_OK) else (f"cannot be written: {there} is not this user's", "")


def _temporary(value: str) -> tuple[str, str] | None:
    return None if Path(value).is_dir() else ("is no folder: temporary files go to another disk, such as /tmp", "")


def _threads(value: str) -> tuple[str, str] | None:
    return None if NUMBERS.fullmatch(value.strip()) else ("is no number of threads: one core may do all the work", str(os.cpu_count() or 1))


def _cards(value: str) -> tuple[str, str] | None:
    if CARDS.fullmatch(value.strip()):
        return None
    digits = ",".join(re.findall(r"\d+", value)) or "0"
    return "names no card: torch sees none, or others than were meant", digits


def _allocator(value: str) -> tuple[str, str] | None:
    if ALLOCATOR.fullmatch(value):
        for name in re.findall(r"(?:^|,)\s*([a-z_0-9]+)\s*:", re.sub(r"\[[^\]]*\]", "", value)):
            if name not in OPTIONS and (near := nearest(name, OPTIONS, 0.8)):
                return f"names {name}, which torch does not know: it stops when it first touches the card", value.replace(name, near)
        return None
    return "cannot be read: torch stops when it first touches the card; it is name:value,name:value", value.replace("=", ":")


def _certificates(value: str) -> tuple[str, str] | None:
    return None if Path(value).exists() else ("is no file: nothing can be fetched over https", "")


def _proxy(value: str) -> tuple[str, str] | None:
    scheme, sep, rest = value.partition("://")
    if not sep or scheme.lower() in ("http", "https"):
        return None
    if scheme.lower() not in ("socks5", "socks5h"):
        better = f"socks5://{rest}" if "sock" in scheme else f"http://{rest}"
        return f"begins with {scheme}://, which the hub's client does not know", better
    return None if is_installed("socksio") else ("is a SOCKS proxy, for which the hub's client lacks a package", "pip install socksio")


def _token(value: str) -> tuple[str, str] | None:
    if SAMPLE.search(value) or value.strip()[:1] in ("'", '"', "<"):
        return "is no token but what stands for one: the hub answers 401, for open models too", "unset HF_TOKEN; hf auth login"
    return None


def _mode(value: str) -> tuple[str, str] | None:
    if value in ("online", "offline", "disabled", "dryrun", "run", "shared"):
        return None
    return "is no mode of wandb, which does not start", "offline" if value.lower() in ("offline", "local") else "disabled"


READERS: dict[str, tuple[Callable[[str], tuple[str, str] | None], str]] = {  # what a value must be, and who needs it
    "HF_ENDPOINT": (_address, "hub"), "HF_HOME": (_folder, "hub"), "HF_HUB_CACHE": (_folder, "hub"), "TMPDIR": (_temporary, ""),
    "OMP_NUM_THREADS": (_threads, ""), "MKL_NUM_THREADS": (_threads, ""), "CUDA_VISIBLE_DEVICES": (_cards, "train"),
    "PYTORCH_CUDA_ALLOC_CONF": (_allocator, "train"), "PYTORCH_ALLOC_CONF": (_allocator, "train"), "SSL_CERT_FILE": (_certificates, "hub"),
    **dict.fromkeys(("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"), (_proxy, "hub")),
    **dict.fromkeys(("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"), (_token, "hub")), "WANDB_MODE": (_mode, "wandb"),
    "WANDB_BASE_URL": (_address, "wandb"),
}  # fmt: skip


@rule(
    RulePage(
        "H033",
        "a variable whose value cannot be read",
        "The name is right and whoever reads it cannot take the value: an address without https://, a folder that is a file, a number that "
        "is none, a setting of torch's allocator with = for a colon, a proxy that the hub's client cannot use, a token of a manual. Some "
        "stop the run when it first needs them, some are left out in silence.",
        wrong="export PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb=128",
        right="export PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:128",
        source="docs.pytorch.org: memory management; argonne-lcf/user-guides#864; huggingface/transformers#25305; psf/requests#3516",
        severity="warning",
        needs="the environment's variables, when the target is here",
    )
)
def values_can_be_read(view: View) -> Iterator[Finding]:
    """H033: only what the recipe needs, and only told where another machine is meant."""
    hub = any(True for step in view.meant.steps for _ in hub_names(step.raw))
    told = any("wandb" in Tracking.of(getattr(step.params, "tracking", None)).kinds() for step in view.of_type("train"))
    wanted = {"": True, "hub": hub, "train": any(view.of_type("train")), "wandb": told}
    for name, (reader, need) in READERS.items():
        value = variables().get(name)
        wrong = reader(value) if value is not None and (value or name == "OMP_NUM_THREADS") and wanted[need] else None
        if wrong is None:
            continue
        said, better = wrong
        named = "a file that is there" if name.endswith("FILE") else "a folder that can be written"
        command = better if " " in better else f"export {name}={better}"
        fix = command if better else f"unset {name}, or name {named}"
        shown = name if name.endswith(SECRET) or "@" in str(value) else f"{name}={value}"  # a login may stand in it
        finding = Finding("H033", "warning", f"{shown} {said}", ("target",), fix)
        yield finding if view.meant.target.name == "here" else replace(finding, severity="info")
