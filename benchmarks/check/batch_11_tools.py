# ruff: noqa: E501 - a case is one line
"""Failures of tools: YAML, keys, LoRA, quantisation, GGUF and Ollama, folders, environment, disk. See batch_11."""

from batch_9_cases import bad, line, swap
from batch_11_cases import ARCHIVE, CLINIC, RADIO, SEVEN, pointer, tensors

BASE = "models/base"
USED = "{path: models/base} | checkpoint: ${base} | model: {base"  # where the base is named, and where it is used
RATE = "    learning_rate: 1e-3\n"
TUNE = "    learning_rate: 2e-4\n"
TARGETS = "      target_modules: [q_proj, k_proj, v_proj, o_proj]\n"
EXPORT = '    parameters: {temperature: 0.3, stop: ["<|im_end|>"]}\n'
SEVENTH = "mistralai/Mistral-7B-Instruct-v0.3, revision: 1b9d5f0c2a7e4b6d8c3f5e7a9b1d3c5e7f9a1b3d"
QUANTISED = {"quant_method": "awq", "bits": 4, "group_size": 128, "version": "gemm", "zero_point": True}
LONG = " ".join(f"Rule {n}: of room {n} you say that it is open, and never what is kept in it." for n in range(60))

# fmt: off
CASES = [
    # YAML
    swap(ARCHIVE, "yaml", "yaml/pyyaml#107 and opensanctions/opensanctions#3845", "a number with a zero before it", "010 is 8 to some readers and 10 to others: write 10", "      n_layers: 6\n", "      n_layers: 010\n", r"zero|octal|\b10\b|\b8\b", "      n_layers: 10\n"),
    swap(ARCHIVE, "yaml", "kLOsk/adloop#30 and elastic/beats#1495", "a Windows path in double quotes", "\\U begins an escape: single quotes, or / instead of \\", "      - path: letters/*.txt\n", "      - path: \"C:\\Users\\anna\\letters\\*.txt\"\n", r"backslash|escape|quot|\\|/", at="Users"),
    swap(ARCHIVE, "yaml", "ngscopeclient/scopehal-apps#453", "a Windows path in double quotes whose escapes exist", "\\n and \\t became a line break and a tab: write notes/today/*.md", "      - path: notes/*.md\n", "      - path: \"\\notes\\today\\*.md\"\n", r"backslash|escape|line break|tab|quot", at="notes"),
    swap(RADIO, "yaml", "blakeblackshear/frigate#1312", "a tab behind a value", "a tab stands behind 60: take it away, or it does no harm", "    max_steps: 60\n", "    max_steps:\t60\t\n", r"tab (stands )?(behind|before|between|after)"),
    swap(ARCHIVE, "yaml", "EoRImaging/pyfhd#59", "Python's word for nothing", "None is a text to YAML: write null, or delete the line", "    early_stopping: {patience: 3}\n", "    early_stopping: None\n", r"null|None"),
    line(ARCHIVE, "yaml", "bw2/ConfigArgParse#198", "Python's word for nothing where a number is meant", "None is a text to YAML: null", "max_grad_norm: None", r"null", "max_grad_norm: null"),
    line(ARCHIVE, "yaml", "NousResearch/hermes-agent#50604", "a quoted false", "\"false\" is a text: false without the quotation marks", "activation_checkpointing: \"false\"", r"quot|false|boolean|true or false", "activation_checkpointing: false"),
    bad(RADIO, "yaml", "vngrs/konfig#10", "an alias before its anchor", "*small is used before &small is written", {"    model:\n      family: mamba2\n": "    model:\n      <<: *small\n      family: mamba2\n", "  - type: validate_checkpoint\n": "  - type: report\n    title: &small radio\n  - type: validate_checkpoint\n"}, "*small | &small", r"small|alias|anchor"),
    bad(ARCHIVE, "yaml", "stategraph/stategraph#1029 and dtolnay/serde-yaml#202", "shared settings under a key of their own", "defaults is no key of a recipe: vars holds what is shared", {"seed: 3\n": "seed: 3\ndefaults: &rate\n  learning_rate: 1e-3\n", "    learning_rate: 1e-3\n": "    <<: *rate\n"}, "defaults", r"\bvars\b"),
    # keys
    line(ARCHIVE, "keys", "FlagOpen/FlagEmbedding#1202 and bojieli/ai-agent-book#163", "saves kept, by transformers' name", "save_total_limit is keep", "save_total_limit: 5", r"\bkeep\b", "keep: 5"),
    line(CLINIC, "keys", "Lightning-AI/litgpt#693", "precision in Lightning's words", "16-true is fp16", "precision: 16-true", r"fp16|bf16", "precision: bf16"),
    line(CLINIC, "keys", "Lightning-AI/litgpt#1325", "quantisation in litgpt's words", "quantize: bnb.nf4 is method: qlora with quant: {bits: 4, type: nf4}", "quantize: bnb.nf4", r"qlora"),
    line(ARCHIVE, "keys", "Lightning-AI/litgpt#1604", "an optimizer as a class with its settings", "optimizer is a name: adamw; lr stands in learning_rate", "optimizer: {class_path: torch.optim.AdamW, init_args: {lr: 0.0002, betas: [0.9, 0.95]}}", r"adamw", "optimizer: adamw"),
    line(CLINIC, "keys", "axolotl-ai-cloud/axolotl#456", "eight bits by axolotl's switch", "load_in_8bit is method: qlora with quant: {bits: 8}", "load_in_8bit: true", r"qlora|quant\b"),
    swap(CLINIC, "keys", "meta-pytorch/torchtune#1486", "passes and their length in torchtune's words", "epochs is num_train_epochs, max_steps_per_epoch has no counterpart: max_steps", "    num_train_epochs: 3\n", "    epochs: 1\n    max_steps_per_epoch: 25\n", r"each pass|a pass|one pass", at="epochs: 1 | max_steps_per_epoch"),
    line(CLINIC, "keys", "hiyouga/LlamaFactory#5330", "all linear layers in LLaMA-Factory's word", "lora_target: all is lora.target_modules, or nothing", "lora_target: all", r"target_modules"),
    # LoRA
    swap(CLINIC, "lora", "modelscope/ms-swift#6516", "layers in one text with commas", "a list: [q_proj, v_proj]", TARGETS, "      target_modules: q_proj,v_proj\n", r"list|\[q_proj, v_proj\]", "      target_modules: [q_proj, v_proj]\n"),
    swap(CLINIC, "lora", "meta-pytorch/torchtune#1486", "quotation marks inside the names", "the layer is q_proj, not 'q_proj' with its marks", TARGETS, "      target_modules: [\"'q_proj'\", \"'v_proj'\"]\n", r"q_proj", "      target_modules: [q_proj, v_proj]\n"),
    swap(CLINIC, "lora", "huggingface/peft#2155 and #1024", "chosen blocks by peft's name", "layers_to_transform has no counterpart; layers adapts the last so many", TARGETS, TARGETS + "      layers_to_transform: [0, 1]\n", r"\blayers\b", at="layers_to_transform"),
    swap(CLINIC, "lora", "huggingface/peft#2653", "peft's word for all linear layers, in a list", "all-linear is no layer: leave target_modules out, or name them", TARGETS, "      target_modules: [all-linear]\n", r"all-linear", "      target_modules: [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]\n"),
    bad(CLINIC, "lora", "huggingface/peft#2244", "an adapter on the head of a base whose embedding is tied", "lm_head and embed_tokens are one matrix: leave lm_head out", {TARGETS: "      target_modules: [q_proj, v_proj, lm_head]\n"}, "target_modules", r"tied|lm_head", files={f"{BASE}/config.json": {"tie_word_embeddings": True}, f"{BASE}/model.safetensors": tensors(head=False)}),
    bad(CLINIC, "lora", "huggingface/transformers#45127", "head and embedding trained apart though they are tied", "one of the two is enough where they are one matrix", {TUNE: TUNE + "    add_tokens: [\"<|pain|>\"]\n", TARGETS: TARGETS + "      modules_to_save: [embed_tokens, lm_head]\n"}, "modules_to_save", r"tied|one matrix|lm_head", files={f"{BASE}/config.json": {"tie_word_embeddings": True}, f"{BASE}/model.safetensors": tensors(head=False)}),
    # quantisation
    bad(CLINIC, "quant", "unslothai/unsloth#1314 and hiyouga/LlamaFactory#4929", "a base in AWQ's four bits", "the base is quantised by AWQ: take the full one", {}, USED, r"AWQ|awq|quantised|quantized", files={f"{BASE}/config.json": {"quantization_config": QUANTISED}}),
    bad(SEVEN, "quant", "axolotl-ai-cloud/axolotl#1513", "a base that is four bits already", "unsloth/mistral-7b-bnb-4bit is quantised: take the full model", {SEVENTH: "unsloth/mistral-7b-instruct-v0.3-bnb-4bit, revision: 1b9d5f0c2a7e4b6d8c3f5e7a9b1d3c5e7f9a1b3d"}, "bnb-4bit | model: {base", r"quantised|quantized|4.?bit|full"),
    bad(CLINIC, "quant", "huggingface/transformers#46736 and hiyouga/LlamaFactory#10328", "a base in eight-bit floats", "the base is fp8: it is for serving, no gradient goes through it", {}, USED, r"fp8|quantised|quantized", files={f"{BASE}/config.json": {"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128], "activation_scheme": "dynamic"}}}),
    swap(CLINIC, "quant", "unslothai/unsloth#3007", "a quantisation in capitals", "q8_0", "    name: clinic\n", "    name: clinic\n    quantization: Q8_0\n", r"q8_0", "    name: clinic\n    quantization: q8_0\n", at="quantization"),
    swap(SEVEN, "quant", "unslothai/unsloth#626: save_to_gguf's list", "a quantisation in unsloth's words", "fast_quantized is q8_0", "    name: seven\n", "    name: seven\n    quantization: fast_quantized\n", r"q8_0", "    name: seven\n    quantization: q8_0\n", at="quantization"),
    swap(SEVEN, "quant", "unslothai/unsloth#3928: the notebook's several files", "several quantisations at once", "one name a step: q4_0, and a second export_ollama for q8_0", "    name: seven\n", "    name: seven\n    quantization: [q4_0, q8_0]\n", r"one file|one name|step of its own|each", "    name: seven\n    quantization: q4_0\n", at="quantization"),
    # GGUF
    bad(CLINIC, "gguf", "hiyouga/LlamaFactory#7848 and ggml-org/llama.cpp#12567", "weights without a head, though it is not tied", "lm_head.weight is missing, and tie_word_embeddings is false", {}, USED, r"\btied\b|lm_head", files={f"{BASE}/model.safetensors": tensors(head=False)}),
    bad(CLINIC, "gguf", "ggml-org/llama.cpp#9211", "weights whose names lack their beginning", "embed_tokens.weight should be model.embed_tokens.weight: a LlamaModel was saved, not a LlamaForCausalLM", {}, USED, r"embed_tokens|names|model\.", files={f"{BASE}/model.safetensors": tensors(prefix="")}),
    bad(CLINIC, "gguf", "ggml-org/llama.cpp#9252", "weights that quanto has made small", "weight._data and weight._scale are quanto's: take the full model", {}, USED, r"quanto|quantised", files={f"{BASE}/model.safetensors": {"safetensors": {**tensors(suffix=".weight._data")["safetensors"], "lm_head.weight._scale": (300, 1), "model.layers.0.mlp.up_proj.weight._scale": (128, 1)}}}),
    bad(CLINIC, "gguf", "hiyouga/LlamaFactory#9655", "a config.json without model_type", "config.json lacks model_type", {}, USED, r"model_type", files={f"{BASE}/config.json": {"model_type": ..., "architectures": ...}}),
    # Ollama
    swap(ARCHIVE, "ollama", "ollama/ollama#1323", "a name with two colons", "name:tag has one colon", "    name: archive\n", "    name: archive:v1:latest\n", r"colon|name|:"),
    swap(CLINIC, "ollama", "ollama/ollama#947 and #927", "a name in capitals", "Ollama's names are small letters: clinic-desk", "    name: clinic\n", "    name: Clinic-Desk\n", r"small|lower|capital"),
    swap(CLINIC, "ollama", "longy2k/obsidian-bmo-chatbot#72", "three stops in one text", "one text with commas never occurs: three texts", "stop: [\"<|im_end|>\"]", "stop: [\"<|im_start|>, <|im_end|>, </s>\"]", r"comma|several texts|one text|three", "stop: [\"<|im_start|>\", \"<|im_end|>\", \"</s>\"]", at="stop"),
    swap(CLINIC, "ollama", "crewAIInc/crewAI#19: stops of another tool", "a stop that is no list", "stop is a list: [\"<|im_end|>\"]", "stop: [\"<|im_end|>\"]", "stop: <|im_end|>", r"list|\[", at="stop"),
    swap(CLINIC, "ollama", "ollama/ollama#4206", "a stop of another model's template", "<|eot_id|> is no token here: the turn ends with <|im_end|>", "stop: [\"<|im_end|>\"]", "stop: [\"<|eot_id|>\"]", r"eot_id|im_end", at="stop"),
    swap(CLINIC, "ollama", "ollama/ollama#12755", "parameters as the lines of a Modelfile", "parameters is a map: {temperature: 0.3}", EXPORT, "    parameters:\n      - temperature 0.3\n      - top_p 0.8\n", r"map|temperature:|mapping", at="parameters | temperature 0.3"),
    swap(CLINIC, "ollama", "ollama/ollama#10488", "a system message longer than the context", "the message alone has more tokens than rows had: shorten it, or train longer rows", "    system: You answer for a clinic's desk.\n", f"    system: \"{LONG}\"\n", r"system|context|tokens|256", at="system"),
    # folders and environment
    swap(CLINIC, "paths", "bitsandbytes-foundation/bitsandbytes#398", "a path from the manual, never filled in", "/path/to/model is a placeholder, and does not exist", "{path: models/base}", "{path: /path/to/model/weights/}", r"placeholder|example|stands for|manual", at="/path/to | ${base}"),
    swap(CLINIC, "paths", "microsoft/LMOps#71 and dataaug/chatbot_multiround#1", "a folder as a name of the hub", "a folder is path: models/base; the hub's names are owner/name", "{path: models/base}", "{hub: ./models/base}", r"path|owner|folder", at="hub | ${base}"),
    swap(SEVEN, "paths", "open-webui/open-webui#9400", "Ollama's name of a model", "mistral:7b-instruct is Ollama's name: the hub's is owner/name", f"{SEVENTH}", "mistral:7b-instruct-v0.3, revision: 1b9d5f0c2a7e4b6d8c3f5e7a9b1d3c5e7f9a1b3d", r"Ollama|owner|hub", at="mistral:7b | ${base}"),
    swap(ARCHIVE, "paths", "huggingface/huggingface_hub#1683", "a data set with the address's first word", "roneneldan/TinyStories, without datasets/", "      - path: notes/*.md\n        lang: en\n", "      - hub: datasets/roneneldan/TinyStories\n        revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64\n        take: 100\n        lang: en\n", r"datasets/|owner|roneneldan/TinyStories", "      - hub: roneneldan/TinyStories\n        revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64\n        take: 100\n        lang: en\n", at="datasets/roneneldan"),
    bad(SEVEN, "environment", "huggingface/transformers#15945 and deepghs/imgutils#130", "a model of the hub, and the hub switched off", "HF_HUB_OFFLINE is set, and the model is not in the cache", {}, "mistralai | ${base}", r"HF_HUB_OFFLINE|offline", environment={"HF_HUB_OFFLINE": "1"}, twin=False),
    bad(CLINIC, "paths", "turboderp/exllama#242", "git-lfs' pointer instead of a tokenizer", "tokenizer.json is a pointer of git-lfs: git lfs pull", {}, USED, r"lfs", files={f"{BASE}/tokenizer.json": pointer(1961548)}),
    swap(RADIO, "paths", "reczoo/FuxiCTR#168", "a pattern below a file", "data/tr.jsonl is a file: path: data/tr.jsonl", "path: data/tr.jsonl", "path: data/tr.jsonl/*.json", r"is a file"),
    # disk
    bad(ARCHIVE, "disk", "Positronic-Robotics/positronic#374", "forty saves of a large model", "forty times 80 GB are 3 TB: keep 2", {"target: a10": "target: h200", "d_model: 192": "d_model: 4096", "n_layers: 6": "n_layers: 32", "n_heads: 6": "n_heads: 32", "n_kv_heads: 3": "n_kv_heads: 8", RATE: "    learning_rate: 1e-4\n    save_steps: 1\n    keep: 40\n"}, "keep | save_steps", r"disk|free|TB|GB", twin=False),
]
# fmt: on
