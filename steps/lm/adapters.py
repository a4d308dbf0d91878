"""LoRA by peft: added, watched, saved, merged, each with a proof."""

import json
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import nn

from schemas import RecipeError
from schemas.training import DEFAULT_TARGETS, LoraSettings
from steps.lm import added
from steps.lm.checkpoint import write_json
from steps.lm.quantized import is_quantized

FIELD, WHOLE = "lora.target_modules", "lora.modules_to_save"
BLOCKS = ["layers", "h"]  # what the list of blocks is called in the models that transformers has
MEMORY, GATE = ("k_proj", "v_proj", "q_proj", "o_proj"), "hebbian.gate"  # layers of a Hebbian memory, and what opens it
ROUTERS = ("gate", "router")
LINEAR = ("Linear", "Conv1D", "Linear4bit", "Linear8bitLt")  # classes of layers, or what they are made from (FalconLinear)
MERGE_TOLERANCE = 1e-3  # of the largest logit: what fp32 sums may differ by


def add(network: nn.Module, family: str, settings: LoraSettings, seed: int, new_ids: Sequence[int] = ()) -> Any:
    """Put adapters into `network`, freeze the rest, and return peft's view of it (`network` itself now holds them).

    new_ids: added tokens, whose rows of the embedding and of the head are trained too; none of the others.
    Raises RecipeError A101 for a name that no linear layer has, A102 for one that peft or a tied head forbids, A107 for more layers
    than there are.
    """
    from peft import LoraConfig, get_peft_model

    targets = settings.target_modules or usual_targets(network, family)
    _names_exist(network, targets)
    blocks = network.config.num_hidden_layers
    if settings.layers is not None and settings.layers > blocks:
        raise RecipeError("A107", f"the model has {blocks} blocks, lora.layers is {settings.layers}", field="lora.layers",
                          fix=f"write layers: {blocks}, or delete it to adapt all")  # fmt: skip
    whole = settings.modules_to_save or []
    _modules_exist(network, whole, set(targets))
    tied = False
    if network.config.tie_word_embeddings:
        ends = {_leaf(network, m) for m in (network.get_input_embeddings(), network.get_output_embeddings())}
        if tied := bool(ends & set(whole)):
            whole = _both_ends(sorted({*whole, *ends}), ends)
        for name in sorted(ends & set(targets)):
            raise RecipeError("A102", f"{name} is tied to the other end of the model: merging an adapter of one changes both", field=FIELD,
                              fix=f"take {name} out of target_modules")  # fmt: skip
    tables = {name: list(new_ids) for name in (_leaf(network, table) for table in added.ends(network)) if new_ids and name not in whole}
    turned = any(type(m).__name__ == "Conv1D" for m in network.modules())  # GPT-2 keeps its matrices transposed
    config = LoraConfig(
        r=settings.r, lora_alpha=settings.lora_alpha, lora_dropout=settings.lora_dropout, target_modules=sorted(targets),
        fan_in_fan_out=turned, bias="none", task_type="CAUSAL_LM", use_rslora=settings.use_rslora, use_dora=settings.use_dora,
        layers_to_transform=None if settings.layers is None else list(range(blocks - settings.layers, blocks)),
        layers_pattern=None if settings.layers is None else BLOCKS, modules_to_save=sorted(whole) or None,
        ensure_weight_tying=tied, trainable_token_indices=tables or None,
    )  # fmt: skip
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # transformers', about names that peft uses
            torch.manual_seed(seed)
            view = get_peft_model(network, config)
    except ValueError as error:
        raise RecipeError("A102", f"peft refuses these layers: {str(error).splitlines()[0]}", field=FIELD,
                          fix=f"write target_modules: {json.dumps(DEFAULT_TARGETS[family])}") from error  # fmt: skip
    _widen(network)
    return view


def _widen(network: nn.Module) -> None:
    """What is trained stands in fp32, over a base in half too: peft copies modules and rows as it finds them, AdamW would lose small steps
    in bf16, and a loss scaler takes no fp16."""
    for parameter in network.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def _both_ends(whole: list[str], ends: set[str]) -> list[str]:
    """`whole` once more, where peft keeps the tie of both `ends`: it knows a tied table by these names alone. Raises RecipeError A102."""
    from peft.utils.constants import EMBEDDING_LAYER_NAMES

    if not ends & set(EMBEDDING_LAYER_NAMES):
        name = next(name for name in whole if name in ends)
        raise RecipeError("A102", f"{name} is tied to the other end of the model, and peft would part them", field=WHOLE,
                          fix=f"take {name} out of modules_to_save; rows of added tokens are trained without it")  # fmt: skip
    return whole


def usual_targets(network: nn.Module, family: str) -> list[str]:
    """The layers that are adapted when none are named: DEFAULT_TARGETS, without those of Hebbian memories that nobody listens to.

    A gate of exactly 0, as a new memory has it, lets no gradient through, and adapters leave the gate as it is. A base that cuts its
    layers otherwise (Phi-3's qkv_proj) is adapted in all linear layers but its head and the routers of experts.
    """
    usual, there = DEFAULT_TARGETS[family], _linear_names(network)
    if not there.issuperset(usual):
        return sorted(there - {_leaf(network, network.get_output_embeddings()), *ROUTERS})
    left = unheard(network, family)
    return [name for name in usual if name not in left]


def unheard(network: nn.Module, family: str) -> list[str]:
    """Layers of Hebbian memories whose gates are all 0."""
    return [name for name in DEFAULT_TARGETS[family] if name in MEMORY] if _silent(network) else []


def _silent(network: nn.Module) -> bool:
    gates = [p for name, p in network.named_parameters() if name.endswith(GATE)]
    return bool(gates) and not any(bool(gate.any()) for gate in gates)


def _modules_exist(network: nn.Module, names: list[str], targets: set[str]) -> None:
    """Modules that are trained whole: leaves of the network, and not adapted besides."""
    leaves = {name.rsplit(".", 1)[-1] for name, m in network.named_modules() if name and any(True for _ in m.parameters(recurse=False))}
    for name in names:
        if name not in leaves:
            near = get_close_matches(name, sorted(leaves), 1, 0.5)
            raise RecipeError("A101", f"the model has no module {name!r}; it has {', '.join(sorted(leaves))}", field=WHOLE,
                              fix=f"did you mean {near[0]!r}?" if near else "name some of these")  # fmt: skip
        if name in targets:
            raise RecipeError("A102", f"{name} would be adapted and trained whole at once", field=WHOLE,
                              fix=f"take {name} out of target_modules or of modules_to_save")  # fmt: skip
        if any(is_quantized(m) for full, m in network.named_modules() if full.rsplit(".", 1)[-1] == name):
            raise RecipeError("A102", f"{name} is quantised, and bytes cannot be trained", field=WHOLE,
                              fix=f"write method: lora, or take {name} out of modules_to_save")  # fmt: skip


def _names_exist(network: nn.Module, targets: list[str]) -> None:
    adaptable = _linear_names(network)
    for name in targets:
        if name not in adaptable:
            near = get_close_matches(name, sorted(adaptable), 1, 0.5)
            raise RecipeError("A101", f"the model has no linear layer {name!r}; it has {', '.join(sorted(adaptable))}", field=FIELD,
                              fix=f"did you mean {near[0]!r}?" if near else "name some of these, or leave target_modules out")  # fmt: skip


def _linear_names(network: nn.Module) -> set[str]:
    """Last names of the layers that take an adapter."""
    return {name.rsplit(".", 1)[-1] for name, module in network.named_modules() if any(c.__name__ in LINEAR for c in type(module).__mro__)}


def _leaf(network: nn.Module, module: nn.Module) -> str:
    return next((name.rsplit(".", 1)[-1] for name, m in network.named_modules() if m is module), "")


def every_adapter_learns(network: nn.Module) -> None:
    """Raise RecipeError A103 naming each adapter, and each module trained whole, that got no gradient from the backward pass just made.

    B starts at zero and A does not: at first A's gradient is zero and B's is not, unless the layer's weight is used behind the
    adapter's back. Once B has moved, A must get a gradient too.
    """
    named = dict(network.named_parameters())

    def silent(p: torch.Tensor) -> bool:
        return p.grad is None or not bool(p.grad.any())

    dead = []
    for name, p in named.items():
        first = name.replace(".lora_B.", ".lora_A.")
        if ".lora_B." in name and (silent(p) or (bool(p.any()) and first in named and silent(named[first]))):
            dead.append(name.split(".lora_B")[0])
        elif ".modules_to_save." in name and p.requires_grad and silent(p):
            dead.append(name.split(".modules_to_save")[0])
    if dead:
        names = sorted({name.rsplit(".", 1)[-1] for name in dead})
        gates = {name: named.get(name.rsplit(".", 1)[0] + ".gate") for name in dead}
        shut = [name for name, gate in gates.items() if gate is not None and not bool(gate.any())]
        why = "; the gate of this memory is 0, and adapters leave it so" if dead[0] in shut else ""
        first = ", or train the memory with method: full before" if shut else ""
        raise RecipeError("A103", f"{len(dead)} adapters get no gradient and would never learn, such as {dead[0]}{why}", field=FIELD,
                          fix=f"take {', '.join(names)} out of target_modules{first}")  # fmt: skip


def train_last(network: nn.Module, layers: int) -> None:
    """Leave the adapters of all but the last `layers` blocks as they are from now on: less is kept for the backward pass."""
    numbered = {name: _block(name) for name, _ in network.named_parameters() if ".lora_" in name}
    first = max((n for n in numbered.values()), default=-1) + 1 - layers
    for name, parameter in network.named_parameters():
        if name in numbered and numbered[name] < first:
            parameter.requires_grad_(False)
            parameter.grad = None


def _block(name: str) -> int:
    return next((int(part) for part in name.split(".") if part.isdigit()), 0)


def save(adapted: Any, folder: Path) -> None:
    """Write the adapter in peft's format: the same bytes for the same weights, and no path of this machine."""
    adapted.save_pretrained(folder, safe_serialization=True, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # a model card with nothing in it
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    config["base_model_name_or_path"] = None
    config["target_modules"] = sorted(config["target_modules"])  # a set inside peft: its order differs from run to run
    if config.get("ensure_weight_tying"):  # a trap: peft takes the head's name out, by which it knows the tie when it opens the adapter
        base = adapted.get_base_model()
        ends = {_leaf(base, m) for m in (base.get_input_embeddings(), base.get_output_embeddings())}
        config["modules_to_save"] = sorted({name.rsplit(".", 1)[-1] for name in config["modules_to_save"]} | ends)
    write_json(folder / "adapter_config.json", config)


def transplant(adapted: Any, network: nn.Module, family: str, settings: LoraSettings, new_ids: Sequence[int] = ()) -> Any:
    """peft's view of `network` with the trained adapters of `adapted`, whose base was quantised."""
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    view = add(network, family, settings, 0, new_ids)
    found = set_peft_model_state_dict(view, get_peft_model_state_dict(adapted, save_embedding_layers=False))
    if found.unexpected_keys:
        raise AssertionError(f"adapters of a quantised base have no place in it: {found.unexpected_keys[:3]}")
    return view


@torch.no_grad()
def drift(adapted: Any, other: Any, ids: torch.Tensor) -> float:
    """The largest difference of logits on `ids` (B, T) between the same adapters over a quantised base and over the base itself."""
    adapted.eval(), other.eval()
    one = adapted(input_ids=ids, use_cache=False).logits.float()
    two = other(input_ids=ids.to(next(other.parameters()).device), use_cache=False).logits.float()
    return float((one.cpu() - two.cpu()).abs().max())


@torch.no_grad()
def merge(adapted: Any, ids: torch.Tensor) -> tuple[nn.Module, float]:
    """The network with the adapters in its weights, and the largest difference of logits that this made on `ids` (B, T).

    Raises RecipeError A104 when the difference is more than rounding.
    """
    adapted.eval()
    before = adapted(input_ids=ids, use_cache=False).logits.float()
    merged = adapted.merge_and_unload()
    after = merged(input_ids=ids, use_cache=False).logits.float()
    difference = float((before - after).abs().max())
    if not difference <= MERGE_TOLERANCE * max(1.0, float(before.abs().max())):
        message = f"merging the adapters changed the logits by {difference:.2g}"
        raise RecipeError("A104", message, field="lora", fix="choose other target_modules")
    for p in merged.parameters():
        p.requires_grad_(True)
    return merged, difference
