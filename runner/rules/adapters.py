"""Adapters: LoRA on layers that exist and that learn."""

import re
from collections.abc import Iterator

from runner.nearest import nearest
from runner.rules import View, at, number, path, rule, say
from schemas.artifacts import CheckpointForecast
from schemas.findings import Edit, Finding, RulePage
from schemas.training import ADAPTED, DEFAULT_TARGETS

LAYERS = {  # linear layers by family, by the last part of their name
    "mamba": ["in_proj", "x_proj", "dt_proj", "out_proj"],
    "mamba2": ["in_proj", "out_proj"],
    "mamba_hebbian": ["in_proj", "x_proj", "dt_proj", "out_proj", "k_proj", "v_proj", "q_proj", "o_proj"],
    "llama": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    "gpt2": ["c_attn", "c_proj", "c_fc"],
}
REFUSED = {"mamba": ("out_proj", "conv1d"), "mamba2": ("out_proj", "conv1d")}  # by peft
EMBEDDINGS = ("embeddings", "embed_tokens", "wte")
HEADS = ("lm_head",)
ENDS = (*EMBEDDINGS, *HEADS)
LOW_RANK = 16  # up to it a scale below a quarter is a slip; high ranks are trained with less (arXiv 2305.14314: 16 over 64)
LEFT = 1 / 8  # scale that a high rank leaves of the default lora_alpha, and that nobody chose: huggingface/lerobot#3551
PARTED = re.compile(r"[\s,;|]+")  # names that are one text, for want of a comma between them


BRACKETS = " '\"[](){}"  # around a name, where a list was written as a text


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
        if folder is not None and not folder.kind:
            continue  # its config.json names no model_type, which is told
        known, family = LAYERS[model.family], folder.kind if folder is not None and folder.kind else model.family
        if folder is not None and not folder.layers.isdisjoint(known):  # else the weights are others, which is told
            known = [name for name in known if name in folder.layers] + sorted(folder.layers - {*known, "lm_head"})
        whole = at(step.raw, "lora.modules_to_save")
        edits: tuple[Edit, ...] = ()
        once = list(dict.fromkeys(map(str, targets)))
        if len(once) < len(targets):
            twice = next(name for number, name in enumerate(map(str, targets)) if name in map(str, targets[:number]))
            edits = (Edit("set", path(step, "lora.target_modules"), once),)
            fix = f"write target_modules: [{', '.join(once)}]"
            yield say("A101", step, "lora.target_modules", f"{twice} stands twice", fix, severity="warning", edits=edits)
        for index, name in enumerate(targets):
            where = f"lora.target_modules.{index}"
            if isinstance(whole, list) and name in whole:
                message = f"{name} would be adapted and trained whole at once"
                yield say("A102", step, where, message, "take it out of target_modules or of modules_to_save")
                continue
            if name in REFUSED.get(model.family, ()):
                yield say("A102", step, where, f"{name} of a {model.family} takes no adapter: peft refuses it", _write(model.family))
            elif name in ENDS and model.tie_embeddings:
                message = f"{name} is tied to the other end of the model: merging an adapter of one changes both"
                yield say("A102", step, where, message, f"take {name} out of target_modules")
            elif name in EMBEDDINGS:
                message = f"{name} is the embedding, which an adapter does not go on: only linear layers take one"
                yield say("A101", step, where, message, f"take it out, and train it whole: modules_to_save: [{name}]")
            elif name not in known and name not in ENDS:
                last = str(name).rpartition(".")[2]
                near = last if last in known else f"{last}_proj" if f"{last}_proj" in known else nearest(str(name), known)
                all_of_them = "all-linear" if str(name).replace("_", "-") in ("all-linear", "all", "*") else ""
                usual = [target for target in DEFAULT_TARGETS[model.family] if target in known] or known[:4]
                alone = near is not None and near not in targets and sum(each not in (*known, *ENDS) for each in targets) == 1
                fix = f"write {near}" if alone else f"write target_modules: [{', '.join(usual)}]"
                edits = ()
                bare = [str(each).strip(BRACKETS) for each in targets]
                if bare != targets and set(bare) <= {*known, *ENDS}:
                    fix, edits = f"write target_modules: [{', '.join(bare)}]", (Edit("set", path(step, "lora.target_modules"), bare),)
                if parts := [part for part in PARTED.split(str(name)) if part in known] if PARTED.search(str(name)) else []:
                    better = [*targets[:index], *parts, *targets[index + 1 :]]
                    fix = f"part them by commas: target_modules: [{', '.join(map(str, better))}]"
                    edits = (Edit("set", path(step, "lora.target_modules"), better),)
                elif near is None and any(other in known for other in targets):
                    fix = f"take {name} out of target_modules"
                if all_of_them and len(targets) == 1:
                    fix, edits = "delete target_modules: all of them is the default", (Edit("delete", path(step, "lora.target_modules")),)
                message = f"a {family} has no linear layer {name!r}; it has {', '.join(known)}"
                yield say("A101", step, where, message, fix, edits=edits)


@rule(
    RulePage(
        "A111",
        "a quantised base on a machine that cannot hold it",
        "bitsandbytes runs on CUDA cards from compute capability 6.0 on and, slowly, on CPUs. Its products in 8 bits are for 7.5 and newer "
        "(Turing): on older cards they fail, or old versions do them slowly and less exactly. It has no kernels for Apple's Metal.",
        wrong="target: m2-32gb\nmethod: qlora",
        right="target: m2-32gb\nmethod: lora",
        source="bitsandbytes README, supported hardware; bitsandbytes-foundation/bitsandbytes#118, #672; axolotl-ai-cloud/axolotl#1280",
        needs="the recipe and the target",
    ),
    RulePage(
        "A114",
        "adapters on more blocks than there are",
        "lora.layers adapts the last so many blocks. More than the base has is all of them, so the number says something that is not so.",
        wrong="lora: {layers: 64}   # the base has 32 blocks",
        right="lora: {layers: 16}",
        source="ml-explore/mlx-lm: num_layers",
        severity="warning",
        needs="the base's config.json",
    ),
    RulePage(
        "A115",
        "a module that the base does not have",
        "modules_to_save trains whole modules beside the adapters, by the last part of their name: the embedding and the head, when tokens "
        "were added. Where a base ties the two they are one matrix, and the embedding's name is enough.",
        wrong="lora: {modules_to_save: [word_embeddings]}   # of a llama",
        right="lora: {modules_to_save: [embed_tokens, lm_head]}",
        source="huggingface/peft#1300; huggingface/transformers#45127",
        severity="warning",
        needs="the headers of the base's weights",
    ),
)
def adapters_go_where_they_can(view: View) -> Iterator[Finding]:
    """A111: qlora on Metal and on old cards, 8 bits before Turing. A114: lora.layers. A115: lora.modules_to_save."""
    machine = view.meant.target
    for step in view.of_type("train"):
        method, made = at(step.raw, "method"), step.forecast
        if method == "qlora" and (machine.kind == "mps" or (machine.kind == "cuda" and machine.capability < 60)):
            name = machine.title or machine.name
            edits = (Edit("set", path(step, "method"), "lora"),) if at(step.raw, "quant") is None else ()
            yield say("A111", step, "method", f"bitsandbytes has no kernels for {name}", "write method: lora, without quant", edits=edits)
        elif method == "qlora" and at(step.raw, "quant.bits") == 8 and machine.kind == "cuda" and 60 <= machine.capability < 75:
            has = f"{machine.title or machine.name} has {machine.capability / 10}"
            edits = (Edit("set", path(step, "quant.bits"), 4),)
            message = f"LLM.int8() of bitsandbytes is for compute capability 7.5 and newer, and {has}"
            yield say("A111", step, "quant.bits", message, "write bits: 4, which runs there", severity="warning", edits=edits)
        model = made.model if isinstance(made, CheckpointForecast) else None
        layers = number(step, "lora.layers")
        if model is not None and layers is not None and layers > model.n_layers:
            message = f"lora.layers is {int(layers)}, the base has {model.n_layers} blocks"
            edits = (Edit("delete", path(step, "lora.layers")),)
            yield say("A114", step, "lora.layers", message, "delete it to adapt all of them", severity="warning", edits=edits)
        saved, folder = at(step.raw, "lora.modules_to_save"), view.base(step)
        names = {part for tensor in folder.tensors for part in tensor.split(".")} if folder is not None else set()
        for index, name in enumerate(saved if isinstance(saved, list) and names else []):
            if name in HEADS and model is not None and model.tie_embeddings and (other := _embedding(names)) in names:
                message = f"{name} is tied to {other}: the two are one matrix, which is trained and saved once"
                fix = f"take {name} out" if other in saved else f"write {other}, which is both"
                yield say("A115", step, f"lora.modules_to_save.{index}", message, fix, severity="warning")
            elif isinstance(name, str) and name not in names:
                near = name.rpartition(".")[2] if name.rpartition(".")[2] in names else nearest(name, names)
                fix = f"write {near}" if near else f"the embedding is called {_embedding(names)}"
                if len(parts := [part for part in PARTED.split(name) if part in names]) > 1:
                    fix = f"part them by commas: modules_to_save: [{', '.join([*saved[:index], *parts, *saved[index + 1 :]])}]"
                message = f"the base has no module {name!r}"
                yield say("A115", step, f"lora.modules_to_save.{index}", message, fix, severity="warning")


def _embedding(names: set[str]) -> str:
    return next((name for name in ENDS if name in names), "otherwise")


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
        "explode: usual are 1 and 2. With use_rslora it counts lora_alpha / sqrt(r), and a lora_alpha that was right without is far too "
        "large.",
        wrong="lora: {r: 1024, lora_alpha: 1}",
        right="lora: {r: 64, lora_alpha: 128}",
        source="huggingface/lerobot#3551; arXiv 2106.09685 section 4.1; arXiv 2312.03732",
        severity="warning",
    ),
)
def sizes_are_low_rank(view: View) -> Iterator[Finding]:
    """A112: r against the width. A113: lora_alpha / r outside of 1/32, of low ranks 1/4, to 32; LEFT where no alpha is written.

    By the root of r, to 16.
    """
    for step in view.of_type("train"):
        rank, alpha = number(step, "lora.r"), number(step, "lora.lora_alpha")
        made = step.forecast
        model = made.model if isinstance(made, CheckpointForecast) else None
        if model is not None and rank is not None and rank >= model.d_model:
            message = f"rank {int(rank):,} is no low rank in a model of width {model.d_model:,}"
            yield say("A112", step, "lora.r", message, "write r: 16, or method: full", severity="warning")
        used_rank, used_alpha = rank or 8, 16 if alpha is None else alpha
        by_root = at(step.raw, "lora.use_rslora") is True
        scale, most, divisor = (used_alpha / used_rank**0.5, 16, "sqrt(r)") if by_root else (used_alpha / used_rank, 32, "r")
        low = scale <= LEFT if alpha is None else scale < (1 / 4 if used_rank <= LOW_RANK and not by_root else 1 / 32)
        high = scale > most or (scale == most and used_rank > 1 and not by_root)  # 32 of rank 1 are in use
        if (rank is not None or alpha is not None) and used_rank > 0 and used_alpha > 0 and (low or high):
            where = "lora.lora_alpha" if alpha is not None else "lora.r"
            shown = f"sqrt({used_rank:g})" if by_root else f"{used_rank:g}"
            message = (
                f"the adapter counts lora_alpha / {divisor} = {used_alpha:g} / {shown} = {scale:.3g}, usual are 1 to {4 if by_root else 2}"
            )
            message += "" if alpha is not None else "; lora_alpha is 16 where it is left out"
            usual = max(1, round(2 * used_rank**0.5)) if by_root else int(2 * used_rank)
            yield say("A113", step, where, message, f"write lora_alpha: {usual}", severity="warning")
