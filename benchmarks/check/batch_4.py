# ruff: noqa: E501 - a case is one line
"""The fourth batch: more failures from public trackers, written after the third was mended and before any was tried.

In the form of the third, by the same hand, which had read the rules that the third one mended. At first sight: 23 of 28 found (82 %),
1 told, 4 missed; of 31 sound recipes none was alarmed.
"""

from batch_3_pretraining import BATCH, DATA, LM, SIZES, STEPS, STORIES, lm, train
from batch_3_tuning import BASE, LORA, base, sft
from cases import SFT, Case

# fmt: off
CASES = [
    train("schedule", "NVIDIA/Megatron-LM#176", "the lowest rate lies above the highest", "min_lr: 0.01", "min_lr|learning_rate", "min_lr: 0.0001"),
    lm("schedule", "bghira/SimpleTuner#365 and ylacombe/finetune-hf-vits#31", "no epoch at all", {STEPS: "    num_train_epochs: 0\n"}, "num_train_epochs", "more than 0|greater|above", {"num_train_epochs: 0": "num_train_epochs: 1"}),
    lm("schedule", "Janspiry/Palette-Image-to-Image-Diffusion-Models#43", "a number of documents where a share is asked", {"tokenize_bin\n": "tokenize_bin\n    val_fraction: 200\n"}, "val_fraction", "1|share", {"200": "0.1"}),
    lm("schedule", "barisozmen/deepaugment#32", "more text for validation than for training", {"tokenize_bin\n": "tokenize_bin\n    val_fraction: 0.9\n"}, "val_fraction", "train|half|validation", {"0.9": "0.1"}),
    lm("schedule", "huggingface/transformers#31870", "a cosine by its longer name", {STEPS: STEPS + "    scheduler: cosine_with_min_lr\n"}, "scheduler", "cosine", {"cosine_with_min_lr": "cosine"}),
    train("schedule", "huggingface/pytorch-image-models#1242", "warmup in epochs", "warmup_epochs: 20", "warmup_ratio|warmup_steps", ""),
    sft("schedule", "axolotl-ai-cloud/axolotl#999 and #1644", "patience, and no validation to be patient with", {"    num_train_epochs: 3\n": "    num_train_epochs: 3\n    early_stopping: {patience: 2}\n"}, "early_stopping | data/chat.jsonl", "validat|held", {"    early_stopping: {patience: 2}\n": ""}, files={"data/chat.jsonl": [{"instruction": f"Say {n}.", "output": f"It is {n}."} for n in range(12)]}),
    lm("model", "huggingface/transformers#48203", "eight heads, three for keys", {SIZES: "{family: llama, d_model: 256, n_layers: 4, n_heads: 8, n_kv_heads: 3}"}, "n_kv_heads: 3", "8|divide", {"n_kv_heads: 3": "n_kv_heads: 2"}),
    lm("model", "ImadSaddik/Train_Your_Language_Model_Course#11", "a width that its heads do not divide", {SIZES: "{family: llama, d_model: 250, n_layers: 4, n_heads: 4}"}, "n_heads: 4 | d_model: 250", "divide|multiple|250", {"d_model: 250": "d_model: 256"}),
    lm("mamba", "state-spaces/mamba#422", "a Mamba-2 too narrow for its heads", {SIZES: "{family: mamba2, d_model: 48, n_layers: 4}"}, "d_model: 48", "head_dim|64|divide", {"d_model: 48": "d_model: 256"}),
    lm("mamba", "fla-org/flash-linear-attention#499", "a Mamba-2 whose heads are not its width", {SIZES: "{family: mamba2, d_model: 512, n_layers: 4, n_heads: 8, head_dim: 64}"}, "n_heads: 8", "head|1,?024|16", {"n_heads: 8, ": ""}),
    lm("memory", "lm-sys/FastChat#399", "thirteen billion weights on a V100", {"target: t4": "target: v100", SIZES: "{family: llama, d_model: 5120, n_layers: 40, n_heads: 40}"}, "model:", "GiB|memory", {"d_model: 5120, n_layers: 40, n_heads: 40": "d_model: 256, n_layers: 4, n_heads: 4"}),
    lm("memory", "ml-explore/mlx#1406", "long rows, four at a time, on a Mac", {"target: t4": "target: m2-32gb", SIZES: "{family: llama, d_model: 2048, n_layers: 24, n_heads: 16}", BATCH: "    total_batch_size: 4\n    batch_size: 4\n", "max_seq_length: 256": "max_seq_length: 8192"}, "batch_size: 4 | model:", "GiB|memory", {"d_model: 2048, n_layers: 24, n_heads: 16": "d_model: 256, n_layers: 4, n_heads: 4", "max_seq_length: 8192": "max_seq_length: 256"}),
    train("keys", "unslothai/unsloth#25 and modelscope/ms-swift#1591", "longer rows by scaling positions", "rope_scaling: dynamic", "rope_scaling", ""),
    train("keys", "huggingface/trl#3526", "attention by name", "attn_implementation: flash_attention_2", "attention|attn", ""),
    train("keys", "tatsu-lab/stanford_alpaca#133", "bf16 as a switch", "bf16: true", "precision", "", at="bf16"),
    train("keys", "bmaltais/kohya_ss#1766", "an optimizer that is not offered", "optimizer: Lion8bit", "adamw", "optimizer: adamw"),
    train("keys", "kohya-ss/sd-scripts#375", "the 8-bit optimizer by its class", "optimizer: AdamW8bit", "adamw_8bit", "optimizer: adamw_8bit"),
    lm("ollama", "ollama/ollama-js#204", "a folder in the model's name", {"    name: small\n": "    name: untitled folder/roach3.0\n"}, "name: untitled", "name", {"untitled folder/roach3.0": "roach3.0"}),
    lm("ollama", "ollama/ollama#4285", "a name in other letters", {"    name: small\n": "    name: 模型\n"}, "name: 模型", "name", {"模型": "small"}),
    lm("paths", "unslothai/unsloth#1135", "a path as Windows writes it", {"data/stories.jsonl": "data\\stories.jsonl"}, "stories.jsonl", "/", {"data\\stories.jsonl": "data/stories.jsonl"}),
    lm("paths", "oobabooga/textgen#4325", "a file on another machine's drive", {"data/stories.jsonl": "F:/Text_Lab/datasets/t.json"}, "F:/Text_Lab", "not|no ", {"F:/Text_Lab/datasets/t.json": "data/stories.jsonl"}),
    base("paths", "huggingface/transformers#35782 and vllm-project/speculators#739", "weights that were being written when the machine stopped", {f"{BASE}/model.safetensors": b"\x40\x00\x00\x00\x00\x00\x00\x00{\"lm_head.weight\":{\"dtype\":\"F16\",\"shape\":[300,64],\"data_offsets\":[0,38400]}}"}, "cut|whole|short|bytes|header|end"),
    sft("data", "zhangnn520/chinese_llama_alpaca_lora#4", "one column twice in a row", {}, "data/chat.jsonl", "twice|input", files={"data/chat.jsonl": [*[f'{{"instruction": "Say {n}.", "input": "", "output": "It is {n}."}}' for n in range(150)], *[f'{{"instruction": "Say {n}.", "input": "a", "input": "b", "output": "It is {n}."}}' for n in range(50)]]}, mended={}),
    lm("data", "stanleylsx/entity_extractor_by_ner#44", "all texts in one line", {}, "data/stories.jsonl | tokenize_bin", "one document|validation", files={"data/stories.jsonl": [{"text": " ".join(r["text"] for r in STORIES)}]}, mended={"data/stories.jsonl": STORIES}),
    lm("data", "yyDing1/GNER#9", "a split by another of its names", {DATA: "    sources:\n      - {hub: data/set, split: valid}\n"}, "split: valid", "validation|train", {"split: valid": "split: validation"}, files={"data/set/train.jsonl": STORIES, "data/set/validation.jsonl": STORIES}),
    sft("template", "huggingface/alignment-handbook#93", "the tokenizer's settings were not saved with the model", {}, "models/base", "template|eos|tokenizer_config|end", files={f"{BASE}/tokenizer_config.json": None}, mended={}),
    sft("lora", "unslothai/unsloth#9331", "a module adapted and trained whole", {LORA: "lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, lm_head], modules_to_save: [lm_head]}"}, "modules_to_save | target_modules", "lm_head", {"target_modules: [q_proj, lm_head]": "target_modules: [q_proj]"}),
]
SOUND = [
    *(case.sound() for case in CASES if case.twin),
    Case("valid", "a table with empty cells, unslothai/unsloth#10813", SFT, {"data/chat.jsonl": "data/chat.csv"}, {"data/chat.csv": "instruction,input,output\n" + "".join(f"Double {n}.,,{2 * n}\n" if n % 2 else f"Double it.,{n},{2 * n}\n" for n in range(200))}),
    Case("valid", "a configuration that is the default", LM, {DATA: "    sources:\n      - {hub: data/set}\n"}, {"data/set/README.md": "---\nconfigs:\n- config_name: default\n  data_files:\n  - {split: train, path: a.jsonl}\n- config_name: tr\n  data_files: b.jsonl\n---\n", "data/set/a.jsonl": STORIES, "data/set/b.jsonl": STORIES}),
    Case("valid", "the first rows of a split", LM, {DATA: "    sources:\n      - {hub: data/set, split: train, take: 300}\n"}, {"data/set/a.jsonl": STORIES}),
]
# fmt: on
