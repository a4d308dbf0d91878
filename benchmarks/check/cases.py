"""Recipes with one mistake each, made from two sound ones in a small project, and what `recipe check` says of them."""

import json
import os
import shutil
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BYTE_LETTERS = [chr(c) for c in [*range(33, 127), *range(161, 173), *range(174, 256)]] + [chr(256 + n) for n in range(68)]  # of ByteLevel
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LM = """\
recipe: small
target: t4
steps:
  - type: parse_corpus
    sources:
      - path: data/stories.jsonl
  - type: train_tokenizer
    vocab_size: 1000
  - type: tokenize_bin
  - type: train
    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4}
    max_steps: 1000
    total_batch_size: 16
    max_seq_length: 256
    learning_rate: 1e-3
  - type: validate_checkpoint
  - type: export_ollama
    name: small
"""
SFT = """\
recipe: tuned
target: rtx4090
steps:
  - type: parse_corpus
    sources:
      - path: data/chat.jsonl
  - type: check_vocab_consistency
    checkpoint: {path: models/base}
  - type: split_long
    max_tokens: 512
  - type: train
    objective: sft
    model: {base: {path: models/base}}
    method: lora
    lora: {r: 8, lora_alpha: 16}
    num_train_epochs: 3
    total_batch_size: 8
    max_seq_length: 512
    learning_rate: 2e-4
  - type: export_ollama
    name: tuned
"""


@dataclass(frozen=True)
class Case:
    """One mistake. recipe: the sound one it is made in. changes: texts to replace. files: by path below the project; a map is merged
    into the JSON that is there, a list becomes JSON lines, None takes the file away. environment: variables that are set."""

    family: str
    title: str
    recipe: str
    changes: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""  # the whole recipe, where it is no change of a sound one

    def text(self) -> str:
        """The recipe's text."""
        text = self.raw or self.recipe
        for old, new in self.changes.items():
            if old not in text:
                raise ValueError(f"{self.title}: {old!r} is not in the recipe")
            text = text.replace(old, new, 1)
        return text


@dataclass(frozen=True)
class Report(Case):
    """A failure from a public tracker. source: the thread. at: pieces of the lines that may be pointed at. says: a pattern of the words
    that name the cause. repair: texts to replace in the faulty recipe, which is then sound; mended: its files, where they differ; twin:
    false where only the machine can be mended."""

    source: str = ""
    at: str = ""
    says: str = ""
    repair: Mapping[str, str] = field(default_factory=dict)
    mended: Mapping[str, Any] | None = None
    twin: bool = True

    def sound(self) -> "Case":
        """The repaired recipe with its files."""
        text = self.text()
        for old, new in self.repair.items():
            if old not in text:
                raise ValueError(f"{self.title}: {old!r} is not in the faulty recipe")
            text = text.replace(old, new, 1)
        files = self.files if self.mended is None else self.mended
        return Case(self.family, self.title, self.recipe, files=files, raw=text)


def scaffold(folder: Path) -> None:
    """The project that the sound recipes are about: stories, conversations, and a small llama that a tokenizer goes with."""
    (folder / "data").mkdir(parents=True)
    shutil.copy(ROOT / "data" / "stories" / "en.jsonl", folder / "data" / "stories.jsonl")
    rows = [
        {"messages": [{"role": "user", "content": f"What is {n} and {n}?"}, {"role": "assistant", "content": f"It is {2 * n}."}]}
        for n in range(200)
    ]
    lines(folder / "data" / "chat.jsonl", rows)
    model(folder / "models" / "base")


def lines(path: Path, rows: list[Any]) -> None:
    """`rows` as JSON lines; a text is a line as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows), "utf-8")


def model(folder: Path, vocab_size: int = 300, width: int = 64) -> dict[str, tuple[int, ...]]:
    """A transformers folder of a llama with zeros for weights, whole enough for everything that is read without torch; their shapes."""
    folder.mkdir(parents=True)
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocab_size, "hidden_size": width,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 128, "rms_norm_eps": 1e-5,
        "max_position_embeddings": 2048, "tie_word_embeddings": False, "torch_dtype": "float16", "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip
    write(folder / "config.json", config)
    write(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": [2, 4]})
    special = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    added = [added_token(i, t) for i, t in enumerate(special)]
    vocab = {t: i for i, t in enumerate([*special, *BYTE_LETTERS])}
    vocab |= {f"Ġw{n}": n for n in range(len(vocab), vocab_size)}
    bpe = {"type": "BPE", "vocab": vocab, "merges": []}
    split = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    write(
        folder / "tokenizer.json",
        {"version": "1.0", "added_tokens": added, "pre_tokenizer": split, "decoder": {**split, "add_prefix_space": True}, "model": bpe},
    )
    write(
        folder / "tokenizer_config.json",
        {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<unk>", "add_bos_token": True,
         "model_max_length": 2048, "chat_template": CHATML, "tokenizer_class": "LlamaTokenizer"},
    )  # fmt: skip
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocab_size, width), "lm_head.weight": (vocab_size, width)}
    for n in range(2):
        at = f"model.layers.{n}."
        shapes |= {f"{at}self_attn.{p}_proj.weight": (width // (2 if p in "kv" else 1), width) for p in "qkvo"}
        shapes |= {f"{at}mlp.gate_proj.weight": (128, width), f"{at}mlp.up_proj.weight": (128, width)}
        shapes |= {f"{at}mlp.down_proj.weight": (width, 128), f"{at}input_layernorm.weight": (width,)}
        shapes |= {f"{at}post_attention_layernorm.weight": (width,)}
    shapes["model.norm.weight"] = (width,)
    safetensors(folder / "model.safetensors", shapes)
    return shapes


def added_token(number: int, text: str) -> dict[str, Any]:
    """A special token as tokenizer.json lists it."""
    switches = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": text, **switches, "special": True}


def safetensors(path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: str = "F16") -> None:
    """A safetensors file of zeros."""
    header: dict[str, Any] = {}
    at = 0
    for name, shape in shapes.items():
        size = 2
        for part in shape:
            size *= part
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(at))


def write(path: Path, data: Any) -> None:
    """A JSON file."""
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), "utf-8")


def put(folder: Path, files: Mapping[str, Any]) -> None:
    """Write, merge or take away files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        elif isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, "utf-8")
        elif isinstance(content, list):
            lines(path, content)
        elif "safetensors" in content:
            safetensors(path, content["safetensors"])
        else:
            before = json.loads(path.read_text("utf-8")) if path.exists() else {}
            write(path, {k: v for k, v in {**before, **content}.items() if v is not ...})


@contextmanager
def standing(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """In `folder`, with these variables set."""
    before, kept = os.getcwd(), dict(os.environ)
    os.chdir(folder)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(kept)


def findings(case: Case, folder: Path) -> list[Any]:
    """What `recipe check` says of the case in a project of its own."""
    from runner.judge import judge
    from runner.resolve import mean

    scaffold(folder)
    put(folder, case.files)
    (folder / "recipe.yaml").write_bytes(case.text().encode("utf-8"))
    with standing(folder, case.environment):
        return judge(mean(Path("recipe.yaml")))
