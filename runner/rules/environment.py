"""The environment of this machine: variables that are misspelt, empty or at odds with the recipe, and logins that are wanted.

Where another machine is meant, which may have another environment, all of it is only told.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from runner.meant import StepMeant
from runner.rules import View, at, path, rule, say
from runner.rules.paths import hub_names
from runner.surroundings import is_installed, variables
from schemas.findings import Edit, Finding, Place, RulePage
from schemas.training import Tracking

KNOWN = (
    "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING", "CUDA_HOME", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF",
    "PYTORCH_ENABLE_MPS_FALLBACK", "PYTORCH_MPS_HIGH_WATERMARK_RATIO", "TORCH_CUDA_ARCH_LIST", "TORCH_HOME", "HF_HOME", "HF_HUB_CACHE",
    "HF_HUB_OFFLINE", "HF_TOKEN", "HF_ENDPOINT", "HF_DATASETS_CACHE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_CACHE",
    "TRANSFORMERS_OFFLINE", "TOKENIZERS_PARALLELISM", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NCCL_DEBUG", "NCCL_P2P_DISABLE",
    "NCCL_IB_DISABLE", "NCCL_SOCKET_IFNAME", "MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "LOCAL_RANK", "WANDB_API_KEY", "WANDB_MODE",
    "WANDB_PROJECT", "WANDB_DISABLED", "MLFLOW_TRACKING_URI", "BNB_CUDA_VERSION", "LD_LIBRARY_PATH", "OLLAMA_HOST", "OLLAMA_MODELS",
    "RECIPE_STORE", "XDG_CACHE_HOME",
)  # fmt: skip
GATED = re.compile(  # owners and families whose files the hub gives only to those who accepted a licence
    r"meta-llama/.+|google/(gemma|codegemma|paligemma|shieldgemma|recurrentgemma|medgemma|txgemma)-.+|bigcode/(starcoder|starcoderbase.*)"
    r"|(CohereForAI|CohereLabs)/(c4ai|aya)-.+|mistralai/(Mistral-Large|Ministral|Codestral)-.+|bigcode/the-stack.*",
)
STARTS = tuple(sorted({name[:3] for name in KNOWN}))


@rule(
    RulePage(
        "H030",
        "a misspelt variable of the environment",
        "A variable that nobody reads has no effect: with CUDA__VISIBLE_DEVICES every process sees every card. It is compared with the "
        "variables that torch, the hub's client, NCCL and trackers read; a slip is one on whatever machine it was made.",
        wrong="export CUDA__VISIBLE_DEVICES=1",
        right="export CUDA_VISIBLE_DEVICES=1",
        source="hiyouga/LlamaFactory#2574",
        severity="warning",
        needs="the names of the environment's variables",
    ),
    RulePage(
        "H031",
        "a variable that hides what the recipe wants",
        "HF_HUB_OFFLINE=1 keeps a data set or model that is not in the cache from being fetched, and another CUDA version for "
        "bitsandbytes makes its library fail to load. Left over from another day, each stops the run.",
        wrong="export HF_HUB_OFFLINE=1   # and a data set that was never fetched",
        right="unset HF_HUB_OFFLINE",
        source="axolotl-ai-cloud/axolotl#1280; huggingface/transformers#28051",
        severity="warning",
        needs="the environment's variables, when the target is here, and the local hub cache",
    ),
)
def variables_do_what_they_say(view: View) -> Iterator[Finding]:
    """H030: one letter beside a known name. H031: a set variable that contradicts the recipe."""
    for name in sorted(variables()):
        if name not in KNOWN and name[:3] in STARTS and (near := _beside(name)) is not None and near not in variables():
            message = f"the environment has {name}, which nobody reads: {near} was meant"
            yield Finding("H030", "warning", message, ("target",), f'export {near}="${name}"; unset {name}')  # its value may be a secret
    if variables().get("BNB_CUDA_VERSION") and any(_wants_bitsandbytes(step) for step in view.of_type("train")):
        message = f"BNB_CUDA_VERSION={variables()['BNB_CUDA_VERSION']} makes bitsandbytes load the library of that CUDA, not of torch's"
        yield _told(view, Finding("H031", "warning", message, ("target",), "unset BNB_CUDA_VERSION"))
    offline = next(
        (n for n in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE") if variables().get(n, "").upper() in ("1", "ON", "YES", "TRUE")), ""
    )
    if offline:
        yield from (_told(view, finding) for finding in _not_cached(view, offline))


def _wants_bitsandbytes(step: StepMeant) -> bool:
    return at(step.raw, "method") == "qlora" or at(step.raw, "optimizer") == "adamw_8bit" or at(step.raw, "quant") is not None


def _told(view: View, finding: Finding) -> Finding:
    """The finding, as an information where the recipe is meant for another machine."""
    return finding if view.meant.target.name == "here" else replace(finding, severity="info")


@rule(
    RulePage(
        "H032",
        "a licence to accept, and no token",
        "The owners of some models give their files only to accounts that accepted a licence on the model's page. The download asks for "
        "such an account's token; without one it ends with 401 Unauthorized when everything else is ready.",
        wrong="model: {base: {hub: meta-llama/Llama-3.2-1B-Instruct}}   # on a machine that is not logged in",
        right="hf auth login   # or export HF_TOKEN=hf_…, of an account that accepted the licence",
        source="huggingface/huggingface_hub#2586; huggingface/transformers#31367",
        severity="warning",
        needs="the environment, the hub's token file and the local hub cache",
    )
)
def licences_need_a_token(view: View) -> Iterator[Finding]:
    """H032: a model or data set that is known to be gated, not in the cache, and no token of the hub."""
    said: set[str] = set()
    for step in view.meant.steps:
        for where, source in hub_names(step.raw):
            name = source["hub"]
            if name in said or not GATED.fullmatch(name) or isinstance(source.get("fallback"), dict) or _has_token():
                continue
            from runner.hubcache import repository

            if repository(name, "datasets" if where.startswith("sources") else "models").is_dir():
                continue
            said.add(name)
            message = f"{name} is given only to those who accepted its licence, and this machine has no token of the hub"
            fix = "accept it on the model's page, then: hf auth login, or HF_TOKEN in the environment"
            yield _told(view, say("H032", step, f"{where}.hub", message, fix, severity="warning"))


def _home() -> Path:
    return Path(variables().get("HOME") or Path.home())


def _has_token() -> bool:
    if variables().get("HF_TOKEN") or variables().get("HUGGING_FACE_HUB_TOKEN"):
        return True
    home = variables().get("HF_HOME") or f"{variables().get('XDG_CACHE_HOME') or _home() / '.cache'}/huggingface"
    return Path(variables().get("HF_TOKEN_PATH") or f"{home}/token").expanduser().is_file()


@rule(
    RulePage(
        "S121",
        "a tracker that stays on this machine",
        "Without a login, or with WANDB_MODE=offline, wandb writes into the run's folder and nothing shows on its server until "
        "`wandb sync` sends it.",
        wrong="unset WANDB_API_KEY   # and tracking: wandb",
        right="wandb login",
        source="docs.wandb.ai: wandb offline, wandb sync",
        severity="info",
        needs="the environment, when the target is here",
    ),
    RulePage(
        "S123",
        "a login of a tracker that is none",
        "A team that stands in a manual is nobody's, and a key of wandb has 40 letters at least. Its server refuses either, and the run is "
        "told to nobody.",
        wrong="tracking: {wandb: {project: small, entity: your_entity}}",
        right="tracking: {wandb: {project: small}}   # the login's own",
        source="giulio98/functional-diffusion-processes#4; LeslieTrue/SFTvsRL#1",
        severity="warning",
        needs="the environment, of which the key's length alone is looked at",
    ),
    RulePage(
        "S025",
        "a name that wandb refuses for a project",
        "A project's name stands in the address of its page, so wandb takes none of / \\ # ? % : in it, and no more than 128 letters. Its "
        "run does not start, and nothing is told to it.",
        wrong="tracking: {wandb: {project: runs/small}}",
        right="tracking: {wandb: {project: runs-small}}",
        source="ultralytics/yolov5#10940; wandb/wandb#2033",
        severity="warning",
    ),
)
def trackers_are_ready(view: View) -> Iterator[Finding]:
    """S120: a tracker not installed, or a folder of MLflow not writable. S121: wandb without a login. S025: a project's name for wandb."""
    said: set[tuple[str, Place | None]] = set()  # trackers of the whole recipe stand in one place
    for step in view.of_type("train"):
        wanted = Tracking.of(getattr(step.params, "tracking", None))
        place = view.meant.place(path(step, "tracking"))
        for kind in wanted.kinds():
            finding = None if (kind, place) in said else _ready(step, kind, wanted)
            if kind == "wandb" and wanted.wandb is not None and (kind, place) not in said:
                yield from _refused(step, wanted.wandb.project)
                yield from _nobodys(step, wanted.wandb.entity)
                if short := _too_short():
                    yield _told(view, say("S123", step, "tracking", short, "copy the whole key: wandb login", severity="warning"))
            said.add((kind, place))
            if finding is not None:
                yield _told(view, finding)


EXAMPLE = re.compile(  # what manuals write for a reader's own team
    r"(?i)<.*>|\[.*\]|your[-_ ]?(wandb[-_ ]?)?(entity|team|user\w*|name|org\w*|account)([-_ ]?name)?|my[-_ ]?entity|"
    r"(wandb[-_ ])?(entity|user|team)([-_ ]?name)?|x{3,}|todo|changeme|null|none"
)
LEAST = 40  # letters of a key: wandb's own validation


def _nobodys(step: StepMeant, entity: str | None) -> Iterator[Finding]:
    """S123: a team that stands for one."""
    if entity is None or not EXAMPLE.fullmatch(entity):
        return
    where = "tracking.wandb.entity"
    message, fix = f"{entity} stands for a team of your own, as manuals write it", "delete entity: the login's own is taken"
    yield say("S123", step, where, message, fix, severity="warning", edits=(Edit("delete", path(step, where)),))


def _too_short() -> str:
    """What is said of a key of wandb that is too short to be one; empty for others, and where it is not asked for."""
    key = variables().get("WANDB_API_KEY", "")
    if not key or variables().get("WANDB_MODE", "") in ("offline", "dryrun", "disabled"):
        return ""
    secret = key.split("-", 1)[-1]  # a server of one's own puts its name before it
    whole = len(secret) >= LEAST or key.count(".") == 2  # a token of three parts is taken as it is
    return "" if whole else f"WANDB_API_KEY has {len(secret)} letters, and wandb takes none of fewer than {LEAST}"


def _refused(step: StepMeant, project: str) -> Iterator[Finding]:
    """S025: a project's name that wandb does not take."""
    bad = next((sign for sign in project if sign in "/\\#?%:"), "")
    if not bad and len(project) <= 128:
        return
    fix = re.sub(r"[/\\#?%:\s]+", "-", project).strip("-.")[:128] or "recipe"
    what = f"a project's name with {bad}" if bad else f"a project's name of {len(project)} letters"
    where = "tracking.wandb.project"
    edits = (Edit("set", path(step, where), fix),)
    yield say(
        "S025",
        step,
        where,
        f"wandb does not take {what}: nothing would be told to it",
        f"write project: {fix}",
        severity="warning",
        edits=edits,
    )


def _ready(step: StepMeant, kind: str, wanted: Tracking) -> Finding | None:
    """What keeps a tracker from working here."""
    if not is_installed(kind):
        message = f"{kind} is not installed here: nothing is told to it"
        return say("S120", step, "tracking", message, f'pip install "recipe[{kind}]"', severity="warning")
    if kind == "wandb" and (why := _stays_here()):
        mode = variables().get("WANDB_MODE", "")
        does = "is told nothing" if mode == "disabled" else "writes to the run's folder alone"
        fix = ("unset WANDB_MODE" if mode == "disabled" else "unset WANDB_MODE, or send it later: wandb sync") if mode else "wandb login"
        return say("S121", step, "tracking", f"wandb {does}: {why}", fix, severity="info")
    if kind == "mlflow" and (folder := _not_writable(wanted.mlflow.uri if wanted.mlflow else None)):
        return say("S120", step, "tracking", f"mlflow cannot write to {folder}", "name a folder that can be written", severity="warning")
    return None


def _stays_here() -> str:
    """Why wandb will not send anything; empty when it will."""
    mode = variables().get("WANDB_MODE", "")
    if mode:
        return f"WANDB_MODE is {mode}" if mode in ("offline", "dryrun", "disabled") else ""
    if variables().get("WANDB_API_KEY"):
        return ""
    import netrc

    try:
        known = netrc.netrc(_home() / ".netrc").authenticators("api.wandb.ai") is not None
    except (OSError, netrc.NetrcParseError):
        known = False
    return "" if known else "nobody is logged in"


def _not_writable(address: str | None) -> str:
    """The folder that an address of MLflow names, when this process may not write there."""
    address = address or variables().get("MLFLOW_TRACKING_URI") or ""
    if not address.startswith("file:"):
        return ""
    folder = Path(unquote(urlsplit(address).path))
    there = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    return "" if there.is_dir() and os.access(there, os.W_OK) else str(folder)


def _not_cached(view: View, offline: str) -> Iterator[Finding]:
    from runner.hubcache import repository

    for step in view.meant.steps:
        for where, source in hub_names(step.raw):
            kind = "datasets" if where.startswith("sources") else "models"
            name = source["hub"]
            if (view.facts.project / name).exists() or repository(name, kind).is_dir() or isinstance(source.get("fallback"), dict):  # type: ignore[arg-type]
                continue
            parts = tuple(int(p) if p.isdigit() else p for p in where.split("."))
            message = f"{offline} is set and {name} is not in the cache: it cannot be fetched"
            yield Finding("H031", "warning", message, ("steps", step.id, *parts, "hub"), f"unset {offline}")


def _beside(name: str) -> str | None:
    """The known variable that `name` is one slip away from: a letter more, less or another, two exchanged."""
    for known in KNOWN:
        if abs(len(known) - len(name)) <= 1 and _one_slip(name, known):
            return known
    return None


def _one_slip(a: str, b: str) -> bool:
    first = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if len(a) == len(b):
        swapped = a[:first] + a[first + 1 : first + 2] + a[first : first + 1] + a[first + 2 :]
        return a[first + 1 :] == b[first + 1 :] or swapped == b
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[first + 1 :] == shorter[first:]
