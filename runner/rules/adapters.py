"""Adapters: LoRA on layers that exist and that learn."""

from collections.abc import Iterator

from runner.nearest import nearest
from runner.rules import View, at, rule, say
from schemas.artifacts import CheckpointForecast
from schemas.findings import Finding
from schemas.training import DEFAULT_TARGETS

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
        if not isinstance(targets, list) or model is None or at(step.raw, "method") != "lora":
            continue
        known = LAYERS[model.family]
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
                fix = f"write {near}" if near else _write(model.family)
                yield say("A101", step, where, f"a {model.family} has no linear layer {name!r}; it has {', '.join(known)}", fix)


def _write(family: str) -> str:
    return f"write target_modules: [{', '.join(DEFAULT_TARGETS[family])}]"
