# ruff: noqa: E501 - a case is one line
"""Guesses at the failures that are held back, where a chat model is tuned. See batch_8."""

import json

from batch_8_cases import BASE, EXPORT, LORA, SOURCE, case, line, rows, swap, talk
from cases import CHATML, SFT

PAIRS = [{"instruction": f"Double {n}.", "output": str(2 * n)} for n in range(200)]
ASKED = [talk(("user", f"What is {n} and {n}?"), ("assistant", f"It is {2 * n}.")) for n in range(200)]
TOLD = [talk(("system", "Be brief."), *((m["role"], m["content"]) for m in row["messages"])) for row in ASKED]
STRICT = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + CHATML
SILENT = CHATML.replace("{{ '<|im_start|>'", "{% if message['role'] != 'system' %}{{ '<|im_start|>'", 1).replace(
    "{% endfor %}", "{% endif %}{% endfor %}", 1
)
LONG = "It grows slowly on the north side of the wall. " * 80
CSV = "data/chat.jsonl", "data/chat.csv"


def base(family, source, title, files, says, must, **more):  # type: ignore[no-untyped-def]
    """A failure in the base's folder."""
    return rows(
        family, source, title, {f"{BASE}/{name}": content for name, content in files.items()}, says, must, at=more.pop("at", BASE), **more
    )


# fmt: off
CASES = [
    # keys
    line("keys", "gap 32, axolotl-ai-cloud/axolotl#1570", "special tokens by axolotl's key", 'special_tokens: {pad_token: "<|end_of_text|>"}', "special_tokens|add_tokens", "", "no such key: tokens are added by add_tokens, and no pad is needed", SFT, at="special_tokens"),
    swap("keys", "gap 15, axolotl-ai-cloud/axolotl#2792", "the rate among LoRA's settings", LORA, "    lora: {r: 8, lora_alpha: 16, learning_rate: 2e-4}\n", "learning_rate|train|level", "learning_rate belongs to the train step, one level up", SFT),
    swap("keys", "gap 19, axolotl-ai-cloud/axolotl#1136", "axolotl's list of data sets", "    sources:\n" + SOURCE, "    datasets:\n      - path: data/chat.jsonl\n        type: chat_template\n", "sources", "datasets is sources, and the type is seen from the rows", SFT, at="datasets | type: chat_template"),
    line("keys", "gap 150", "loss on the question too, by axolotl's key", "train_on_inputs: true", "train_on_inputs|answer", "", "no such key: the loss is on the answers", SFT, at="train_on_inputs"),
    line("keys", "gap 163, axolotl-ai-cloud/axolotl#1265", "a folder for prepared data", "dataset_prepared_path: last_run_prepared", "dataset_prepared_path|store", "", "no such key: results are kept by their content", SFT, at="dataset_prepared_path"),
    # vocabulary
    base("vocab", "gap 25, hf-lin/ChatMusician#23", "a pad that only added_tokens.json has", {"added_tokens.json": {"<pad>": 300}, "tokenizer_config.json": {"pad_token": "<pad>"}}, "300|301|<pad>|row", "<pad> is id 300, and the model has rows for 0 to 299"),
    swap("vocab", "gap 30, huggingface/peft#1300", "the embedding by another family's name", LORA, '    lora: {r: 8, lora_alpha: 16, modules_to_save: [wte, lm_head]}\n    add_tokens: ["<think>"]\n', "wte|embed_tokens", "a llama has no wte: embed_tokens", SFT, at="modules_to_save", better='    lora: {r: 8, lora_alpha: 16, modules_to_save: [embed_tokens, lm_head]}\n    add_tokens: ["<think>"]\n'),
    # length
    base("length", "gap 48, unslothai/unsloth#25", "more tokens than the base has positions", {"config.json": {"max_position_embeddings": 256}}, "256|position", "the base has 256 positions, a row has 512 tokens", at="max_seq_length: 512 | models/base", repair={"max_seq_length: 512": "max_seq_length: 256", "max_tokens: 512": "max_tokens: 256"}, mended={f"{BASE}/config.json": {"max_position_embeddings": 256}}),
    case("length", "gap 52, unslothai/unsloth#2904", "pieces longer than a row", {"max_tokens: 512": "max_tokens: 2048"}, "max_tokens: 2048 | max_seq_length: 512", "512|2,?048|cut|long", {"max_tokens: 2048": "max_tokens: 512"}, "pieces of up to 2048 tokens do not fit in rows of 512", SFT, files={"data/chat.jsonl": [talk(("user", f"Tell {n}."), ("assistant", LONG)) for n in range(200)]}, twin=False),
    # precision, quantisation
    case("quant", "gap 66", "four bits on Apple Silicon", {"target: rtx4090": "target: m2-16gb", "method: lora": "method: qlora"}, "method: qlora | target: m2", "bitsandbytes|Apple|Metal|CUDA|MLX|mlx", {"method: qlora": "method: lora"}, "bitsandbytes has no four bits on Metal: lora", SFT),
    case("quant", "gap 83, hiyouga/LlamaFactory#5577", "quantisation beside a method that does not quantise", {LORA: LORA + "    quant: {bits: 4}\n"}, "quant: | method: lora", "qlora", {"method: lora": "method: qlora"}, "quant is of method: qlora", SFT),
    case("quant", "gap 86", "settings of four bits with eight", {"method: lora": "method: qlora", LORA: LORA + "    quant: {bits: 8, type: nf4, double: true}\n"}, "quant:", "type|double", {"{bits: 8, type: nf4, double: true}": "{bits: 8}"}, "nf4 and double are of four bits", SFT),
    swap("quant", "gap 178, hiyouga/LlamaFactory#4728", "four bits by a common name", EXPORT[SFT], EXPORT[SFT] + "    quantization: int4\n", "q4_0|q4_1", "q4_0", SFT, at="quantization", better=EXPORT[SFT] + "    quantization: q4_0\n"),
    line("attention", "gap 74, hiyouga/LlamaFactory#3508", "flash attention by LLaMA-Factory's word", "attn_implementation: fa2", "flash_attention_2", "attn_implementation: flash_attention_2", "flash_attention_2", SFT),
    # LoRA
    swap("lora", "gap 77, huggingface/peft#1206", "all layers by peft's word", LORA, "    lora: {r: 8, lora_alpha: 16, target_modules: all-linear}\n", "leave|list|target_modules", "target_modules is a list of names: leave it out for those of the family", SFT, at="target_modules"),
    swap("lora", "gap 78, huggingface/peft#1959", "one layer of five that is none", LORA, "    lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, k_proj, v_proj, o_proj, dense]}\n", "dense", "a llama has no dense", SFT, at="target_modules", better="    lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, k_proj, v_proj, o_proj]}\n"),
    swap("lora", "gap 79", "more layers than the base has", LORA, "    lora: {r: 8, lora_alpha: 16, layers: 16}\n", "2|layer", "the base has 2 layers", SFT, at="layers: 16", better="    lora: {r: 8, lora_alpha: 16, layers: 2}\n"),
    # data
    rows("data", "gap 130", "a table parted by semicolons", {"data/chat.csv": "instruction;output\n" + "".join(f"Double {n}.;{2 * n}\n" for n in range(200))}, "semicolon|;|column|comma", "the columns are parted by semicolons", changes=dict([CSV]), mended={"data/chat.csv": "instruction,output\n" + "".join(f"Double {n}.,{2 * n}\n" for n in range(200))}),
    rows("data", "gap 132, oobabooga/textgen#2500", "a JSON list with the name of JSON lines", {"data/chat.jsonl": json.dumps(ASKED, indent=1)}, "format: json|list|JSON lines|one row|\\.json", "the file is one JSON list: format: json"),
    rows("data", "gap 135, hiyouga/LlamaFactory#8323", "conversations as text", {"data/chat.jsonl": [{"messages": json.dumps(row["messages"])} for row in ASKED]}, "text|list|string", "messages is a text of JSON, not a list"),
    rows("data", "gap 136, hiyouga/LlamaFactory#6924", "roles of ShareGPT in messages", {"data/chat.jsonl": [talk(("human", f"What is {n} and {n}?"), ("gpt", f"It is {2 * n}.")) for n in range(200)]}, "human|gpt|role|assistant", "the roles are user and assistant"),
    rows("data", "gap 137, hiyouga/LlamaFactory#1332", "the answers are in the question", {"data/chat.jsonl": [{"instruction": f"User: Double {n}.\nBot: {2 * n}", "input": "", "output": ""} for n in range(200)]}, "empty|answer", "every answer is empty"),
    rows("data", "gap 141", "the last word is the user's", {"data/chat.jsonl": [talk(("user", "Hello"), ("assistant", "Hello."), ("user", f"What is {n}?")) if n % 2 else talk(("user", f"What is {n}?")) for n in range(200)]}, "assistant|answer|user", "a hundred rows have no answer"),
    rows("data", "gap 158, hiyouga/LlamaFactory#3018", "JSON in a text file", {"data/chat.txt": json.dumps(PAIRS, indent=1)}, "JSON|json|format", "the file holds JSON: format: json", changes={"data/chat.jsonl": "data/chat.txt"}, repair={"      - path: data/chat.txt\n": "      - path: data/chat.txt\n        format: json\n"}, mended={"data/chat.txt": json.dumps(PAIRS, indent=1)}),
    rows("data", "gap 148", "one row is written as Python", {"data/chat.jsonl": [*ASKED[:100], "{'messages': [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}]}", *ASKED[100:]]}, "101|quote|JSON|row|line", "line 101 is Python, not JSON"),
    # templates
    rows("template", "gap 145, unslothai/unsloth#334", "a system message that the template refuses", {f"{BASE}/tokenizer_config.json": {"chat_template": STRICT}, "data/chat.jsonl": TOLD}, "[Ss]ystem", "the template refuses a system message", mended={f"{BASE}/tokenizer_config.json": {"chat_template": STRICT}}),
    base("template", "gap 147", "a template that is cut off", {"tokenizer_config.json": {"chat_template": CHATML[:-11]}}, "template|endif|end", "the template lacks its endif"),
    base("template", "gap 152", "a template in its own file that is broken", {"chat_template.jinja": "{% for message in messages %}{{ message['content'] }"}, "chat_template.jinja|template", "chat_template.jinja cannot be read, and it counts before tokenizer_config.json"),
    base("template", "gap 153", "a system text that the template drops", {"tokenizer_config.json": {"chat_template": SILENT}}, "system", "the template writes no system message", changes={EXPORT[SFT]: EXPORT[SFT] + "    system: Be brief.\n"}, at="system: | models/base", repair={"    system: Be brief.\n": ""}, mended={f"{BASE}/tokenizer_config.json": {"chat_template": SILENT}}),
    # paths
    base("paths", "gap 159, microsoft/OmniParser#34", "weights that git-lfs has not fetched", {"model.safetensors": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 2471645608\n"}, "[Ll][Ff][Ss]|pointer", "model.safetensors is a pointer: git lfs pull"),
    base("paths", "gap 160", "one of two parts of the weights", {"model.safetensors": None, "model.safetensors.index.json": {"metadata": {"total_size": 1}, "weight_map": {"model.embed_tokens.weight": "model-00001-of-00002.safetensors", "lm_head.weight": "model-00002-of-00002.safetensors"}}, "model-00001-of-00002.safetensors": {"safetensors": {"model.embed_tokens.weight": (300, 64)}}}, "00002", "model-00002-of-00002.safetensors is missing"),
    swap("paths", "gap 16, hiyouga/LlamaFactory#7703", "a path of the home folder", SOURCE, "      - path: ~/data/chat.jsonl\n", "~|home|project", "~ stands for nothing: write the whole path", SFT),
    # GGUF and Ollama
    base("gguf", "gap 180, ggml-org/llama.cpp#8649", "a pre-tokenizer that llama.cpp does not know", {"tokenizer.json": {"pre_tokenizer": {"type": "WhitespaceSplit"}}}, "WhitespaceSplit|pre-?tokenizer|llama.cpp", "llama.cpp splits text in no such way", at="models/base | export_ollama"),
    swap("ollama", "gap 172b", "the adapter beside its base", EXPORT[SFT], EXPORT[SFT] + "    adapter: separate\n", "merge", "an adapter is merged", SFT, at="adapter"),
    swap("ollama", "gap 192, ollama/ollama#8363", "one end of an answer as a text", EXPORT[SFT], EXPORT[SFT] + '    parameters: {stop: "<|im_end|>"}\n', "list|\\[", "stop is a list", SFT, at="stop", better=EXPORT[SFT] + '    parameters: {stop: ["<|im_end|>"]}\n'),
    swap("ollama", "gap 191b", "the file's name in the model's", EXPORT[SFT], "    name: models/tuned.gguf\n", "name|gguf", "a name, not a path", SFT, at="tuned.gguf", better="    name: tuned\n"),
]
# fmt: on
