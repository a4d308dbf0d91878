# ruff: noqa: E501 - a case is one line
"""Failures from public trackers, said in a recipe that tunes a model with chat rows. See batch_3."""

from typing import Any

from cases import SFT, Report, added_token

T = "  - type: train\n"
METHOD = "    method: lora\n    lora: {r: 8, lora_alpha: 16}\n"
LORA = "lora: {r: 8, lora_alpha: 16}"
BASE = "models/base"
ALTERNATE = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)


def sft(
    family: str, source: str, title: str, changes: dict[str, str], at: str, says: str, repair: dict[str, str] | None = None, **more: Any
) -> Report:
    return Report(family, title, SFT, changes, source=source, at=at, says=says, repair=repair or {}, **more)


def tune(family: str, source: str, title: str, line: str, says: str, repaired: str = "", at: str = "", **more: Any) -> Report:
    """A line too many in the train step; repaired: the line to write instead."""
    new = f"    {repaired}\n" if repaired else ""
    return Report(
        family, title, SFT, {T: T + f"    {line}\n"}, source=source, at=at or line, says=says, repair={f"    {line}\n": new}, **more
    )


def base(
    family: str,
    source: str,
    title: str,
    files: dict[str, Any],
    says: str,
    at: str = BASE,
    changes: dict[str, str] | None = None,
    **more: Any,
) -> Report:
    """Something is wrong with the base model's folder; the twin has the folder as it should be."""
    return Report(family, title, SFT, changes or {}, source=source, at=at, says=says, repair={}, files=files, mended={}, **more)


def talk(*turns: tuple[str, str]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def rows(*turns: tuple[str, str]) -> dict[str, Any]:
    """A data file of two hundred such conversations."""
    return {"data/chat.jsonl": [talk(*((role, f"{n}. {content}") for role, content in turns)) for n in range(200)]}


SPECIAL = [
    {"id": i, "content": t, "special": True, "normalized": False}
    for i, t in enumerate(["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"])
]
BYTES = [chr(c) for c in [*range(33, 127), *range(161, 173), *range(174, 256)]] + [chr(256 + n) for n in range(68)]
OTHER_SPLIT = {
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": "[A-Z]+|[0-9]|\\s"}, "behavior": "Isolated", "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]},
    "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    "model": {"type": "BPE", "vocab": {t: i for i, t in enumerate(["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", *BYTES])}, "merges": []},
}  # fmt: skip
GPT2_SPLIT = {**OTHER_SPLIT, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}}
LONG = "It is a long answer about hens and foxes. " * 12

# fmt: off
CASES = [
    # vocabulary
    base("vocab", "shibing624/MedicalGPT#275", "a token that was added to the tokenizer and not to the model", {f"{BASE}/tokenizer.json": {"added_tokens": [*SPECIAL, added_token(300, "<med>")]}}, "row|token|300|301"),
    base("vocab", "ggml-org/llama.cpp#25508", "an end mark beyond the last row", {f"{BASE}/config.json": {"eos_token_id": 320}, f"{BASE}/generation_config.json": {"eos_token_id": 320}}, "320|eos"),
    # templates, masking, end of sequence
    sft("template", "huggingface/smol-course#260", "two questions in a row, and a template that refuses them", {}, "data/chat.jsonl", "alternate|turns", files={**rows(("user", "Hello"), ("assistant", "Good day"), ("user", "How are you?"), ("user", "Well?")), f"{BASE}/tokenizer_config.json": {"chat_template": ALTERNATE}}, mended={**rows(("user", "Hello"), ("assistant", "Good day")), f"{BASE}/tokenizer_config.json": {"chat_template": ALTERNATE}}),
    sft("template", "PromtEngineer/localGPT#720", "a system message, and a template that knows none", {}, "data/chat.jsonl | model: {base", "system", files={**rows(("system", "Be kind."), ("user", "Hello"), ("assistant", "Good day")), f"{BASE}/tokenizer_config.json": {"chat_template": ALTERNATE}}, mended={**rows(("user", "Hello"), ("assistant", "Good day")), f"{BASE}/tokenizer_config.json": {"chat_template": ALTERNATE}}),
    sft("template", "buriedsignals/spotlight#32 and ollama/ollama#2673", "a list of stops without the mark that ends an answer", {"    name: tuned\n": "    name: tuned\n    parameters: {stop: [\"<|im_start|>\"]}\n"}, "stop", "im_end", {'["<|im_start|>"]': '["<|im_start|>", "<|im_end|>"]'}),
    sft("template", "unslothai/unsloth#1273", "conversations written out as one text, so that the questions are learned too", {}, "data/chat.jsonl", "im_start|mark|template|conversation", files={"data/chat.jsonl": [{"text": f"<|im_start|>user\nWhat is {n}?<|im_end|>\n<|im_start|>assistant\nIt is {n}.<|im_end|>\n"} for n in range(200)]}, mended={}),
    sft("template", "unslothai/unsloth#2199", "questions whose answers stand in another column", {}, "data/chat.jsonl", "answer|assistant", files={"data/chat.jsonl": [{"messages": [{"role": "user", "content": f"What is {n}?"}], "reasoning": "Counting.", "answer": f"It is {n}."} for n in range(200)]}, mended={}),
    sft("template", "lm-sys/FastChat#488", "an end mark typed into every answer", {}, "data/chat.jsonl", "im_end|</s>|mark", files=rows(("user", "Hello"), ("assistant", "Good day<|im_end|>")), mended={}),
    # length
    sft("length", "haotian-liu/LLaVA#1906", "rows longer than the model's window", {"max_tokens: 512": "max_tokens: 4096", "max_seq_length: 512": "max_seq_length: 4096"}, "max_seq_length: 4096", "2,?048|window|position", {"max_tokens: 4096": "max_tokens: 2048", "max_seq_length: 4096": "max_seq_length: 2048"}),
    sft("length", "ed-donner/llm_engineering#80", "Ollama's window is shorter than the rows that were learned", {"    name: tuned\n": "    name: tuned\n    parameters: {num_ctx: 64}\n"}, "num_ctx: 64", "512|window|context|short", {"num_ctx: 64": "num_ctx: 512"}),
    sft("length", "meta-llama/llama-cookbook#69", "questions that fill the row, so that no answer is left", {}, "data/chat.jsonl | max_tokens | max_seq_length", "question|answer|room", files=rows(("user", "Read this first. " * 60), ("assistant", "Yes.")), mended={}),
    sft("length", "hiyouga/LlamaFactory#5231", "rows cut before the mark that ends the answer", {"    max_seq_length: 512": "    max_seq_length: 100", "  - type: split_long\n    max_tokens: 512\n": ""}, "max_seq_length: 100 | data/chat.jsonl", "cut|long|split|end", {"max_seq_length: 100": "max_seq_length: 1024"}, files=rows(("user", "Hello"), ("assistant", LONG))),
    sft("length", "hiyouga/LlamaFactory#3143", "pieces of 512 tokens in rows of 128", {"max_seq_length: 512": "max_seq_length: 128"}, "max_seq_length: 128 | max_tokens: 512", "512|cut|long", {"max_seq_length: 128": "max_seq_length: 512"}, files=rows(("user", "Hello"), ("assistant", LONG))),
    # rows
    sft("data", "stochasticai/xTuring#261", "answers one level down", {}, "data/chat.jsonl", "column|answer|output", {"data/chat.jsonl\n": "data/chat.jsonl\n        columns: {instruction: instruction, output: instances.0.output}\n"}, files={"data/chat.jsonl": [{"instruction": f"Say {n}.", "instances": [{"input": "", "output": f"It is {n}."}]} for n in range(200)]}),
    sft("data", "hiyouga/LlamaFactory#412 and oobabooga/textgen#4325", "one object of columns instead of rows", {"data/chat.jsonl": "data/chat.json"}, "data/chat.json", "row|list|object|array", files={"data/chat.json": '{"instruction": ["Say one.", "Say two."], "output": ["One.", "Two."]}'}, mended={"data/chat.json": "[" + ", ".join(f'{{"instruction": "Say {n}.", "output": "It is {n}."}}' for n in range(200)) + "]"}),
    sft("data", "OpenRLHF/OpenRLHF#860", "fewer rows than one step takes", {}, "data/chat.jsonl | total_batch_size", "row|batch|step", files={"data/chat.jsonl": [talk(("user", "Hello"), ("assistant", "Good day")), talk(("user", "Well?"), ("assistant", "Well."))]}, mended={}),
    # LoRA
    sft("lora", "minghaochen/chatglm3-base-tuning#11", "an adapter on a module that is not there", {LORA: "lora: {r: 8, lora_alpha: 16, target_modules: [base_layer]}"}, "target_modules", "base_layer", {", target_modules: [base_layer]": ""}),
    sft("lora", "huggingface/peft#2018 and unslothai/unsloth#9331", "an adapter on a head that is the embedding", {LORA: "lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, lm_head]}"}, "target_modules", "lm_head|tied", {", lm_head": ""}, files={f"{BASE}/config.json": {"tie_word_embeddings": True}}),
    sft("lora", "huggingface/peft#436", "an adapter on the embedding, which is no linear layer", {LORA: "lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, embed_tokens]}"}, "target_modules", "embed_tokens", {", embed_tokens": ""}),
    sft("lora", "QwenLM/Qwen-VL#415", "modules by the names of another family", {LORA: "lora: {r: 8, lora_alpha: 16, modules_to_save: [wte, lm_head]}"}, "modules_to_save", "wte", {"[wte, lm_head]": "[embed_tokens, lm_head]"}),
    sft("lora", "bmaltais/kohya_ss#1758 and Blaizzy/mlx-vlm#841", "updates that count sixty-four times", {LORA: "lora: {r: 8, lora_alpha: 512}"}, "lora_alpha: 512", "alpha|64|scale", {"512}": "16}"}),
    tune("lora", "hiyouga/LlamaFactory#3800", "the rank by another tool's flat name", "lora_rank: 64", "lora|r", ""),
    # quantisation
    sft("quant", "BAAI-DCAI/Bunny#112", "all weights of a base in eight bits", {METHOD: "    quant: {bits: 8}\n"}, "quant", "qlora|method", {"    quant: {bits: 8}\n": "    method: qlora\n    quant: {bits: 8}\n"}),
    sft("quant", "hiyouga/LlamaFactory#1735", "four bits and plain LoRA", {LORA: LORA + "\n    quant: {bits: 4}"}, "quant | method: lora", "qlora", {"method: lora\n": "method: qlora\n"}),
    sft("quant", "bitsandbytes-foundation/bitsandbytes#1460 and huggingface/transformers#23970", "four bits on a Mac", {"target: rtx4090": "target: m2-32gb", "method: lora\n": "method: qlora\n"}, "method: qlora | target", "CUDA|NVIDIA|Apple|Metal|bitsandbytes|bits", {"method: qlora\n": "method: lora\n"}),
    base("quant", "qwopqwop200/GPTQ-for-LLaMa#57", "all weights of a base that is quantised already", {f"{BASE}/config.json": {"quantization_config": {"bits": 4, "quant_method": "gptq", "group_size": 128}}}, "quantis|quantiz|gptq|GPTQ", changes={METHOD: "    method: full\n", "learning_rate: 2e-4": "learning_rate: 2e-5"}),
    base("quant", "haotian-liu/LLaVA#1451", "a base that is stored in four bits", {f"{BASE}/config.json": {"quantization_config": {"load_in_4bit": True, "quant_method": "bitsandbytes", "bnb_4bit_quant_type": "nf4"}}}, "quantis|quantiz|bit"),
    base("quant", "hiyouga/LlamaFactory#5625", "an AWQ base, whose adapter cannot be merged", {f"{BASE}/config.json": {"quantization_config": {"bits": 4, "quant_method": "awq", "version": "gemm"}}}, "quantis|quantiz|awq|AWQ"),
    # GGUF and Ollama
    base("gguf", "ggml-org/llama.cpp#9673 and #14715", "a base without its tokenizer.json", {f"{BASE}/tokenizer.json": None}, "tokenizer"),
    sft("gguf", "ggml-org/llama.cpp#8225", "a tokenizer that splits words in a way llama.cpp does not know", {}, "export_ollama | models/base", "split|pre-token|llama.cpp", files={f"{BASE}/tokenizer.json": OTHER_SPLIT}, mended={f"{BASE}/tokenizer.json": GPT2_SPLIT}),
    base("gguf", "InternLM/InternLM#749", "an architecture that nothing here knows", {f"{BASE}/config.json": {"architectures": ["InternLM2ForCausalLM"], "model_type": "internlm2", "auto_map": {"AutoModelForCausalLM": "modeling_internlm2.InternLM2ForCausalLM"}}}, "internlm2|InternLM2"),
    # paths and environment
    sft("environment", "huggingface/optimum-neuron#535", "a base from the hub, and the hub is switched off", {"checkpoint: {path: models/base}": "checkpoint: {hub: HuggingFaceTB/SmolLM2-360M, revision: 4c5ff5e1e9a5f3a7e4ddf1e2b06b9a3c6f2d1a00}", "{base: {path: models/base}}": "{base: {hub: HuggingFaceTB/SmolLM2-360M, revision: 4c5ff5e1e9a5f3a7e4ddf1e2b06b9a3c6f2d1a00}}"}, "hub: HuggingFaceTB", "OFFLINE|offline", environment={"HF_HUB_OFFLINE": "1"}, twin=False),
    sft("environment", "huggingface/huggingface_hub#2586 and huggingface/transformers#31367", "a base behind a licence, and no token", {"checkpoint: {path: models/base}": "checkpoint: {hub: meta-llama/Llama-3.1-8B-Instruct, revision: 0e9e39f249a16976918f6564b8830bc894c89659}", "{base: {path: models/base}}": "{base: {hub: meta-llama/Llama-3.1-8B-Instruct, revision: 0e9e39f249a16976918f6564b8830bc894c89659}}"}, "hub: meta-llama", "HF_TOKEN|licen|gated|hf auth", twin=False),
    sft("environment", "Nerogar/OneTrainer#410", "a file of weights where the folder is asked for", {"{base: {path: models/base}}": "{base: {path: models/base/model.safetensors}}"}, "model.safetensors", "folder", {"models/base/model.safetensors": "models/base"}),
    base("environment", "microsoft/OmniParser#34", "a pointer of Git LFS instead of weights", {f"{BASE}/model.safetensors": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"}, "LFS|lfs|pointer"),
    base("environment", "salesforce/CodeT5#87", "a base without config.json", {f"{BASE}/config.json": None}, "config.json"),
    base("mamba", "huggingface/transformers#33864", "a Mamba in its authors' own layout", {f"{BASE}/config.json": "{\"d_model\": 64, \"n_layer\": 2, \"vocab_size\": 300, \"ssm_cfg\": {}, \"rms_norm\": true, \"residual_in_fp32\": true, \"fused_add_norm\": true, \"pad_vocab_size_multiple\": 8}", f"{BASE}/model.safetensors": {"safetensors": {"backbone.embedding.weight": (304, 64), "backbone.layers.0.mixer.A_log": (128, 16), "backbone.norm_f.weight": (64,)}}}, "model_type|transformers|architect"),
]
# fmt: on
