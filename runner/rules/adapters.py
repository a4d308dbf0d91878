"""Adapters: LoRA on layers that exist and that learn."""

from collections.abc import Iterator

from runner.nearest import nearest
from runner.rules import View, at, number, path, rule, say
from schemas.artifacts import CheckpointForecast
from schemas.findings import Edit, Finding, RulePage
from schemas.training import ADAPTED, DEFAULT_TARGETS

LAYERS = {  # linear layers by family, by the last part of their name
    "mamba": ["in_proj", "x_proj", "dt_proj", "out_proj"],
    "mamba2": ["in_proj", "out_proj"],
    "llama": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    "gpt2": ["c_attn", "c_proj", "c_fc"],
}
REFUSED = {
    "mamba": {"out_proj": "peft refuses it on a Mamba", "conv1d": "peft refuses it on a Mamba", "dt_proj": "it gets no gradient"},
    "mamba2": {"out_proj": "peft refuses it on a Mamba", "conv1d": "peft refuses it on a Mamba"},
}
ENDS = ("embeddings", "embed_tokens", "wte", "lm_head")


@rule()
def targets_learn(view: View) -> Iterator[Finding]:
    """A101, A102: `lora.target_modules` against the layers of the base model's family."""
    for step in view.of_type("train"):
        targets = at(step.raw, "lora.target_modules")
        made = step.forecast
        model = made.model if isinstance(made, CheckpointForecast) else None
        if not isinstance(targets, list) or model is None or at(step.raw, "method") not in ADAPTED:
            continue
        folder = view.base(step)
        known = sorted(folder.layers) if folder is not None and folder.layers else LAYERS[model.family]
        for index, name in enumerate(targets):
            where = f"lora.target_modules.{index}"
            why = REFUSED.get(model.family, {}).get(str(name))
            if why is not None:
                yield say("A102", step, where, f"an adapter on {name} does nothing in a {model.family}: {why}", _write(model.family))
            elif name in ENDS and model.tie_embeddings:
                message = f"{name} is tied to the other end of the model: merging an adapter of one changes both"
                yield say("A102", step, where, message, f"take {name} out of target_modules")
            elif name not in known and name not in ENDS:
                near = nearest(str(name), known)
                all_of_them = "all-linear" if str(name).replace("_", "-") in ("all-linear", "all", "*") else ""
                fix = f"write {near}" if near and not all_of_them else _write(model.family) if folder is None or not folder.layers else ""
                edits: tuple[Edit, ...] = ()
                if all_of_them and len(targets) == 1:
                    fix, edits = "delete target_modules: all of them is the default", (Edit("delete", path(step, "lora.target_modules")),)
                message = f"a {model.family} has no linear layer {name!r}; it has {', '.join(known)}"
                yield say("A101", step, where, message, fix or f"name layers of it: {', '.join(known[:4])}", edits=edits)


def _write(family: str) -> str:
    return f"write target_modules: [{', '.join(DEFAULT_TARGETS[family])}]"


@rule(
    RulePage(
        "A112",
        "a rank as wide as the layer",
        "A low-rank adapter of rank r on a layer of width d saves memory while r is far below d. At r = d it is more than the "
        "layer itself, and slower than training it whole.",
        wrong="lora: {r: 4096}   # of a model of width 4096",
        right="lora: {r: 16}",
        source="zetavg/LLaMA-LoRA-Tuner#33; arXiv 2106.09685 section 7.2",
        severity="warning",
    ),
    RulePage(
        "A113",
        "an adapter's scale that was not meant",
        "The update counts lora_alpha / r. Raising r and leaving lora_alpha makes the adapter weak, a tiny r with a large alpha makes it "
        "explode: usual are 1 and 2.",
        wrong="lora: {r: 1024, lora_alpha: 1}",
        right="lora: {r: 64, lora_alpha: 128}",
        source="arXiv 2106.09685 section 4.1; arXiv 2312.03732",
        severity="warning",
    ),
)
def sizes_are_low_rank(view: View) -> Iterator[Finding]:
    """A112: r against the width. A113: lora_alpha / r outside of 1/32 to 64."""
    for step in view.of_type("train"):
        rank, alpha = number(step, "lora.r"), number(step, "lora.lora_alpha")
        made = step.forecast
        model = made.model if isinstance(made, CheckpointForecast) else None
        if model is not None and rank is not None and rank >= model.d_model:
            message = f"rank {int(rank):,} is no low rank in a model of width {model.d_model:,}"
            yield say("A112", step, "lora.r", message, "write r: 16, or method: full", severity="warning")
        used_rank, used_alpha = rank or 8, 16 if alpha is None else alpha
        scale = used_alpha / used_rank if at(step.raw, "lora.use_rslora") is not True else used_alpha / used_rank**0.5
        if (rank is not None or alpha is not None) and used_rank > 0 and used_alpha > 0 and not 1 / 32 <= scale <= 64:
            where = "lora.lora_alpha" if alpha is not None else "lora.r"
            message = f"the adapter counts lora_alpha / r = {used_alpha:g} / {used_rank:g} = {scale:.3g}"
            yield say("A113", step, where, message, f"write lora_alpha: {int(2 * used_rank)}", severity="warning")
