# ruff: noqa: E501 - a case is one line
"""The second held-back batch, written after the rules were improved on the first and before any was tried on this one.

Several follow threads of public trackers: Unity-Technologies/ml-agents#2579, huggingface/trl#6668, state-spaces/mamba#643,
hiyouga/LlamaFactory#3125, ollama/ollama#8363, NVIDIA/NeMo-Aligner#57, 2U1/Qwen-VL-Series-Finetune#135. Taken out since: a card that is
known now, and a base with a window longer than its rows, which is exported.
"""

from cases import LM, SFT, Case

T = "  - type: train\n"
BASE = "{base: {path: models/base}}"
SIZES = "{family: llama, d_model: 256, n_layers: 4, n_heads: 4}"


def lm(family: str, title: str, changes: dict[str, str] | None = None, **more) -> Case:
    return Case(family, title, LM, changes or {}, **more)


def sft(family: str, title: str, changes: dict[str, str] | None = None, **more) -> Case:
    return Case(family, title, SFT, changes or {}, **more)


def train(family: str, title: str, line: str, **more) -> Case:
    return Case(family, title, LM, {T: T + f"    {line}\n"}, **more)


def tune(family: str, title: str, line: str, **more) -> Case:
    return Case(family, title, SFT, {T: T + f"    {line}\n"}, **more)


def chats(n: int, *turns: tuple[str, str]) -> list:
    return [{"messages": [{"role": role, "content": content} for role, content in turns]}] * n


CASES = [
    # YAML
    lm("yaml", "float steps of ml-agents", {"max_steps: 1000": "max_steps: 5.0e4"}),
    lm("yaml", "fraction of a step", {"max_steps: 1000": "max_steps: 1000.5"}),
    lm("yaml", "number with a unit", {"max_seq_length: 256": "max_seq_length: 256 tokens"}),
    lm("yaml", "2k as a length", {"max_seq_length: 256": "max_seq_length: 2k"}),
    lm("yaml", "rate as an expression", {"learning_rate: 1e-3": "learning_rate: 1/1000"}),
    lm("yaml", "python power", {"learning_rate: 1e-3": "learning_rate: 10**-3"}),
    lm("yaml", "minus of another font", {"learning_rate: 1e-3": "learning_rate: 1e\u22123"}),
    lm(
        "yaml",
        "True in quotes",
        {"- type: validate_checkpoint": "- type: split_long\n    max_tokens: 256\n    analyze_only: 'True'\n  - type: validate_checkpoint"},
    ),
    lm(
        "yaml",
        "map where a list stands",
        {"    sources:\n      - path: data/stories.jsonl": "    sources:\n      path: data/stories.jsonl"},
    ),
    lm("yaml", "text where a list stands", {"    sources:\n      - path: data/stories.jsonl": "    sources: data/stories.jsonl"}),
    lm("yaml", "steps as a map", {"steps:\n  - type: parse_corpus": "steps:\n  parse_corpus:"}, raw=""),
    lm("yaml", "equals sign", {"max_steps: 1000": "max_steps = 1000"}),
    lm("yaml", "json with a trailing brace", {SIZES: "{family: llama, d_model: 256, n_layers: 4, n_heads: 4}}"}),
    lm("yaml", "missing comma in a flow map", {SIZES: "{family: llama d_model: 256, n_layers: 4}"}),
    lm("yaml", "value on the wrong level", {"    max_steps: 1000": "      max_steps: 1000"}),
    lm("yaml", "empty value", {"max_steps: 1000": "max_steps:"}),
    lm("yaml", "block text where a number stands", {"max_steps: 1000": "max_steps: |\n      1000"}),
    lm("yaml", "wide colon", {"max_steps: 1000": "max_steps\uff1a 1000"}),
    lm("yaml", "a bell in the text", {"recipe: small": "recipe: small\nabout: a\x07b"}),
    lm("yaml", "windows backslash in double quotes", {"path: data/stories.jsonl": 'path: "data\\stories.jsonl"'}),
    lm("yaml", "unknown variable", {"max_seq_length: 256": "max_seq_length: ${block}"}),
    lm("yaml", "variable of omegaconf", {"max_seq_length: 256": "max_seq_length: ${oc.env:LEN}"}),
    lm("yaml", "hydra list of defaults", {"recipe: small": "recipe: small\ndefaults: [base, _self_]"}),
    lm("yaml", "at sign", {"name: small": "name: @small"}),
    lm("yaml", "negative batch", {"total_batch_size: 16": "total_batch_size: -16"}),
    lm("yaml", "list in place of a rate", {"learning_rate: 1e-3": "learning_rate: [1e-3, 1e-4]"}),
    # keys
    train("keys", "eval_strategy", "eval_strategy: steps"),
    train("keys", "lr_scheduler_type", "lr_scheduler_type: cosine"),
    train("keys", "nested optimizer of torchtune", "optimizer_cfg: {lr: 2e-5}"),
    train("keys", "compile", "torch_compile: true"),
    train("keys", "dropout at the wrong level", "dropout: 0.1"),
    train("keys", "d_model outside of model", "d_model: 512"),
    train("keys", "vocab_size outside of model", "vocab_size: 32000"),
    train("keys", "weight decay misspelt", "weight_decy: 0.1"),
    train("keys", "warmup_step", "warmup_step: 100"),
    train("keys", "accelerate", "num_machines: 2"),
    train("keys", "axolotl datasets", "datasets: [{path: data.jsonl, type: alpaca}]"),
    train("keys", "megatron tensor parallel", "tensor_model_parallel_size: 2"),
    train("keys", "hf hub push", "push_to_hub: true"),
    train("keys", "DPO beta", "beta: 0.1"),
    train("keys", "dashes in a key", "weight-decay: 0.1"),
    train("keys", "capital letters in a key", "Learning_Rate_Max: 0.1"),
    tune("keys", "camel case", "maxSteps: 100"),
    tune("keys", "mlx fine_tune_type", "fine_tune_type: lora"),
    tune("keys", "mlx lora_parameters", "lora_parameters: {rank: 8, scale: 20.0}"),
    tune("keys", "peft config", "peft_config: {r: 8}"),
    tune("keys", "llama-factory finetuning_type", "finetuning_type: freeze"),
    tune("keys", "unsloth response only", "train_on_responses_only: true"),
    lm("keys", "two steps of one type", {"  - type: tokenize_bin\n": "  - type: tokenize_bin\n  - type: tokenize_bin\n"}),
    lm("keys", "name of a source", {"      - path: data/stories.jsonl": "      - {path: data/stories.jsonl, name: stories}"}),
    lm("keys", "export format", {"name: small": "name: small\n    format: gguf"}),
    lm("keys", "a missing required key", {"    sources:\n      - path: data/stories.jsonl\n": ""}),
    # vocabulary
    lm("vocabulary", "embedding one row short", {"family: llama,": "family: llama, vocab_size: 999,"}),
    lm("vocabulary", "vocabulary of llama copied", {"family: llama,": "family: llama, vocab_size: 32000,"}),
    lm(
        "vocabulary",
        "checked against a folder of another model",
        {
            "  - type: validate_checkpoint\n": "  - type: check_vocab_consistency\n    checkpoint: {path: models/gone}\n  - type: validate_checkpoint\n"
        },
    ),
    sft("vocabulary", "lm_head of another size", files={"models/base/config.json": {"vocab_size": 128256}}),
    sft("vocabulary", "chat marks added by hand", files={"models/base/added_tokens.json": {"<|user|>": 300, "<|assistant|>": 301}}),
    sft("vocabulary", "pad id beyond the table", files={"models/base/config.json": {"pad_token_id": 32000}}),
    sft("vocabulary", "negative eos", files={"models/base/generation_config.json": {"eos_token_id": -100}}),
    sft("vocabulary", "no vocab_size in config", files={"models/base/config.json": {"vocab_size": None}}),
    # dtype of tokens
    lm("dtype", "uint8", {"- type: tokenize_bin": "- type: tokenize_bin\n    dtype: uint8"}),
    lm("dtype", "numpy name", {"- type: tokenize_bin": "- type: tokenize_bin\n    dtype: np.uint16"}),
    # tokenizer
    lm("tokenizer", "vocabulary in thousands", {"vocab_size: 1000": "vocab_size: 32k"}),
    lm("tokenizer", "vocabulary of 10", {"vocab_size: 1000": "vocab_size: 10"}),
    lm("tokenizer", "coverage of one half", {"vocab_size: 1000": "vocab_size: 1000\n    character_coverage: 0.5"}),
    lm("tokenizer", "normalization nfd", {"vocab_size: 1000": "vocab_size: 1000\n    normalization: nfd"}),
    lm("tokenizer", "fallback with byte_bpe", {"vocab_size: 1000": "vocab_size: 1000\n    model: byte_bpe\n    byte_fallback: true"}),
    lm("tokenizer", "empty symbol", {"vocab_size: 1000": "vocab_size: 1000\n    user_symbols: ['']"}),
    lm("tokenizer", "symbols as text", {"vocab_size: 1000": "vocab_size: 1000\n    user_symbols: <a>,<b>"}),
    lm("tokenizer", "special tokens of HF", {"vocab_size: 1000": "vocab_size: 1000\n    special_tokens: [<pad>]"}),
    lm("tokenizer", "model_prefix", {"vocab_size: 1000": "vocab_size: 1000\n    model_prefix: out/tok"}),
    lm("tokenizer", "at_most misspelt", {"vocab_size: 1000": "vocab_size: {atmost: 1000}"}),
    # length
    sft(
        "length",
        "positions of gpt2",
        {"max_seq_length: 512": "max_seq_length: 4096", "max_tokens: 512": "max_tokens: 4096"},
        files={"models/base/config.json": {"max_position_embeddings": 1024}},
    ),
    lm("length", "rows with a negative length", {"max_seq_length: 256": "max_seq_length: -1"}),
    lm("length", "pieces of ten tokens", {"  - type: tokenize_bin": "  - {type: split_long, max_tokens: 10}\n  - type: tokenize_bin"}),
    sft(
        "length",
        "question longer than the window",
        {"max_seq_length: 512": "max_seq_length: 64", "  - type: split_long\n    max_tokens: 512\n": ""},
        files={"data/chat.jsonl": chats(40, ("user", "please " * 300), ("assistant", "yes"))},
    ),
    lm("length", "context of a million", {"name: small": "name: small\n    parameters: {num_ctx: 1040000}"}),
    sft("length", "context beyond the base", {"name: tuned": "name: tuned\n    parameters: {num_ctx: 1040000}"}),
    # schedule, eval, save
    lm("schedule", "warm-up of all steps", {"max_steps: 1000": "max_steps: 1000\n    warmup_steps: 1000"}),
    lm("schedule", "warm-up ratio of one", {"max_steps: 1000": "max_steps: 1000\n    warmup_ratio: 1.0"}),
    lm("schedule", "both warm-ups", {"max_steps: 1000": "max_steps: 1000\n    warmup_steps: 10\n    warmup_ratio: 0.1"}),
    lm("schedule", "negative warm-up", {"max_steps: 1000": "max_steps: 1000\n    warmup_steps: -1"}),
    lm("schedule", "constant with min_lr", {"max_steps: 1000": "max_steps: 1000\n    scheduler: constant\n    min_lr: 1e-5"}),
    lm("schedule", "eval_steps zero", {"max_steps: 1000": "max_steps: 1000\n    eval_steps: 0"}),
    lm("schedule", "saving every step", {"max_steps: 1000": "max_steps: 1000\n    save_steps: 0.1"}),
    lm("schedule", "no epochs", {"max_steps: 1000": "num_train_epochs: 0"}),
    lm("schedule", "epochs and a warm-up longer than they are", {"max_steps: 1000": "num_train_epochs: 1\n    warmup_steps: 5000"}),
    lm("schedule", "expected after the end", {"max_steps: 1000": "max_steps: 1000\n    expect: {5000: {train_loss: [2, 3]}}"}),
    lm("schedule", "band upside down", {"max_steps: 1000": "max_steps: 1000\n    expect: {500: {train_loss: [5, 4]}}"}),
    lm("schedule", "band of accuracy", {"max_steps: 1000": "max_steps: 1000\n    expect: {500: {accuracy: [0, 1]}}"}),
    lm("schedule", "validation larger than training", {"- type: tokenize_bin": "- type: tokenize_bin\n    val_fraction: 0.95"}),
    lm("schedule", "lost minus sign", {"learning_rate: 1e-3": "learning_rate: 1e3"}),
    lm("schedule", "rate zero", {"learning_rate: 1e-3": "learning_rate: 0"}),
    lm("schedule", "scheduler of HF", {"max_steps: 1000": "max_steps: 1000\n    scheduler: cosine_with_restarts"}),
    lm("schedule", "rate far too small", {"learning_rate: 1e-3": "learning_rate: 1e-12"}),
    lm("schedule", "weight decay of 100", {"max_steps: 1000": "max_steps: 1000\n    weight_decay: 100"}),
    lm("schedule", "clipping at a millionth", {"max_steps: 1000": "max_steps: 1000\n    max_grad_norm: 1e-6"}),
    sft("schedule", "a thousand epochs", {"num_train_epochs: 3": "num_train_epochs: 1000"}),
    # batch
    lm("batch", "batch and tokens", {"total_batch_size: 16": "total_batch_size: 16\n    total_batch_tokens: 4096"}),
    lm("batch", "accumulation as float", {"total_batch_size: 16": "gradient_accumulation_steps: 4.5"}),
    lm("batch", "tokens that make no rows", {"total_batch_size: 16": "total_batch_tokens: 200"}),
    lm("batch", "count zero", {"target: t4": "target: {gpu: t4, count: 0}"}),
    lm("batch", "two cards by a list", {"target: t4": "target: [t4, t4]"}),
    lm("batch", "2x in the name", {"target: t4": "target: 2xt4"}),
    sft("batch", "accumulation over the data", {"total_batch_size: 8": "batch_size: 8\n    gradient_accumulation_steps: 256"}),
    # precision and hardware
    lm("precision", "bf16 on Pascal", {"learning_rate: 1e-3": "precision: bf16", "target: t4": "target: p100"}),
    lm("precision", "bf16 on a GTX", {"learning_rate: 1e-3": "precision: bf16", "target: t4": "target: gtx1650"}),
    lm("precision", "16-mixed", {"learning_rate: 1e-3": "precision: 16-mixed"}),
    lm("precision", "32 as a number", {"learning_rate: 1e-3": "precision: 32"}),
    lm("precision", "cuda as a target", {"target: t4": "target: cuda"}),
    sft(
        "precision",
        "gemma in fp16",
        {"learning_rate: 2e-4": "precision: fp16"},
        files={"models/base/config.json": {"dtype": "bfloat16", "model_type": "llama"}},
    ),
    sft("precision", "qlora on a Mac", {"method: lora": "method: qlora", "target: rtx4090": "target: m2-32gb"}),
    # templates
    sft("template", "only system and user", files={"data/chat.jsonl": chats(40, ("system", "s"), ("user", "a"))}),
    sft("template", "assistant begins", files={"data/chat.jsonl": chats(40, ("assistant", "a"), ("user", "b"))}),
    sft("template", "empty conversations", files={"data/chat.jsonl": [{"messages": []}] * 40}),
    sft("template", "role bot2", files={"data/chat.jsonl": chats(40, ("user", "a"), ("bot2", "b"))}),
    sft("template", "blank answers", files={"data/chat.jsonl": chats(40, ("user", "a"), ("assistant", "   "))}),
    sft(
        "template",
        "marks of llama 3 in a llama 2",
        files={
            "models/base/tokenizer_config.json": {
                "chat_template": "{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
            }
        },
    ),
    sft(
        "template",
        "template strips the answer's case",
        files={
            "models/base/tokenizer_config.json": {
                "chat_template": "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] | upper }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
            }
        },
    ),
    sft(
        "template",
        "undefined function",
        files={
            "models/base/tokenizer_config.json": {
                "chat_template": "{{ strftime_now('%d') }}{% for m in messages %}{{ m['content'] }}{% endfor %}"
            }
        },
    ),
    # data
    lm("data", "typo in a folder", {"path: data/stories.jsonl": "path: dta/stories.jsonl"}),
    lm("data", "glob of another ending", {"path: data/stories.jsonl": "path: data/*.txt"}),
    lm("data", "split of a local file", {"- path: data/stories.jsonl": "- {path: data/stories.jsonl, split: validation}"}),
    lm("data", "two places", {"- path: data/stories.jsonl": "- {path: data/stories.jsonl, hub: a/b}"}),
    lm("data", "weights of zero", {"- path: data/stories.jsonl": "- {path: data/stories.jsonl, weight: 0}"}),
    lm("data", "take -1", {"- path: data/stories.jsonl": "- {path: data/stories.jsonl, take: -1}"}),
    lm("data", "no text column", files={"data/stories.jsonl": [{"body_html": "a", "url": "b"}] * 40}),
    lm("data", "text is null", files={"data/stories.jsonl": [{"text": None}] * 40}),
    lm("data", "text is a number", {"- path: data/stories.jsonl": "- {path: data/stories.jsonl, columns: {txt: text}}"}),
    lm("data", "numbers as lines", files={"data/stories.jsonl": ["1", "2", "3"]}),
    lm("data", "html of an error page", files={"data/stories.jsonl": "<!DOCTYPE html><html><body>404 Not Found</body></html>\n"}),
    lm("data", "cut in the middle", files={"data/stories.jsonl": ['{"text": "a"}'] * 10 + ['{"text": "b']}),
    sft("data", "conversation in a strange column", files={"data/chat.jsonl": [{"dialogue": [{"role": "user", "content": "a"}]}] * 40}),
    sft("data", "csv without a header", {"path: data/chat.jsonl": "path: data/a.csv"}, files={"data/a.csv": "hello,world\nfoo,bar\n"}),
    sft(
        "data",
        "question column misspelt",
        {"- path: data/chat.jsonl": "- {path: data/chat.jsonl, columns: {instruction: qestion, output: answer}}"},
        files={"data/chat.jsonl": [{"question": "a", "answer": "b"}] * 40},
    ),
    sft(
        "data",
        "instruction without output",
        {"- path: data/chat.jsonl": "- {path: data/chat.jsonl, columns: {instruction: question}}"},
        files={"data/chat.jsonl": [{"question": "a", "answer": "b"}] * 40},
    ),
    sft(
        "data",
        "texts and chats together",
        {"      - path: data/chat.jsonl": "      - path: data/chat.jsonl\n      - path: data/stories.jsonl"},
    ),
    # paths
    lm("paths", "file address", {"path: data/stories.jsonl": "path: file:///data/stories.jsonl"}),
    lm("paths", "address in path", {"path: data/stories.jsonl": "path: https://example.org/a.txt"}),
    lm("paths", "home of another user", {"path: data/stories.jsonl": "path: ~ada/stories.jsonl"}),
    lm("paths", "one folder too high", {"path: data/stories.jsonl": "path: ../data/stories.jsonl"}),
    sft("paths", "python's folder of a run", {BASE: "{base: {path: output/checkpoint-500}}"}),
    sft("paths", "hub name as a path", {BASE: "{base: {path: meta-llama/Llama-3.2-1B}}"}),
    sft("paths", "path as a hub name", {BASE: "{base: {hub: ./models/base}}"}),
    sft("paths", "config damaged", files={"models/base/config.json": "{"}),
    sft("paths", "weights cut off", files={"models/base/model.safetensors": b"\x10\x00\x00\x00\x00\x00\x00\x00{}"}),
    sft("paths", "empty weights", files={"models/base/model.safetensors": ""}),
    sft("paths", "flax weights", files={"models/base/model.safetensors": None, "models/base/flax_model.msgpack": "x"}),
    sft("paths", "base as plain text", {BASE: "{base: models/base}"}),
    sft("paths", "hub address", {BASE: "{base: {hub: 'https://huggingface.co/Qwen/Qwen2-0.5B', revision: main}}"}),
    sft(
        "paths",
        "offline and not there",
        {
            BASE: "{base: {hub: Qwen/Qwen2-0.5B, revision: main}}",
            "target: rtx4090": "target: here",
            "    checkpoint: {path: models/base}": "    checkpoint: {hub: Qwen/Qwen2-0.5B, revision: main}",
        },
        environment={"HF_HUB_OFFLINE": "1"},
    ),
    lm("paths", "misspelt allocator variable", {"target: t4": "target: here"}, environment={"PYTORCH_CUDA_ALOC_CONF": "x"}),
    # lora and quantisation
    sft("lora", "attention of gpt-neox", {"lora_alpha: 16": "lora_alpha: 16, target_modules: [query_key_value]"}),
    sft("lora", "fused names of phi", {"lora_alpha: 16": "lora_alpha: 16, target_modules: [qkv_proj, gate_up_proj]"}),
    sft("lora", "typo in a target", {"lora_alpha: 16": "lora_alpha: 16, target_modules: [q_prj]"}),
    sft("lora", "with the model's prefix", {"lora_alpha: 16": "lora_alpha: 16, target_modules: [self_attn.q_proj]"}),
    sft("lora", "empty list", {"lora_alpha: 16": "lora_alpha: 16, target_modules: []"}),
    sft("lora", "alpha zero", {"lora_alpha: 16": "lora_alpha: 0"}),
    sft("lora", "rank as text", {"r: 8": "r: eight"}),
    sft("lora", "word_embeddings saved", {"lora_alpha: 16": "lora_alpha: 16, modules_to_save: [word_embeddings]"}),
    sft("lora", "more blocks than there are", {"lora_alpha: 16": "lora_alpha: 16, layers: 32"}),
    sft("lora", "bias", {"lora_alpha: 16": "lora_alpha: 16, bias: none"}),
    sft(
        "lora",
        "full fine-tuning at a rate of pretraining",
        {"method: lora\n    lora: {r: 8, lora_alpha: 16}": "method: full", "learning_rate: 2e-4": "learning_rate: 0.01"},
    ),
    sft("quantisation", "quant with lora", {"method: lora": "method: lora\n    quant: {bits: 4}"}),
    sft("quantisation", "3 bits", {"method: lora": "method: qlora\n    quant: {bits: 3}"}),
    sft("quantisation", "int4 type", {"method: lora": "method: qlora\n    quant: {bits: 4, type: int4}"}),
    sft("quantisation", "double of 8 bits", {"method: lora": "method: qlora\n    quant: {bits: 8, double: true}"}),
    sft("quantisation", "mlx 4 bit", files={"models/base/config.json": {"quantization": {"group_size": 64, "bits": 4}}}),
    sft("quantisation", "awq by name", {BASE: "{base: {hub: casperhansen/llama-3-8b-instruct-awq, revision: main}}"}),
    sft("quantisation", "fp8 base", files={"models/base/config.json": {"quantization_config": {"quant_method": "fp8"}}}),
    # export
    lm("gguf", "iq2", {"name: small": "name: small\n    quantization: iq2_xs"}),
    lm("gguf", "capital Q8_0", {"name: small": "name: small\n    quantization: Q8_0"}),
    lm("gguf", "slash twice in the name", {"name: small": "name: me/my/small"}),
    lm("gguf", "space in the name", {"name: small": "name: my model"}),
    lm("gguf", "temperature as text", {"name: small": "name: small\n    parameters: {temperature: warm}"}),
    lm("gguf", "top_p in percent", {"name: small": "name: small\n    parameters: {top_p: 95}"}),
    lm("gguf", "unknown parameter", {"name: small": "name: small\n    parameters: {mirostat_tau: 5}"}),
    lm("gguf", "normalized bpe", {"vocab_size: 1000": "vocab_size: 1000\n    normalization: nfkc"}),
    sft("gguf", "gemma", files={"models/base/config.json": {"model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"]}}),
    lm("gguf", "stop that is empty", {"name: small": "name: small\n    parameters: {stop: ['']}"}),
    lm("gguf", "two exports of one name", {"    name: small\n": "    name: small\n  - {type: export_ollama, id: again, name: small}\n"}),
    lm("gguf", "adapter by a file", {"name: small": "name: small\n    adapter: ./adapter_model.safetensors"}),
    # mamba
    lm("mamba", "heads no multiple of eight", {SIZES: "{family: mamba2, d_model: 64, expand: 2, head_dim: 64}"}),
    lm("mamba", "convolution of one", {SIZES: "{family: mamba, d_model: 256, d_conv: 1}"}),
    lm("mamba", "dt_rank", {SIZES: "{family: mamba, d_model: 256, dt_rank: auto}"}),
    lm("mamba", "headdim of mamba_ssm", {SIZES: "{family: mamba2, d_model: 256, headdim: 64}"}),
    lm("mamba", "attention key in a mamba", {SIZES: "{family: mamba, d_model: 256, n_kv_heads: 2}"}),
    lm("mamba", "odd width", {SIZES: "{family: mamba, d_model: 257}"}),
    lm("mamba", "expand of a half", {SIZES: "{family: mamba, d_model: 256, expand: 1.5}"}),
    # memory, disk, resume, links
    lm("memory", "too large with Adam", {SIZES: "{family: llama, d_model: 2048, n_layers: 24, n_heads: 16}"}),
    lm(
        "memory",
        "long rows on a small card",
        {"target: t4": "target: gtx1650", "max_seq_length: 256": "max_seq_length: 32768", "total_batch_size: 16": "batch_size: 8"},
    ),
    train("resume", "resume true", "resume: true"),
    train("resume", "ckpt_path of lightning", "ckpt_path: last.ckpt"),
    lm(
        "links",
        "tokenizer after its use",
        {
            "  - type: train_tokenizer\n    vocab_size: 1000\n  - type: tokenize_bin\n": "  - type: tokenize_bin\n  - type: train_tokenizer\n    vocab_size: 1000\n"
        },
    ),
    lm("links", "no bin", {"  - type: tokenize_bin\n": ""}),
    lm("links", "wrong wire", {"- type: tokenize_bin": "- type: tokenize_bin\n    tokenizer: parse_corpus"}),
    lm("links", "a wire misspelt", {"- type: tokenize_bin": "- type: tokenize_bin\n    corpus: parse_corpsu"}),
]
