# ruff: noqa: E501 - a case is one line
"""Siblings of the known failures, said in a recipe that tunes a model with chat rows. See batch_6."""

from typing import Any

from batch_3_tuning import BASE, LONG, LORA, METHOD, SPECIAL, base, sft, talk, tune
from cases import BYTE_LETTERS, CHATML, SFT

EXPORT = "    name: tuned\n"
PATHS = {"checkpoint: {path: models/base}": "checkpoint: {hub: ID}", "{base: {path: models/base}}": "{base: {hub: ID}}"}
FROM = "export_ollama\n    checkpoint: {path: PATH}\n"
PAIRS = [{"instruction": f"Double {n}.", "output": str(2 * n)} for n in range(200)]
WORDS = {t: i for i, t in enumerate(["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", *BYTE_LETTERS])}
BPE = {"type": "BPE", "merges": []}


def words(size: int) -> dict[str, Any]:
    """The model of a tokenizer.json with so many pieces."""
    return {**BPE, "vocab": {**WORDS, **{f"Ġw{n}": n for n in range(len(WORDS), size)}}}


def hub(name: str) -> dict[str, str]:
    """The base from the hub, pinned."""
    return {old: new.replace("ID", f"{name}, revision: 4c5ff5e1e9a5f3a7e4ddf1e2b06b9a3c6f2d1a00") for old, new in PATHS.items()}


def shapes(rows_count: int = 300) -> dict[str, tuple[int, ...]]:
    """The weights of the small llama."""
    found: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (rows_count, 64),
        "lm_head.weight": (rows_count, 64),
        "model.norm.weight": (64,),
    }
    for n in range(2):
        at = f"model.layers.{n}."
        found |= {f"{at}self_attn.{p}_proj.weight": (64 // (2 if p in "kv" else 1), 64) for p in "qkvo"}
        found |= {f"{at}mlp.{p}_proj.weight": (64, 128) if p == "down" else (128, 64) for p in ("gate", "up", "down")}
        found |= {f"{at}input_layernorm.weight": (64,), f"{at}post_attention_layernorm.weight": (64,)}
    return found


def fused() -> dict[str, tuple[int, ...]]:
    """The weights of a small Phi-3, whose projections are one."""
    found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (300, 64), "lm_head.weight": (300, 64), "model.norm.weight": (64,)}
    for n in range(2):
        at = f"model.layers.{n}."
        found |= {
            f"{at}self_attn.qkv_proj.weight": (128, 64),
            f"{at}self_attn.o_proj.weight": (64, 64),
            f"{at}mlp.gate_up_proj.weight": (256, 64),
        }
        found |= {
            f"{at}mlp.down_proj.weight": (64, 128),
            f"{at}input_layernorm.weight": (64,),
            f"{at}post_attention_layernorm.weight": (64,),
        }
    return found


def folder(name: str, **config: Any) -> dict[str, Any]:
    """Another whole model folder."""
    size = config.get("vocab_size", 300)
    split = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        f"{name}/config.json": {
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": size, "hidden_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 128, "rms_norm_eps": 1e-5, "max_position_embeddings": 2048,
            "tie_word_embeddings": False, "torch_dtype": "float16", "bos_token_id": 1, "eos_token_id": 2, **config,
        },
        f"{name}/generation_config.json": {"bos_token_id": 1, "eos_token_id": [2, 4]},
        f"{name}/tokenizer.json": {"version": "1.0", "added_tokens": SPECIAL, "pre_tokenizer": split, "decoder": {**split, "add_prefix_space": True}, "model": words(size)},
        f"{name}/tokenizer_config.json": {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<unk>", "add_bos_token": True,
                                          "model_max_length": 2048, "chat_template": CHATML, "tokenizer_class": "LlamaTokenizer"},
        f"{name}/model.safetensors": {"safetensors": shapes(size)},
    }  # fmt: skip


ADAPTER = {
    "out/checkpoint-600/adapter_config.json": {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "base_model_name_or_path": "models/base", "target_modules": ["q_proj"]},
    "out/checkpoint-600/adapter_model.safetensors": {"safetensors": {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": (8, 64)}},
}  # fmt: skip
TRAIN = """\
  - type: train
    id: {id}
    objective: sft
    model: {{base: {{path: models/base}}}}
    method: lora
    lora: {{r: {r}, lora_alpha: {alpha}}}
{more}    scheduler: constant
    total_batch_size: 8
    max_seq_length: 512
"""
TWO = SFT[: SFT.index("  - type: train")].replace("tuned", "twice_tuned")
TWO += TRAIN.format(id="first", r=16, alpha=32, more="    max_steps: 50\n")
TWO += TRAIN.format(id="second", r=8, alpha=16, more="    resume_from: {step: first}\n    max_steps: 100\n")
TWO += "  - type: validate_checkpoint\n"
NO_END = "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
OTHER_END = CHATML.replace("<|im_end|>", "<|end_of_turn|>")
DATED = "{{ bos_token + 'Today is ' + strftime_now('%d %b %Y') }}" + CHATML

# fmt: off
CASES = [
    # keys
    sft("keys", "cf-020, hiyouga/LlamaFactory#7577", "the columns of conversations by another tool's keys", {"      - path: data/chat.jsonl\n": "      - path: data/chat.jsonl\n        field_messages: messages\n        message_field_role: role\n"}, "field_messages | message_field_role", "columns|itself|recogn", {"        field_messages: messages\n        message_field_role: role\n": ""}),
    tune("keys", "cf-068, axolotl-ai-cloud/axolotl#1280", "a variable chooses another CUDA for the library of four bits", "optimizer: adamw_8bit", "BNB_CUDA_VERSION", at="optimizer: adamw_8bit | target:", environment={"BNB_CUDA_VERSION": "118"}, twin=False),
    tune("keys", "cf-081, huggingface/peft#1745", "the ranks of AdaLoRA", "peft_type: ADALORA", "lora|method", ""),
    tune("keys", "cf-092, huggingface/trl#2858", "a training by preferences, which is not offered", "loss_type: dpo", "sft|lm|unknown|objective|preference", ""),
    # vocabulary
    base("vocab", "cf-023, pytorch/torchtitan#1495", "a token that only tokenizer_config.json adds", {f"{BASE}/tokenizer_config.json": {"added_tokens_decoder": {"300": {"content": "<|tool|>", "special": True, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False}}}}, "300|301|row"),
    sft("vocab", "cf-026, sillsdev/silnlp#1033", "the tokenizer of one folder and the weights of another", {"checkpoint: {path: models/base}": "checkpoint: {path: models/other}"}, "models/other | {base: {path: models/base}}", "500|300|row|token", {"checkpoint: {path: models/other}": "checkpoint: {path: models/base}"}, files=folder("models/other", vocab_size=500)),
    base("vocab", "cf-031, huggingface/peft#1396", "a pad token that is no token of the tokenizer", {f"{BASE}/tokenizer_config.json": {"pad_token": "[PAD]"}}, r"\[PAD\]|pad"),
    base("vocab", "cf-186, ggml-org/llama.cpp#3900", "a vocabulary of nothing in config.json", {f"{BASE}/config.json": {"vocab_size": 0}}, "vocab_size|300|row"),
    # the type of tokens
    sft("token-dtype", "cf-037, princeton-nlp/LLM-Shearing#65", "seventy thousand tokens of a base in sixteen bits", {"  - type: split_long\n    max_tokens: 512\n": "  - type: tokenize_bin\n    dtype: uint16\n", "    objective: sft\n": "", "models/base": "models/big", "{base: {path: models/base}}": "{base: {path: models/big}}"}, "dtype: uint16", "uint32|65|70", {"dtype: uint16": "dtype: auto"}, files={**folder("models/big", vocab_size=70000), "data/chat.jsonl": [{"text": f"Number {n}: " + "a small story about a hen and a fox. " * 20} for n in range(200)]}),
    # length
    sft("length", "cf-050, meta-pytorch/torchtune#1059", "the last rows are longer than the window", {"  - type: split_long\n    max_tokens: 512\n": "", "max_seq_length: 512": "max_seq_length: 128"}, "data/chat.jsonl | max_seq_length", "long|cut|split_long", {"max_seq_length: 128": "max_seq_length: 1024"}, files={"data/chat.jsonl": [talk(("user", f"Hello {n}"), ("assistant", LONG if n > 170 else "Good day")) for n in range(200)]}),
    sft("length", "cf-056, ml-explore/mlx-lm#1355", "most answers of the table are empty", {"data/chat.jsonl": "data/chat.csv"}, "data/chat.csv", "answer|empty|nothing", files={"data/chat.csv": "instruction,output\n" + "".join(f"Double {n}.,{2 * n if n % 4 == 0 else ''}\n" for n in range(200))}, mended={"data/chat.csv": "instruction,output\n" + "".join(f"Double {n}.,{2 * n}\n" for n in range(200))}),
    sft("packing", "cf-075, axolotl-ai-cloud/axolotl#1212", "all rows packed are fewer than one step takes", {"total_batch_size: 8": "total_batch_size: 64\n    packing: documents", "max_seq_length: 512": "max_seq_length: 2048", "num_train_epochs: 3": "num_train_epochs: 1"}, "total_batch_size: 64 | packing", "step|row|packed", {"total_batch_size: 64": "total_batch_size: 1", "max_seq_length: 2048": "max_seq_length: 512"}),
    # precision
    base("precision", "cf-063, hiyouga/LlamaFactory#4278", "a Gemma made in bf16 on a card that has none", {f"{BASE}/config.json": {"model_type": "gemma", "architectures": ["GemmaForCausalLM"], "torch_dtype": "bfloat16", "head_dim": 16, "hidden_activation": "gelu_pytorch_tanh", "tie_word_embeddings": True}}, "fp16|bf16", at="target: t4 | model: {base | models/base", changes={"target: rtx4090": "target: t4"}),
    # LoRA
    base("lora", "cf-076, hiyouga/LlamaFactory#3597", "separate projections of a Phi-3, which has them as one", {f"{BASE}/config.json": {"model_type": "phi3", "architectures": ["Phi3ForCausalLM"], "pad_token_id": 0}, f"{BASE}/model.safetensors": {"safetensors": fused()}}, "qkv_proj|q_proj", at="target_modules", changes={LORA: "lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, v_proj]}"}, twin=False),
    sft("lora", "cf-080, zetavg/LLaMA-LoRA-Tuner#33", "going on with another rank", {}, "resume_from | r: 8", "16|rank|lora", {"lora: {r: 8, lora_alpha: 16}\n    resume": "lora: {r: 16, lora_alpha: 32}\n    resume"}),
    # quantisation
    base("quant", "cf-084, hiyouga/LlamaFactory#6898", "a base whose weights are in eight-bit floats", {f"{BASE}/config.json": {"quantization_config": {"activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8", "weight_block_size": [128, 128]}}}, "quanti|fp8"),
    base("quant", "cf-085, hiyouga/LlamaFactory#2974", "a base in MLX's four bits", {f"{BASE}/config.json": {"quantization": {"group_size": 64, "bits": 4}}}, "quanti|mlx|MLX|bits"),
    sft("quant", "cf-182, ggml-org/llama.cpp#12551", "a base from the hub whose name says four bits", hub("unsloth/gemma-3-4b-it-unsloth-bnb-4bit"), "unsloth/gemma-3-4b", "4bit|4-bit|quanti|bits", twin=False),
    # schedule
    sft("schedule", "cf-102, pytorch/torchtitan#1495", "more steps of warmup than the epochs have", {"    num_train_epochs: 3\n": "    num_train_epochs: 3\n    warmup_steps: 100\n"}, "warmup_steps: 100", "67|72|75|steps|warmup", {"warmup_steps: 100": "warmup_steps: 5"}),
    # data
    sft("data", "cf-131, hiyouga/LlamaFactory#5294", "a name for the question's column, and none for the answer's", {"      - path: data/chat.jsonl\n": "      - path: data/chat.jsonl\n        columns: {prompt: frage}\n"}, "columns", "completion|answer|antwort|output", {"{prompt: frage}": "{prompt: frage, completion: antwort}"}, files={"data/chat.jsonl": [{"frage": f"Was ist {n}?", "antwort": f"Es ist {n}."} for n in range(200)]}),
    sft("data", "cf-133, hiyouga/LlamaFactory#40", "the answers' column has another name from the 120th row on", {}, "data/chat.jsonl", "response|row|column|output", files={"data/chat.jsonl": [{"instruction": f"Double {n}.", ("output" if n < 120 else "response"): str(2 * n)} for n in range(200)]}, mended={"data/chat.jsonl": PAIRS}),
    sft("data", "cf-134, hiyouga/LlamaFactory#9600", "rows of preferences where answers are learned", {}, "data/chat.jsonl", "chosen|rejected|preference", files={"data/chat.jsonl": [{"prompt": f"Double {n}.", "chosen": str(2 * n), "rejected": str(n)} for n in range(200)]}, mended={"data/chat.jsonl": PAIRS}),
    sft("data", "cf-140, mlx_lm/tuner/trainer.py", "four rows are taken, and a step wants eight", {"      - path: data/chat.jsonl\n": "      - path: data/chat.jsonl\n        take: 4\n"}, "take: 4 | total_batch_size", "row|step|batch", {"take: 4": "take: 150"}),
    # templates, masking, end of sequence
    base("template", "cf-042, google/sentencepiece#900", "a tokenizer without an end", {f"{BASE}/tokenizer_config.json": {"eos_token": None, "pad_token": None, "chat_template": NO_END}, f"{BASE}/config.json": {"eos_token_id": None}, f"{BASE}/generation_config.json": {"eos_token_id": None}}, "eos|end"),
    base("template", "cf-142, huggingface/smol-course#159", "the end of an answer is no end for the model that is served", {f"{BASE}/generation_config.json": {"eos_token_id": 2}}, "im_end|end", changes={EXPORT: EXPORT + "    parameters: {stop: [\"</s>\"]}\n"}, at="models/base | stop", twin=False),
    base("template", "cf-144, hiyouga/LlamaFactory#5593", "the template ends answers with a mark that is no token", {f"{BASE}/tokenizer_config.json": {"chat_template": OTHER_END}}, "end_of_turn"),
    tune("template", "cf-146, unslothai/unsloth#3198", "the mark of answers of another template", 'response_template: "### Response:"', "template|itself|mark", ""),
    base("template", "cf-149, unslothai/unsloth#2096", "templates for tools and none for a plain conversation", {f"{BASE}/tokenizer_config.json": {"chat_template": [{"name": "tool_use", "template": CHATML}]}}, "template|default"),
    sft("template", "cf-151, axolotl-ai-cloud/axolotl#1832", "a template for serving that is not the one of training", {EXPORT: EXPORT + "    template: '[INST] {{ .Prompt }} [/INST]'\n"}, "template:", "template", {"    template: '[INST] {{ .Prompt }} [/INST]'\n": ""}),
    base("ollama", "cf-189, ollama/ollama#6823", "a template with the day's date, which Ollama cannot write", {f"{BASE}/tokenizer_config.json": {"chat_template": DATED}}, "date|strftime|Ollama|template", at="models/base | export_ollama"),
    # paths and environment
    base("paths", "cf-154, Lightning-AI/litgpt#1352", "a folder with everything but the weights", {f"{BASE}/model.safetensors": None}, "weights|safetensors"),
    sft("paths", "cf-156, hiyouga/LlamaFactory#5341", "a folder where a name on the hub is asked", {"{base: {path: models/base}}": "{base: {hub: ./models/base}}"}, "hub: ./models/base", "path", {"hub: ./models/base": "path: models/base"}),
    sft("paths", "cf-157, ollama/ollama#775", "a base from the hub that is GGUF only", hub("TheBloke/Mistral-7B-Instruct-v0.2-GGUF"), "TheBloke", "GGUF|gguf", twin=False),
    # GGUF and Ollama
    base("gguf", "cf-177, ggml-org/llama.cpp#11263", "an architecture that the export does not write", {f"{BASE}/config.json": {"architectures": ["BloomForCausalLM"], "model_type": "bloom", "n_layer": 2, "n_head": 4}}, "bloom|Bloom", at="models/base | export_ollama"),
    sft("gguf", "cf-181, ggml-org/llama.cpp#3109", "an adapter alone is exported", {"export_ollama\n": FROM.replace("PATH", "out/checkpoint-600")}, "out/checkpoint-600", "adapter|merge", files=ADAPTER, twin=False),
    sft("ollama", "cf-193, ollama/ollama#4217", "a context far beyond the positions of the model", {EXPORT: EXPORT + "    parameters: {num_ctx: 131072}\n"}, "num_ctx: 131072", "2,?048|512|position", {"num_ctx: 131072": "num_ctx: 512"}),
]
IMPOSSIBLE = [  # here these are no mistakes: rows of added tokens are trained, tokenizers cut nothing, and the end follows an answer
    sft("vocab", "cf-029, huggingface/peft#1300", "tokens are added, and their rows are not trained", {METHOD: METHOD + '    add_tokens: ["<think>", "</think>"]\n'}, "add_tokens", "modules_to_save|row|trained|embed", {LORA: "lora: {r: 8, lora_alpha: 16, modules_to_save: [embed_tokens, lm_head]}"}),
    base("length", "cf-051, unslothai/unsloth#2904", "the tokenizer cuts every text at 64 tokens by itself", {f"{BASE}/tokenizer.json": {"truncation": {"direction": "Right", "max_length": 64, "strategy": "LongestFirst", "stride": 0}}, "data/chat.jsonl": [talk(("user", f"Hello {n}"), ("assistant", LONG)) for n in range(200)]}, "truncat|cut|64", changes={"max_tokens: 512": "max_tokens: 1024", "max_seq_length: 512": "max_seq_length: 1024"}),
    base("template", "cf-143, ludwig-ai/ludwig#3945", "a template that writes no end after an answer", {f"{BASE}/tokenizer_config.json": {"chat_template": NO_END}}, "end|eos|stop"),
]
CASES = [case if "another rank" not in case.title else type(case)(**{**case.__dict__, "recipe": TWO}) for case in CASES]
# fmt: on
