"""The sixteenth batch: what probably stands at the numbers of the known failures that were held back, cf-100 to cf-196.

With batch_15 a second guess at what batch_8 guessed at, by another hand, which had seen neither it nor a rule: each missing number by its
neighbours' topics, looked for in public trackers, whose threads the sources name. Written, and committed, before the check was tried on it.

At first sight, each screen read: of the 48 that can happen here 43 (90 %) are found, 3 told (answers that are lists in every second row;
a hub that is switched off, and a model that wants a licence: these two are of this machine, and the recipe is for another), 2 seen at
another line or with a fix that leads nowhere (a small val_fraction, one conversation), none missed; 2 do no harm here (HARMLESS). Of the
sound recipes one, and three twins, went on with a schedule that jumps and were rightly told: they are written anew. The bars in `at` were
parted in another way than the rate card reads them, which was put right before the screens were judged.
"""

import json

from batch_9_cases import CHAT, DESK, NOVELS, POLITE, TALES, TICKETS
from batch_9_cases import valid as sound
from batch_11_cases import ARCHIVE, CLINIC, RADIO, REPLIES, SEVEN, as_text, rows, tensors
from batch_16_cases import (
    ALTERNATE,
    GUARD,
    LIBRARY,
    MAMBA,
    ODD_SPLIT,
    ORIGINAL_MAMBA,
    SHAREGPT,
    SPECIAL,
    SYSTEMLESS,
    TWO,
    UNENDED,
    WIKI,
    adapter,
    bad,
    conversations,
    ids,
    line,
    quantised,
    template,
)
from cases import CHATML, Case, Report, added_token

QWEN = "hub: Qwen/Qwen2.5-7B-Instruct, revision: 4c5ff5e1e9a5f3a7e4ddf1e2b06b9a3c6f2d1a00"
QUESTION, ANSWER = ("user", "What is {n} and {n}?"), ("assistant", "It is {m}.")
SHARED = [{"from": "Customer", "value": "What is {n} and {n}?"}, {"from": "Agent", "value": "It is {n}, twice."}]
MEMORY = r"memory|GiB|\bGB\b|does not fit|too large"
UNEXPORTED = {"  - type: export_ollama\n    name: tuned\n": ""}  # Go's templates cannot refuse a turn
SCHEDULE = [
    line("100; axolotl-ai-cloud/axolotl#893", "schedule", NOVELS, "warmup_ratio stands beside warmup_steps", "warmup_ratio: 0.03",
         "warmup_ratio|warmup_steps", r"warmup_ratio.*warmup_steps|warmup_steps.*warmup_ratio|both|exclu|beside"),
    bad("101; unslothai/unsloth#594", "schedule", CHAT, "max_steps, kept from a notebook, cuts the three epochs",
        {"num_train_epochs: 3": "num_train_epochs: 3\n    max_steps: 10"}, "num_train_epochs|max_steps",
        r"max_steps.*epoch|epoch.*max_steps|both|either|beside"),
    bad("106; huggingface/transformers#12786", "schedule", LIBRARY, "the best weights are asked for, but validation comes after the end",
        {"eval_steps: 20": "eval_steps: 2000"}, "eval_steps|weights: best", r"valida|eval_steps|\bbest\b.*(never|no|only)"),
    line("108; Modalities/modalities#264", "schedule", WIKI, "save_steps lies beyond the last step, so a killed run of hours has nothing",
         "save_steps: 5000", "save_steps", r"sav(e|ed|es|ing)"),
    bad("109; hiyouga/LlamaFactory#584", "data", CHAT, "the data hold one conversation, so nothing is left to validate on", {},
        "data/chat.jsonl|type: train|objective|num_train_epochs|total_batch_size|type: parse_corpus",
        r"one (document|conversation|row|example)|1 (document|conversation|row|example)|validat|too few|only one",
        files={"data/chat.jsonl": conversations(QUESTION, ANSWER)[7:8]}),
    bad("111; h2oai/h2o-llmstudio#452", "schedule", ARCHIVE, "so small a share that validation has not one document of its own",
        {"val_fraction: 0.08": "val_fraction: 0.001"}, "val_fraction|early_stopping",
        r"val_fraction|validat|one document|0 documents|no document"),
    bad("112; axolotl-ai-cloud/axolotl#833", "schedule", ARCHIVE, "the patience is longer than all validations of the run",
        {"patience: 3": "patience: 50"}, "early_stopping", r"patience|validations|never stop|cannot stop"),
    line("114; no thread", "schedule", RADIO, "a band is expected at a step that never comes", "expect: {500: {train_loss: [2.0, 4.0]}}",
         "expect", r"500|never|last step|max_steps|beyond|ends"),
    line("115; axolotl-ai-cloud/axolotl#547", "schedule", DESK, "eval_steps as a share of the run, as axolotl takes it",
         "eval_steps: 0.05", "eval_steps", r"whole|integer|\bint\b|share|ratio|fraction|part of|number of steps"),
    line("117; FlagOpen/FlagEmbedding#1202", "schedule", POLITE, "no limit of saves is written as 0", "keep: 0", "keep",
         r"keep|above 0|greater than|at least|positive"),
]  # fmt: skip
RESUME = [
    line("118; huggingface/transformers#28531", "resume", CHAT, "goes on from a folder of the Trainer that holds an adapter only",
         "resume_from: {path: out/checkpoint-300}", "resume_from",
         r"adapter|resum|optimizer|not (made|trained|written) by|step:|config\.json", files=adapter("out/checkpoint-300"),
         mended=adapter("out/checkpoint-300")),
    bad("120; mosaicml/composer#3154", "resume", TWO, "a smaller rate for a training that goes on with the old schedule",
        {"resume_from: {step: first}\n    learning_rate: 1e-3": "resume_from: {step: first}\n    learning_rate: 2e-4"},
        "learning_rate: 2e-4|resume_from", r"learning_rate|schedule|\brate\b"),
    bad("122; unslothai/unsloth#3108", "resume", TWO, "another optimizer than the one whose state is resumed",
        {"resume_from: {step: first}\n": "resume_from: {step: first}\n    optimizer: muon\n"}, "optimizer|resume_from",
        r"optimi[sz]er|muon|adamw"),
    bad("125; dexmal/opendm#7", "resume", TWO, "only the model is kept of the training that another one resumes",
        {"max_steps: 100\n": "max_steps: 100\n    save_only_model: true\n"}, "save_only_model|resume_from",
        r"save_only_model|optimi[sz]er|nothing to (resume|go on)|what resume_from needs"),
    bad("126; huggingface/transformers#37785", "resume", CHAT, "the base has pickled weights only", {}, "models/base",
        r"pickle|pytorch_model|safetensors|\.bin\b",
        files={"models/base/model.safetensors": None, "models/base/pytorch_model.bin": b"PK\x03\x04" + bytes(4000)}),
    bad("127; RWKV/RWKV-infctx-trainer#27", "disk", POLITE, "ninety full saves fill the disk",
        {"7B": "0.5B", "    method: lora\n    lora: {r: 16, lora_alpha: 16}\n": "    method: full\n", "total_batch_size: 16":
         "total_batch_size: 4", "learning_rate: 2e-4\n": "learning_rate: 2e-5\n    save_steps: 1\n    keep: 90\n"},
        "keep: 90|save_steps|type: train", r"disk|space|\bGiB\b|\bGB\b|saves", repair={"    save_steps: 1\n    keep: 90\n": ""}),
]  # fmt: skip
DATA = [
    bad("130; h2oai/h2o-llmstudio#336", "data", DESK, "the answer's column has a name of its own", {}, "data/tickets.jsonl|id: tickets",
        r"solution|column|answer|output|conversation|role",
        files={"data/tickets.jsonl": [{"question": t["instruction"], "solution": t["output"]} for t in TICKETS]},
        mended={"data/tickets.jsonl": [{"question": t["instruction"], "answer": t["output"]} for t in TICKETS]}),
    bad("132; hiyouga/LlamaFactory#10606", "data", CHAT, "the speakers have names that are no roles", {}, "data/chat.jsonl",
        r"role|speaker|Customer|Agent|\bfrom\b",
        files={"data/chat.jsonl": [
            {"conversations": [{**turn, "value": turn["value"].format(n=n)} for turn in SHARED]} for n in range(150)]}),
    bad("135; TencentCloudADP/youtu-agent#195", "data", CHAT, "each line of the JSON lines ends with a comma", {}, "data/chat.jsonl",
        r"json|comma|cannot be read|broken|parse|nothing",
        files={"data/chat.jsonl": "".join(json.dumps(row) + ",\n" for row in conversations(QUESTION, ANSWER))}),
    bad("136; tloen/alpaca-lora#239", "data", DESK, "every second answer is a list", {}, "data/tickets.jsonl|id: tickets",
        r"\blists?\b|\btext\b|output|string|array",
        files={"data/tickets.jsonl": [{**t, "output": [t["output"], "Done."]} if n % 2 else t for n, t in enumerate(TICKETS)]}),
    bad("137; huggingface/smol-course#260", "data", CHAT, "every conversation ends with the question", {}, "data/chat.jsonl",
        r"answer|assistant|last|ends|user",
        files={"data/chat.jsonl": conversations(("assistant", "Good day {n}."), QUESTION)}),
    bad("147; unslothai/unsloth#419", "data", TALES, "the marks of beginning and end are written into the text too",
        {'"<en>{title}\\n{text}"': '"<s><en>{title}\\n{text}</s>"'}, "<s><en>|user_symbols|data/stories.jsonl",
        r"<s>|</s>|\bbos\b|\beos\b|special token|twice"),
    bad("148; huggingface/trl#989", "template", CHAT, "the questions and answers hold the chat marks already", {}, "data/chat.jsonl",
        r"im_start|im_end|mark|template|twice|already|special",
        files={"data/chat.jsonl": conversations(("user", "<|im_start|>user\nWhat is {n} and {n}?<|im_end|>\n"),
                                                ("assistant", "<|im_start|>assistant\nIt is {m}.<|im_end|>\n"))}),
    bad("160; no thread", "data", WIKI, "a data set of many languages without its configuration", {"        config: 20231101.tr\n": ""},
        "wikimedia/wikipedia", r"config", repair={"hub: wikimedia/wikipedia\n": "hub: wikimedia/wikipedia\n        config: 20231101.tr\n"}),
    bad("163; marin-community/marin#301", "cache", ARCHIVE, "the bins lie there from another tokenizer",
        {"  - type: tokenize_bin\n": "  - type: check_vocab_consistency\n    bins: {path: old/train.bin, dtype: uint16}\n"
         "  - type: tokenize_bin\n"}, "bins: {path", r"\bids?\b|vocab|row|tokenizer|50,?256", repair={},
        files={"old/train.bin": ids((n * 7919) % 50257 for n in range(20000))},
        mended={"old/train.bin": ids((n * 7919) % 800 for n in range(20000))}),
]  # fmt: skip
TEMPLATES = [
    bad("141; huggingface/trl#734", "template", CHAT, "no mark ends an answer in the chat template", {},
        "models/base|objective|type: train", r"\bends?\b|ended|stop|\beos\b|end-of|end of", files=template(UNENDED)),
    bad("145; huggingface/trl#1820", "template", CHAT, "the template asks for other roles than the data have", {},
        "models/base|objective|data/chat.jsonl|type: train", r"template|role|answer|human|gpt", files=template(SHAREGPT)),
    bad("150; hiyouga/LlamaFactory#8217", "template", CHAT, "system messages for a template that refuses them", UNEXPORTED,
        "data/chat.jsonl|models/base|objective|type: train", r"system", repair={},
        files={**template(GUARD + CHATML), "data/chat.jsonl": conversations(("system", "You count."), QUESTION, ANSWER)},
        mended={**template(GUARD + CHATML), "data/chat.jsonl": conversations(QUESTION, ANSWER)}),
    bad("152; unslothai/unsloth#334", "template", CHAT, "two questions in a row for a template that wants turns to alternate", UNEXPORTED,
        "data/chat.jsonl|models/base|objective|type: train", r"alternat|roles?|turn|template|raise", repair={},
        files={**template(ALTERNATE), "data/chat.jsonl": conversations(("user", "Hello {n}."), QUESTION, ANSWER)},
        mended={**template(ALTERNATE), "data/chat.jsonl": conversations(QUESTION, ANSWER)}),
]  # fmt: skip
PLACES = [
    bad("153; huggingface/trl#3604", "paths", CHAT, "a folder's path stands where a name of the hub belongs",
        {"checkpoint: {path: models/base}": "checkpoint: {hub: ./models/base}", "base: {path: models/base}": "base: {hub: ./models/base}"},
        "hub: ./models/base", r"path|folder|name (of|on) the hub|owner/|hub"),
    bad("153; databrickslabs/dolly#187", "paths", POLITE, "a name of the hub stands where a folder's path belongs",
        {QWEN: "path: Qwen/Qwen2.5-7B-Instruct"}, "path: Qwen|${base}", r"hub|no (such )?folder|not exist|not found|is not there"),
    bad("158; ostris/ai-toolkit#905", "environment", POLITE, "the hub is switched off, and the base was never fetched", {},
        "hub: Qwen|${base}", r"OFFLINE|offline|cache|not been fetched", environment={"HF_HUB_OFFLINE": "1"}),
    bad("159; huggingface/transformers#29177", "environment", POLITE, "a gated base without a token",
        {QWEN: "hub: meta-llama/Llama-3.1-8B-Instruct, revision: 0e9e39f249a16976918f6564b8830bc894c89659"}, "meta-llama|${base}",
        r"gated|token|licen[cs]e|log ?in|access"),
    bad("165; meta-pytorch/torchtune#856", "memory", POLITE, "seven billion weights in 16 bits on 12 GB", {"a100-80": "rtx3060"},
        "target|type: train|base|max_seq_length|method", MEMORY),
    bad("167; tatsu-lab/stanford_alpaca#56", "memory", POLITE, "all of seven billion weights trained with AdamW on 80 GB",
        {"    method: lora\n    lora: {r: 16, lora_alpha: 16}\n": "    method: full\n", "learning_rate: 2e-4": "learning_rate: 1e-5"},
        "target|type: train|base|method", MEMORY),
]  # fmt: skip
MAMBAS = [
    bad("172; state-spaces/mamba#422", "mamba", RADIO, "Mamba-2's heads counted, where their width is asked for",
        {"head_dim: 32": "n_heads: 8"}, "n_heads", r"n_heads|head_dim"),
    bad("173; CompVis/zigma#3", "mamba", TALES, "a Mamba in fp16 on a card that has bf16",
        {"target: t4": "target: a100-40", "learning_rate: 8e-4\n": "learning_rate: 8e-4\n    precision: fp16\n"}, "precision",
        r"bf16|fp16|overflow|range", repair={"    precision: fp16\n": ""}),
    bad("174; huggingface/peft#2556", "mamba", MAMBA, "LoRA on a Mamba's out_proj, which its kernel goes past",
        {"[in_proj, x_proj]": "[in_proj, out_proj]"}, "target_modules|lora:", r"out_proj"),
    bad("175; huggingface/transformers#33864", "mamba", MAMBA, "a Mamba as mamba-ssm saves it, without a model_type", {}, "models/mamba",
        r"model_type|config\.json|architecture|state-spaces|-hf", files={"models/mamba/config.json": ORIGINAL_MAMBA}),
]  # fmt: skip
EXPORTS = [
    bad("178; ggml-org/llama.cpp#8649", "export", CHAT, "the tokenizer splits text in a way that llama.cpp does not know", {},
        "type: export_ollama|name: tuned|models/base", r"llama\.cpp|split|pre-?tokenizer|GGUF",
        files={"models/base/tokenizer.json": {"pre_tokenizer": ODD_SPLIT}}),
    bad("179; ggml-org/llama.cpp#8361", "export", CHAT, "dynamic rotary scaling, which a GGUF file cannot hold", {},
        "type: export_ollama|name: tuned|models/base", r"rope|rotary|dynamic|scaling",
        files={"models/base/config.json": {"rope_scaling": {"type": "dynamic", "factor": 4.0}}}),
    bad("180; unslothai/unsloth#1757", "export", CHAT, "the base was saved in four bits", {},
        "models/base|type: export_ollama|method", r"quanti|bitsandbytes|bnb|4.bits?|four bits", files=quantised()),
    bad("184; ggml-org/llama.cpp#8682", "export", CHAT, "tokens were added to the tokenizer and no rows to the model", {}, "models/base",
        r"30[012]|\brows?\b|vocab|embedding",
        files={"models/base/tokenizer.json": {"added_tokens": [
            *(added_token(n, text) for n, text in enumerate(SPECIAL)), added_token(300, "<tool>"), added_token(301, "</tool>")]}}),
    bad("187; LLaVA-VL/LLaVA-NeXT#315", "export", CHAT, "the head's weights are missing, and the config does not tie them", {},
        "models/base", r"lm_head|\bhead\b|\btied?\b|tie_word|missing|lacks",
        files={"models/base/model.safetensors": tensors(head=False)},
        mended={"models/base/model.safetensors": tensors(head=False), "models/base/config.json": {"tie_word_embeddings": True}}),
    bad("187; ggml-org/llama.cpp#2708", "export", ARCHIVE, "a width that blocks of 32 do not divide, in q8_0",
        {"d_model: 192": "d_model: 168"}, "d_model|quantization", r"\b32\b|block|q8_0|multiple"),
    bad("190; ollama/ollama#4054", "ollama", CLINIC, "the stop text belongs to another family, so an answer never ends",
        {"<|im_end|>": "<|eot_id|>"}, "temperature: 0.3", r"im_end|eot_id|stop"),
    bad("191; ollama/ollama#736", "ollama", CLINIC, "a parameter by the name that other servers give it",
        {"{temperature: 0.3,": "{temperature: 0.3, max_tokens: 200,"}, "max_tokens", r"max_tokens|num_predict"),
    bad("192; ollama/ollama#8956", "ollama", CLINIC, "a system message for a template that leaves it out", {},
        "system: You answer|type: export_ollama", r"system", files=template(SYSTEMLESS)),
    bad("195; ollama/ollama#11443", "ollama", ARCHIVE, "a K-quant's name", {"quantization: q8_0": "quantization: q4_K_M"}, "quantization",
        r"q4_|quanti|one of"),
    bad("195; ollama/ollama#4285", "ollama", LIBRARY, "a model's name with letters that Ollama does not take",
        {"name: library": "name: kütüphane"}, "name: kütüphane", r"name|letters|Ollama"),
]  # fmt: skip
HARMLESS = {
    "a Mamba in fp16 on a card that has bf16": "its scan and its state are computed in fp32",
    "no mark ends an answer in the chat template": "the end token is put behind it by the training",
}
WRITTEN: list[Report] = [*SCHEDULE, *RESUME, *DATA, *TEMPLATES, *PLACES, *MAMBAS, *EXPORTS]
CASES = [case for case in WRITTEN if case.title not in HARMLESS]
SOUND: list[Case] = [
    *(case.sound() for case in CASES if case.twin),
    *(Case(case.family, case.title, "", files=case.files, raw=case.text()) for case in WRITTEN if case.title in HARMLESS),
    sound(TWO, "a training that goes on from another, twice as far", {"max_steps: 200": "max_steps: 300"}),
    sound(NOVELS, "warmup as a share, without steps", {"warmup_steps: 10": "warmup_ratio: 0.03"}),
    sound(ARCHIVE, "a patience that the validations can spend", {"{patience: 3}": "{patience: 6, min_delta: 0.001}"}),
    sound(LIBRARY, "saves at other steps than validations, and the best weights", {"save_steps: 40": "save_steps: 33\n    keep: 1"}),
    sound(RADIO, "a band at the very last step, and two saves", {
        "save_steps: 20": "save_steps: 30\n    expect: {60: {val_loss: [1, 9]}}"}),
    sound(MAMBA, "LoRA on a Mamba's in_proj alone", {"[in_proj, x_proj]": "[in_proj]"}),
    sound(CHAT, "a tied head that is not stored", {}, {
        "models/base/model.safetensors": tensors(head=False), "models/base/config.json": {"tie_word_embeddings": True}}),
    sound(CHAT, "more rows than tokens, a multiple of 64", {}, {
        "models/base/model.safetensors": tensors(rows=320), "models/base/config.json": {"vocab_size": 320}}),
    sound(CHAT, "pickled weights beside safetensors", {}, {"models/base/pytorch_model.bin": b"PK\x03\x04" + bytes(4000)}),
    sound(CHAT, "conversations of ShareGPT with a system turn", {}, {"data/chat.jsonl": [
        {"conversations": [{"from": "system", "value": "You count."}, {"from": "human", "value": f"What is {n} and {n}?"},
                           {"from": "gpt", "value": f"It is {2 * n}."}]} for n in range(150)]}),
    sound(CLINIC, "a JSON array on many lines in place of the sheet",
          {"      - path: data/desk.csv\n        columns: {prompt: question, completion: reply}\n": "      - path: data/desk.json\n"},
          {"data/desk.json": "[\n" + ",\n".join(as_text([row]).rstrip() for row in rows(REPLIES)) + "\n]\n"}),
    sound(CLINIC, "two stop texts, the template's own among them", {'["<|im_end|>"]': '["<|im_end|>", "\\nUser:"], num_predict: 200'}),
    sound(SEVEN, "seven billion weights in four bits on 12 GB", {
        "target: rtx4090": "target: rtx3060", "batch_size: 2\n": "batch_size: 1\n    activation_checkpointing: true\n"}),
    sound(ARCHIVE, "an owner and a tag in the name, and blocks of 32 that fit", {
        "name: archive\n    quantization: q8_0": "name: town/archive:v1.2\n    quantization: q4_0"}),
    sound(RADIO, "Mamba-2 with three heads of 32", {"width: 128": "width: 48"}),
    sound(CHAT, "a template that refuses system turns, and data without one", UNEXPORTED, template(GUARD + CHATML)),
]  # fmt: skip
