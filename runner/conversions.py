"""How a value that another tool's name stands beside becomes one of ours. Apart from the names themselves, which are tables."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Names = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What another tool's name is in a recipe.

    path: our key, below the step's params (or the top level when `step` is empty); empty when there is none. value: the converted
    value, None when it must be looked up by hand. exact: the change may be made without asking. words: what to say beside it.
    delete: the line may go, since it says what a recipe does anyway.
    """

    step: str
    path: Names = ()
    value: Any = None
    exact: bool = True
    words: str = ""
    delete: bool = False


TOKENIZERS = "the tokenizer is the base's, or train_tokenizer's; padding is masked by place, rows are never cut"
Convert = Callable[[Any, Mapping[str, Any]], Known]


def to(path: str, step: str = "train") -> Convert:
    """The same value under our name `path`, dotted below the step's params."""
    names: Names = tuple(path.split("."))
    return lambda value, beside: Known(step, names, value)


def says(words: str, step: str = "train", delete: bool = False) -> Convert:
    """No key of ours: `words` say where the matter is settled."""
    return lambda value, beside: Known(step, (), None, False, words, delete)


def precision(word: str) -> Convert:
    """A switch of one number format, such as bf16: true."""

    def convert(value: Any, beside: Mapping[str, Any]) -> Known:
        if value is True or value == "true":
            return Known("train", ("precision",), word)
        return Known("train", (), None, True, "precision: auto picks what the target has", delete=True)

    return convert


def number_format(value: Any, beside: Mapping[str, Any]) -> Known:
    """A number format by its name in torch, Lightning and others: bfloat16, 16-mixed."""
    word = str(value).lower().removeprefix("torch.").removeprefix("amp_")
    parts = word.replace("-", "_").split("_")
    return Known("train", ("precision",), FORMATS.get(word, FORMATS.get(parts[0], value)))


FORMATS = {"bfloat16": "bf16", "float16": "fp16", "half": "fp16", "float32": "fp32", "float": "fp32", "bf16": "bf16", "16": "fp16",
           "32": "fp32", "no": "fp32"}  # fmt: skip


ATTENTIONS = {  # what others call them: LLaMA-Factory's flash_attn, transformers, xformers
    **dict.fromkeys(("flash_attention_2", "fa2", "flash", "flash_attention", "flash_attn", "flash_2", "flash_attention_3", "fa3"),
                    "flash_attention_2"),
    **dict.fromkeys(("sdpa", "xformers", "sdp", "mem_efficient", "memory_efficient", "flex_attention", "flex", "torch"), "sdpa"),
    **dict.fromkeys(("eager", "math", "disabled", "vanilla", "native"), "eager"), "auto": "auto",
}  # fmt: skip


def attention(word: str) -> Convert:
    """A switch of one attention (true means `word`), or a key whose value names it."""

    def convert(value: Any, beside: Mapping[str, Any]) -> Known:
        named = ATTENTIONS.get(value.lower().replace("-", "_")) if isinstance(value, str) else None
        if value is True or value == "true":
            named = word
        if named is not None and "attn_implementation" not in beside:
            return Known("train", ("attn_implementation",), named)
        words = "attn_implementation says it" if named is not None else "attn_implementation: auto, the default, takes sdpa where it can"
        return Known("train", (), None, False, words, delete=True)

    return convert


def tracker(value: Any, beside: Mapping[str, Any]) -> Known:
    """HF's report_to, litgpt's and others' logger names, and switches such as use_wandb: true."""
    wanted = ["wandb"] if value is True else [value] if isinstance(value, str) else value if isinstance(value, list) else []
    names = [name for name in wanted if name in ("wandb", "tensorboard", "mlflow")]
    if not names and wanted and any(isinstance(name, str) and name.lower() not in ("none", "no", "") for name in wanted):
        return Known("train", ("tracking",), None, False, "tracking: tells wandb, tensorboard and mlflow, and no other")
    if not names:
        return Known("train", (), None, True, "runs are recorded in runs/ without a tracker", delete=True)
    return Known("train", ("tracking",), names[0] if len(names) == 1 else names)


def one_tracker(name: str) -> Convert:
    """A switch such as use_mlflow: true."""
    return lambda value, beside: tracker(name if value is True or value == "true" else "none", beside)


def tracker_of_all(value: Any, beside: Mapping[str, Any]) -> Known:
    """The same at the top level, where it holds for every train step."""
    return replace(tracker(value, beside), step="")


def bits(count: int) -> Convert:
    """A switch such as load_in_4bit: true."""

    def convert(value: Any, beside: Mapping[str, Any]) -> Known:
        if value is not True:
            return Known("train", (), None, True, "a model is loaded whole unless the recipe says otherwise", delete=True)
        there = beside.get("method") == "qlora"
        return Known("train", ("quant",), {"bits": count}, there, "" if there else "with method: qlora")

    return convert


def quantized(value: Any, beside: Mapping[str, Any]) -> Known:
    """How a frozen base is held, by a word: litgpt's bnb.nf4-dq and bnb.int8, 4bit, a switch; or how the export is, by llama.cpp's."""
    word = str(value).strip().lower()
    if re.fullmatch(r"(i?q\d|tq\d|b?f16|f32)\w*", word):
        return Known("export_ollama", ("quantization",), value)
    if word in ("false", "none", "no", "null", ""):
        return Known("train", (), None, True, "a model is loaded whole unless the recipe says otherwise", delete=True)
    eight = re.search(r"int8|8.?bit|^8$|llm_int8", word)
    quant: dict[str, Any] = {"bits": 8} if eight else {"bits": 4, **({"type": "fp4"} if "fp4" in word else {})}
    if not eight and ("dq" in word or "double" in word):
        quant["double"] = True
    there = beside.get("method") == "qlora"
    return Known("train", ("quant",), quant, there, "" if there else "with method: qlora")


def of_each_pass(value: Any, beside: Mapping[str, Any]) -> Known:
    """torchtune's max_steps_per_epoch and its like: steps of one pass, where max_steps counts all."""
    passes = next((beside[name] for name in ("num_train_epochs", "epochs", "num_epochs", "max_epochs") if name in beside), 1)
    whole = isinstance(value, int) and isinstance(passes, int) and value > 0 and passes > 0
    beside_it = "; delete num_train_epochs" if passes != 1 or "num_train_epochs" in beside or "epochs" in beside else ""
    return Known("train", ("max_steps",), value * passes if whole else None, False, f"it counts the steps of each pass{beside_it}")


def heads(value: Any, beside: Mapping[str, Any]) -> Known:
    """Heads of attention; those of a Mamba-2 follow from its widths."""
    model = beside.get("model")
    family = str(model.get("family", "")) if isinstance(model, Mapping) else ""
    if family.startswith("mamba"):
        return Known("train", (), None, False, "a Mamba-2 has expand x d_model / head_dim heads: write head_dim", family != "mamba2")
    return Known("train", ("model", "n_heads"), value)


def warmup(value: Any, beside: Mapping[str, Any]) -> Known:
    """Steps, or a share of them where the number is a fraction."""
    part = isinstance(value, float) and 0 < value < 1
    return Known("train", ("warmup_ratio" if part else "warmup_steps",), value)


def scale(value: Any, beside: Mapping[str, Any]) -> Known:
    """mlx-lm's scale is lora_alpha / r."""
    lora = beside.get("lora")
    rank = beside.get("lora_rank", beside.get("rank", beside.get("r", lora.get("r", lora.get("rank")) if isinstance(lora, dict) else None)))
    if isinstance(rank, int) and isinstance(value, (int, float)):
        alpha = value * rank
        return Known("train", ("lora", "lora_alpha"), int(alpha) if alpha == int(alpha) else alpha, words="lora_alpha = scale x r")
    return Known("train", ("lora", "lora_alpha"), None, False, "lora_alpha = scale x r, and r is not written here")


LOCAL = ("models", "model", "checkpoints", "checkpoint", "ckpt", "ckpts", "output", "outputs", "saves", "runs", "data", "weights",
         "pretrained", "base", "datasets", "corpus", "out", "results")  # folders of a project; nobody on the hub is called so  # fmt: skip
MODELS = ("base_model", "model_name_or_path", "model_path", "model_name", "pretrained_model_name_or_path", "model_id", "base",
          "tokenizer_name_or_path", "tokenizer_path", "tokenizer_name", "tokenizer_id", "path", "hub")  # fmt: skip


def local(name: str) -> bool:
    """Whether a model or a data set by one name is a file or folder here, and no owner/name on the hub."""
    first, _, rest = name.partition("/")
    return name.startswith((".", "/", "~")) or "/" in rest or "\\" in name or first.lower() in LOCAL or bool(
        re.search(r"\.(jsonl?|csv|txt|parquet|md|pdf|docx|html?|gz|zst|safetensors|bin|gguf)$|[*?]", name)
    )  # fmt: skip


BASES = ("base_model", "model_name_or_path", "model_id")  # other tools' keys of the model that is fine-tuned


def base(value: Any, beside: Mapping[str, Any]) -> Known:
    """A model by one name: a folder when it looks like a path, else on the hub."""
    return Known("train", ("model", "base", "path" if isinstance(value, str) and local(value) else "hub"), value)


def tokenizer_of(value: Any, beside: Mapping[str, Any]) -> Known:
    """The model whose tokenizer is checked."""
    if not isinstance(value, str):
        return Known("check_vocab_consistency", ("checkpoint",), None, False)
    return Known("check_vocab_consistency", ("checkpoint",), {"path" if local(value) else "hub": value})


def adapter(value: Any, beside: Mapping[str, Any]) -> Known:
    """axolotl's adapter is our method; DoRA is LoRA with use_dora, and frozen layers are said by stages."""
    word = str(value).lower()
    if word == "dora":
        return Known("train", ("method",), "lora", False, "with lora: {use_dora: true}")
    if word == "freeze":
        return Known("train", ("method",), "full", False, "with stages: [{train: [layers.3]}], which says what is trained")
    if word not in ("lora", "qlora", "full", "none", "null", "false"):
        return Known("train", (), None, False, "adapters are LoRA, rsLoRA (use_rslora) and DoRA (use_dora): write method: lora")
    return Known("train", ("method",), value if value in ("lora", "qlora") else "full")


def share(value: Any, beside: Mapping[str, Any]) -> Known:
    """The part that is held back for validation; a count of rows must be turned into a share by hand."""
    fits = isinstance(value, float) and 0 < value < 1
    return Known("tokenize_bin", ("val_fraction",), value if fits else None, fits, "the share of documents held back")


def packed(value: Any, beside: Mapping[str, Any]) -> Known:
    """A switch; bins are packed anyway."""
    if value is True and (beside.get("objective") == "sft" or any(name in beside for name in BASES)):
        return Known("train", ("packing",), "documents")
    return Known("train", (), None, False, "a bin has no gaps; packing: documents keeps its documents apart", delete=True)


def fallback(value: Any, beside: Mapping[str, Any]) -> Known:
    """A switch of what is done when memory runs out."""
    if value is False:
        return Known("train", ("on_oom",), "stop")
    return Known("train", (), None, False, "when memory runs out, smaller micro-batches are tried anyway", delete=True)


LOADERS = ("json", "csv", "text", "parquet", "arrow", "pandas")  # of the library datasets: they read files that stand beside them


def files(value: Any, beside: Mapping[str, Any]) -> Known:
    """Paths, one or a list, as sources; axolotl's list of maps says by path: what may also be a data set of the hub."""
    given = [value] if isinstance(value, (str, dict)) else value if isinstance(value, list) else []
    found, strange = [], False
    for each in given:
        path = each.get("path") if isinstance(each, dict) else each
        if not isinstance(path, str):
            return Known("parse_corpus", ("sources",), None, False)
        strange = strange or (isinstance(each, dict) and len(each) > 1)
        if isinstance(each, dict) and path in LOADERS and (named := loaded(each.get("data_files"))):
            found += [{"path": file} for file in named]
            continue
        found.append({"hub" if isinstance(each, dict) and not local(path) and "/" in path else "path": path})
    return Known("parse_corpus", ("sources",), found or None, bool(found) and not strange,
                 "what the rows hold is seen by itself" if strange else "")  # fmt: skip


def loaded(data_files: Any) -> list[str]:
    """The files that `data_files` of the library datasets names for training: one, a list, or a map of splits."""
    given = data_files.get("train") or next(iter(data_files.values()), None) if isinstance(data_files, dict) else data_files
    listed = given if isinstance(given, list) else [given]
    files = [each for each in listed if isinstance(each, str) and each]
    return files if len(files) == len(listed) else []


def hub_rows(value: Any, beside: Mapping[str, Any]) -> Known:
    """A data set of the hub as a source, or a file where it looks like one."""
    exact = isinstance(value, str)
    return Known("parse_corpus", ("sources",), [{"path" if local(value) else "hub": value}] if exact else None, exact)


def marks(value: Any, beside: Mapping[str, Any]) -> Known:
    """Tokens to add, a list or one text with commas: behind a base's tokenizer, or in the tokenizer that is trained for a new model."""
    if isinstance(value, dict):  # axolotl's and transformers' map of the marks
        value = value.get("additional_special_tokens")
    listed = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(part, str) and part for part in listed):
        return Known("train", (), None, False, TOKENIZERS)
    model = beside.get("model")
    if any(name in beside for name in BASES) or (isinstance(model, dict) and "base" in model):
        return Known("train", ("add_tokens",), listed)
    if "steps" in beside:  # at the top of a recipe, where no model stands
        return Known(
            "train", (), None, False, "add_tokens of train adds tokens to a base, user_symbols of train_tokenizer to a new tokenizer"
        )
    return Known("train_tokenizer", ("user_symbols",), listed)


def more_tokens(value: Any, beside: Mapping[str, Any]) -> Known:
    """axolotl's tokens: a list of new ones; a number is elsewhere the length of a run."""
    if isinstance(value, list):
        return marks(value, beside)
    return Known("train", (), None, False, "the run's length is max_steps, each of total_batch_tokens: write max_steps")


def counted(name: str) -> Convert:
    """A number of steps, also as Composer writes it: 500ba are 500 steps, 8ep eight passes."""

    def convert(value: Any, beside: Mapping[str, Any]) -> Known:
        typed = (
            re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ba|batch(?:es)?|steps?|ep|epochs?|tok|tokens?|sp)", value.strip())
            if isinstance(value, str)
            else None
        )
        if typed is None:
            return Known("train", (name,), value)
        number: float = float(typed[1])
        if typed[2].startswith(("ba", "st")):
            return Known("train", (name,), int(number))
        if typed[2].startswith("ep") and name == "max_steps":
            return Known("train", ("num_train_epochs",), int(number) if number == int(number) else number)
        return Known("train", (), None, False, f"{name} counts optimizer steps, each of total_batch_size rows")

    return convert


def targets(value: Any, beside: Mapping[str, Any]) -> Known:
    """The layers that get an adapter: a switch, a word for all of them, or names."""
    if value is True or (isinstance(value, str) and value.strip().lower().replace("_", "-") in ("all", "all-linear", "linear")):
        return Known("train", (), None, False, "lora.target_modules is every linear layer when it is left out", delete=True)
    names = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    return Known("train", ("lora", "target_modules"), names)


def switched(path: str) -> Convert:
    """A switch of ours that another tool turns on by a word, too, as Unsloth's use_gradient_checkpointing: unsloth."""

    def convert(value: Any, beside: Mapping[str, Any]) -> Known:
        on = value.strip().lower() not in ("false", "no", "none", "") if isinstance(value, str) else value
        return Known("train", (path,), on)

    return convert


def resumed(value: Any, beside: Mapping[str, Any]) -> Known:
    """Where a training goes on from: a switch says what happens anyway, a folder is resume_from."""
    if isinstance(value, str) and value.lower() not in ("auto", "latest", "last", "true", "false", "allow", "must", "never", ""):
        return Known("train", ("resume_from", "path"), value)
    return Known("train", (), None, False, "a stopped run goes on by itself when it is run again", delete=True)
