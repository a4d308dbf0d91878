"""A model's folder with something wrong in one of its files: `recipe check` answers, and its tokenizer opens or says why it does not.

python benchmarks/fuzz/models.py [how many] [seed]

Needs RECIPE_TEST_DATA: the llama2.c model there, converted.
"""

import json
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

from broken import Met, wrong_bytes, wrong_data

from runner.cost import forecast
from runner.judge import judge
from runner.resolve import mean
from schemas import RecipeError
from steps.text.tokenizers import open_tokenizer

RECIPE = """recipe: tuned
target: {target}
steps:
  - type: parse_corpus
    sources: [{{path: rows.jsonl}}]
  - type: check_vocab_consistency
    checkpoint: {{path: model}}
  - type: split_long
    max_tokens: 64
  - type: plan
  - type: train
    model: {{base: {{path: model}}}}
    method: {method}
    objective: sft
    max_steps: 5
    total_batch_size: 2
    max_seq_length: 64
  - type: validate_checkpoint
  - type: export_ollama
    name: tuned
"""


def looked_at(file: Path) -> None:
    """All that `recipe check` does of it."""
    meant = mean(file)
    judge(meant)
    forecast(meant)


def main() -> bool:
    """Print what came out as a traceback; True when nothing did."""
    if not os.environ.get("RECIPE_TEST_DATA"):
        print("RECIPE_TEST_DATA is not set: there is no model to break")
        return False
    from steps.lm import llama2c

    count, seed = (int(sys.argv[at]) if len(sys.argv) > at else usual for at, usual in ((1, 300), (2, 1)))
    rng, met = random.Random(seed), Met()
    peer = Path(os.environ["RECIPE_TEST_DATA"]) / "models" / "stories260K"
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        sound, model, recipe = project / "sound", project / "model", project / "recipes" / "tuned.yaml"
        recipe.parent.mkdir()
        llama2c.convert(peer / "stories260K.bin", peer / "tok512.bin", sound)
        rows = [{"instruction": f"Say {number}", "output": f"It is {number}."} for number in range(40)]
        (project / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        for _ in range(count):
            shutil.rmtree(model, ignore_errors=True)
            shutil.copytree(sound, model)
            file = rng.choice(sorted(model.iterdir()))
            if file.suffix == ".json" and rng.random() < 0.8:
                data = json.loads(file.read_bytes())
                wrong_data(data, rng)
                file.write_text(json.dumps(data))
            else:
                file.write_bytes(wrong_bytes(file.read_bytes(), rng) if rng.random() < 0.9 else b"")
            method, target = rng.choice(("lora", "qlora", "full")), rng.choice(("t4", "here", "rtx4090"))
            recipe.write_text(RECIPE.format(method=method, target=target))
            given = f"{file.name}, seed {seed}\n{file.read_text('utf-8', 'replace')[:2000]}"
            met.run(lambda: looked_at(recipe), (), given)
            met.run(lambda: open_tokenizer(model).encode("Merhaba <s> dünya"), (RecipeError,), given)
    return met.report()


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
