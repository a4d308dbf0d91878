"""What was probably meant by a number that is out of its range. Loaded when there is one."""

import re
from math import isfinite
from typing import Any

from runner import swapped
from runner.numerals import Hint
from schemas.findings import Edit, RecipePath

UNSET = ("max_steps", "vocab_size", "eval_steps", "save_steps", "seed", "total_batch_size", "total_batch_tokens", "batch_size",
         "eval_batch_size", "gradient_accumulation_steps", "eval_tokens", "num_train_epochs", "take", "max_characters", "n_heads",
         "n_kv_heads", "d_ff", "d_state", "top_k", "num_ctx")  # fmt: skip
SHARES = ("val_fraction", "warmup_ratio", "lora_dropout", "dropout", "character_coverage", "top_p", "min_p", "memory_margin",
          "max_unknown_rate", "max_repeated_lines", "min_share")  # fmt: skip


def of_range(raw: Any, base: RecipePath, path: tuple[str | int, ...], value: Any) -> Hint:
    """For a number out of its range (K003)."""
    name, full = str(path[-1]) if path else "", base + path
    if name in ("recipe", "name", "id") and isinstance(value, str) and (plain := re.sub(r"[^A-Za-z0-9._-]+", "-", value).strip("-._")):
        return Hint(f"write {name}: {plain}; letters, digits, dots and dashes")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return Hint()
    if name in ("weight", "repeat") and value <= 0:
        return Hint("write a number above 0, or delete the source")
    if name == "warmup_ratio" and value >= 2 and value == int(value):
        share_too = f", or warmup_ratio: {value / 100:g} for {value:g} % of all steps" if value <= 50 else ""
        edits = () if share_too else (Edit("rename", full, int(value), "warmup_steps"),)
        return Hint(f"write warmup_steps: {int(value)}{share_too}", edits)
    if value > 1 and (exchanged := swapped.met(raw, base, path)).fix:
        return exchanged
    if name in SHARES and 1 < value <= 100:
        share = float(f"{value / 100:.6g}")
        return Hint(f"write {name}: {share:g}, a share and no percentage", (Edit("set", full, share),))
    if name == "max_grad_norm" and value <= 0:
        return Hint("write max_grad_norm: null, which never scales gradients", (Edit("set", full, None),))
    if name == "eval_tokens" and value < 0:
        return Hint("write eval_tokens: null, which takes all of the validation side", (Edit("set", full, None),))
    if name == "dry_run_steps" and value == 0:
        free = isinstance(raw, dict) and "skip_dry_run" not in raw
        edits = (Edit("rename", full, True, "skip_dry_run"),) if free else (Edit("delete", full),)
        return Hint("write skip_dry_run: true in its place, for no dry runs; or delete the line, for 3 steps", edits)
    if name == "repeat_penalty" and value <= 0:
        return Hint("write repeat_penalty: 1.0, which is no penalty", (Edit("set", full, 1.0),))
    if name in UNSET and value <= 0 and len(path) <= 2:
        return Hint("delete the line: it is not set then", (Edit("delete", full),))
    if name == "keep" and value <= 0:
        return Hint("write how many saves are kept, such as keep: 5")
    if name == "take" and value <= 0:
        return Hint("delete the line: all of it is taken then", (Edit("delete", full),))
    if name == "workers" and value <= 0:
        return Hint("write workers: auto", (Edit("set", full, "auto"),))
    if name == "similarity":
        return Hint("write similarity: 0.8")
    if name == "val_fraction" and value >= 1:
        return Hint("write val_fraction: 0.05")
    if name == "learning_rate" and value <= 0:
        return Hint(f"write learning_rate: {-value:g}" if value else "write learning_rate: 1e-3, or 2e-4 for an adapter")
    if name == "val_fraction" and value == 0:
        return Hint("write val_fraction: 0.01; a run without validation does not know when to stop")
    if name in ("r", "rank") and value <= 0:
        return Hint("write r: 8, or method: full without lora")
    return Hint()
