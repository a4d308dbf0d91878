"""Models made new from a ModelConfig, or opened from a transformers folder, in fp32 and with our Mamba mixer."""

import json
import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from schemas import ModelConfig, RecipeError
from steps.lm import hebbian, kernels, mamba, mamba2, transformer
from steps.lm.attention import words as attention_words
from steps.lm.frozen import halve, stored_dtype
from steps.lm.oom import out_of_memory
from steps.lm.quantized import stay_trainable
from steps.lm.shapes import sizes
from steps.lm.stored import loaded
from steps.sizing.configs import lacks_experts, refused, written
from steps.sizing.headers import differs, quantised
from steps.sizing.positions import positions_of
from steps.sizing.throughput import ONE_THREAD_PARAMETERS

PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
Ids = dict[str, int | None]  # pad_token_id, bos_token_id, eos_token_id


def build(model: ModelConfig, vocab_size: int, ids: Ids, max_seq_length: int, seed: int) -> nn.Module:
    """A new network with seeded weights, named as transformers names them. torch's generator is left as it was."""
    quiet()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if model.family == "mamba":
            network: Any = mamba.MambaForCausalLM(mamba.config(model, vocab_size, ids))
            mamba.initialise(network)
        elif model.family == "mamba_hebbian":
            network = hebbian.HebbianForCausalLM(hebbian.config(model, vocab_size, ids))
            hebbian.initialise(network)
        elif model.family == "mamba2":
            network = mamba2.Mamba2ForCausalLM(mamba2.config(model, vocab_size, ids))
            mamba2.initialise(network)
        elif model.family == "llama":
            network = transformer.LlamaForCausalLM(transformer.llama_config(model, vocab_size, ids, max_seq_length))
            transformer.initialise(network)
        else:
            network = transformer.GPT2LMHeadModel(transformer.gpt2_config(model, vocab_size, ids, max_seq_length))
            transformer.initialise(network)
    use_own_mixers(network)
    if model.dropout and model.family in ("mamba", "mamba2", "mamba_hebbian"):
        _drop_out(network, model.dropout)
    return network


def use_own_mixers(network: nn.Module) -> None:
    """Give the Mambas of transformers our mixers; weights and their names stay."""
    mamba.use_own_mixer(network)
    mamba2.use_own_mixer(network)


def _drop_out(network: nn.Module, share: float) -> None:
    """Residual dropout in training, which transformers' Mambas lack: on what each block adds to the stream (GPT-2's resid_pdrop)."""

    def drop(mixer: nn.Module, _: Any, out: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(out, share, mixer.training)

    for block in network.backbone.layers:
        block.mixer.register_forward_hook(drop)
        if hasattr(block, "hebbian"):
            block.hebbian.register_forward_hook(drop)


PICKLE_FIX = "write trust_pickle: true beside path if you trust who made it; only weights are read"
NO_RECIPE_FIX = "take the same model as safetensors; a recipe's base reads its weights with trust_pickle: true"


def open_model(folder: Path, *, field: str = "", half: torch.dtype | None = None, quantized: dict[str, Any] | None = None,
    trust_pickle: bool = False, attention: dict[str, Any] | None = None,
) -> nn.Module:  # fmt: skip
    """The causal language model in a transformers folder, in fp32; with `half` its matrices in that (see steps.lm.frozen).

    quantized: what steps.lm.quantized says of linear layers in 4 or 8 bits. attention: what steps.lm.attention says of from_pretrained.
    Raises RecipeError C001 when it holds no safetensors (a pickle can run code; with trust_pickle torch reads nothing but weights from
    it), A110 for weights that are quantised already, C003 for those of another config, C002 when transformers cannot open it.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    quiet()
    pickled = trust_pickle and not any(folder.glob("*.safetensors")) and any((folder / name).is_file() for name in PICKLED)
    if not pickled and not any(folder.glob("*.safetensors")):
        pickles = sorted(p.name for pattern in ("*.bin", "*.pt", "*.pth") for p in folder.glob(pattern))
        raise RecipeError(
            "C001",
            f"{folder.name} holds no *.safetensors" + (f", only {pickles[0]}, a pickle, which can run code" if pickles else ""),
            field=field,
            fix=(PICKLE_FIX if field else NO_RECIPE_FIX) if pickles else "name a folder with model.safetensors",
        )
    if not pickled:
        verify_headers(folder, field)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # each kind has checks of its own, and no exception in common
        raise _unopened(folder, field, error) from error
    try:
        if hasattr(config, "rescale_prenorm_residual"):
            config.rescale_prenorm_residual = False  # a trap: it would divide loaded weights too
        options: dict[str, Any] = {
            "config": config,
            "dtype": stored_dtype(folder) if half else torch.float32,
            "use_safetensors": not pickled,
            "trust_remote_code": False,
            **(quantized or {}),
            **(attention or {}),
        }
        network, info = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, output_loading_info=True, **options)
    except Exception as error:  # each kind computes with what its config says, and fails in its own way
        if out_of_memory(error):
            raise
        raise _unopened(folder, field, error) from error
    absent = [*info.get("missing_keys", []), *info.get("mismatched_keys", [])]
    if absent:
        raise RecipeError("C003", f"{folder.name} lacks weights, or has them in another shape: {few(absent)}", field=field,
                          fix="make or fetch the folder again")  # fmt: skip
    use_own_mixers(network)
    stay_trainable(network)
    if half is not None:
        halve(network, half)
    return network


def _unopened(folder: Path, field: str, error: Exception) -> RecipeError:
    if isinstance(error, pickle.UnpicklingError):  # torch's own words tell how to run what is in it
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        if named is None:
            message = f"the pickle in {folder.name} cannot be read as weights"
            return RecipeError("C002", message, field=field, fix="fetch it again, or take the same model as safetensors")
        message = f"the pickle in {folder.name} holds more than weights: {named[1]}, code that is not run"
        return RecipeError("C002", message, field=field, fix="take the same model as safetensors, from somebody you trust")
    said = " ".join(line.strip() for line in str(error).strip().splitlines()[:2]) or type(error).__name__
    return RecipeError("C002", f"transformers cannot open {folder.name}: {said}", field=field, fix="see the file it names")


def verify_headers(folder: Path, field: str) -> None:
    """Raise A110 or C003 by the headers of the files, in the words of `recipe check`; what cannot be read is left to transformers."""
    try:
        config, tensors = json.loads((folder / "config.json").read_text("utf-8")), loaded(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    if kind := quantised(config, tensors):
        message = f"the weights of {folder.name} are quantised already ({kind})"
        raise RecipeError("A110", message, field=field, fix="name the model that it was made from")
    if wrong := refused(config):
        raise RecipeError("C046", f"{folder.name}/config.json: {wrong.key} {wrong.said}", field=field, fix=written(wrong, "config.json"))
    if reason := differs(config, tensors) or lacks_experts(config, tensors):
        raise RecipeError("C003", f"{folder.name}: {reason}", field=field, fix="copy config.json and the weights from one place")


def fetch(hub: str, revision: str | None, *, field: str = "", trust_pickle: bool = False) -> Path:
    """The folder of a hub model in the local hub cache, fetched when it is not there; pickled weights only where there are no others.

    Raises RecipeError H010 when it cannot be had.
    """
    from huggingface_hub import snapshot_download

    try:
        patterns = ["*.safetensors", "*.json", "*.model", "*.jinja", "merges.txt", "vocab.txt"]
        folder = Path(snapshot_download(hub, revision=revision, allow_patterns=patterns))
        if trust_pickle and not any(folder.glob("*.safetensors")):
            folder = Path(snapshot_download(hub, revision=revision, allow_patterns=[*patterns, "pytorch_model*.bin"]))
        return folder
    except Exception as error:  # network, login, name: the hub client has a tree of exceptions and wraps others
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RecipeError("H010", f"{hub} cannot be fetched: {first}", field=field,
                          fix="check the name and the network, or name a folder on disk: base: {path: ...}") from error  # fmt: skip


def sizes_of(network: nn.Module) -> ModelConfig:
    """The sizes of an opened model. Raises RecipeError C002 for one whose config does not say them."""
    try:
        return sizes(network.config.to_dict())
    except ValueError as error:
        message = f"a {network.config.model_type} is of a shape that recipe does not know: {str(error).splitlines()[0]}"
        raise RecipeError("C002", message, field="model.base", fix="take a base whose config.json says its width and its layers") from error


def parameter_count(network: nn.Module) -> int:
    """Parameters as torch counts them, tied ones once."""
    return sum(p.numel() for p in network.parameters())


def longest_input(network: nn.Module) -> int | None:
    """Positions that the network has, None where it has no limit (Mamba)."""
    return positions_of(network.config.to_dict())


OWN = {"mamba": "own scan in PyTorch", "mamba2": "own chunked scan in PyTorch"}
MEMORY = "; Hebbian memory in chunks of matrix products"


def path(network: nn.Module, device: torch.device) -> str:
    """Which code computes the network on `device`, and why, in words."""
    kind = network.config.model_type
    if kind == hebbian.FAMILY:
        return kernels.path(device, "mamba", OWN["mamba"]) + MEMORY
    if kind in OWN and mamba.activated_by_silu(network):
        return kernels.path(device, kind, OWN[kind])
    if kind in OWN:
        return f"transformers' {kind}, activated by {network.config.hidden_act}, on {device.type}"
    return f"transformers' {kind}, attention by {attention_words(network)} on {device.type}"


def verify_kernels(network: nn.Module, precision: str) -> None:
    """Compare a Mamba's kernels with our own code on one batch in `precision`, where they import: only where they agree are they used
    from then on, and `path` says what came of it."""
    mixer = next((m for m in network.modules() if isinstance(m, (mamba.ScanMixer, mamba2.SsdMixer))), None)
    if mixer is not None:
        kernels.verify(mixer, "mamba2" if isinstance(mixer, mamba2.SsdMixer) else "mamba", precision)


def device() -> torch.device:
    """The first CUDA device, Apple's, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def scans_stay_eager() -> None:
    """Let torch.compile pass by our scans and convolutions: it would unroll their loops over time, minutes for each new length."""
    for module, name in ((mamba, "selective_scan"), (mamba, "causal_conv"), (mamba2, "causal_conv"), (hebbian, "fast_weights")):
        function = getattr(module, name)
        if not hasattr(function, "passed_by"):
            wrapped = torch.compiler.disable(function)
            wrapped.passed_by = True
            setattr(module, name, wrapped)


@contextmanager
def fitting_threads(network: nn.Module) -> Iterator[None]:
    """Run a small network on one CPU thread: its operations are too short to share, and two threads that wait for each other on a
    busy machine are slower than one by far. So its sums, and with them its bytes, do not depend on the number of cores either.
    """
    before = torch.get_num_threads()
    if parameter_count(network) <= ONE_THREAD_PARAMETERS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def quiet() -> None:
    """Keep transformers, and bitsandbytes that peft loads, from writing to the terminal: warnings of ours go through the context."""
    import logging

    from transformers.utils import logging as theirs

    theirs.set_verbosity_error()
    theirs.disable_progress_bar()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a transformers folder. Raises RecipeError C002 when it is missing or damaged."""
    try:
        return json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError("C002", f"{folder.name} holds no readable config.json", fix="name a transformers folder") from error


def few(names: list[Any], most: int = 3) -> str:
    """The first of `names`, and how many more there are; none where there is none."""
    shown = ", ".join(str(name) for name in names[:most]) or "none"
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
