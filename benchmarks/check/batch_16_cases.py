"""The recipes and files of the sixteenth batch: two trainings in a row, a library with PDFs, an encyclopedia, a Mamba that answers.

See batch_16. Each base is a sound recipe with the files that it needs beside the scaffold's.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from batch_9_cases import Base, talk
from batch_11_cases import pdf_bytes, tensors
from cases import BYTE_LETTERS, CHATML, SFT, Report, added_token

SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
TWO = Base(
    """\
recipe: twice
about: one training, and another that goes on where the first ended
target: l4
seed: 11
steps:
  - type: parse_corpus
    sources:
      - {path: data/stories.jsonl, lang: en}
  - type: train_tokenizer
    model: byte_bpe
    vocab_size: 900
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    id: first
    model: {family: llama, d_model: 192, n_layers: 4, n_heads: 6}
    learning_rate: 1e-3
    max_steps: 100
    total_batch_size: 8
    max_seq_length: 256
    warmup_steps: 10
    scheduler: constant
  - type: train
    id: second
    model: {family: llama, d_model: 192, n_layers: 4, n_heads: 6}
    resume_from: {step: first}
    learning_rate: 1e-3
    max_steps: 200
    total_batch_size: 8
    max_seq_length: 256
    warmup_steps: 10
    scheduler: constant
  - type: validate_checkpoint
    prompts: ["Once"]
  - type: export_ollama
    name: twice
""",
    {},
)
LIBRARY = Base(
    """\
recipe: library
about: a library's leaflets as PDFs, and its stories
target: a4000
steps:
  - type: parse_corpus
    id: shelf
    sources:
      - {path: leaflets/*.pdf, lang: en}
      - {path: data/stories.jsonl, lang: en}
  - type: train_tokenizer
    model: byte_bpe
    vocab_size: 900
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    id: reader
    model: {family: gpt2, d_model: 128, n_layers: 4, n_heads: 4, dropout: 0.1}
    num_train_epochs: 5
    batch_size: 8
    gradient_accumulation_steps: 1
    max_seq_length: 128
    learning_rate: 1e-3
    warmup_steps: 10
    eval_steps: 20
    save_steps: 40
  - type: validate_checkpoint
    weights: best
  - type: export_ollama
    name: library
    weights: best
    quantization: q8_0
""",
    {
        f"leaflets/{n:02}.pdf": pdf_bytes(f"Leaflet {n}: shelf {n * 7 % 23} holds {n * 5 + 3} books about rivers, open until {n % 5 + 15}.")
        for n in range(12)
    },
)
WIKI = Base(
    """\
recipe: ansiklopedi
about: a Mamba on a Turkish encyclopedia
target: t4
steps:
  - type: parse_corpus
    sources:
      - hub: wikimedia/wikipedia
        config: 20231101.tr
        revision: b04c8d1ceb2f5cd4588862100d08de323dccfbaa
        columns: {text: "{title}\\n{text}"}
        lang: tr
        take: 20000
  - type: train_tokenizer
    model: unigram
    vocab_size: 16000
  - type: check_vocab_consistency
  - type: tokenize_bin
    val_fraction: 0.01
  - type: train
    model: {family: mamba, d_model: 256, n_layers: 6}
    max_steps: 2000
    total_batch_size: 32
    max_seq_length: 512
    learning_rate: 1e-3
    warmup_steps: 100
  - type: validate_checkpoint
  - type: export_ollama
    name: ansiklopedi
""",
    {},
)


def template(text: str, folder: str = "models/base") -> dict[str, Any]:
    """A base model with this chat template."""
    return {f"{folder}/tokenizer_config.json": {"chat_template": text}}


def conversations(*shape: tuple[str, str]) -> list[dict[str, Any]]:
    """150 conversations of these roles; {n} in a text is the row's number."""
    return [talk(*((role, text.format(n=n, m=2 * n)) for role, text in shape)) for n in range(150)]


def _mamba() -> dict[str, Any]:
    config = {
        "architectures": ["MambaForCausalLM"], "model_type": "mamba", "vocab_size": 300, "hidden_size": 64, "state_size": 16,
        "num_hidden_layers": 2, "conv_kernel": 4, "expand": 2, "intermediate_size": 128, "time_step_rank": 4, "use_bias": False,
        "use_conv_bias": True, "hidden_act": "silu", "layer_norm_epsilon": 1e-5, "residual_in_fp32": True, "torch_dtype": "float16",
        "tie_word_embeddings": True, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
    }  # fmt: skip
    shapes: dict[str, tuple[int, ...]] = {"backbone.embeddings.weight": (300, 64), "backbone.norm_f.weight": (64,)}
    for n in range(2):
        at = f"backbone.layers.{n}."
        shapes |= {f"{at}norm.weight": (64,), f"{at}mixer.A_log": (128, 16), f"{at}mixer.D": (128,)}
        shapes |= {f"{at}mixer.conv1d.weight": (128, 1, 4), f"{at}mixer.conv1d.bias": (128,), f"{at}mixer.in_proj.weight": (256, 64)}
        shapes |= {f"{at}mixer.x_proj.weight": (36, 128), f"{at}mixer.dt_proj.weight": (128, 4), f"{at}mixer.dt_proj.bias": (128,)}
        shapes |= {f"{at}mixer.out_proj.weight": (64, 128)}
    split = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    vocab = {t: i for i, t in enumerate([*SPECIAL, *BYTE_LETTERS])}
    vocab |= {f"Ġw{n}": n for n in range(len(vocab), 300)}
    return {
        "models/mamba/config.json": config,
        "models/mamba/generation_config.json": {"bos_token_id": 1, "eos_token_id": [2, 4]},
        "models/mamba/model.safetensors": {"safetensors": shapes},
        "models/mamba/tokenizer.json": {
            "version": "1.0", "added_tokens": [added_token(i, t) for i, t in enumerate(SPECIAL)], "pre_tokenizer": split,
            "decoder": {**split, "add_prefix_space": True}, "model": {"type": "BPE", "vocab": vocab, "merges": []},
        },
        "models/mamba/tokenizer_config.json": {
            "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<unk>", "model_max_length": 2048,
            "chat_template": CHATML, "tokenizer_class": "PreTrainedTokenizerFast",
        },
    }  # fmt: skip


MAMBA = Base(
    SFT.replace("models/base", "models/mamba")
    .replace("recipe: tuned", "recipe: mambachat")
    .replace("target: rtx4090", "target: rtx3070")
    .replace("{r: 8, lora_alpha: 16}", "{r: 8, lora_alpha: 16, target_modules: [in_proj, x_proj]}")
    .replace("name: tuned", "name: mambachat"),
    _mamba(),
)
ORIGINAL_MAMBA = {  # as github.com/state-spaces/mamba saves one
    "d_model": 64, "n_layer": 2, "vocab_size": 300, "ssm_cfg": {}, "rms_norm": True, "residual_in_fp32": True, "fused_add_norm": True,
    "pad_vocab_size_multiple": 8,
}  # fmt: skip
GUARD = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
ALTERNATE = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)
SHAREGPT = (  # asks for the roles of another format, so it writes nothing of ours
    "{% for message in messages %}{% if message['role'] == 'human' %}{{ 'USER: ' + message['content'] + '\\n' }}"
    "{% elif message['role'] == 'gpt' %}{{ 'ASSISTANT: ' + message['content'] + eos_token + '\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT: ' }}{% endif %}"
)
UNENDED = (  # no mark ends an answer
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
SYSTEMLESS = CHATML.replace("{% for message in messages %}", "{% for message in messages if message['role'] != 'system' %}")
ODD_SPLIT = {
    "type": "Sequence",
    "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": "[A-Z]+|[a-z]{1,5}|\\d{1,2}|\\s|."}, "behavior": "Isolated", "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
    ],
}


def ids(numbers: Iterable[int]) -> bytes:
    """A flat file of uint16 ids."""
    numbers = list(numbers)
    return struct.pack(f"<{len(numbers)}H", *numbers)


def quantised() -> dict[str, Any]:
    """A base that was saved in four bits, as unsloth's -bnb-4bit folders are."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in tensors()["safetensors"].items():
        if "_proj." not in name:
            shapes[name] = shape
            continue
        size = shape[0] * shape[1]
        shapes |= {name: (size // 2, 1), f"{name}.absmax": (size // 64,), f"{name}.quant_map": (16,)}
        shapes[f"{name}.quant_state.bitsandbytes__nf4"] = (100,)
    config = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": "bfloat16"}
    return {"models/base/config.json": {"quantization_config": config}, "models/base/model.safetensors": {"safetensors": shapes}}


def adapter(folder: str) -> dict[str, Any]:
    """What peft and the Trainer leave behind: an adapter without its model."""
    at = "base_model.model.model.layers.{}.self_attn.{}_proj.lora_{}.weight"
    shapes = {at.format(n, p, s): (8, 64) if s == "A" else (64, 8) for n in range(2) for p in "qo" for s in "AB"}
    return {
        f"{folder}/adapter_config.json": {
            "peft_type": "LORA", "base_model_name_or_path": "models/base", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "o_proj"],
        },
        f"{folder}/adapter_model.safetensors": {"safetensors": shapes},
        f"{folder}/trainer_state.json": {"global_step": 300, "epoch": 2.0, "log_history": []},
    }  # fmt: skip


def bad(gap: str, family: str, base: Base, title: str, changes: Mapping[str, str], at: str, says: str, **more: Any) -> Report:
    """A failure. gap: the number that it stands for, and the thread. at: pieces of lines, parted by `|`. Its repair takes the changes
    back, and its extra files, unless others are given."""
    repair = more.pop("repair", None)
    files = more.pop("files", {})
    mended = more.pop("mended", {} if files else None)
    return Report(
        family, title, base.text, changes, {**base.files, **files}, source=f"gap cf-{gap}", at=at.replace("|", " | "), says=says,
        repair={new: old for old, new in changes.items()} if repair is None else repair,
        mended=None if mended is None else {**base.files, **mended}, **more,
    )  # fmt: skip


def line(gap: str, family: str, base: Base, title: str, text: str, at: str, says: str, **more: Any) -> Report:
    """A failure by one line more behind the learning rate."""
    rate = next(row + "\n" for row in base.text.split("\n") if "learning_rate" in row)
    return bad(gap, family, base, title, {rate: f"{rate}    {text}\n"}, at, says, **more)
