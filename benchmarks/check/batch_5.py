# ruff: noqa: E501 - a case is one line
"""The fifth batch: failures from public trackers, looked up after the fourth was mended and written before any was tried.

In the form of the third, by the same hand, which knows the rules: more a test of what was mended than of what nobody thought of. At
first sight: 25 of 28 found (89 %; for seven of them all that was said is that the key is unknown), 3 seen at their line with another
cause or none; of 34 sound recipes none was alarmed (one, a text of one document, was not sound, and was told rightly: D120).
"""

from batch_3_pretraining import DATA, LM, SIZES, STEPS, STORIES, TOKENIZER, lm, train
from batch_3_tuning import LORA, METHOD, sft, tune
from cases import SFT, Case

# fmt: off
NESTED = [{"id": f"seed_{n}", "instruction": f"Double {n}.", "instances": [{"input": "", "output": str(2 * n)}]} for n in range(200)]
HAN = [{"text": "".join(chr(0x4E00 + (n * 37 + k) % 3000) for k in range(40))} for n in range(600)]
PAIRS = [{"instruction": f"Double {n}.", "output": str(2 * n)} for n in range(200)]
CASES = [
    lm("tokenizer", "google/sentencepiece#670", "the unknown token as a symbol of one's own", {TOKENIZER: TOKENIZER + "    user_symbols: [<unk>]\n"}, "user_symbols", "special|there|unk", {"    user_symbols: [<unk>]\n": ""}),
    lm("tokenizer", "google/sentencepiece#574", "an empty symbol", {TOKENIZER: TOKENIZER + "    user_symbols: ['', <MASK>]\n"}, "user_symbols", "empty", {"'', ": ""}),
    lm("tokenizer", "google/sentencepiece#885 and #286", "fewer pieces than the text has characters", {TOKENIZER: TOKENIZER + "    model: unigram\n    byte_fallback: false\n    character_coverage: 1.0\n"}, "vocab_size | character_coverage", "character", {"vocab_size: 1000": "vocab_size: {at_most: 8000}"}, files={"data/stories.jsonl": HAN}),
    tune("keys", "ml-explore/mlx-lm#765", "a tracker that is not offered, by another key", "report_to: swanlab", "tracking|wandb|tensorboard", ""),
    sft("keys", "ml-explore/mlx-lm#765", "the kind of tuning by another key", {METHOD: "    fine_tune_type: lora\n"}, "fine_tune_type", "method", {"fine_tune_type": "method"}),
    sft("lora", "hiyouga/LlamaFactory#5348", "a key of an old peft", {LORA: "lora: {r: 8, lora_alpha: 16, enable_lora: [true]}"}, "enable_lora", "unknown|no key|has|delete", {", enable_lora: [true]": ""}),
    sft("data", "stochasticai/xTuring#261", "answers in a list of instances", {}, "data/chat.jsonl", "output|instances|column", files={"data/chat.jsonl": NESTED}, mended={}),
    lm("keys", "axolotl-ai-cloud/axolotl#618", "the column of the text by another key", {DATA: "    sources:\n      - path: data/stories.jsonl\n        type: completion\n        field: text\n"}, "field: text | type: completion", "columns|unknown", {"        type: completion\n        field: text\n": ""}),
    sft("lora", "huggingface/peft#1206", "an expression for the modules of another family", {LORA: "lora: {r: 8, lora_alpha: 16, target_modules: ['.*1.*query_key_value']}"}, "target_modules", "q_proj|has no", {", target_modules: ['.*1.*query_key_value']": ""}),
    sft("lora", "mikeybellissimo/LoRA-MPT#4", "a list in quotes", {LORA: "lora: {r: 8, lora_alpha: 16, target_modules: '[Wqkv]'}"}, "target_modules", "list|text|q_proj", {", target_modules: '[Wqkv]'": ""}),
    sft("lora", "huggingface/peft#1959", "one module that is there, and one that is not", {LORA: "lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, FAKE_TARGET_MODULE]}"}, "target_modules", "FAKE", {", FAKE_TARGET_MODULE": ""}),
    sft("lora", "huggingface/peft#294", "no module at all", {LORA: "lora: {r: 8, lora_alpha: 16, target_modules: []}"}, "target_modules", "empty|q_proj|at least|all", {", target_modules: []": ""}),
    train("schedule", "PrimeIntellect-ai/prime-rl#968", "as many steps of warmup as of training", "warmup_steps: 1000", "max_steps|leaves", "warmup_steps: 50"),
    lm("data", "minimaxir/gpt-2-simple#214", "texts with commas that are not quoted", {"data/stories.jsonl": "data/stories.csv"}, "data/stories.csv", "comma|cells|columns|row", files={"data/stories.csv": "text\n" + "".join(f"I ate pie, ice cream, and {n} cookies\n" for n in range(400))}, repair={"data/stories.csv": "data/stories.jsonl"}, mended={}),
    lm("schedule", "NVIDIA/DeepLearningExamples#1145", "a rate a hundred times too high", {"learning_rate: 1e-3": "learning_rate: 0.1"}, "learning_rate: 0.1", "survive|rate", {"learning_rate: 0.1": "learning_rate: 1e-3"}),
    tune("keys", "hiyouga/LlamaFactory#5340", "fewer rows by a key of the trainer", "max_samples: 100000", "take|max_samples", ""),
    train("keys", "karpathy/nanoGPT#524", "the length of the decay by itself", "lr_decay_iters: 300000", "decay|max_steps", ""),
    tune("keys", "hiyouga/LlamaFactory#7904", "patience by another key", "early_stopping_steps: 10", "early_stopping", ""),
    tune("keys", "hiyouga/LlamaFactory#6651", "all layers by another key", "lora_target: all", "target_modules", ""),
    tune("keys", "EvilPsyCHo/train_custom_LLM#8", "quantisation by another key", "quantization: float16", "quant|precision", ""),
    tune("keys", "EvilPsyCHo/train_custom_LLM#8", "rows by another key", "train_size: 20000", "take|val_fraction|unknown", ""),
    train("keys", "karpathy/nanoGPT#579", "when to save by another key", "always_save_checkpoint: false", "save", ""),
    train("keys", "karpathy/nanoGPT#579", "the batches of a validation by another key", "eval_iters: 200", "eval_tokens|eval_steps", ""),
    train("keys", "karpathy/nanoGPT#579", "a tracker as a switch", "wandb_log: true", "tracking", ""),
    lm("model", "karpathy/nanoGPT#591", "the width by a misspelt name of another tool", {SIZES: "{family: gpt2, n_embed: 768, n_layers: 12, n_heads: 12}"}, "n_embed", "d_model", {"n_embed": "d_model"}),
    tune("keys", "unslothai/unsloth#2734", "parts of a model that sees", "finetune_vision_layers: false", "unknown|no key|delete|text|other tool", ""),
    tune("keys", "axolotl-ai-cloud/axolotl#3655", "a kernel by another key", "lora_mlp_kernel: true", "itself|kernel|unknown", ""),
    tune("keys", "shibing624/MedicalGPT#252", "a rate for the last layer alone", "layerwise_lr_decay: 0.9", "unknown|rate|plain", ""),
]
SOUND = [
    *(case.sound() for case in CASES if case.twin),
    Case("valid", "a table with a byte order mark, UKGovernmentBEIS/inspect_ai#301", SFT, {"data/chat.jsonl": "data/chat.csv"}, {"data/chat.csv": "\ufeffinstruction,output\n" + "".join(f"Double {n}.,{2 * n}\n" for n in range(200))}),
    Case("valid", "a table parted by semicolons, huggingface/datasets#778", LM, {"data/stories.jsonl": "data/stories.csv"}, {"data/stories.csv": "title;text\n" + "".join(f"{n};{r['text']}\n" for n, r in enumerate(STORIES) if ";" not in r["text"])}),
    Case("valid", "a text with carriage returns, huggingface/datasets#622", LM, {"data/stories.jsonl": "data/stories.txt\n        document: blank_line"}, {"data/stories.txt": "\r\n\r\n".join(r["text"] for r in STORIES)}),
    Case("valid", "a table with tabs, huggingface/datasets#622", LM, {"data/stories.jsonl": "data/stories.tsv"}, {"data/stories.tsv": "title\ttext\n" + "".join(f"{n}\t{r['text']}\n" for n, r in enumerate(STORIES))}),
    Case("valid", "q and v alone", SFT, {LORA: "lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, v_proj]}"}),
    Case("valid", "no warmup", LM, {STEPS: STEPS + "    warmup_steps: 0\n"}),
]
# fmt: on
