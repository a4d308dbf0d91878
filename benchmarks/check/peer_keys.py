"""What is said of the keys of other trainers' configurations: `python benchmarks/check/peer_keys.py [-v]` prints a Markdown table.

peer_keys.json holds the names of all fields, as their packages have them: axolotl 0.19, LLaMA-Factory 0.9.5, transformers 5.23, trl 1.16,
peft 0.21, litgpt, ms-swift, nanotron, torchtitan, torchtune, mlx-lm, autotrain, LLM Foundry, Unsloth, bitsandbytes, SentencePiece,
tokenizers, mamba-ssm. Each is put where it would stand in a recipe, and counts as unknown when nothing more than that is said of it (K001),
or only a word of ours that looks like it. With -v those are listed.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))
from cases import LM, SFT, Case, findings

SIZES = "    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4}\n"
LORA = "    lora: {r: 8, lora_alpha: 16}\n"
PLACES = {  # a recipe, and the line behind which a key stands
    "train": (SFT, "    learning_rate: 2e-4\n"),
    "source": (SFT, "      - path: data/chat.jsonl\n"),
    "lora": (SFT.replace(LORA, "    lora:\n      r: 8\n"), "      r: 8\n"),
    "model": (LM.replace(SIZES, "    model:\n      family: llama\n"), "      family: llama\n"),
    "mamba": (LM.replace(SIZES, "    model:\n      family: mamba2\n"), "      family: mamba2\n"),
    "quant": (SFT.replace("method: lora", "method: qlora").replace(LORA, "    quant:\n      bits: 4\n"), "      bits: 4\n"),
    "tokenizer": (LM, "    vocab_size: 1000\n"),
    "export": (LM, "    name: small\n"),
    "parameters": (f"{LM}    parameters:\n      top_k: 3\n", "      top_k: 3\n"),
}
AT_ONCE = 40  # keys in one recipe


def unknown(place: str, names: list[str]) -> list[str]:
    """The names of which nothing is said but that they are unknown."""
    text, line = PLACES[place]
    before = " " * (8 if place == "source" else len(line) - len(line.lstrip()))
    lost = []
    for start in range(0, len(names), AT_ONCE):
        part = names[start : start + AT_ONCE]
        changed = text.replace(line, line + "".join(f"{before}{name}: 1\n" for name in part), 1)
        rows = changed.split("\n")
        with tempfile.TemporaryDirectory() as folder:
            found = [f for f in findings(Case("", "", text, raw=changed), Path(folder) / "p") if f.code == "K001" and f.place is not None]
        lost += [name for f in found if f.place is not None and (name := rows[f.place.line - 1].strip().removesuffix(": 1")) in part]
    return lost


def main() -> None:
    """Print a row for each place and trainer."""
    keys = json.loads((Path(__file__).parent / "peer_keys.json").read_text("utf-8"))
    print("| keys of | in | number | only unknown |\n|---|---|---|---|")
    asked = missed = 0
    for place, trainers in keys.items():
        for trainer, names in trainers.items():
            lost = unknown(place, names)
            asked, missed = asked + len(names), missed + len(lost)
            print(f"| {trainer} | {place} | {len(names)} | {len(lost)} |")
            if "-v" in sys.argv and lost:
                print("   ", ", ".join(lost))
    print(f"| all | | {asked:,} | {missed} ({missed / asked:.1%}) |")


if __name__ == "__main__":
    main()
