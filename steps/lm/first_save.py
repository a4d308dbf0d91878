"""After the first step the model is written as at the end: what cannot be saved, or exported as the recipe asks, is known before hours."""

import copy
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import nn

from schemas import RecipeError
from steps.lm import adapters, checkpoint
from steps.lm.job import Job, token_ids, words_of
from steps.lm.quantized import is_quantized
from steps.text.tokenizers import TextTokenizer

EXPORT = "export_ollama"  # the step whose work is tried
COPIED = 2 << 30  # bytes of weights up to which adapters are merged in a copy: some seconds
COPIES = 3  # times its bytes that must be free: the copy, and what is written of it


WRAPPED = (".token_adapter", ".base_layer", ".modules_to_save.default")  # what peft puts into the name of a weight that stays
BESIDE = (".lora_", ".original_module.", ".trainable_tokens_")  # weights of peft's own, which merging dissolves


def _merged(name: str) -> str:
    """A weight's or a module's name when peft's adapters are merged."""
    for part in WRAPPED:
        name = name.replace(part, "")
    return name


class Shapes:
    """Names and shapes that a network with adapters will have when they are merged."""

    def __init__(self, network: nn.Module) -> None:
        named = {_merged(name): weight.shape for name, weight in network.named_parameters() if not any(part in name for part in BESIDE)}
        for name, module in network.named_modules():
            if is_quantized(module):  # a matrix in bytes has another shape than what it is merged into
                named[f"{_merged(name)}.weight"] = torch.Size((module.out_features, module.in_features))
        named |= {name: buffer.shape for name, buffer in network.named_buffers() if name in network.state_dict()}
        self._shapes = {name: tuple(shape) for name, shape in named.items()}

    def names(self) -> list[str]:
        """Of all tensors."""
        return list(self._shapes)

    def shape(self, name: str) -> tuple[int, ...]:
        """Of one of them."""
        return self._shapes[name]


def prove(job: Job, network: nn.Module, adapted: Any, words: TextTokenizer) -> None:
    """Write the model as at the end, read every tensor back, see that transformers has a place for each, and that GGUF has, if a step
    of the recipe will ask for it.

    Weights are converted for good, under adapters those of a merged copy; over a quantised base, or one too large for a copy, the names
    and shapes that merging will give. The folder is removed again. Raises RecipeError C020 for what does not read back, E001 to E004
    for what cannot be exported.
    """
    folder = job.context.keep / "proof"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        wrong = _adapter(adapted, folder) if adapted is not None else _model(network, folder, token_ids(words))
        if wrong:
            raise RecipeError("C020", f"after the first step the model was written and read back, and {wrong[0]} is not what it was",
                              fix="look at the disk that .recipe/store is on: it is full, or damaged")  # fmt: skip
        converted = _converted(job, network, adapted, words, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    job.context.event("save_proved", step=1, converted=converted)


def _adapter(adapted: Any, folder: Path) -> list[str]:
    from safetensors import safe_open

    adapters.save(adapted, folder)
    with safe_open(folder / "adapter_model.safetensors", framework="pt") as file:
        return [name for name in file.keys() if not bool(file.get_tensor(name).isfinite().all())]  # noqa: SIM118  no dict


def _model(network: nn.Module, folder: Path, ids: dict[str, int | None]) -> list[str]:
    from safetensors import safe_open
    from transformers import AutoConfig, AutoModelForCausalLM

    checkpoint.write_model(network, folder, ids)
    state = network.state_dict()
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        names = list(file.keys())
        wrong = [name for name in names if not torch.equal(file.get_tensor(name), state[name].detach().cpu().float())]
    with torch.device("meta"):
        opened = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder, local_files_only=True))
    return wrong + sorted(set(names) - set(opened.state_dict()))


def _converted(job: Job, network: nn.Module, adapted: Any, words: TextTokenizer, folder: Path) -> str:
    """What was made of the file that an export of the recipe will write, or why nothing was."""
    asked = job.context.readers.get(EXPORT)
    if asked is None:
        return f"nothing: no {EXPORT} step reads it"
    if find_spec("gguf") is None:
        return "nothing: the package gguf is not here"
    from steps.export.convert import convert, convertible

    quantization, rows = str(asked.get("quantization", "f16")), int(network.config.vocab_size)
    checkpoint.copy_tokenizer(words_of(job), folder)
    try:
        merged = _merged_copy(network, adapted) if adapted is not None else network
        if isinstance(merged, str):
            checkpoint.write_config(network, folder)
            count = convertible(folder, Shapes(network), words, rows=rows, quantization=quantization,
                                max_seq_length=job.params.max_seq_length)  # fmt: skip
            return f"{count} tensors have a place; not their values: {merged}"
        if merged is not network:
            checkpoint.write_model(merged, folder, token_ids(words))
        size = convert(folder, folder / "model.gguf", words, rows=rows, name="proof", quantization=quantization,
                       max_seq_length=job.params.max_seq_length, chat=job.params.objective == "sft")  # fmt: skip
        return f"{size} bytes"
    except RecipeError as error:
        message = f"{EXPORT} could not export what is trained here: {error.message}"
        fix = f"{error.fix}; or delete the {EXPORT} step" if error.fix else f"delete the {EXPORT} step"
        raise RecipeError(error.code, message, fix=fix) from error


def _merged_copy(network: nn.Module, adapted: Any) -> nn.Module | str:
    """A copy of the network, on the CPU, with its adapters merged; or why there is none."""
    if any(is_quantized(module) for module in network.modules()):
        return "the base is quantised"
    size = 4 * sum(p.numel() for p in network.parameters())
    device = next(network.parameters()).device
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    if size > COPIED or COPIES * size > free:
        return f"a merged copy has {size / 2**30:.1f} GiB, of {min(COPIED, free // COPIES) / 2**30:.1f} that it may have"
    merged: nn.Module = copy.deepcopy(adapted).to("cpu").float().merge_and_unload()
    return merged
