"""Which attention can run where: what `recipe check` says before a run and the run at its start, by one function. No torch."""

from typing import Any, Literal

from schemas.findings import RecipeError, RulePage
from schemas.machine import Machine
from schemas.model import ModelConfig

Kernel = Literal["sdpa", "eager", "flash_attention_2"]
FIELD = "attn_implementation"
FLASH = "flash_attention_2"
MODULE = "flash_attn"  # what it is imported as
INSTALL = "pip install --no-build-isolation flash-attn"
WIDEST_HEAD = 256  # that FlashAttention-2 takes; above WIDE_HEAD with dropout only data-center cards have its backward pass
WIDE_HEAD, DATA_CENTER = 192, (80, 90, 100)
# model_type whose attention has eager alone in transformers, for soft caps, sinks or biases that sdpa does not know
EAGER_ALONE = ("bloom", "codegen", "deepseek_v4", "gemma2", "gpt_neo", "gpt_neox_japanese", "gpt_oss", "gptj", "granite_swa",
               "granitemoe_swa", "mimo_v2_flash", "mpt", "openai-gpt", "vaultgemma", "xglm")  # fmt: skip
# model_type whose attention cannot be replaced by name, or which transformers has no FlashAttention-2 for
NO_FLASH = (*EAGER_ALONE, "bamba", "biogpt", "deepseek_v32", "doge", "falcon", "falcon_h1", "jamba", "llama4_text", "nemotron_h",
            "qwen3_5_text", "qwen3_next", "stablelm", "zamba", "zamba2")  # fmt: skip
STATES = ("mamba", "mamba2", "falcon_mamba", "mamba_hebbian")

ATTENTION_PAGES = (
    RulePage(
        "P105", "FlashAttention-2 on a card that it is not written for",
        "Its kernels are for NVIDIA cards of compute capability 8.0 and newer (Ampere, Ada, Hopper). On a T4 or V100 the first step ends "
        "with `FlashAttention only supports Ampere GPUs or newer`; on a CPU and on Apple's GPUs there is none. PyTorch's sdpa runs "
        "everywhere, computes the same and takes no more memory; on newer cards it has a flash kernel of its own.",
        wrong="target: t4\nmodel: {family: llama, d_model: 512, n_layers: 8}\nattn_implementation: flash_attention_2",
        right="target: t4\nmodel: {family: llama, d_model: 512, n_layers: 8}\nattn_implementation: sdpa",
        source="Dao-AILab/flash-attention#762; hiyouga/LlamaFactory#3508",
    ),
    RulePage(
        "P106", "FlashAttention-2 in fp32",
        "Its kernels are for bf16 and fp16; in fp32 they refuse the first batch.",
        wrong="target: a100-80\nmodel: {family: llama, d_model: 512, n_layers: 8}\nattn_implementation: flash_attention_2\nprecision: fp32",
        right="target: a100-80\nmodel: {family: llama, d_model: 512, n_layers: 8}\nattn_implementation: flash_attention_2\nprecision: bf16",
        source="Dao-AILab/flash-attention#622; huggingface/transformers#26066",
    ),
    RulePage(
        "P107", "heads too wide for FlashAttention-2",
        "It takes heads of up to 256. Above 192 and with dropout its backward pass needs the shared memory of a data-center card "
        "(A100, H100).",
        wrong="target: a100-80\nmodel: {family: llama, d_model: 1024, n_layers: 8, n_heads: 2}\nattn_implementation: flash_attention_2",
        right="target: a100-80\nmodel: {family: llama, d_model: 1024, n_layers: 8, n_heads: 8}\nattn_implementation: flash_attention_2",
        source="Dao-AILab/flash-attention README, supported head dimensions",
    ),
    RulePage(
        "P108", "FlashAttention-2 is not installed",
        "flash-attn is a package of its own that is built for one torch and one CUDA; it is no part of recipe.",
        wrong="attn_implementation: flash_attention_2   # and flash-attn is not installed",
        right="attn_implementation: sdpa",
        source="Dao-AILab/flash-attention README, installation",
    ),
    RulePage(
        "P109", "an attention for a network that has none",
        "A Mamba carries a state from token to token and attends to nothing: the key has no effect there.",
        wrong="model: {family: mamba, d_model: 512, n_layers: 12}\nattn_implementation: sdpa",
        right="model: {family: mamba, d_model: 512, n_layers: 12}",
        source="arXiv 2312.00752, section 3",
    ),
    RulePage(
        "P110", "an attention that this base model does not have",
        "Some models cap their scores, add biases to them, or have sinks, which sdpa or FlashAttention-2 cannot compute; transformers has "
        "eager alone for them, and refuses the others when it opens the model. flex_attention is none of ours: it trains on no CPU, and "
        "what it is taken for, documents that do not see each other in one row, the others do.",
        wrong="model: {base: {hub: google/gemma-2-2b}}\nattn_implementation: sdpa",
        right="model: {base: {hub: google/gemma-2-2b}}\nattn_implementation: eager",
        source="transformers, _supports_sdpa and _supports_flash_attn of each model",
    ),
    RulePage(
        "P111", "FlashAttention-2 gives something else than PyTorch",
        "Before the first step both compute one batch. Where loss or gradients differ by more than half precision explains, or the kernel "
        "fails, the package does not fit this torch or card.",
        source="Dao-AILab/flash-attention README, supported cards",
    ),
)  # fmt: skip


def used(asked: str, kind: str = "") -> Kernel | str:
    """What `asked` comes to for a base of that model_type, or for a new llama or gpt2: auto is sdpa wherever transformers has it."""
    if asked != "auto":
        return asked
    return "eager" if kind in EAGER_ALONE else "sdpa"


def chosen(asked: str, kind: str = "") -> dict[str, str]:
    """The key and its value for records of a training, empty where it asks for what it would get anyway."""
    return {} if used(asked, kind) == used("auto", kind) else {FIELD: asked}


def head_width(model: ModelConfig, config: dict[str, Any] | None = None) -> int:
    """Width of an attention head: as config.json says, else d_model / heads."""
    said = (config or {}).get("head_dim")
    return said if isinstance(said, int) and said > 0 else model.d_model // model.heads


def attention_dropout(model: ModelConfig, config: dict[str, Any] | None = None) -> float:
    """Share of the attention weights that training drops, under the names of llama and of GPT-2."""
    said = [(config or {}).get(name) for name in ("attention_dropout", "attn_pdrop")]
    return next((float(each) for each in said if isinstance(each, int | float)), model.dropout)


def refusals(
    asked: str, *, family: str, kind: str = "", machine: Machine, precision: str, width: int = 0, dropout: float = 0.0,
    missing: str = "",
) -> list[RecipeError]:  # fmt: skip
    """Why `asked` cannot run on `machine`, each reason an error; none when it can.

    kind: model_type of a base. precision: fp32, bf16 or fp16, as it will be. width: of a head, 0 where it is not known. missing: why
    flash-attn cannot be imported, empty when it can or when that is not known.
    """
    if asked == "auto":
        return []
    if family.startswith("mamba") or kind in STATES:
        return [_said("P109", f"{FIELD} has no effect in family {kind or family}: a Mamba attends to nothing", f"delete {FIELD}")]
    if (asked == "sdpa" and kind in EAGER_ALONE) or (asked == FLASH and kind in NO_FLASH):
        other = "eager" if kind in EAGER_ALONE else "sdpa"
        return [_said("P110", f"transformers has no {asked} for a {kind}", f"write {FIELD}: {other}")]
    return _flash_refusals(machine, precision, width, dropout, missing) if asked == FLASH else []


def _flash_refusals(machine: Machine, precision: str, width: int, dropout: float, missing: str) -> list[RecipeError]:
    name = machine.title or machine.name
    sdpa = f"write {FIELD}: sdpa"
    if machine.kind != "cuda":
        what = "Apple's GPUs" if machine.kind == "mps" else "a CPU"
        return [_said("P105", f"{FLASH} is for NVIDIA cards, and this training is for {what}", f"{sdpa}, which computes the same")]
    if not machine.flash:
        message = f"{FLASH} needs compute capability 8.0, {name} has {machine.capability / 10:.1f}"
        return [_said("P105", message, f"{sdpa}, which computes the same")]
    found = []
    if precision == "fp32":
        found.append(_said("P106", f"{FLASH} computes in bf16 and fp16, precision is fp32", f"write precision: bf16, or {FIELD}: sdpa"))
    if width > WIDEST_HEAD:
        found.append(_said("P107", f"{FLASH} takes heads of up to {WIDEST_HEAD}, these are {width} wide", sdpa))
    elif width > WIDE_HEAD and dropout and machine.capability not in DATA_CENTER:
        message = f"{FLASH} has no backward pass on {name} for heads of {width} with dropout"
        found.append(_said("P107", message, f"{sdpa}, or dropout: 0"))
    if missing:
        found.append(_said("P108", f"{FLASH} needs flash-attn, which {missing}", f"{INSTALL}, or {sdpa}"))
    return found


def _said(code: str, message: str, fix: str) -> RecipeError:
    return RecipeError(code, message, field=FIELD, fix=fix)
