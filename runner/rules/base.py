"""Base models: the folder is whole, its tokenizer and its embedding agree, and training, memory and export can use it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from runner.layouts import of_another
from runner.meant import StepMeant
from runner.modelfolder import INDEX, POINTER, TOKENIZERS, ModelFolder
from runner.rules import View, at, param, path, rule, say
from schemas.findings import Edit, Finding, RulePage, Severity
from steps.sizing.configs import refused

FOLDER = "config.json and the headers of the weights in the base's folder, or in the local hub cache"
QUANTISED_NAME = re.compile(
    r"[-_.](gptq|awq|gguf|ggml|exl[23]|int[48]|[248]bits?|bnb[-_]?4bit|n?v?fp[48]|nf4|w4a16|w8a(8|16)|mlx[-_]?[48]bit|aqlm|hqq|eetq|vptq|quip|"
    r"bitnet|marlin|torchao|q[2-8](_[0k](_[sml])?)?)\b|(?<=/)bitnet-b1",
    re.I,
)
MAMBA_SSM, CONVERTED = "state-spaces/mamba", ("-130m", "-370m", "-790m", "-1.4b", "-2.8b")  # huggingface.co/state-spaces


@rule(
    RulePage(
        "C040",
        "an adapter where a model should be",
        "The folder holds adapter_config.json and the weights of a LoRA, but not the model that they belong to. Training, export and "
        "conversion all want config.json and whole weights.",
        wrong="model: {base: {path: out/checkpoint-600}}   # only the adapter",
        right="model: {base: {path: models/llama}}   # the model that the adapter was trained on, or the merged one",
        source="ggml-org/llama.cpp#3109",
        needs=FOLDER,
    ),
    RulePage(
        "C041",
        "weights that are not whole",
        "A download that broke off, a clone without Git LFS, or a shard that was never copied: the loader finds out after everything "
        "else is in memory.",
        wrong="model: {base: {path: models/llama}}   # model-00002-of-00002.safetensors is missing",
        right="hf download owner/name --local-dir models/llama",
        source="Lightning-AI/litgpt#1352; huggingface/transformers#20287",
        needs=FOLDER,
    ),
)
def weights_are_whole(view: View) -> Iterator[Finding]:
    """C040: an adapter alone. C001: no safetensors. C041: a shard that is absent, cut off or a pointer of Git LFS."""
    for step, where, folder in view.bases:
        named = named_at(step.raw, where)
        if folder is None:
            yield from _of_mamba_ssm(step, where)
            continue
        if not folder.config:
            if "config.json" in folder:
                pointer = view.facts.head(folder.folder / "config.json", 64).startswith(POINTER)
                what, fix = ("a pointer of Git LFS, not the file", "git lfs pull") if pointer else ("no readable JSON", AGAIN)
                yield say("C002", step, named, f"{folder.name}/config.json is {what}", fix)
            elif folder.adapter:
                base = folder.adapter.get("base_model_name_or_path")
                fix = "name the merged model"
                if isinstance(base, str) and base and (view.facts.project / base) != folder.folder:
                    way = "path" if (view.facts.project / base).is_dir() else "hub"
                    fix = f"name the model that it adapts: {{{way}: {base}}}"
                yield say("C040", step, named, f"{folder.name} holds an adapter alone, without the model that it adapts", fix)
            continue
        if not folder.kind:
            message = f"{folder.name}/config.json names no model_type: transformers cannot tell what it is"
            fix = "name a folder that transformers saved, or write model_type into config.json"
            if "ssm_cfg" in folder.config or {"d_model", "n_layer"} <= folder.config.keys():
                message += "; it is the layout of mamba_ssm"
                fix = "take the model of the same name that ends in -hf, such as state-spaces/mamba-130m-hf"
            yield say("C002", step, named, message, fix)
            continue
        if step.type != "train" or named.endswith("hub"):
            continue  # only the tokenizer is wanted; what the cache lacks of a hub model is fetched
        if not folder.shards:
            pickles = [
                n for n in ("pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.00.pth", "tf_model.h5") if n in folder
            ]
            if at(step.raw, f"{where}.trust_pickle") is True and any(name.startswith("pytorch_model.bin") for name in pickles):
                continue
            message = f"{folder.name} holds no *.safetensors" + (f", only {pickles[0]}, which can run code" if pickles else "")
            gguf = next((p.name for p in view.facts.files(str(folder.folder)) if p.suffix == ".gguf"), "")
            if not pickles and gguf:
                message += f", only {gguf}, which cannot be trained"
            if not pickles and not gguf and (other := of_another(folder.folder, folder.name)) is not None:
                yield say("C001", step, named, f"{message}, and {other[0]}", other[1])
                continue
            trust = "write trust_pickle: true beside path if you trust who made it; only weights are read"
            fix = trust if pickles else "name the transformers folder, with its weights in *.safetensors"
            yield say("C001", step, named, message, fix)
        for name, reason in folder.broken[:1]:
            more = f", and {len(folder.broken) - 1} more" if len(folder.broken) > 1 else ""
            listed = f", which {INDEX} names," if INDEX in folder else ":"
            said = reason.removeprefix("it ") if INDEX in folder else reason
            fix = "git lfs pull" if "Git LFS" in reason else "fetch or copy the folder again"
            yield say("C041", step, named, f"{folder.name}/{name}{listed} {said}{more}", fix)


def _of_mamba_ssm(step: StepMeant, where: str) -> Iterator[Finding]:
    """C002: by its name, a checkpoint as mamba_ssm writes them; the same weights for transformers have a name that ends in -hf."""
    name = at(step.raw, f"{where}.hub")
    if not isinstance(name, str) or not name.startswith(MAMBA_SSM) or name.endswith("-hf"):
        return
    converted = name.removeprefix(MAMBA_SSM) in CONVERTED
    fix = f"write hub: {name}-hf" if converted else "take one that ends in -hf, such as state-spaces/mamba-130m-hf"
    sure = converted and at(step.raw, f"{where}.revision") is None  # a commit of the one is none of the other
    edits = (Edit("set", path(step, f"{where}.hub"), f"{name}-hf"),) if sure else ()
    message = f"{name} is a checkpoint of mamba_ssm itself: its config.json names no model_type, and transformers cannot open it"
    yield say("C002", step, f"{where}.hub", message, fix if sure or not converted else f"{fix}, without revision", edits=edits)


def named_at(raw: Any, where: str) -> str:
    """The dotted path of the name itself, `model.base.path` or `model.base.hub`."""
    return f"{where}.path" if at(raw, f"{where}.path") is not None else f"{where}.hub"


AGAIN = "fetch or copy the folder again"
SMALL = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt")


@rule()
def tokenizer_is_there(view: View) -> Iterator[Finding]:
    """T101: a base model's folder without a tokenizer that can be opened."""
    for step, where, folder in view.bases:
        named = named_at(step.raw, where)
        if folder is None or not folder.config or named.endswith("hub"):
            continue
        if (pointer := next((name for name in SMALL if view.facts.head(folder.folder / name, 64).startswith(POINTER)), "")) != "":
            yield say("T101", step, named, f"{folder.name}/{pointer} is a pointer of Git LFS, not the file", "git lfs pull")
            continue
        if any(file in folder for file in TOKENIZERS):
            if "tokenizer.json" in folder and not folder.json("tokenizer.json").get("model"):
                message = f"{folder.name}/tokenizer.json holds no tokenizer: it is empty, cut off or another file"
                yield say("T101", step, named, message, AGAIN)
            elif unknown := _unknown_without_row(folder):
                message = f"{folder.name}/tokenizer.json names {unknown} as its unknown token, which is not in its vocabulary"
                yield say("T101", step, named, message, "fetch the folder again, or add the token and its row")
            continue
        slow = next((file for file in ("vocab.json", "spiece.model", "sentencepiece.bpe.model", "vocab.txt") if file in folder), "")
        message = f"{folder.name} holds no tokenizer.json and no tokenizer.model" + (f", only {slow}" if slow else "")
        yield say("T101", step, named, message, "save the tokenizer into it: AutoTokenizer.from_pretrained(...).save_pretrained(FOLDER)")


def _unknown_without_row(folder: ModelFolder) -> str:
    """The unknown token where the vocabulary lacks it: `tokenizers` fails at the first text that needs it."""
    model = folder.json("tokenizer.json").get("model")
    unknown = model.get("unk_token") if isinstance(model, dict) else None
    return unknown if isinstance(unknown, str) and unknown and unknown not in folder.tokens else ""


@rule(
    RulePage(
        "V010",
        "the base model has no rows for all of its tokens",
        "A token was added to the tokenizer (a pad token, chat marks) and the embedding was not made larger: its id lies outside of "
        "the table. On a GPU this is a device-side assert; in an export a vocabulary of another size than the model.",
        wrong='added_tokens.json: {"[PAD]": 32000}   # config.json: "vocab_size": 32000',
        right="model.resize_token_embeddings(len(tokenizer)), then save both; or use a token that is there as pad",
        source="ggml-org/llama.cpp#6111; huggingface/peft#1300; huggingface/peft#1396; pytorch/torchtitan#1495",
        needs="tokenizer.json, added_tokens.json, config.json and the weights' headers",
    ),
    RulePage(
        "V011",
        "config.json and the weights count different rows",
        "vocab_size in config.json is not the number of rows of the stored embedding, or is no size at all. The loader refuses it, or "
        "fills the rest with random numbers.",
        wrong='config.json: "vocab_size": -1   # the embedding has 32000 rows',
        right='config.json: "vocab_size": 32000',
        source="ggml-org/llama.cpp#3900; karpathy/nanoGPT#121",
        needs=FOLDER,
    ),
    RulePage(
        "V012",
        "a special token that the vocabulary does not have",
        "config.json or generation_config.json names an id for begin, end or padding that no token has. Generation never stops, or "
        "reads outside of the table.",
        wrong='generation_config.json: "eos_token_id": 128009   # the vocabulary has 32000 tokens',
        right='generation_config.json: "eos_token_id": 2',
        source="meta-llama/llama3#42; huggingface/transformers#34055",
        severity="warning",
        needs="config.json, generation_config.json and the tokenizer",
    ),
)
def tokens_have_rows(view: View) -> Iterator[Finding]:
    """V010, V011, V012: tokenizer, embedding and special ids of a base model."""
    said: set[str] = set()
    for step, where, folder in view.bases:
        if folder is None or not folder.kind or folder.name in said:
            continue
        named = named_at(step.raw, where)
        size, stored, rows = folder.config.get("vocab_size"), folder.embedding_rows, folder.rows
        mistaken = "vocab_size" in folder.config and (not isinstance(size, int) or size <= 0)
        if mistaken or (stored is not None and isinstance(size, int) and size != stored):
            said.add(folder.name)
            has = f", its embedding has {stored:,} rows" if stored else ""
            fix = f'write "vocab_size": {stored or "and the rows of the embedding"} in {folder.name}/config.json'
            yield say("V011", step, named, f"{folder.name}/config.json says vocab_size {size}{has}", fix)
        elif rows is not None and folder.tokens and max(folder.tokens.values()) >= rows:
            said.add(folder.name)
            beyond = sorted(token for token, number in folder.tokens.items() if number >= rows)
            message = f"{folder.name} has rows for ids up to {rows - 1:,}, its tokenizer has ids up to {max(folder.tokens.values()):,}"
            message += f" ({', '.join(beyond[:3])}{', …' if len(beyond) > 3 else ''})"
            fix = "resize the model's embedding and save it again, or take the added tokens out of the tokenizer"
            if set(beyond) <= set(at(step.raw, "add_tokens") or ()):
                continue  # the training makes their rows
            if step.type == "train" and at(step.raw, "objective") == "sft":
                fix = f"write add_tokens: {json.dumps(beyond, ensure_ascii=False)}, which makes a row for each"
            yield say("V010", step, named, message, fix)
        elif rows is not None and (strange := _added_beyond(folder, rows)):
            said.add(folder.name)
            token, number = max(strange.items(), key=lambda each: each[1])
            message = f"{folder.name} has rows for ids up to {rows - 1:,}, its tokenizer_config.json adds {token} as id {number:,}"
            fix = "resize the model's embedding and save it again, or take it out of tokenizer_config.json"
            yield say("V010", step, named, message, fix, severity="warning")
        elif rows is not None:
            yield from _special_ids(step, named, folder, rows, said)
            yield from _special_names(step, named, folder, said)


def _added_beyond(folder: ModelFolder, rows: int) -> dict[str, int]:
    """Tokens that only tokenizer_config.json adds, and that have no row: training here does not know them, transformers does."""
    config = folder.json("tokenizer_config.json")
    listed, more = config.get("added_tokens_decoder"), config.get("additional_special_tokens", config.get("extra_special_tokens"))
    entries = listed.items() if isinstance(listed, dict) else ()
    found = {str(entry.get("content")): int(number) for number, entry in entries if isinstance(entry, dict) and str(number).isdigit()}
    if folder.tokens and isinstance(more, list):
        known = folder.tokens.keys() | found.keys()
        new = [name for name in dict.fromkeys(more) if isinstance(name, str) and name not in known]
        found |= {name: number for number, name in enumerate(new, max(*folder.tokens.values(), *found.values(), 0) + 1)}
    return {token: number for token, number in found.items() if number >= rows and token not in folder.tokens}


def _special_ids(step: Any, named: str, folder: ModelFolder, rows: int, said: set[str]) -> Iterator[Finding]:
    for file in ("config.json", "generation_config.json"):
        for role in ("eos", "bos", "pad"):
            value = folder.json(file).get(f"{role}_token_id")
            for number in value if isinstance(value, list) else [value]:
                if role == "pad" and file == "config.json" and refused(folder.config):
                    continue  # C046: no model is made
                if isinstance(number, int) and not isinstance(number, bool) and (number >= rows or number < (-1 if role == "pad" else 0)):
                    said.add(folder.name)
                    message = f"{folder.name}/{file} says {role}_token_id {number}, its vocabulary ends at {rows - 1:,}"
                    yield say("V012", step, named, message, "write the id of the token that ends an answer", severity="warning")
                    return


def _special_names(step: Any, named: str, folder: ModelFolder, said: set[str]) -> Iterator[Finding]:
    """V012: an end, begin or pad token by a name that the vocabulary lacks: transformers would give it a new id, without a row."""
    listed = folder.json("tokenizer_config.json").get("added_tokens_decoder")
    added = {entry.get("content") for entry in listed.values() if isinstance(entry, dict)} if isinstance(listed, dict) else set()
    for role, what in (("eos", "end"), ("bos", "begin"), ("pad", "pad")):
        name = folder.special.get(role)
        if name and folder.tokens and name not in folder.tokens and name not in added and name not in (at(step.raw, "add_tokens") or ()):
            said.add(folder.name)
            message = f"{folder.name}/tokenizer_config.json names {name} as its {what} token, which is not in its vocabulary"
            yield say("V012", step, named, message, "write the token that this tokenizer has", severity="warning")
            return


@rule()
def rows_fit_positions(view: View) -> Iterator[Finding]:
    """M101: rows longer than the positions that a base model has."""
    for step, _, folder in view.bases:
        length = view.row_length(step)
        limit = folder.positions if folder is not None else None
        if (
            step.type != "train"
            or folder is None
            or not isinstance(length, int)
            or not isinstance(limit, int)
            or length <= limit
            or limit < 1
        ):
            continue
        at_default = at(step.raw, "max_seq_length") is None
        edits = () if at_default else (Edit("set", path(step, "max_seq_length"), limit),)
        message = f"rows have {length:,} tokens, {folder.name} has {limit:,} positions"
        yield say("M101", step, "" if at_default else "max_seq_length", message, f"write max_seq_length: {limit}", edits=edits)


@rule(
    RulePage(
        "A110",
        "a base whose weights are quantised already",
        "The stored weights are 4 or 8 bits wide: they have no gradient, cannot be merged with an adapter, and cannot be written as "
        "GGUF. Start from the whole model of the same name; where memory is short, it is quantised while it is loaded. Matrices of "
        "integers, and scales beside them, tell it where config.json does not.",
        wrong="model: {base: {hub: TheBloke/Mistral-7B-v0.1-GPTQ}}",
        right="model: {base: {hub: mistralai/Mistral-7B-v0.1}}",
        source="unslothai/unsloth#241; hiyouga/LlamaFactory#6898; hiyouga/LlamaFactory#2974; ggml-org/llama.cpp#12551; ollama/ollama#6357",
        needs=FOLDER + "; where it cannot be looked at, its name",
    )
)
def base_is_whole(view: View) -> Iterator[Finding]:
    """A110: by quantization_config of config.json or the headers of the weights; a warning where only the name tells."""
    for step, where, folder in view.bases:
        if step.type != "train":
            continue
        named = named_at(step.raw, where)
        if folder is not None and folder.quantised:
            message = f"the weights of {folder.name} are quantised already ({folder.quantised})"
            yield say("A110", step, named, message, "name the model that it was made from")
        elif folder is None and named.endswith("hub") and (found := QUANTISED_NAME.search(str(at(step.raw, named)))):
            message = f"{at(step.raw, named)} is named like a quantised model (…{found[0]})"
            yield say("A110", step, named, message, "name the model that it was made from", severity="warning")


OVERFLOWS = ("gemma",)  # kinds whose activations lie beyond fp16's end: google/gemma_pytorch#24
MADE_IN_BF16 = re.compile(r"gemma|qwen-?[1-9]|mi[sx]tral|llama-?3|phi-?[34]|smollm", re.IGNORECASE)  # as their config.json says


@rule(
    RulePage(
        "P103",
        "a model made in bf16, trained in fp16",
        "bf16 reaches as far as fp32, fp16 ends at 65,504. Activations of models that were trained in bf16 (Qwen, Gemma, Phi, Mistral) "
        "overflow there: the loss becomes 0 or NaN, often without an error.",
        wrong="model: {base: {hub: Qwen/Qwen2-1.5B}}\nprecision: fp16",
        right="model: {base: {hub: Qwen/Qwen2-1.5B}}\nprecision: auto   # bf16 where the card has it",
        source="hiyouga/LlamaFactory#4278",
        severity="warning",
        needs=FOLDER + " and the target",
    )
)
def bf16_stays_bf16(view: View) -> Iterator[Finding]:
    """P103: fp16, written or taken by a card without bf16, on a base whose config says bfloat16, or whose name alone is known to."""
    machine = view.meant.target
    for step, where, folder in view.bases:
        if step.type != "train":
            continue
        hub = str(at(step.raw, f"{where}.hub") or "")
        called = folder.name if folder is not None else hub
        made = str(folder.config.get("dtype") or folder.config.get("torch_dtype") or "") if folder is not None else ""
        surely = folder.kind.startswith(OVERFLOWS) if folder is not None else any(kind in hub.lower() for kind in OVERFLOWS)
        asked = param(step, "precision")
        if "bfloat16" not in made and (folder is not None or not MADE_IN_BF16.search(hub) or (asked == "auto" and not surely)):
            continue
        if not (asked == "fp16" or (asked == "auto" and machine.kind == "cuda" and not machine.bf16)):
            continue
        message = f"{called} was made in bf16, fp16 ends at 65,504: its activations can overflow"
        if asked == "auto":
            name = machine.title or machine.name
            fix = "write precision: fp32, or choose a card with bf16" if surely else "look at the first losses: 0 or NaN means fp32"
            severity: Severity = "warning" if surely else "info"
            yield say("P103", step, where, f"{message}; {name} has no bf16", fix, severity=severity)
        else:
            better = "auto" if machine.bf16 else "fp32"
            edits = (Edit("set", path(step, "precision"), better),)
            yield say("P103", step, "precision", message, f"write precision: {better}", severity="warning", edits=edits)


@rule(
    RulePage(
        "H026",
        "what could not be looked at",
        "Rules about base models read config.json, the tokenizer and the headers of the weights. Of a hub model they are read from the "
        "local hub cache (HF_HOME, HF_HUB_CACHE); without it nothing can be said about it before the run.",
        wrong="model: {base: {hub: owner/name}}   # and recipe check",
        right="recipe check --online recipe.yaml   # fetches the small files once",
        source="axolotl-ai-cloud/axolotl#1571",
        severity="info",
        needs="the local hub cache",
    )
)
def bases_can_be_seen(view: View) -> Iterator[Finding]:
    """H026: a hub model that is not in the local cache."""
    said: set[str] = set()
    for step, where, folder in view.bases:
        name = at(step.raw, f"{where}.hub")
        if folder is None and isinstance(name, str) and name not in said and re.fullmatch(r"[\w-][\w.-]*(/[\w.-]+)?", name):
            said.add(name)
            message = f"{name} is not in the local hub cache: its tokenizer, sizes and weights were not looked at"
            yield say("H026", step, f"{where}.hub", message, "recipe check --online fetches the small files", severity="info")
