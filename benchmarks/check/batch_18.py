"""The eighteenth batch: second guesses at what stands in the gaps of the known failures, cf-100 to cf-196.

With batch_17: of each gap the second most probable failure, as users of this language would make it, by somebody who saw no rule, but for
the pages and checks that stand in the steps' own files. Written, and committed, before the check was tried on it, after batch_15 and
batch_16 were mended.

At first sight, each screen read: of 50 are 46 found (92 %), 3 told (120 saves on a card's machine, the password of a paper, a branch as
revision), 1 missed (a validation after every step of data whose size nobody knows). None of the sound recipes was alarmed; one twin had
conversations with a system message and an export without, which was rightly told: it is written anew. In two cases the lines of `at` were
those of a variable, which is told where it is used.
"""

import struct
from typing import Any

from batch_9_cases import DESK, NOVELS, POLITE, TALES, talk
from batch_11_cases import ARCHIVE, CLINIC, LOCKED, RADIO, REVISION, SEVEN, pdf_bytes, tensors
from batch_18_cases import CHAT, MEMORY, NEST, PAPERS, TRAINING, TWICE, fault, more, right
from cases import CHATML, Case, Report

SUMS = [(f"What is {n} and {n}?", f"It is {2 * n}.") for n in range(200)]
PLAIN = [talk(("user", q), ("assistant", a)) for q, a in SUMS]
GUIDED = [talk(("system", "You add numbers."), ("user", q), ("assistant", a)) for q, a in SUMS]
RENDERED = [talk(("user", f"<|im_start|>user\n{q}<|im_end|>\n"), ("assistant", f"<|im_start|>assistant\n{a}<|im_end|>\n")) for q, a in SUMS]
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + CHATML
NO_PROMPT = CHATML.partition("{% if add_generation_prompt %}")[0]
WORDS = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "user", "assistant", "What", "is", "and", "It", ".", "?"]
WORD_LEVEL = {
    "pre_tokenizer": {"type": "Whitespace"},
    "decoder": None,
    "model": {
        "type": "WordLevel",
        "vocab": {w: n for n, w in enumerate([*WORDS, *map(str, range(200)), *(f"w{n}" for n in range(300 - 200 - len(WORDS)))])},
        "unk_token": "<unk>",
    },
}


def shared(who: str, whom: str, content: str = "value") -> list[dict[str, Any]]:
    """Conversations as ShareGPT has them."""
    return [{"conversations": [{"from": who, content: q}, {"from": whom, content: a}]} for q, a in SUMS]


def sheet() -> str:
    """What pandas writes of a column of lists."""
    rows = (str(row["messages"]).replace('"', '""') for row in PLAIN)
    return "messages\n" + "".join(f'"{row}"\n' for row in rows)


def ids(largest: int) -> bytes:
    """A file of uint16 ids."""
    return struct.pack("<4096H", *(n * largest // 4095 for n in range(4096)))


def fp8() -> dict[str, Any]:
    """The scaffold's weights with the scales that DeepSeek's layout keeps beside each matrix."""
    shapes = tensors()["safetensors"]
    return {"safetensors": {**shapes, **{f"{name}_scale_inv": (1, 1) for name in shapes if "_proj" in name}}}


CHANGED_FP8 = {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}
OTHERS: list[Report] = [
    fault(
        CHAT, "cf-132", "hiyouga/LlamaFactory#2529", "dataset-format", "the turns are of customer and agent, roles that nobody knows", {},
        "path: data/chat.jsonl", r"role|customer|agent", files={"data/chat.jsonl": shared("customer", "agent")},
        mended={"data/chat.jsonl": shared("human", "gpt")},
    ),
    fault(
        CHAT, "cf-135", "huggingface/datasets#4673", "dataset-format",
        "the messages are texts of Python lists, as pandas writes them to CSV",
        {"data/chat.jsonl": "data/chat.csv"}, "path: data/chat.csv", r"messages|list|turns|JSON|conversation",
        files={"data/chat.csv": sheet()},
    ),
    fault(
        DESK, "cf-136", "hiyouga/LlamaFactory#9618", "dataset-format",
        "each conversation ends with its question; the answer stands in another column",
        {}, "path: data/tickets.jsonl", r"answer|assistant|reply|response|ends with|nothing to learn",
        files={"data/tickets.jsonl": [{"messages": [{"role": "user", "content": q}], "response": a} for q, a in SUMS]},
        mended={"data/tickets.jsonl": PLAIN},
    ),
    fault(
        PAPERS, "cf-136", "opendataloader-project/opendataloader-pdf#548", "dataset-format",
        "the papers are scans, pictures without a text layer", {},
        "path: papers", r"OCR|no text|picture|scan|text layer|image",
        files={"papers/lime.pdf": pdf_bytes(""), "papers/wall.pdf": pdf_bytes("")},
    ),
    fault(
        DESK, "cf-137", "hiyouga/LlamaFactory#4249", "dataset-format", "the outputs are objects, and an answer is a text", {},
        "path: data/tickets.jsonl", r"output|object|dict|no text|not a text|string",
        files={"data/tickets.jsonl": [{"instruction": f"Sort {n}.", "output": {"room": n % 40, "kind": "printer"}} for n in range(240)]},
    ),
    fault(
        CHAT, "cf-141", "hiyouga/LlamaFactory#4717", "dataset-format",
        "the rows are preferences, chosen and rejected, and it is a fine-tuning", {},
        "path: data/chat.jsonl", r"chosen|rejected|preference|column|no text|no answer|completion",
        files={"data/chat.jsonl": [{"prompt": q, "chosen": a, "rejected": "I do not know."} for q, a in SUMS]},
    ),
    fault(
        CHAT, "cf-145", "huggingface/trl#2346", "template-masking", "the chat template does nothing with add_generation_prompt", {},
        "models/base | objective: sft", r"generation|assistant|begin|open|prompt|answer",
        files={"models/base/tokenizer_config.json": {"chat_template": NO_PROMPT}},
    ),
    fault(
        CHAT, "cf-147", "unslothai/unsloth#334", "template-masking", "the rows have system messages, which the base's template refuses", {},
        "path: data/chat.jsonl | models/base | objective: sft", r"system",
        files={"data/chat.jsonl": GUIDED, "models/base/tokenizer_config.json": {"chat_template": NO_SYSTEM}},
        mended={},
    ),
    fault(
        DESK, "cf-148", "areal-project/AReaL#127", "template-masking",
        "the template was applied to the rows already, and is applied again", {},
        "path: data/tickets.jsonl", r"im_start|marks?|template|twice|special",
        files={"data/tickets.jsonl": RENDERED},
    ),
    fault(
        DESK, "cf-150", "vllm-project/vllm#15230", "template-masking", "the base's chat_template.jinja lost its endfor", {},
        "models/base | objective: sft", r"template|jinja|endfor",
        files={"models/base/chat_template.jinja": CHATML.replace("{% endfor %}", "")}, mended={"models/base/chat_template.jinja": CHATML},
    ),
    fault(
        TALES, "cf-152", "tryolabs/luminoth#63", "paths-env", "a path begins with a variable of the shell, which nobody replaces",
        {"path: data/stories.jsonl": "path: $DATA_DIR/stories.jsonl"}, "$DATA_DIR", r"variable|DATA_DIR|no file|not exist|match",
        environment={"DATA_DIR": "data"},
    ),
    fault(
        POLITE, "cf-153", "bitsandbytes-foundation/bitsandbytes#398", "paths-env", "a folder on the disk is written as a name of the hub",
        {"{hub: Qwen/Qwen2.5-7B-Instruct, revision: 4c5ff5e1e9a5f3a7e4ddf1e2b06b9a3c6f2d1a00}": "{hub: ./models/base}"},
        "hub: ./models/base | ${base}",
        r"path|folder|name on the hub|no name|owner/name|namespace", repair={"{hub: ./models/base}": "{path: models/base}"},
    ),
    fault(
        PAPERS, "cf-158", "langchain-ai/langchainjs#2552", "paths-env", "the password of a paper is in a variable that is not set",
        more(PAPERS, "references", "password: ${env:PAPERS_PASSWORD}"), "password", r"PAPERS_PASSWORD|variable|not set|environment",
        files={"papers/locked.pdf": LOCKED},
    ),
    fault(
        TALES, "cf-159", "axolotl-ai-cloud/axolotl#33", "cache-staleness",
        "the token file is left from GPT-2's tokenizer, of 50,257 pieces",
        {"  - type: check_vocab_consistency\n": "  - type: check_vocab_consistency\n    bins: {path: bins/train.bin, dtype: uint16}\n"},
        "bins/train.bin | bins:", r"50,?256|\bids?\b|row|vocab", repair={}, files={"bins/train.bin": ids(50256)},
        mended={"bins/train.bin": ids(890)},
    ),
    fault(
        NOVELS, "cf-160", "huggingface/transformers#1894", "cache-staleness", "overwrite_cache, as other trainers make the tokens again",
        more(NOVELS, "val_fraction", "overwrite_cache: true"), "overwrite_cache", r"overwrite_cache|unknown|no key|not known|--force|cache",
    ),
    fault(
        SEVEN, "cf-163", "verl-project/verl#7658", "cache-staleness", "the revision is a branch, which is another model tomorrow",
        {f"revision: {REVISION}": "revision: main"}, "revision: main | ${base}", r"commit|branch|move|pin|tomorrow",
    ),
    fault(
        CHAT, "cf-178", "ggml-org/llama.cpp#11991", "gguf-export", "the base's weights are in eight bits with scales beside them", {},
        "models/base | export_ollama | name: tuned", r"fp8|quanti|eight bits|8.bit|scale_inv",
        files={"models/base/config.json": {"quantization_config": CHANGED_FP8}, "models/base/model.safetensors": fp8()},
    ),
    fault(
        CHAT, "cf-179", "", "gguf-export", "the base's tokenizer is a list of words, which llama.cpp has not", {},
        "models/base | export_ollama | name: tuned", r"WordLevel|word.level|llama\.cpp|tokenizer of this kind|kind of tokenizer|BPE",
        files={"models/base/tokenizer.json": WORD_LEVEL, "data/chat.jsonl": PLAIN[:100]},
    ),
    fault(
        CLINIC, "cf-180", "ggml-org/llama.cpp#8361", "gguf-export",
        "the base turns its positions by a dynamic scaling, which GGUF cannot say", {},
        "base: {path: models/base} | model: {base | export_ollama | name: clinic", r"rope|rotary|dynamic|scaling",
        files={"models/base/config.json": {"rope_scaling": {"type": "dynamic", "factor": 2.0}}},
    ),
    fault(
        CLINIC, "cf-184", "ggml-org/llama.cpp#6720", "gguf-export", "the base's folder lost its output layer when it was merged", {},
        "base: {path: models/base} | model: {base | checkpoint: | export_ollama | name: clinic", r"lm_head|output layer|tie|missing|lack",
        files={"models/base/model.safetensors": tensors(head=False)},
    ),
    fault(
        ARCHIVE, "cf-187", "ggml-org/llama.cpp#2708", "gguf-export", "rows of 240 weights do not fall into q4_0's blocks of 32",
        {"      d_model: 192\n": "      d_model: 240\n", "    quantization: q8_0\n": "    quantization: q4_0\n"},
        "quantization: q4_0 | d_model: 240", r"32|block|multiple|divis", repair={"      d_model: 240\n": "      d_model: 192\n"},
    ),
    fault(
        CLINIC, "cf-190", "ollama/ollama#3759", "ollama-export", "the stop text is Llama 3's, and the model ends its turns otherwise",
        {'stop: ["<|im_end|>"]': 'stop: ["<|eot_id|>"]'}, "stop:", r"eot_id|im_end|end.of.turn|never writes",
    ),
    fault(
        CLINIC, "cf-191", "FoundationAgents/MetaGPT#1659", "ollama-export", "a parameter has its name in transformers, not in Ollama",
        {"temperature: 0.3,": "temperature: 0.3, repetition_penalty: 1.1,"}, "repetition_penalty",
        r"repeat_penalty|unknown|not known|no parameter|no key",
        repair={"repetition_penalty: 1.1": "repeat_penalty: 1.1"},
    ),
    fault(
        NOVELS, "cf-192", "ollama/ollama#8956", "ollama-export", "a system message for a model that only continues text",
        more(NOVELS, "name: novels", "system: You are a novelist of the last century."), "system: You are",
        r"continue|template|no place|left out|nobody|not .*chat|answers",
    ),
    fault(
        DESK, "cf-195", "ollama/ollama#10222", "ollama-export", "a template for the Modelfile is written by hand, and there is no such key",
        more(DESK, "system: You answer", "template: '{{ .System }} USER: {{ .Prompt }} ASSISTANT:'"), "template:",
        r"template|unknown|no key|not known",
    ),
]  # fmt: skip
CASES: list[Report] = [*TRAINING, *OTHERS]
LINEAR = {"rope_scaling": {"type": "linear", "factor": 2.0}, "max_position_embeddings": 4096}
SOUND: list[Case] = [
    *(case.sound() for case in CASES if case.twin),
    right(CHAT, "a rate that falls to nothing", more(CHAT, "learning_rate", "scheduler: linear\n    min_lr: 0")),
    right(
        NOVELS, "early stopping that can still come",
        {
            "    eval_steps: 20\n    save_steps: 20\n": "    eval_steps: 8\n    save_steps: 16\n"
            "    early_stopping: {patience: 5, min_delta: 0.001}\n"
        },
    ),
    right(TWICE, "a training that goes on, and keeps one save", more(TWICE, "resume_from", "keep: 1")),
    right(MEMORY, "a first stage of the memories and one whole layer", {"train: [hebbian]}": "train: [hebbian, layers.3]}"}),
    right(RADIO, "ten small saves of a small model", {"    save_steps: 20\n    keep: 3\n": "    save_steps: 5\n    keep: 10\n"}),
    right(CHAT, "ShareGPT's own roles", {}, {"data/chat.jsonl": shared("human", "gpt")}),
    right(
        CHAT, "of preferences the chosen answers alone",
        {"      - path: data/chat.jsonl\n": "      - path: data/chat.jsonl\n        columns: {prompt: prompt, completion: chosen}\n"},
        {"data/chat.jsonl": [{"prompt": q, "chosen": a, "rejected": "I do not know."} for q, a in SUMS]},
    ),
    right(
        DESK, "the template in a file of its own", {},
        {"models/base/chat_template.jinja": CHATML, "models/base/tokenizer_config.json": {"chat_template": ...}},
    ),
    right(
        CLINIC, "a base whose output layer is its embedding", {},
        {"models/base/config.json": {"tie_word_embeddings": True}, "models/base/model.safetensors": tensors(head=False)},
    ),
    right(CLINIC, "a base with a linear scaling of its positions", {}, {"models/base/config.json": LINEAR}),
    right(CLINIC, "two texts that end an answer", {'stop: ["<|im_end|>"]': 'stop: ["<|im_end|>", "</s>"]'}),
    right(TALES, "a Mamba with a larger state", {"d_model: 128, n_layers: 4}": "d_model: 128, n_layers: 4, d_state: 64}"}),
    right(ARCHIVE, "eager attention on short rows", more(ARCHIVE, "max_seq_length", "attn_implementation: eager")),
    right(NEST, "adapters on a Mamba's in_proj alone", {"target_modules: [in_proj, x_proj]": "target_modules: [in_proj]"}),
]  # fmt: skip
