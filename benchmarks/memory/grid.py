"""The memory model against measured peaks: `python benchmarks/memory/grid.py [--write] [WORD…]`, each setting in a process of its own.

On a CPU the peak is that of live tensor bytes (tally.py), and beside it the growth of the process's resident memory; on a CUDA card
it is torch.cuda.max_memory_allocated. WORD chooses settings whose name holds it. With --write the table goes to cpu.md or cuda.md.
The exit code is 1 when a setting is more than 10 % off.
"""

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT)]

from schemas import ModelConfig  # noqa: E402
from schemas.training import LoraSettings  # noqa: E402
from steps.sizing.adapted import adapters_of, lora_parameters  # noqa: E402
from steps.sizing.budget import PARTS, evaluation_memory, training_memory  # noqa: E402
from steps.sizing.whole import whole_of  # noqa: E402

BOUND = 0.10
OBJECTS = 500_000  # bytes of a block that are no tensors: Python's modules, peft's among them, and autograd's nodes (0.2 to 0.8 MB)
MAPPED = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}  # large blocks go back to the system when freed
SMALL = {"d_model": 192, "n_layers": 3}
WIDE = {"d_model": 320, "n_layers": 2}
DEEP = {"d_model": 128, "n_layers": 8}
TABLE, TABLES = {"modules_to_save": ["embed_tokens"]}, {"modules_to_save": ["embed_tokens", "lm_head"]}
EAGER = {"attn_implementation": "eager"}


def setting(family: str, rows: int, length: int, vocabulary: int, size: dict[str, Any], precision: str = "fp32", *,
            method: str = "full", times: int = 1, lora: dict[str, Any] | None = None, train: dict[str, Any] | None = None,
            added: int = 0, document: int = 0, **model: Any) -> dict[str, Any]:  # fmt: skip
    """One line of the grid. times: micro-batches of a step. added: of the vocabulary, tokens whose rows are trained beside adapters.
    document: tokens of each document, where rows hold several; uneven ones when it is 0."""
    news = {name: value for name, value in (("added", added), ("document", document)) if value}
    more = "".join(f" {k}={v}" for k, v in {**model, **(lora or {}), **(train or {}), **news}.items())
    shape = f"{rows}x{length}" + (f"x{times}" if times > 1 else "")
    name = f"{family} {method} {precision} {shape} V{vocabulary} d{size['d_model']}L{size['n_layers']}{more}"
    params = {"batch_size": rows, "total_batch_size": rows * times, "max_seq_length": length, "precision": precision, **(train or {})}
    return {
        "name": name, "method": method, "lora": lora or {}, "train": params, "added": added, "document": document,
        "model": {"family": family, "vocab_size": vocabulary, **size, **model},
    }  # fmt: skip


def families() -> list[dict[str, Any]]:
    """Every family with both methods and precisions."""
    found = []
    for family in ("mamba", "mamba2", "llama", "gpt2"):
        found += [
            setting(family, 4, 256, 2000, SMALL),
            setting(family, 8, 128, 16000, SMALL, times=2),
            setting(family, 2, 512, 8000, WIDE, "bf16"),
            setting(family, 16, 128, 1000, DEEP, "bf16", times=2),
            setting(family, 4, 256, 4000, SMALL, method="lora"),
            setting(family, 2, 512, 8000, WIDE, "bf16", method="lora", lora={"r": 32}),
        ]
        found.append(setting(family, 4, 256, 2000, DEEP, times=2, train={"activation_checkpointing": True}))
    return found


def grid() -> list[dict[str, Any]]:
    """The settings: every family, the corners of batch, length and vocabulary, attention, tables that are trained, and the unusual."""
    return [
        *families(),
        setting("llama", 8, 256, 8000, SMALL, "bf16", train={"activation_checkpointing": True}),
        setting("llama", 4, 256, 16000, SMALL, train={"loss_chunk_tokens": 128}),
        setting("gpt2", 2, 128, 4000, WIDE, times=2, train={"optimizer": "muon"}),
        setting("llama", 2, 128, 4000, WIDE, times=2, train={"optimizer": "adamw_8bit"}),
        setting("mamba", 1, 1024, 4000, DEEP, d_state=64),
        setting("mamba_hebbian", 4, 256, 2000, DEEP, times=2),
        setting("mamba2", 3, 300, 4000, SMALL, d_state=64, head_dim=32),
        setting("llama", 2, 700, 32000, {"d_model": 256, "n_layers": 4}, n_heads=8, n_kv_heads=2, tie_embeddings=False),
        setting("llama", 32, 64, 500, WIDE, "bf16", times=2, d_ff=512),
        setting("gpt2", 1, 64, 50257, {"d_model": 256, "n_layers": 2}, "bf16", times=2),
        setting("gpt2", 6, 200, 3000, SMALL, tie_embeddings=False, n_heads=12),
        setting("llama", 4, 256, 4000, SMALL, method="lora", lora={"target_modules": ["q_proj", "v_proj"]}),
        *(setting(family, 4, 256, 2000, SMALL, train={"objective": "sft"}) for family in ("mamba", "mamba2", "llama", "gpt2")),
        setting("llama", 4, 256, 2000, SMALL, "bf16", method="lora", train={"objective": "sft"}),
        setting("llama", 4, 256, 2000, SMALL, train=EAGER),
        setting("llama", 2, 512, 8000, WIDE, "bf16", n_heads=8, n_kv_heads=2, train=EAGER),
        setting("gpt2", 2, 512, 4000, SMALL, times=2, n_heads=6, train=EAGER),
        setting("gpt2", 8, 128, 1000, DEEP, "bf16", train=EAGER),
        setting("llama", 2, 512, 2000, DEEP, n_heads=8, train={**EAGER, "activation_checkpointing": True}),
        setting("llama", 4, 256, 4000, SMALL, method="lora", train=EAGER),
        setting("llama", 4, 256, 2000, SMALL, dropout=0.1, train=EAGER),
        setting("gpt2", 4, 256, 2000, SMALL, "bf16", dropout=0.1, train=EAGER),
        setting("llama", 4, 256, 2000, SMALL, dropout=0.1),
        setting("gpt2", 4, 256, 2000, SMALL, "bf16", dropout=0.1),
        setting("llama", 2, 128, 16000, SMALL, method="lora", lora=TABLE),
        setting("llama", 2, 128, 16000, SMALL, method="lora", times=2, lora=TABLE),
        setting("llama", 2, 128, 16000, SMALL, method="lora", lora=TABLES, tie_embeddings=False),
        setting("llama", 2, 128, 16000, SMALL, "bf16", method="lora", times=2, lora=TABLES, tie_embeddings=False),
        setting("gpt2", 2, 128, 16000, SMALL, method="lora", lora={"modules_to_save": ["wte"]}),
        setting("llama", 2, 128, 16000, SMALL, "bf16", method="lora", added=8),
        setting("llama", 1, 32, 16000, SMALL, method="lora", times=2, added=8, tie_embeddings=False),
        *unusual(),
    ]


def unusual() -> list[dict[str, Any]]:
    """What few users ask for: eager attention on rows of several documents, DoRA, Muon, memories, checkpointing, long validation."""
    again = {"activation_checkpointing": True}
    apart, tuned, dora = {"packing": "documents"}, {"objective": "sft"}, {"use_dora": True}
    return [
        setting("llama", 4, 512, 2000, SMALL, document=64, train={**EAGER, **apart}),
        setting("llama", 4, 512, 2000, SMALL, document=512, train={**EAGER, **apart}),
        setting("gpt2", 4, 512, 2000, SMALL, "bf16", document=128, train={**EAGER, **apart}),
        setting("llama", 2, 512, 2000, SMALL, document=128, train={**EAGER, **apart, **again}),
        setting("llama", 4, 512, 2000, SMALL, document=512, train={**EAGER, **tuned}),
        setting("gpt2", 4, 512, 2000, SMALL, "bf16", document=128, train={**EAGER, **tuned}),
        setting("llama", 4, 512, 2000, SMALL, document=64, method="lora", train={**EAGER, **tuned, **again}),
        setting("llama", 4, 512, 2000, SMALL, document=64, dropout=0.1, train={**EAGER, **apart}),
        setting("llama", 4, 512, 2000, SMALL, document=64, train=apart),
        setting("gpt2", 4, 512, 2000, DEEP, "bf16", document=64, train={**apart, **again}),
        setting("mamba", 4, 512, 2000, SMALL, document=64, train=apart),
        setting("mamba2", 4, 256, 2000, DEEP, document=64, train={**apart, **again}),
        setting("llama", 4, 256, 2000, DEEP, method="lora", train={**tuned, **again}),
        setting("llama", 4, 256, 4000, SMALL, method="lora", lora=dora),
        setting("llama", 2, 512, 8000, WIDE, "bf16", method="lora", lora={**dora, "r": 32}),
        setting("gpt2", 4, 256, 4000, SMALL, method="lora", lora=dora),
        setting("mamba", 4, 256, 4000, SMALL, method="lora", lora=dora),
        setting("mamba2", 2, 512, 8000, WIDE, "bf16", method="lora", lora=dora),
        setting("llama", 4, 256, 4000, DEEP, method="lora", lora=dora, train={**tuned, **again}),
        setting("llama", 1, 64, 1000, {"d_model": 512, "n_layers": 3}, method="lora", lora=dora),
        setting("gpt2", 1, 64, 1000, {"d_model": 512, "n_layers": 3}, "bf16", method="lora", lora=dora),
        setting("llama", 4, 256, 4000, SMALL, method="lora", lora={"lora_dropout": 0.1}),
        setting("gpt2", 2, 256, 4000, SMALL, "bf16", method="lora", times=2, lora={"lora_dropout": 0.1}),
        setting("mamba", 4, 256, 4000, SMALL, method="lora", lora={"lora_dropout": 0.1}),
        setting("mamba2", 4, 256, 4000, SMALL, "bf16", method="lora", lora={"lora_dropout": 0.1}),
        setting("llama", 4, 256, 2000, DEEP, method="lora", lora={"layers": 2}),
        setting("mamba", 4, 256, 2000, DEEP, method="lora", lora={"layers": 2}),
        setting("llama", 4, 256, 2000, DEEP, method="lora", lora={"layers": 2}, added=8),
        setting("llama", 4, 256, 2000, DEEP, method="lora", lora={"layers": 2}, train=again),
        setting("llama", 4, 256, 4000, SMALL, "bf16", method="lora", lora={**dora, "lora_dropout": 0.1}),
        setting("llama", 2, 128, 4000, SMALL, method="lora", times=2, lora={"modules_to_save": ["norm", "embed_tokens"]}),
        setting("llama", 4, 256, 2000, DEEP, times=2, train={"optimizer": "muon"}),
        setting("mamba2", 2, 256, 2000, WIDE, "bf16", times=2, train={"optimizer": "muon"}),
        setting("llama", 1, 64, 2000, {"d_model": 384, "n_layers": 4}, train={"optimizer": "muon"}),
        setting("mamba", 4, 256, 2000, SMALL, dropout=0.1),
        setting("mamba2", 4, 256, 2000, SMALL, "bf16", dropout=0.1),
        setting("mamba_hebbian", 4, 128, 2000, SMALL, dropout=0.1),
        setting("mamba_hebbian", 8, 128, 2000, SMALL),
        setting("mamba_hebbian", 2, 300, 8000, WIDE, "bf16", times=2),
        setting("mamba_hebbian", 4, 256, 2000, DEEP, train=again),
        setting("mamba_hebbian", 4, 256, 4000, SMALL, method="lora"),
        setting("mamba_hebbian", 4, 256, 2000, SMALL, train=tuned),
        setting("llama", 2, 256, 4000, SMALL, train={"eval_batch_size": 64}),
        setting("gpt2", 2, 256, 4000, SMALL, "bf16", train={"eval_batch_size": 64}),
        setting("mamba", 2, 256, 4000, SMALL, train={"eval_batch_size": 64}),
        setting("mamba2", 2, 256, 4000, SMALL, "bf16", train={"eval_batch_size": 32}),
        setting("llama", 1, 1024, 2000, SMALL, train={**EAGER, "eval_batch_size": 16}),
        setting("llama", 2, 512, 2000, SMALL, document=512, method="lora", train={**tuned, **EAGER, "eval_batch_size": 32}),
        setting("llama", 2, 512, 2000, SMALL, method="lora", train={**tuned, "eval_batch_size": 32}),
        setting("gpt2", 2, 256, 2000, SMALL, "bf16", document=256, method="lora", train={**tuned, **EAGER, "eval_batch_size": 32}),
        setting("gpt2", 2, 256, 2000, SMALL, document=256, train={**tuned, "eval_batch_size": 64}),
        setting("mamba_hebbian", 2, 256, 4000, SMALL, train={"eval_batch_size": 64}),
    ]


def modelled(asked: dict[str, Any], kind: str, eval_batch_size: int) -> tuple[dict[str, int], dict[str, int]]:
    """Parts of training and of validation, as the forecast has them."""
    model, train, lora = ModelConfig.model_validate(asked["model"]), asked["train"], asked["lora"]
    adapters = adapters_of(LoraSettings.model_validate(lora), model)
    count = lora_parameters(model, adapters) if asked["method"] == "lora" else 0
    shared: dict[str, Any] = {"precision": train["precision"], "method": asked["method"], "lora_parameters": count, "kind": kind}
    one_by_one = train.get("objective") == "sft" or (train.get("packing") == "documents" and kind == "cpu")
    shared["documents"] = (asked["document"] or train["max_seq_length"]) if one_by_one else None
    shared["adapters"] = adapters
    times = train["total_batch_size"] // train["batch_size"]
    chunk, optimizer = train.get("loss_chunk_tokens", 1024), train.get("optimizer", "adamw")
    again = train.get("activation_checkpointing", False)
    shared["whole"] = whole_of(model, lora.get("modules_to_save") or (), asked["added"])
    shared |= {"loss_chunk_tokens": chunk, "optimizer": optimizer, "attention": train.get("attn_implementation", "sdpa")}
    training = training_memory(model, batch_size=train["batch_size"], length=train["max_seq_length"], accumulation=times,
                               checkpointing=again, **shared)  # fmt: skip
    return training, evaluation_memory(model, batch_size=eval_batch_size, length=train["max_seq_length"], **shared)


def measured(asked: dict[str, Any]) -> dict[str, Any]:
    """What child.py says of a setting with MAPPED, and on a CPU, for the first settings, its growth without. Raises RuntimeError with the
    last words of one that fails."""
    found = _child(asked, MAPPED)  # which a card does not know
    if found["device"] == "cpu":
        found |= {"mapped": found["resident"]}
        del found["resident"]
        if asked in families():
            found |= {"resident": _child(asked, {})["resident"]}
    return found


def _child(asked: dict[str, Any], more: dict[str, str]) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **more}
    done = subprocess.run([sys.executable, str(HERE / "child.py"), json.dumps(asked)], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{asked['name']}: {done.stderr.strip().splitlines()[-1:]}")
    return json.loads(done.stdout.splitlines()[-1])


def line(asked: dict[str, Any], found: dict[str, Any]) -> tuple[str, float, float, float]:
    """The row of the table, and how far training, validation and resident memory (0 on a card) are off."""
    card = found["device"] == "cuda"
    training, evaluation = modelled(asked, found["device"], found["eval_batch_size"])
    tensors, scored = (sum(parts[name] for name in PARTS) for parts in (training, evaluation))
    peak = found["allocated"] if card else found["tensors"]
    off, off_scored = tensors / peak - 1, scored / found["evaluation"] - 1
    parts = " ".join(f"{training[name] / 1e6:.0f}" for name in PARTS)
    cells = [
        asked["name"], f"{peak / 1e6:.1f}", f"{tensors / 1e6:.1f}", f"{off:+.1%}", parts, f"{found['evaluation'] / 1e6:.1f}",
        f"{scored / 1e6:.1f}", f"{off_scored:+.1%}",
    ]  # fmt: skip
    off_mapped = 0.0
    if not card:
        tensors += OBJECTS * asked["model"]["n_layers"]
        off_mapped = tensors / found["mapped"] - 1
        usual = [f"{found['resident'] / 1e6:.0f}", f"{found['resident'] / tensors:.2f}"] if "resident" in found else ["", ""]
        cells += [f"{found['mapped'] / 1e6:.0f}", f"{tensors / 1e6:.0f}", f"{off_mapped:+.0%}", *usual, f"{found['start'] / 1e6:.0f}"]
    return f"| {' | '.join(cells)} |", off, off_scored, off_mapped


def head(device: str) -> list[str]:
    """The table's beginning: on what it was made."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "peft"))
    made = f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {packages}, {platform.machine()}, one thread"
    what = "torch.cuda.max_memory_allocated" if device == "cuda" else "live tensor bytes, tallied at every operation"
    resident = [] if device == "cuda" else [
        "Resident: growth of the process's memory from before the network was made. One layer of it trained before, on rows of the same",
        "size, so libraries and what they keep (in bf16 oneDNN's kernel for each shape of a product) are in `start`, for which the",
        "allowance is. Twice: `mapped`, with glibc told to give large blocks back",
        f"({' '.join(f'{k}={v}' for k, v in MAPPED.items())}), against the modelled tensors and",
        f"{OBJECTS / 1e6:g} MB a block for objects that are no tensors; and, of the settings of every family at the beginning, as it is by",
        "default, in times of that model: too little by what glibc had kept of that one layer and gives out again.",
    ]  # fmt: skip
    more = "" if device == "cuda" else " mapped | modelled | off | by default | times | start |"
    return [
        f"# The memory model against measured peaks, {device}", "", f"Made by `python benchmarks/memory/grid.py --write`: {made}.", "",
        f"Measured: {what}, the highest of three optimizer steps. Sizes in MB (10^6 bytes).", *resident, "",
        f"| setting | measured | modelled | off | {', '.join(PARTS)} | validation | modelled | off |{more}",
        "|---|---:|---:|---:|---|---:|---:|---:|" + ("" if device == "cuda" else "---:|---:|---:|---:|---:|---:|"),
    ]  # fmt: skip


def main() -> int:
    """Run the grid, print the table, and keep it with --write."""
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    rows: list[str] = []
    errors: list[tuple[float, float, float]] = []
    device = "cpu"
    for asked in grid():
        if words and not any(word in asked["name"] for word in words):
            continue
        found = measured(asked)
        device = found["device"]
        row, *off = line(asked, found)
        print(row, flush=True)
        rows.append(row)
        errors.append(tuple(map(abs, off)))  # type: ignore[arg-type]
    said = [
        f"{name}: {sum(each <= BOUND for each in column)} of {len(column)} within {BOUND:.0%}, the largest is {max(column):.1%} off."
        for name, column in zip(("Training", "Validation", "Resident memory, mapped"), zip(*errors, strict=True), strict=True)
    ][: 2 if device == "cuda" else 3]
    print("\n".join(said))
    if "--write" in sys.argv:
        cuda = [] if device == "cuda" else ["", "On a CUDA card the same command writes cuda.md; no card was at hand when this was made."]
        (HERE / f"{device}.md").write_text("\n".join([*head(device), *rows, "", *said, *cuda, ""]), "utf-8")
    return 0 if all(each <= BOUND for row in errors for each in row[:2]) else 1


if __name__ == "__main__":
    sys.exit(main())
