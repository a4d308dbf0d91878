# ruff: noqa: E501 - a case is one line
"""Subtler guesses at the failures that are held back, written after the first ones had been tried and still before any rule was read."""

import gzip
import json

from batch_8_cases import BASE, EXPORT, LORA, MODEL, RATE, SOURCE, VOCAB, case, line, rows, swap, talk
from batch_8_tuning import ASKED, base
from cases import LM, SFT

STORIES = "      - path: data/stories.jsonl\n"
TOKENS = "  - type: tokenize_bin\n"
SPLIT = "    max_tokens: 512\n"
BINS = "  - type: check_vocab_consistency\n    bins: {path: data/old.bin, dtype: uint16}\n"
FAMILY = "{family: FAMILY, d_model: 256, n_layers: 4MORE}"


def family(name: str, more: str = "") -> str:
    """The sizes of a network."""
    return FAMILY.replace("FAMILY", name).replace("MORE", more)


def source(kind: str, gap: str, title: str, more: str, says: str, must: str, better: str = "", **rest):  # type: ignore[no-untyped-def]
    """A failure by one line more in the only source."""
    return swap(
        kind, gap, title, STORIES, f"{STORIES}        {more}\n", says, must, at=rest.pop("at", more), better=STORIES + better, **rest
    )


# fmt: off
CASES = [
    # text
    swap("yaml", "gap 2", "a dash for a minus", "1e-3", "1e–3", "minus|dash|1e-3|hyphen", "the dash is no minus: 1e-3", at="learning_rate"),
    swap("yaml", "gap 5", "curled quotes", "name: small", "name: “small”", "quote|name", "curled quotes are part of the name", at="name: “"),
    swap("yaml", "gap 8", "a version for a name", "name: small", "name: 1.10", "quote|text|1\\.1", "1.10 is the number 1.1: quote it", at="name: 1.10", better='name: "v1.10"'),
    swap("yaml", "gap 9", "a remark that swallows half of a text", EXPORT[SFT], EXPORT[SFT] + "    system: Answer in German #short and polite\n", "comment|#|quote", "# begins a comment: quote the text", SFT, at="system:", better=EXPORT[SFT] + '    system: "Answer in German #short and polite"\n'),
    swap("yaml", "gap 10", "a colon in a text", EXPORT[SFT], EXPORT[SFT] + "    system: Remember: be brief\n", "quote|colon", "a text with a colon is quoted", SFT, at="system:", better=EXPORT[SFT] + '    system: "Remember: be brief"\n'),
    swap("yaml", "gap 11", "a key twice in braces", "{r: 8, lora_alpha: 16}", "{r: 8, lora_alpha: 16, r: 16}", "twice|before|already|duplicate", "r stands twice", SFT, better="{r: 16, lora_alpha: 16}", at="lora:"),
    swap("yaml", "gap 156b", "a Windows path in quotes", "path: data/chat.jsonl", 'path: "data\\chat.jsonl"', "backslash|\\\\|/", "a backslash is an escape: data/chat.jsonl", SFT, at="path:"),
    swap("keys", "gap 13, hiyouga/LlamaFactory#3597", "layers parted by commas, as in LLaMA-Factory", LORA, "    lora: {r: 8, lora_alpha: 16, target_modules: \"q_proj,v_proj\"}\n", "\\[q_proj, v_proj\\]|\\['q_proj', 'v_proj'\\]", "a list: [q_proj, v_proj]", SFT, at="target_modules", better="    lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, v_proj]}\n"),
    swap("keys", "gap 14", "a comma forgotten in a list", LORA, "    lora: {r: 8, lora_alpha: 16, target_modules: [q_proj v_proj]}\n", "comma|\\[q_proj, v_proj\\]", "q_proj v_proj is one name: a comma between", SFT, at="target_modules", better="    lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, v_proj]}\n"),
    # numbers that contradict
    line("schedule", "gap 101, axolotl-ai-cloud/axolotl#3254", "a warmup in steps and in shares", "warmup_steps: 50\n    warmup_ratio: 0.03", "warmup", "warmup_steps: 50", "one of the two", at="warmup_steps | warmup_ratio"),
    line("schedule", "gap 108, unslothai/unsloth#594", "steps and passes", "num_train_epochs: 20", "max_steps|epochs", "", "max_steps ends it first: one of the two"),
    line("batch", "gap 88", "sequences and tokens of a step", "total_batch_tokens: 8192", "total_batch", "", "one of the two"),
    line("schedule", "gap 109, huggingface/transformers#38217", "validation by a share, as Trainer takes it", "eval_steps: 0.1", "100", "eval_steps: 100", "a tenth of 1000 steps is 100"),
    line("schedule", "gap 106, huggingface/transformers#38217", "saves by a share, as Trainer takes it", "save_steps: 0.25", "250", "save_steps: 250", "a quarter of 1000 steps is 250"),
    swap("schedule", "gap 102b", "a sign lost from the rate", "learning_rate: 2e-4", "learning_rate: 2e4", "2e-4|rate|large|1 or less", "20000 is no rate: 2e-4", SFT),
    line("schedule", "gap 118", "an end of the rate without a fall", "scheduler: constant\n    min_lr: 1e-4", "min_lr|constant", "scheduler: constant", "a constant rate has no end", at="min_lr | scheduler"),
    line("schedule", "gap 113b", "a band behind the end", "expect: {5000: {train_loss: [2.0, 4.0]}}", "5,?000|1,?000|never", "expect: {1000: {train_loss: [2.0, 4.0]}}", "training ends at 1000", at="expect"),
    line("schedule", "gap 114", "a band the wrong way round", "expect: {1000: {train_loss: [4.0, 2.0]}}", "order|low|high|2|4", "expect: {1000: {train_loss: [2.0, 4.0]}}", "the lower figure comes first", at="expect"),
    line("schedule", "gap 115", "stages longer than the training", "stages: [{steps: 2000, train: [layers.0]}, {train: [all]}]", "2,?000|1,?000|steps", "stages: [{steps: 200, train: [layers.0]}, {train: [all]}]", "the first stage takes 2000 of 1000 steps", at="stages"),
    line("schedule", "gap 116b", "a stage that trains nothing", "stages: [{steps: 200, train: [attention]}, {train: [all]}]", "attention|self_attn|no weight|nothing", "stages: [{steps: 200, train: [self_attn]}, {train: [all]}]", "no weight is called so: self_attn", at="stages"),
    swap("lora", "gap 77", "a rank above the width", LORA, "    lora: {r: 256, lora_alpha: 16}\n", "64|rank|width", "the base's layers are 64 wide", SFT, at="r: 256", better="    lora: {r: 16, lora_alpha: 16}\n"),
    swap("length", "gap 50b", "pieces that overlap whole", SPLIT, SPLIT + "    overlap_tokens: 512\n", "overlap", "the overlap is the whole piece", SFT, at="overlap_tokens | max_tokens", better=SPLIT + "    overlap_tokens: 32\n"),
    case("length", "gap 52", "long documents are only measured", {SPLIT: SPLIT + "    analyze_only: true\n"}, "analyze_only | max_seq_length | data/chat", "analyze_only|split|cut|long|fit", {"    analyze_only: true\n": ""}, "nothing is split, and answers are longer than a row", SFT, files={"data/chat.jsonl": [talk(("user", f"Tell {n}."), ("assistant", f"{n} It grows slowly on the north side of the wall. " * 80)) for n in range(200)]}, twin=False),
    case("length", "gap 55", "longer texts than the model has seen", {"  - type: validate_checkpoint\n": "  - type: validate_checkpoint\n    max_new_tokens: 2000\n"}, "max_new_tokens", "256|position|trained|seen", {"max_new_tokens: 2000": "max_new_tokens: 200"}, "training saw 256 tokens a row"),
    # vocabulary, tokenizer
    base("vocab", "gap 22, pytorch/torchtitan#1495", "a size in config.json that the weights do not have", {"config.json": {"vocab_size": 320}}, "320|300", "config.json says 320 rows, the weights have 300"),
    base("vocab", "gap 25", "an end beyond the rows", {"config.json": {"eos_token_id": 32000}, "generation_config.json": {"eos_token_id": 32000}}, "32,?000|eos", "eos_token_id 32000 has no row"),
    base("vocab", "gap 28", "an end that is no token", {"tokenizer_config.json": {"eos_token": "<|endoftext|>"}}, "endoftext", "<|endoftext|> is no token of the tokenizer"),
    swap("vocab", "gap 30, axolotl-ai-cloud/axolotl#787", "a token that the base has", LORA, LORA + '    add_tokens: ["<|im_end|>"]\n', "already|im_end|has", "<|im_end|> is there already", SFT, at="add_tokens"),
    case("token-dtype", "gap 32, allenai/dolma#142", "a numpy file with another name", {TOKENS: BINS + TOKENS}, "bins | data/old.bin", "npy|numpy|NumPy|header", None, "the file has a numpy header: it is no bare ids", files={"data/old.bin": b"\x93NUMPY\x01\x00v\x00" + json.dumps({"descr": "<u2"}).encode().ljust(118) + bytes([5, 0] * 2000)}),
    case("token-dtype", "gap 35", "ids of a larger tokenizer", {TOKENS: BINS + TOKENS}, "bins | data/old.bin", "5,?000|1,?000|row|id", None, "id 5000 has no row among 1000", files={"data/old.bin": b"\x88\x13\x07\x00\x09\x01" * 1000}),
    swap("tokenizer", "gap 41, google/sentencepiece#1117", "half of the characters", VOCAB, VOCAB + "    character_coverage: 0.5\n", "0\\.98|cover|unknown", "below 0.98 text becomes unknown", at="character_coverage", better=VOCAB + "    character_coverage: 0.9995\n"),
    swap("tokenizer", "gap 43, google/sentencepiece#730", "too little text for the pieces", VOCAB, VOCAB + "    sample_bytes: 1000\n", "sample_bytes|too|text|large|at most", "1000 bytes make no 1000 pieces", at="sample_bytes | vocab_size", better=VOCAB),
    # attention, network
    base("attention", "gap 71", "scores that flash attention does not cap", {"config.json": {"model_type": "gemma2", "architectures": ["Gemma2ForCausalLM"], "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "head_dim": 16, "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 16, "sliding_window": 4096}}, "eager|cap", "sdpa leaves out the cap: eager", at="attn_implementation", changes={RATE[SFT]: RATE[SFT] + "    attn_implementation: sdpa\n"}, twin=False),
    case("attention", "gap 73", "heads wider than flash attention has", {"target: t4": "target: a100-40", MODEL: "{family: llama, d_model: 1280, n_layers: 2, n_heads: 4}", RATE[LM]: RATE[LM] + "    attn_implementation: flash_attention_2\n"}, "attn_implementation | n_heads", "256|320|head", {"n_heads: 4": "n_heads: 10"}, "heads of 320 are wider than 256"),
    case("attention", "gap 72b", "flash attention in fp32 on a card that has it", {"target: t4": "target: a100-40", RATE[LM]: RATE[LM] + "    attn_implementation: flash_attention_2\n    precision: fp32\n"}, "attn_implementation | precision", "fp32|bf16|half", {"precision: fp32": "precision: bf16"}, "flash attention takes fp16 or bf16"),
    case("network", "gap 101b", "heads of an odd width", {MODEL: "{family: llama, d_model: 60, n_layers: 4, n_heads: 4}"}, "n_heads: 4 | d_model: 60", "even|15|odd|rotary|RoPE", {"d_model: 60": "d_model: 64"}, "heads of 15 cannot be turned by pairs"),
    line("packing", "gap 74, axolotl-ai-cloud/axolotl#1212", "rows cut end to end where answers are learned", "packing: stream", "stream|documents|sft", "packing: documents", "sft rows are packed whole: documents", SFT),
    case("mamba", "gap 168b", "heads of a Mamba-2 that do not make its width", {MODEL: family("mamba2", ", n_heads: 4, head_dim: 64")}, "n_heads: 4", "512|8|head", {", n_heads: 4": ""}, "4 heads of 64 are 256, the inner width is 512"),
    case("mamba", "gap 173", "a memory in a network without", {MODEL: family("mamba", ", hebbian_decay: 0.98")}, "hebbian_decay", "mamba_hebbian|hebbian", {", hebbian_decay: 0.98": ""}, "family: mamba_hebbian has the memory"),
    # machines, environment
    case("precision", "gap 61", "fp16 on a CPU", {"target: t4": "target: cpu", RATE[LM]: RATE[LM] + "    precision: fp16\n"}, "precision: fp16", "fp32|CPU|cpu", {"precision: fp16": "precision: auto"}, "a CPU trains in fp32"),
    case("env", "gap 90, hiyouga/LlamaFactory#2574", "a variable without its S", {"target: t4": "target: here"}, "target:", "CUDA_VISIBLE_DEVICES", None, "CUDA_VISIBLE_DEVICE is CUDA_VISIBLE_DEVICES", environment={"CUDA_VISIBLE_DEVICE": "1"}),
    case("env", "gap 159", "the hub is switched off", {"checkpoint: {path: models/base}": "checkpoint: {hub: Qwen/Qwen2.5-0.5B, revision: 060db6499f32faf8b98477b0a26969ef7d8b9987}", "{base: {path: models/base}}": "{base: {hub: Qwen/Qwen2.5-0.5B, revision: 060db6499f32faf8b98477b0a26969ef7d8b9987}}"}, "Qwen/Qwen2.5-0.5B", "HF_HUB_OFFLINE|offline", None, "HF_HUB_OFFLINE keeps it from being fetched", SFT, environment={"HF_HUB_OFFLINE": "1"}),
    case("env", "gap 160", "a gated model and no token", {"checkpoint: {path: models/base}": "checkpoint: {hub: meta-llama/Llama-3.2-1B-Instruct, revision: 9213176726f574b556790deb65791e0c5aa438b6}", "{base: {path: models/base}}": "{base: {hub: meta-llama/Llama-3.2-1B-Instruct, revision: 9213176726f574b556790deb65791e0c5aa438b6}}"}, "meta-llama", "HF_TOKEN|gated|token|licen", None, "the model is gated: HF_TOKEN", SFT),
    # data
    rows("data", "gap 135", "the assistant begins", {"data/chat.jsonl": [talk(("assistant", f"Hello {n}, how can I help?"), ("user", f"What is {n}?"), ("assistant", f"A number, {n}.")) for n in range(200)]}, "before any question", "a conversation begins with the user", twin=False),
    rows("data", "gap 136", "a role that nobody has", {"data/chat.jsonl": [talk(("user", f"What is {n}?"), ("narrator", f"A number, {n}.")) for n in range(200)]}, "narrator|role", "narrator is no role"),
    case("data", "gap 141, ml-explore/mlx-examples#199", "the folder of another tool, with its test rows", {"data/chat.jsonl": "data/set"}, "data/set", "test|valid", {"data/set": "data/set/train.jsonl"}, "valid.jsonl and test.jsonl are trained on too", SFT, files={"data/set/train.jsonl": ASKED[:160], "data/set/valid.jsonl": ASKED[160:180], "data/set/test.jsonl": ASKED[180:]}),
    rows("data", "gap 137", "one row two hundred times", {"data/chat.jsonl": [talk(("user", "What is 2 and 2?"), ("assistant", "It is 4."))] * 200}, "same|one|duplicate|dedup", "all rows are the same: one is left"),
    rows("data", "gap 132", "text in another encoding", {"data/chat.jsonl": "\n".join(json.dumps({"instruction": f"Çevir {n}: şöyle", "output": f"Böyle, ığdır {n}"}, ensure_ascii=False) for n in range(200)).encode("cp1254")}, "UTF-8|encoding|cp125|decode|utf", "the file is no UTF-8"),
    rows("data", "gap 138b", "packed rows by another name", {"data/chat.jsonl": gzip.compress("\n".join(json.dumps(r) for r in ASKED).encode())}, "gzip|\\.gz|packed|compress", "the file is packed by gzip: name it chat.jsonl.gz"),
    case("data", "gap 158", "a spreadsheet", {"data/chat.jsonl": "data/chat.xlsx"}, "data/chat.xlsx", "xlsx|csv|spreadsheet|format", None, "a spreadsheet is not read: save it as CSV", SFT, files={"data/chat.xlsx": b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + bytes(400)}),
    source("data", "gap 130", "a slice in the split, as datasets takes it", 'split: "train[:10%]"', "take|split", "take: N", at="split"),
    swap("data", "gap 133b", "an address for a data set's name", STORIES, "      - hub: https://huggingface.co/datasets/roneneldan/TinyStories\n", "roneneldan/TinyStories", "the name alone: roneneldan/TinyStories", at="hub:"),
    case("data", "gap 139b", "a filter that lets nothing through", {STORIES: STORIES + "    clean: {min_words: 50000}\n"}, "min_words | data/stories", "50,?000|nothing|every|no document|dropped", {"    clean: {min_words: 50000}\n": ""}, "no story has 50000 words"),
    case("data", "gap 140b", "only another language is let through", {STORIES: STORIES + "    clean: {languages: {allow: [tr]}}\n"}, "languages | data/stories", "tr|en|dropped|nothing|language", {"allow: [tr]": "allow: [en]"}, "the stories are English: nothing is left"),
    case("data", "gap 131b", "a language by its name", {STORIES: STORIES + "    clean: {languages: {allow: [english]}}\n"}, "languages", "\\ben\\b", {"[english]": "[en]"}, "a code: en"),
    source("data", "gap 127", "a password in the recipe", "password: hunter2", "env:", "a secret comes from the environment: ${env:NAME}"),
    # bases
    base("paths", "gap 154b", "weights in the old format alone", {"model.safetensors": None, "pytorch_model.bin": b"PK\x03\x04" + bytes(200)}, "pytorch_model.bin|trust_pickle|pickle", "pytorch_model.bin is opened with trust_pickle: true"),
    swap("paths", "gap 155b", "the file for the folder", "{base: {path: models/base}}", "{base: {path: models/base/model.safetensors}}", "folder", "the folder, models/base", SFT, at="model.safetensors"),
    swap("paths", "gap 156", "the folder above", "{base: {path: models/base}}", "{base: {path: models}}", "models/base", "models/base is the model", SFT),
    swap("paths", "gap 157", "Ollama's name of a model", "{base: {path: models/base}}", "{base: {hub: \"llama3.2:1b\"}}", "Ollama|owner|hub|name", "a name on the hub: owner/name", SFT, at="llama3.2:1b"),
    swap("paths", "gap 158b", "a letter of another case", SOURCE, "      - path: data/Chat.jsonl\n", "data/chat.jsonl", "data/chat.jsonl", SFT),
    # GGUF and Ollama
    swap("ollama", "gap 190, ollama/ollama#2673", "quotes that end the system text", EXPORT[SFT], EXPORT[SFT] + "    system: 'Write code in \"\"\" fences.'\n", '"""|quote', 'three quotes end SYSTEM in a Modelfile', SFT, at="system:", better=EXPORT[SFT] + "    system: Write code in fences.\n"),
    swap("ollama", "gap 192, ollama/ollama#8363", "an empty stop", EXPORT[SFT], EXPORT[SFT] + '    parameters: {stop: [""]}\n', "empty|stop", "an empty text stops at once", SFT, at="stop", better=EXPORT[SFT] + '    parameters: {stop: ["<|im_end|>"]}\n'),
    swap("ollama", "gap 195", "a temperature in per cent", EXPORT[LM], EXPORT[LM] + "    parameters: {temperature: 70}\n", "0\\.7|temperature|2|large", "0.7", at="temperature", better=EXPORT[LM] + "    parameters: {temperature: 0.7}\n"),
    swap("gguf", "gap 179", "bits for a quantization", EXPORT[LM], EXPORT[LM] + "    quantization: 8\n", "q8_0", "q8_0", at="quantization: 8", better=EXPORT[LM] + "    quantization: q8_0\n"),
    base("gguf", "gap 184", "a low-rank layer on a head that is the embedding", {"config.json": {"tie_word_embeddings": True}}, "tied|tie|lm_head", "lm_head is the embedding: an adapter on it is lost or changes both", at="target_modules", changes={LORA: "    lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, lm_head]}\n"}, repair={", lm_head": ""}, mended={f"{BASE}/config.json": {"tie_word_embeddings": True}}),
    case("ollama", "gap 187", "two exports of one name", {"  - type: export_ollama\n    name: small\n": "  - type: export_ollama\n    id: large\n    name: small\n  - type: export_ollama\n    id: tiny\n    name: small\n    quantization: q4_0\n"}, "name: small | id: tiny", "name|same|large|overw", {"id: tiny\n    name: small": "id: tiny\n    name: small-q4"}, "the second takes the first one's name in Ollama"),
]
# fmt: on
