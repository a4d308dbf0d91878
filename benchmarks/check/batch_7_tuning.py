# ruff: noqa: E501 - a case is one line
"""Failures of tunings with chat rows. See batch_7."""

from typing import Any

from batch_7_cases import BASE, STORIES, hub, sft, talk, text
from cases import CHATML, added_token

LORA = "    lora: {r: 8, lora_alpha: 16}\n"
METHOD = "    method: lora\n"
EXPORT = "    name: tuned\n"
RATE = "    learning_rate: 2e-4\n"
SPLIT = "  - type: split_long\n    max_tokens: 512\n"
ROWS = "data/chat.jsonl"
SPECIAL = [added_token(i, t) for i, t in enumerate(["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"])]
SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
TURNS = (
    "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% endfor %}"
)
THINK = (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}"
    "{{ '<|im_start|>assistant\\n' + message['content'].split('</think>')[-1] + '<|im_end|>\\n' }}"
    "{% else %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
WORDS = "the hen and the fox went to the old well in the rain "
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 134515008\n"
CUSTOM = {
    "type": "Sequence",
    "pretokenizers": [
        {
            "type": "Split",
            "pattern": {"Regex": r"[A-ZÇĞİÖŞÜ]?[a-zçğıöşü]{1,5}|\d{2}|[^\w\s]+|\s+"},
            "behavior": "Isolated",
            "invert": False,
        },
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
    ],
}
MAMBA = {
    "architectures": ["MambaForCausalLM"], "model_type": "mamba", "vocab_size": 300, "hidden_size": 64, "num_hidden_layers": 2,
    "state_size": 16, "conv_kernel": 4, "expand": 2, "intermediate_size": 128, "time_step_rank": 4, "tie_word_embeddings": True,
    "torch_dtype": "float16", "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
ORIGINAL = {
    "d_model": 64,
    "n_layer": 2,
    "vocab_size": 300,
    "ssm_cfg": {},
    "rms_norm": True,
    "residual_in_fp32": True,
    "fused_add_norm": True,
    "pad_vocab_size_multiple": 4,
}
ADAPTER = {
    "out/checkpoint-600/adapter_config.json": {
        "peft_type": "LORA",
        "r": 8,
        "lora_alpha": 16,
        "base_model_name_or_path": BASE,
        "target_modules": ["q_proj"],
    },
    "out/checkpoint-600/adapter_model.safetensors": {
        "safetensors": {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": (8, 64)}
    },
}


def llama(layers: range, ends: bool = True) -> dict[str, tuple[int, ...]]:
    """The weights of some layers of the small llama; `ends`: with embedding and head."""
    found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (300, 64)} if ends else {}
    for n in layers:
        at = f"model.layers.{n}."
        found |= {f"{at}self_attn.{p}_proj.weight": (64 // (2 if p in "kv" else 1), 64) for p in "qkvo"}
        found |= {f"{at}mlp.gate_proj.weight": (128, 64), f"{at}mlp.up_proj.weight": (128, 64), f"{at}mlp.down_proj.weight": (64, 128)}
        found |= {f"{at}input_layernorm.weight": (64,), f"{at}post_attention_layernorm.weight": (64,)}
    return found


def mamba() -> dict[str, tuple[int, ...]]:
    """The weights of a small Mamba."""
    found: dict[str, tuple[int, ...]] = {"backbone.embeddings.weight": (300, 64), "backbone.norm_f.weight": (64,)}
    for n in range(2):
        at = f"backbone.layers.{n}."
        found |= {f"{at}norm.weight": (64,), f"{at}mixer.A_log": (128, 16), f"{at}mixer.D": (128,), f"{at}mixer.conv1d.weight": (128, 1, 4)}
        found |= {f"{at}mixer.conv1d.bias": (128,), f"{at}mixer.in_proj.weight": (256, 64), f"{at}mixer.x_proj.weight": (36, 128)}
        found |= {f"{at}mixer.dt_proj.weight": (128, 4), f"{at}mixer.dt_proj.bias": (128,), f"{at}mixer.out_proj.weight": (64, 128)}
    return found


def template(more: str) -> dict[str, Any]:
    """Another chat template of the base."""
    return {f"{BASE}/tokenizer_config.json": {"chat_template": more}}


def shards() -> dict[str, Any]:
    """The base in two files and their index."""
    first, second = llama(range(1)), llama(range(1, 2), ends=False) | {"model.norm.weight": (64,), "lm_head.weight": (300, 64)}
    names = dict.fromkeys(first, "model-00001-of-00002.safetensors") | dict.fromkeys(second, "model-00002-of-00002.safetensors")
    return {
        f"{BASE}/model.safetensors": None,
        f"{BASE}/model-00001-of-00002.safetensors": {"safetensors": first},
        f"{BASE}/model-00002-of-00002.safetensors": {"safetensors": second},
        f"{BASE}/model.safetensors.index.json": {"metadata": {"total_size": 200000}, "weight_map": names},
    }


MAMBA_BASE = {f"{BASE}/config.json": text(MAMBA), f"{BASE}/model.safetensors": {"safetensors": mamba()}}
PLAIN = [talk(("user", f"What is {n} and {n}?"), ("assistant", f"It is {2 * n}.")) for n in range(200)]
LONG = [talk(("user", f"Tell story {n}."), ("assistant", WORDS * 14 + str(n))) for n in range(200)]
THOUGHT = [
    talk(("user", f"What is {n} and {n}?"), ("assistant", f"<think>\nTwice {n} is {2 * n}.\n</think>\n\nIt is {2 * n}."))
    for n in range(200)
]
TWICE = [
    talk(("user", f"Hello {n}"), ("user", f"What is {n} and {n}?"), ("assistant", f"It is {2 * n}.")) if n % 10 == 3 else row
    for n, row in enumerate(PLAIN)
]
TOLD = [talk(("system", "You are a clerk."), ("user", f"What is {n} and {n}?"), ("assistant", f"It is {2 * n}.")) for n in range(200)]
SHARED = [
    {"conversations": [{"from": "human", "value": f"Add {n}."}, {"from": "chatbot" if n % 5 == 0 else "gpt", "value": f"It is {2 * n}."}]}
    for n in range(200)
]
MIXED = [{"instruction": f"Name {n} twice.", "output": [str(n), str(n)] if n % 4 == 0 else f"{n}, {n}"} for n in range(200)]
EMPTY = [talk(("user", f"What is {n} and {n}?"), ("assistant", None if n % 5 == 0 else f"It is {2 * n}.")) for n in range(200)]
PREFERRED = [{"prompt": f"Add {n} and {n}.", "chosen": f"It is {2 * n}.", "rejected": f"It is {n}."} for n in range(200)]

# fmt: off
CASES = [
    # vocabulary
    sft("vocab-embedding", "meta-llama/llama-cookbook#189", "a pad token behind the last row", "[PAD] has id 300, the model's last row is 299", {}, f"{BASE} | path: models/base", "300|PAD", files={f"{BASE}/tokenizer.json": {"added_tokens": [*SPECIAL, added_token(300, "[PAD]")]}, f"{BASE}/tokenizer_config.json": {"pad_token": "[PAD]"}}),
    sft("vocab-embedding", "huggingface/peft#334", "new tokens whose rows stay as they begin", "the rows of <|tool|> are not trained: modules_to_save: [embed_tokens, lm_head]", {LORA: LORA + '    add_tokens: ["<|tool|>"]\n'}, "add_tokens | lora", "modules_to_save|train", repair={"lora_alpha: 16}": "lora_alpha: 16, modules_to_save: [embed_tokens, lm_head]}"}),
    sft("vocab-embedding", "unslothai/unsloth#1971", "a head trained apart from the embedding that it is", "the base ties head and embedding; lm_head alone is lost at the merge", {LORA: "    lora: {r: 8, lora_alpha: 16, modules_to_save: [lm_head]}\n"}, "modules_to_save", "tie|embed", repair={"modules_to_save: [lm_head]": "modules_to_save: [embed_tokens]"}, files={f"{BASE}/config.json": {"tie_word_embeddings": True}, f"{BASE}/model.safetensors": {"safetensors": llama(range(2)) | {"model.norm.weight": (64,)}}}, mend=False),
    sft("vocab-embedding", "fc2869/lo-fit#1", "an end token that is no token", "config.json's eos_token_id 32000 is beyond 300 tokens", {}, f"{BASE} | path: models/base", "32,?000|eos", files={f"{BASE}/config.json": {"eos_token_id": 32000}}),
    # the type of tokens
    sft("token-dtype", "karpathy/llm.c#701", "sixteen bits for Llama 3's tokens", "128,256 tokens need uint32", {SPLIT: "  - type: tokenize_bin\n    dtype: uint16\n", "    objective: sft\n": "", "data/chat.jsonl": "data/notes.jsonl", **hub("meta-llama/Llama-3.2-1B")}, "dtype: uint16", "uint32|128", repair={"dtype: uint16": "dtype: uint32"}, files={"data/notes.jsonl": STORIES}, mend=False),
    # length
    sft("sequence-length", "huggingface/transformers#530", "rows longer than the base has positions", "the base takes 256 positions, max_seq_length is 512", {}, "max_seq_length | path: models/base", "256", repair={"max_tokens: 512": "max_tokens: 256", "max_seq_length: 512": "max_seq_length: 256"}, files={f"{BASE}/config.json": {"max_position_embeddings": 256}, f"{BASE}/tokenizer_config.json": {"model_max_length": 256}}, mend=False),
    sft("sequence-length", "shibing624/MedicalGPT#328", "pieces longer than the rows that they go into", "pieces of 1,024 tokens are cut at 512", {"max_tokens: 512": "max_tokens: 1024"}, "max_tokens | max_seq_length", "512", files={ROWS: LONG}, mended={ROWS: LONG}),
    # precision
    sft("precision-hardware", "dbpedia/neural-extraction-framework#54", "bf16 with four bits on a T4", "a T4 has no bf16; fp16", {"target: rtx4090": "target: t4", METHOD: "    method: qlora\n    precision: bf16\n"}, "precision", "bf16", repair={"precision: bf16": "precision: fp16"}),
    # packing
    sft("attention-packing", "huggingface/trl: SFTConfig(packing=True)", "packing switched on", "packing is a word: documents", {RATE: RATE + "    packing: true\n"}, "packing", "documents", repair={"packing: true": "packing: documents"}),
    # adapters
    sft("lora-peft", "huggingface/trl#6866", "one of three modules is not there", "no weight of the base is called fc1", {LORA: "    lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, v_proj, fc1]}\n"}, "fc1 | target_modules", "fc1", repair={", fc1]": "]"}),
    sft("lora-peft", "huggingface/trl: lora_r without use_peft trains all weights", "adapters described, but not asked for", "lora: is written and method is full", {METHOD: ""}, "lora | method", "method", repair={LORA: METHOD + LORA}),
    sft("lora-peft", "huggingface/peft: target_modules='all-linear'", "peft's word for all linear layers", "target_modules is a list; left out, all linear layers of the family", {LORA: "    lora: {r: 8, lora_alpha: 16, target_modules: all-linear}\n"}, "target_modules", "list|left? out|leave|delete"),
    # quantisation
    sft("quantisation", "huggingface/transformers#25473", "eight bits on a Mac", "bitsandbytes wants a CUDA card", {"target: rtx4090": "target: m2-16gb", METHOD: "    method: qlora\n    quant: {bits: 8}\n"}, "method | quant | target", "CUDA|bitsandbytes|lora", repair={"    method: qlora\n    quant: {bits: 8}\n": METHOD}),
    sft("quantisation", "hiyouga/LlamaFactory#2058", "four bits over a base that has four bits", "the base is quantised by GPTQ already", {METHOD: "    method: qlora\n"}, f"{BASE} | path: models/base | method", "gptq|quanti", repair={"method: qlora": "method: qlora"}, files={f"{BASE}/config.json": {"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": False}}}),
    # batch
    sft("batch-distributed", "transformers: fewer batches an epoch than gradient_accumulation_steps", "a step wants more rows than there are", "200 rows are no batch of 1,024", {"total_batch_size: 8": "total_batch_size: 1024", "num_train_epochs: 3": "num_train_epochs: 1"}, "total_batch_size", "200|rows|1,?024"),
    sft("batch-distributed", "hiyouga/LlamaFactory, examples: deepspeed: ds_z3_config.json", "a DeepSpeed file", "there is no key deepspeed", {RATE: RATE + "    deepspeed: configs/ds_z3_config.json\n"}, "deepspeed", "deepspeed", repair={"    deepspeed: configs/ds_z3_config.json\n": ""}),
    # checkpoints
    sft("checkpoint-resume", "hiyouga/LlamaFactory: adapter_name_or_path", "an adapter as the weights to begin from", "out/checkpoint-600 holds an adapter and no model", {RATE: RATE + "    init_from: {path: out/checkpoint-600}\n"}, "init_from", "adapter", repair={"    init_from: {path: out/checkpoint-600}\n": ""}, files=ADAPTER),
    # rows
    sft("dataset-format", "axolotl-ai-cloud/axolotl#752", "a speaker of another name in every fifth row", "chatbot is no role: human or gpt", {}, ROWS, "chatbot", files={ROWS: SHARED}),
    sft("dataset-format", "tloen/alpaca-lora#239", "answers that are lists in every fourth row", "output is a list in line 1, 5, 9 ...", {}, ROWS, "list|text", files={ROWS: MIXED}),
    sft("dataset-format", "NVIDIA-NeMo/Megatron-Bridge#5742", "answers that are null", "every fifth answer is null", {}, ROWS, "null|empty|answer|no text", files={ROWS: EMPTY}),
    sft("dataset-format", "huggingface/trl: SFTTrainer with a preference dataset", "rows of preferences", "chosen and rejected are for preferences; name the answer by columns", {}, ROWS, "chosen|columns|answer", repair={"data/chat.jsonl\n": "data/chat.jsonl\n        columns: {prompt: prompt, answer: chosen}\n"}, files={ROWS: PREFERRED}, mend=False),
    sft("dataset-format", "huggingface/autotrain-advanced#121", "semicolons between the columns", "data/chat.csv is parted by semicolons", {"data/chat.jsonl": "data/chat.csv"}, "chat.csv", "semicolon|;|column", files={"data/chat.csv": "instruction;output\n" + "".join(f"Double {n}.;{2 * n}\n" for n in range(200))}, mended={"data/chat.csv": "instruction,output\n" + "".join(f"Double {n}.,{2 * n}\n" for n in range(200))}, repair={}),
    # templates
    sft("template-masking", "unslothai/unsloth#334", "two turns of the user in a row", "the template refuses rows 4, 14, 24 ...: roles must alternate", {}, f"{ROWS} | {BASE}", "alternate|refuse|raise|both of the user", files={ROWS: TWICE, **template(TURNS + CHATML)}, mended=template(TURNS + CHATML)),
    sft("template-masking", "EricLBuehler/mistral.rs#506", "system turns for a template without them", "the template refuses a system turn", {}, f"{ROWS} | {BASE}", "[Ss]ystem", files={ROWS: TOLD, **template(SYSTEM + CHATML)}, mended=template(SYSTEM + CHATML)),
    sft("template-masking", "huggingface/open-r1#349", "a template that leaves the thoughts out", "the template drops all up to </think>, so they are not learnt", {}, f"{ROWS} | {BASE}", "think|left out|drop|leaves", files={ROWS: THOUGHT, **template(THINK)}, mended={ROWS: THOUGHT}),
    sft("template-masking", "ml-explore/mlx-examples#1095", "the beginning twice", "the template writes <s>, and so does the tokenizer", {}, f"{BASE} | path: models/base", "<s>|bos|twice", files=template("{{ bos_token }}" + CHATML)),
    sft("template-masking", "hiyouga/LlamaFactory#7454", "turns end with a mark that ends no generation", "<|im_end|> is not among the end tokens of generation_config.json", {}, f"{BASE} | path: models/base", "im_end", files={f"{BASE}/generation_config.json": {"eos_token_id": 2}}),
    # paths
    sft("paths-env", "huggingface/transformers#27923", "weights that are a pointer of git lfs", "model.safetensors is a pointer: git lfs pull", {}, f"{BASE} | path: models/base", "lfs|pointer", files={f"{BASE}/model.safetensors": POINTER}),
    sft("paths-env", "hiyouga/LlamaFactory#7684", "a folder where a name of the hub belongs", "/mnt/c/models/Qwen1.5-0.5B is a path, not a name on the hub", {"checkpoint: {path: models/base}": "checkpoint: {hub: /mnt/c/models/Qwen1.5-0.5B}", "{base: {path: models/base}}": "{base: {hub: /mnt/c/models/Qwen1.5-0.5B}}"}, "hub:", "path", repair={"{hub: /mnt/c/models/Qwen1.5-0.5B}\n": "{path: models/base}\n", "{base: {hub: /mnt/c/models/Qwen1.5-0.5B}}": "{base: {path: models/base}}"}),
    sft("paths-env", "axolotl, mlx-lm: a path that begins with ~", "a path that begins at home", "~ is not the home folder here; write the whole path", {"data/chat.jsonl": "~/data/chat.jsonl"}, "~/data", "~|home|absolute"),
    # cache
    sft("cache-staleness", "axolotl-ai-cloud/axolotl, docs: dataset_prepared_path", "axolotl's folder of prepared rows", "there is no such key; results are kept by their content", {"      - path: data/chat.jsonl\n": "      - path: data/chat.jsonl\n    dataset_prepared_path: last_run_prepared\n"}, "dataset_prepared_path", "dataset_prepared_path", repair={"    dataset_prepared_path: last_run_prepared\n": ""}),
    # memory
    sft("memory", "hiyouga/LlamaFactory#6285", "embedding and head of 8 B trained whole on 24 GB", "embed_tokens and lm_head of Llama 3 do not fit beside it on 24 GB", {**hub("meta-llama/Meta-Llama-3-8B-Instruct"), LORA: "    lora: {r: 8, lora_alpha: 16, modules_to_save: [embed_tokens, lm_head]}\n"}, "target | modules_to_save | hub", "GiB|GB|memory", repair={", modules_to_save: [embed_tokens, lm_head]}": "}", METHOD: "    method: qlora\n    batch_size: 1\n"}),
    sft("memory", "ml-explore/mlx-lm#57", "rows of 32,768 tokens, eight at a time", "8 rows of 32,768 do not fit on 24 GB", {**hub("Qwen/Qwen2.5-7B-Instruct"), "max_tokens: 512": "max_tokens: 32768", "max_seq_length: 512": "max_seq_length: 32768\n    batch_size: 8\n    on_oom: stop"}, "target | batch_size | max_seq_length | hub", "GiB.*(max_seq_length|qlora|smaller)", repair={"max_seq_length: 32768\n    batch_size: 8\n    on_oom: stop": "max_seq_length: 512\n    batch_size: 1\n    on_oom: stop", "max_tokens: 32768": "max_tokens: 512", METHOD: "    method: qlora\n"}),
    # Mamba
    sft("mamba", "huggingface/peft#3554", "attention's names on a Mamba", "a Mamba has no q_proj; in_proj, x_proj, out_proj", {LORA: "    lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, v_proj]}\n"}, "target_modules | q_proj", "q_proj|in_proj", repair={"[q_proj, v_proj]": "[in_proj, x_proj]"}, files=MAMBA_BASE, mend=False),
    sft("mamba", "huggingface/transformers#29631", "a checkpoint of mamba_ssm itself", "config.json has no model_type: it is mamba_ssm's own form; take the -hf one", {}, f"{BASE} | path: models/base", "model_type|mamba|hf|transformers", files={f"{BASE}/config.json": text(ORIGINAL), f"{BASE}/model.safetensors": None, f"{BASE}/pytorch_model.bin": b"PK\x03\x04" + bytes(64), f"{BASE}/generation_config.json": None}, mended=MAMBA_BASE),
    # GGUF and Ollama
    sft("gguf-export", "ggml-org/llama.cpp#9927", "a pre-tokenizer that llama.cpp does not know", "llama.cpp has no name for this splitting of words", {}, f"{BASE} | path: models/base | export", "llama.cpp|pre", files={f"{BASE}/tokenizer.json": {"pre_tokenizer": CUSTOM}}),
    sft("gguf-export", "ggml-org/llama.cpp#9245", "a shard that was not fetched", "model-00002-of-00002.safetensors is missing", {}, f"{BASE} | path: models/base", "00002", files={k: v for k, v in shards().items() if "model-00002" not in k}, mended=shards()),
    sft("ollama-export", "meta-llama/llama-cookbook#640", "the end mark of another family", "<|eot_id|> never comes; turns end with <|im_end|>", {EXPORT: EXPORT + '    parameters: {stop: ["<|eot_id|>"]}\n'}, "stop", r"im_end|eot_id", repair={"<|eot_id|>": "<|im_end|>"}),
    sft("ollama-export", "ollama/ollama#5666", "a system text for a template without one", "the template refuses a system turn, so system: is of no use", {EXPORT: EXPORT + "    system: You are a clerk.\n"}, "system | models/base", "[Ss]ystem", repair={"    system: You are a clerk.\n": ""}, files=template(SYSTEM + CHATML), mend=False),
]
