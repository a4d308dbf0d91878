# ruff: noqa: E501 - a case is one line
"""The first held-back batch: mistakes of the families of the known failures, written down before any rule was tried on them.

Taken out since: a base with yarn, which is exported now.
"""

from cases import LM, SFT, Case

T = "  - type: train\n"


def lm(family: str, title: str, changes: dict[str, str] | None = None, **more) -> Case:
    return Case(family, title, LM, changes or {}, **more)


def sft(family: str, title: str, changes: dict[str, str] | None = None, **more) -> Case:
    return Case(family, title, SFT, changes or {}, **more)


def train(family: str, title: str, line: str, base: str = LM, **more) -> Case:
    """One more line in the train step."""
    return Case(family, title, base, {T: T + f"    {line}\n"}, **more)


def tune(family: str, title: str, line: str, **more) -> Case:
    return train(family, title, line, SFT, **more)


ROW = {"instruction": "Say hello", "output": "Hello"}
CASES = [
    # YAML
    lm("yaml", "quoted number", {"learning_rate: 1e-3": "learning_rate: '1e-3'"}),
    lm("yaml", "decimal comma", {"learning_rate: 1e-3": "learning_rate: 0,001"}),
    lm("yaml", "thousands separator", {"max_steps: 1000": "max_steps: 1,000"}),
    lm("yaml", "None of Python", {"learning_rate: 1e-3": "max_grad_norm: None"}),
    lm("yaml", "no space after the colon", {"max_steps: 1000": "max_steps:1000"}),
    lm("yaml", "tab as indentation", {"    max_steps: 1000": "\tmax_steps: 1000"}),
    lm("yaml", "key twice", {"max_steps: 1000": "max_steps: 1000\n    max_steps: 2000"}),
    lm("yaml", "bracket left open", {"n_heads: 4}": "n_heads: 4"}),
    lm("yaml", "quote left open", {"name: small": 'name: "small'}),
    lm("yaml", "glob that begins with a star", {"path: data/stories.jsonl": "path: *.jsonl"}),
    lm("yaml", "indented too little", {"    max_steps: 1000": "   max_steps: 1000"}),
    lm("yaml", "leading zero", {"recipe: small": "recipe: small\nseed: 010"}),
    lm("yaml", "typographic quotes", {"path: data/stories.jsonl": "path: \u201cdata/stories.jsonl\u201d"}),
    lm("yaml", "non-breaking space", {"    max_steps: 1000": "\u00a0\u00a0\u00a0 max_steps: 1000"}),
    lm("yaml", "colon inside plain text", {"recipe: small": "recipe: small\nabout: Turkish: the base"}),
    lm("yaml", "percent as number", {"learning_rate: 1e-3": "warmup_ratio: 5%"}),
    lm("yaml", "true for a word", {"learning_rate: 1e-3": "precision: true"}),
    lm("yaml", "two documents", {"steps:": "---\nsteps:"}),
    lm("yaml", "python tag", {"max_steps: 1000": "max_steps: !!python/int 1000"}),
    lm("yaml", "list item without dash space", {"  - type: tokenize_bin": "  -type: tokenize_bin"}),
    lm("yaml", "merge key of a missing anchor", {T: T + "    <<: *defaults\n"}),
    lm("yaml", "comment sign glued to a value that is cut", {"recipe: small": "recipe: small\nabout: phase #1 of two"}),
    # schema keys
    train("keys", "HF batch size", "per_device_train_batch_size: 8"),
    train("keys", "misspelt accumulation", "gradient_accumulation_step: 4"),
    train("keys", "axolotl sequence_len", "sequence_len: 512"),
    train("keys", "nanoGPT beta2", "beta2: 0.95"),
    train("keys", "HF adam_beta1", "adam_beta1: 0.9"),
    train(
        "keys",
        "HF neftune",
        "neftune_noise_alpha: 5",
    ),
    train("keys", "deepspeed", "deepspeed: ds_z3.json"),
    train("keys", "fsdp", "fsdp: full_shard"),
    train("keys", "litgpt log_interval nested", "train: {global_batch_size: 64}"),
    train("keys", "torchtune optimizer map", "optimizer: {_component_: torch.optim.AdamW, lr: 2e-5}"),
    train("keys", "llama-factory template", "template: llama3", SFT),
    train("keys", "unsloth random_state", "random_state: 3407"),
    train("keys", "label smoothing", "label_smoothing_factor: 0.1"),
    train("keys", "NeMo trainer", "trainer: {devices: 8}"),
    train("keys", "load best", "load_best_model_at_end: true"),
    train("keys", "metric for best", "metric_for_best_model: eval_f1"),
    train("keys", "num_generations of GRPO", "num_generations: 8"),
    lm("keys", "key of another step", {"vocab_size: 1000": "vocab_size: 1000\n    val_fraction: 0.1"}),
    lm("keys", "train params at the top", {"steps:": "max_steps: 500\nsteps:"}),
    lm("keys", "step type misspelt", {"type: train\n": "type: trian\n"}),
    lm("keys", "type called uses", {"- type: tokenize_bin": "- uses: tokenize_bin"}),
    # vocabulary
    lm("vocabulary", "rows fewer than pieces", {"family: llama,": "family: llama, vocab_size: 512,"}),
    lm("vocabulary", "minus one", {"family: llama,": "family: llama, vocab_size: -1,"}),
    sft("vocabulary", "base tokenizer larger than the embedding", files={"models/base/config.json": {"vocab_size": 290}}),
    sft("vocabulary", "config says -1", files={"models/base/config.json": {"vocab_size": -1}}),
    sft("vocabulary", "embedding rows differ from config", files={"models/base/config.json": {"vocab_size": 320}}),
    sft("vocabulary", "pad token added beyond the rows", files={"models/base/added_tokens.json": {"[PAD]": 300}}),
    sft("vocabulary", "eos of generation is no token", files={"models/base/generation_config.json": {"eos_token_id": 128009}}),
    sft("vocabulary", "vocab_size beside a base", {"{base: {path: models/base}}": "{base: {path: models/base}, vocab_size: 32000}"}),
    lm(
        "vocabulary",
        "tokenizer of another step",
        {"  - type: tokenize_bin\n": "  - type: tokenize_bin\n  - {type: train_tokenizer, id: other, vocab_size: 2000}\n"},
    ),
    # token dtype
    lm(
        "dtype",
        "uint16 with 100k pieces",
        {"- type: tokenize_bin": "- type: tokenize_bin\n    dtype: uint16", "vocab_size: 1000": "vocab_size: 100000\n    model: byte_bpe"},
    ),
    lm("dtype", "int32 asked", {"- type: tokenize_bin": "- type: tokenize_bin\n    dtype: int32"}),
    # tokenizer training
    lm("tokenizer", "50257 of little text", {"vocab_size: 1000": "vocab_size: 50257\n    model: unigram"}),
    lm("tokenizer", "fewer pieces than bytes", {"vocab_size: 1000": "vocab_size: 200\n    byte_fallback: true"}),
    lm("tokenizer", "coverage above one", {"vocab_size: 1000": "vocab_size: 1000\n    character_coverage: 99.95"}),
    lm("tokenizer", "symbol twice", {"vocab_size: 1000": "vocab_size: 1000\n    user_symbols: [<a>, <a>]"}),
    lm("tokenizer", "special token as user symbol", {"vocab_size: 1000": "vocab_size: 1000\n    user_symbols: [</s>]"}),
    lm("tokenizer", "wordpiece", {"vocab_size: 1000": "vocab_size: 1000\n    model: wordpiece"}),
    lm("tokenizer", "input_sentence_size", {"vocab_size: 1000": "vocab_size: 1000\n    input_sentence_size: 70000000"}),
    lm("tokenizer", "sample of 100 bytes", {"vocab_size: 1000": "vocab_size: 1000\n    sample_bytes: 100"}),
    # sequence length
    sft("length", "rows beyond the positions", {"max_seq_length: 512": "max_seq_length: 8192", "max_tokens: 512": "max_tokens: 8192"}),
    sft("length", "split longer than rows", {"max_tokens: 512": "max_tokens: 2048"}),
    sft(
        "length",
        "no split and long rows",
        {"  - type: split_long\n    max_tokens: 512\n": ""},
        files={
            "data/chat.jsonl": [{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "word " * 4000}]}] * 40
        },
    ),
    lm("length", "row longer than the data", {"max_seq_length: 256": "max_seq_length: 131072"}),
    lm(
        "length",
        "overlap as long as the piece",
        {"  - type: tokenize_bin": "  - {type: split_long, max_tokens: 256, overlap_tokens: 256}\n  - type: tokenize_bin"},
    ),
    lm("length", "length zero", {"max_seq_length: 256": "max_seq_length: 0"}),
    lm("length", "num_ctx beyond training", {"name: small": "name: small\n    parameters: {num_ctx: 32768}"}),
    # schedule, eval, save
    lm("schedule", "warm-up longer than the run", {"max_steps: 1000": "max_steps: 1000\n    warmup_steps: 2000"}),
    lm("schedule", "ratio in warmup_steps", {"max_steps: 1000": "max_steps: 1000\n    warmup_steps: 0.1"}),
    lm("schedule", "steps in warmup_ratio", {"max_steps: 1000": "max_steps: 1000\n    warmup_ratio: 100"}),
    lm("schedule", "eval interval beyond the end", {"max_steps: 1000": "max_steps: 1000\n    eval_steps: 5000"}),
    lm("schedule", "save interval beyond the end", {"max_steps: 1000": "max_steps: 1000\n    save_steps: 5000"}),
    lm("schedule", "share as eval_steps", {"max_steps: 1000": "max_steps: 1000\n    eval_steps: 0.25"}),
    lm("schedule", "unlimited keep as -1", {"max_steps: 1000": "max_steps: 1000\n    keep: -1"}),
    lm("schedule", "min_lr above", {"max_steps: 1000": "max_steps: 1000\n    min_lr: 1e-2"}),
    lm("schedule", "steps and epochs", {"max_steps: 1000": "max_steps: 1000\n    num_train_epochs: 3"}),
    lm("schedule", "max_steps -1", {"max_steps: 1000": "max_steps: -1"}),
    lm(
        "schedule",
        "batch larger than the data",
        {"max_steps: 1000": "num_train_epochs: 1", "total_batch_size: 16": "total_batch_size: 4096"},
    ),
    lm("schedule", "polynomial", {"max_steps: 1000": "max_steps: 1000\n    scheduler: polynomial"}),
    lm("schedule", "no validation share", {"- type: tokenize_bin": "- type: tokenize_bin\n    val_fraction: 0"}),
    lm("schedule", "share as percent", {"- type: tokenize_bin": "- type: tokenize_bin\n    val_fraction: 5"}),
    lm("schedule", "one document, no validation", files={"data/stories.jsonl": [{"text": "word " * 60000}]}),
    lm("schedule", "rate of 1", {"learning_rate: 1e-3": "learning_rate: 1.0"}),
    lm("schedule", "eval set smaller than a row", {"max_steps: 1000": "max_steps: 1000\n    eval_tokens: 10"}),
    # batch and world size
    lm(
        "batch",
        "three numbers that do not multiply",
        {"total_batch_size: 16": "total_batch_size: 16\n    batch_size: 8\n    gradient_accumulation_steps: 4"},
    ),
    lm("batch", "micro-batch above the total", {"total_batch_size: 16": "total_batch_size: 16\n    batch_size: 32"}),
    lm("batch", "total no multiple of micro", {"total_batch_size: 16": "total_batch_size: 16\n    batch_size: 5"}),
    lm("batch", "eight cards", {"target: t4": "target: {gpu: a100, count: 8}"}),
    lm("batch", "accumulation zero", {"total_batch_size: 16": "gradient_accumulation_steps: 0"}),
    lm("batch", "auto as batch", {"total_batch_size: 16": "batch_size: auto"}),
    lm("batch", "tokens fewer than a row", {"total_batch_size: 16": "total_batch_tokens: 128"}),
    sft("batch", "more rows a step than there are", {"total_batch_size: 8": "total_batch_size: 512"}),
    # precision and hardware
    lm("precision", "bf16 on a T4", {"learning_rate: 1e-3": "precision: bf16"}),
    lm("precision", "bf16 on a V100", {"learning_rate: 1e-3": "precision: bf16", "target: t4": "target: v100"}),
    lm("precision", "fp16 on a CPU", {"learning_rate: 1e-3": "precision: fp16", "target: t4": "target: here"}),
    lm("precision", "fp8", {"learning_rate: 1e-3": "precision: fp8"}),
    lm("precision", "unknown card", {"target: t4": "target: tesla-k80"}),
    lm("precision", "compile on Pascal", {"learning_rate: 1e-3": "compile: true", "target: t4": "target: p100"}),
    sft(
        "precision",
        "bf16 model in fp16",
        {"learning_rate: 2e-4": "precision: fp16"},
        files={"models/base/config.json": {"torch_dtype": "bfloat16", "model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"]}},
    ),
    lm("precision", "memory in MB", {"target: t4": "target: {gpu: t4, memory_gb: 16384}"}),
    # templates, masking, EOS
    sft("template", "answers empty", files={"data/chat.jsonl": [{"instruction": "a", "output": ""}] * 50}),
    sft("template", "no assistant turn", files={"data/chat.jsonl": [{"messages": [{"role": "user", "content": "a"}]}] * 50}),
    sft(
        "template",
        "roles of another tool",
        files={"data/chat.jsonl": [{"messages": [{"role": "Human:", "content": "a"}, {"role": "AI:", "content": "b"}]}] * 50},
    ),
    sft(
        "template",
        "two users in a row",
        files={
            "data/chat.jsonl": [
                {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, {"role": "assistant", "content": "c"}]}
            ]
            * 50,
            "models/base/tokenizer_config.json": {
                "chat_template": "{% for m in messages %}{% if (m['role']=='user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{{ m['content'] }}</s>{% endfor %}"
            },
        },
    ),
    sft(
        "template",
        "system message refused",
        files={
            "data/chat.jsonl": [
                {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]}
            ]
            * 50,
            "models/base/tokenizer_config.json": {
                "chat_template": "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{{ m['content'] }}</s>{% endfor %}"
            },
        },
    ),
    sft(
        "template",
        "template is no Jinja",
        files={"models/base/tokenizer_config.json": {"chat_template": "{% for m in messages %}{{ m['content'] }"}},
    ),
    sft(
        "template",
        "marks are no tokens",
        files={
            "models/base/tokenizer_config.json": {
                "chat_template": "{% for m in messages %}<start_of_turn>{{ m['role'] }}\n{{ m['content'] }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>assistant\n{% endif %}"
            }
        },
    ),
    sft("template", "base without template", files={"models/base/tokenizer_config.json": {"chat_template": ...}}),
    sft(
        "template",
        "no eos token",
        files={"models/base/tokenizer_config.json": {"eos_token": None}, "models/base/config.json": {"eos_token_id": None}},
    ),
    # datasets
    lm("data", "missing file", {"path: data/stories.jsonl": "path: data/story.jsonl"}),
    lm("data", "missing column", {"- path: data/stories.jsonl": "- {path: data/stories.jsonl, columns: {text: body}}"}),
    lm("data", "columns in other case", {"- path: data/stories.jsonl": "- {path: data/stories.jsonl, columns: {text: Text}}"}),
    sft(
        "data",
        "JSON array in .jsonl",
        files={"data/chat.jsonl": "[\n" + ",\n".join('{"instruction": "a", "output": "b"}' for _ in range(50)) + "\n]\n"},
    ),
    sft("data", "half of the rows have another shape", files={"data/chat.jsonl": [ROW, {"prompt": "x", "completion": "y"}] * 30}),
    sft("data", "messages as text", files={"data/chat.jsonl": [{"messages": "[{'role': 'user', 'content': 'a'}]"}] * 50}),
    sft(
        "data",
        "content is a list of parts",
        files={
            "data/chat.jsonl": [
                {
                    "messages": [
                        {"role": "user", "content": [{"type": "text", "text": "a"}]},
                        {"role": "assistant", "content": [{"type": "text", "text": "b"}]},
                    ]
                }
            ]
            * 50
        },
    ),
    sft("data", "null answers", files={"data/chat.jsonl": [{"instruction": "a", "output": None}] * 50}),
    sft("data", "broken lines", files={"data/chat.jsonl": ['{"instruction": "a", "output": "b"'] * 50}),
    sft("data", "empty file", files={"data/chat.jsonl": ""}),
    sft("data", "LFS pointer", files={"data/chat.jsonl": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"}),
    sft("data", "partial mapping", {"- path: data/chat.jsonl": "- {path: data/chat.jsonl, columns: {system: system}}"}),
    lm("data", "excel file", {"path: data/stories.jsonl": "path: data/a.xlsx"}, files={"data/a.xlsx": "PK"}),
    lm("data", "a path after hub", {"- path: data/stories.jsonl": "- hub: ./data/stories.jsonl"}),
    lm("data", "hub name as path", {"path: data/stories.jsonl": "path: roneneldan/TinyStories"}),
    # paths
    lm("paths", "backslashes", {"path: data/stories.jsonl": "path: data\\stories.jsonl"}),
    lm("paths", "Windows drive", {"path: data/stories.jsonl": "path: C:\\Users\\ada\\stories.jsonl"}),
    lm("paths", "variable of the shell", {"path: data/stories.jsonl": "path: $HOME/stories.jsonl"}),
    lm("paths", "case of the name", {"path: data/stories.jsonl": "path: Data/Stories.jsonl"}),
    lm("paths", "absolute path of another machine", {"path: data/stories.jsonl": "path: /mnt/nas/ada/stories.jsonl"}),
    lm("paths", "s3 address in path", {"path: data/stories.jsonl": "path: s3://bucket/stories.jsonl"}),
    sft("paths", "misspelt model folder", {"{base: {path: models/base}}": "{base: {path: models/bse}}"}),
    sft("paths", "no weights in the folder", files={"models/base/model.safetensors": None}),
    sft("paths", "only pickled weights", files={"models/base/model.safetensors": None, "models/base/pytorch_model.bin": "x"}),
    sft("paths", "no tokenizer in the folder", files={"models/base/tokenizer.json": None, "models/base/tokenizer_config.json": None}),
    sft(
        "paths",
        "adapter instead of a model",
        files={
            "models/base/config.json": None,
            "models/base/model.safetensors": None,
            "models/base/adapter_config.json": {"r": 8, "base_model_name_or_path": "x/y"},
            "models/base/adapter_model.safetensors": {"safetensors": {"a": (1,)}},
        },
    ),
    sft(
        "paths",
        "a shard is missing",
        files={
            "models/base/model.safetensors": None,
            "models/base/model-00001-of-00002.safetensors": {"safetensors": {"model.embed_tokens.weight": (300, 64)}},
            "models/base/model.safetensors.index.json": {
                "weight_map": {
                    "model.embed_tokens.weight": "model-00001-of-00002.safetensors",
                    "lm_head.weight": "model-00002-of-00002.safetensors",
                }
            },
        },
    ),
    sft(
        "paths",
        "weights are a pointer",
        files={"models/base/model.safetensors": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"},
    ),
    lm("paths", "misspelt variable of the environment", {"target: t4": "target: here"}, environment={"CUDA__VISIBLE_DEVICES": "1"}),
    # LoRA
    sft("lora", "c_attn on a llama", {"lora_alpha: 16": "lora_alpha: 16, target_modules: [c_attn]"}),
    sft("lora", "rank zero", {"r: 8": "r: 0"}),
    sft("lora", "lora with full", {"method: lora": "method: full"}),
    sft("lora", "no base", {"{base: {path: models/base}}": "{family: llama}"}),
    sft("lora", "all-linear as text", {"lora_alpha: 16": "lora_alpha: 16, target_modules: all-linear"}),
    sft("lora", "alpha forgotten at a large rank", {"r: 8, lora_alpha: 16": "r: 1024, lora_alpha: 1"}),
    sft("lora", "rank wider than the layer", {"r: 8": "r: 4096"}),
    sft("lora", "rate of full training", {"learning_rate: 2e-4": "learning_rate: 0.5"}),
    sft("lora", "adalora", {"method: lora": "method: adalora"}),
    sft("lora", "dropout in percent", {"lora_alpha: 16": "lora_alpha: 16, lora_dropout: 5"}),
    sft("lora", "norm as a target", {"lora_alpha: 16": "lora_alpha: 16, target_modules: [q_proj, input_layernorm]"}),
    # quantisation
    tune("quantisation", "4 bit and full training", "load_in_4bit: true"),
    sft("quantisation", "base is GPTQ", files={"models/base/config.json": {"quantization_config": {"quant_method": "gptq", "bits": 4}}}),
    sft(
        "quantisation",
        "base is bnb 4 bit",
        files={"models/base/config.json": {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}}},
    ),
    sft(
        "quantisation",
        "GGUF as base",
        {"{base: {path: models/base}}": "{base: {path: models/base/model.gguf}}"},
        files={"models/base/model.gguf": "GGUF"},
    ),
    sft(
        "quantisation",
        "hub name of a quantised model",
        {"{base: {path: models/base}}": "{base: {hub: TheBloke/Mistral-7B-v0.1-GPTQ, revision: main}}"},
    ),
    # GGUF, Ollama
    lm("gguf", "Q4_K_M", {"name: small": "name: small\n    quantization: Q4_K_M"}),
    lm("gguf", "int8", {"name: small": "name: small\n    quantization: int8"}),
    lm("gguf", "capital letters in the name", {"name: small": "name: My Model"}),
    lm(
        "gguf",
        "rows that fill no block",
        {
            "name: small": "name: small\n    quantization: q8_0",
            "d_model: 256, n_layers: 4, n_heads: 4": "d_model: 240, n_layers: 4, n_heads: 4",
        },
    ),
    sft(
        "gguf",
        "architecture that is not exported",
        files={"models/base/config.json": {"model_type": "glm", "architectures": ["GlmForCausalLM"]}},
    ),
    lm("gguf", "unigram with bytes", {"vocab_size: 1000": "vocab_size: 1000\n    model: unigram\n    byte_fallback: true"}),
    lm("gguf", "adapter separate", {"name: small": "name: small\n    adapter: separate"}),
    lm("gguf", "temperature 20", {"name: small": "name: small\n    parameters: {temperature: 20}"}),
    lm("gguf", "stop as text", {"name: small": "name: small\n    parameters: {stop: '</s>'}"}),
    lm("gguf", "TEMPLATE by hand", {"name: small": "name: small\n    template: '{{ .Prompt }}'"}),
    # resume
    train("resume", "resume flag", "resume_from_checkpoint: runs/x/checkpoint-500"),
    sft("resume", "base from a later step", {"{base: {path: models/base}}": "{base: {step: export_ollama}}"}),
    sft("resume", "base of a step that is not there", {"{base: {path: models/base}}": "{base: {step: pretrain}}"}),
    # packing and attention
    train("packing", "flash attention on a T4", "attn_implementation: flash_attention_2"),
    train("packing", "sample_packing", "sample_packing: true"),
    # mamba
    lm(
        "mamba",
        "width no multiple of heads",
        {"{family: llama, d_model: 256, n_layers: 4, n_heads: 4}": "{family: mamba2, d_model: 100, n_layers: 4, head_dim: 64}"},
    ),
    lm(
        "mamba", "heads in a mamba", {"{family: llama, d_model: 256, n_layers: 4, n_heads: 4}": "{family: mamba, d_model: 256, n_heads: 4}"}
    ),
    lm(
        "mamba",
        "convolution wider than the kernel",
        {"{family: llama, d_model: 256, n_layers: 4, n_heads: 4}": "{family: mamba, d_model: 256, d_conv: 8}"},
    ),
    lm(
        "mamba",
        "state larger than the kernel takes",
        {"{family: llama, d_model: 256, n_layers: 4, n_heads: 4}": "{family: mamba, d_model: 256, d_state: 512}"},
    ),
    lm("mamba", "family misspelt", {"{family: llama, d_model: 256, n_layers: 4, n_heads: 4}": "{family: mamba3, d_model: 256}"}),
    # disk, caches, memory
    lm(
        "disk",
        "keeps a thousand saves",
        {
            "max_steps: 1000": "max_steps: 100000\n    save_steps: 10\n    keep: 10000",
            "target: t4": "target: here",
            "d_model: 256, n_layers: 4, n_heads: 4": "d_model: 2048, n_layers: 24",
        },
    ),
    train("caches", "overwrite_cache", "overwrite_cache: true"),
    lm("memory", "a model too large for the card", {"d_model: 256, n_layers: 4, n_heads: 4": "d_model: 8192, n_layers: 48"}),
    lm(
        "memory",
        "validation batch too large",
        {
            "max_steps: 1000": "max_steps: 1000\n    eval_batch_size: 512",
            "vocab_size: 1000": "vocab_size: 50000\n    model: bpe",
            "max_seq_length: 256": "max_seq_length: 2048",
        },
    ),
    lm("memory", "micro-batch too large", {"total_batch_size: 16": "batch_size: 2048"}),
]
