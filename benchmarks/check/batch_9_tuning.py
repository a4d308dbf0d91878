# ruff: noqa: E501 - a case is one line
"""Failures of tunings. See batch_9."""

import json
from typing import Any

from batch_9_cases import CHAT, DESK, POLITE, REVISION, TICKETS, bad, gpt2, line, swap, talk

BASE = "models/base"
ROWS = "data/tickets.jsonl"
LORA = "    lora: {r: 16, lora_alpha: 32, target_modules: [q_proj, v_proj]}\n"
QUANT = "    method: qlora\n    quant: {bits: 4, type: nf4}\n"
FULL = "    method: lora\n    lora: {r: 16, lora_alpha: 16}\n"
RATE = "    learning_rate: 1e-4\n"
EXPORT = "    name: helpdesk\n"
TOOLS = [
    talk(
        ("user", f"How warm is it in town {n}?"),
        ("assistant", f"weather(town={n})"),
        ("tool", f"{n % 30} degrees"),
        ("assistant", f"It is {n % 30} degrees in town {n}."),
    )
    for n in range(200)
]
PARTS = [
    {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": f"Name the number after {n}."}]},
            {"role": "assistant", "content": [{"type": "text", "text": f"It is {n + 1}."}]},
        ]
    }
    for n in range(200)
]
SEEN = [
    {
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image", "image": f"images/{n}.png"}, {"type": "text", "text": f"What is in picture {n}?"}],
            },
            {"role": "assistant", "content": [{"type": "text", "text": f"Picture {n} shows {n} hens."}]},
        ]
    }
    for n in range(200)
]
BING = [
    {
        "conversations": [
            {"from": "human", "value": f"What is {n} and {n}?"},
            {"from": "bing" if n % 50 == 7 else "gpt", "value": f"It is {2 * n}."},
        ]
    }
    for n in range(200)
]
FIELDS = [{**row, "input": f"Printer of room {n % 40}, model P{n}; paper: {n % 5} sheets."} for n, row in enumerate(TICKETS)]
QUOTE = "instruction,output\n" + "".join(f"{'' if n != 20 else chr(34)}Double {n}.,It is {2 * n}.\n" for n in range(200))


def other(architecture: str, kind: str, **more: Any) -> dict[str, Any]:
    """The base's config.json, of another architecture."""
    return {f"{BASE}/config.json": {"architectures": [architecture], "model_type": kind, **more}}


def hub(name: str) -> dict[str, str]:
    """Another base of the hub."""
    return {"Qwen/Qwen2.5-7B-Instruct": name}


# fmt: off
CASES = [
    # keys
    swap(DESK, "keys", "MIV-XJTU/FSDrive#29", "new tokens by LLaMA-Factory's name", "new_special_tokens is add_tokens", RATE, RATE + "    new_special_tokens: [\"<|ticket|>\"]\n", r"add_tokens", RATE, at="new_special_tokens"),
    line(DESK, "keys", "hiyouga/LlamaFactory#6214", "a template by its name", "the template is that of the base's tokenizer", "template: mllama", r"tokenizer|chat_template|base"),
    swap(DESK, "keys", "ed-donner/llm_engineering#652 and HazyResearch/legalbench#54", "a data set with code of its own", "code of the hub is never run: delete the line", "      - path: data/tickets.jsonl\n", "      - hub: McAuley-Lab/Amazon-Reviews-2023\n        config: raw_meta_Appliances\n        split: full\n        revision: " + REVISION + "\n        trust_remote_code: true\n", r"code|script", at="trust_remote_code", twin=False),
    # vocabulary
    bad(CHAT, "vocab", "InternLM/InternLM#715", "special tokens that only tokenizer_config.json lists", "<|action_start|> and <|action_end|> are no tokens of tokenizer.json: their ids would lie behind the last row", {}, BASE, r"action_(start|end)|special|additional", files={f"{BASE}/tokenizer_config.json": {"additional_special_tokens": ["<|action_start|>", "<|action_end|>"]}}),
    bad(DESK, "vocab", "ggml-org/llama.cpp#15842", "new tokens whose rows are not trained", "the rows of <|ticket|> stay as they begin: train embed_tokens and lm_head too", {RATE: RATE + "    add_tokens: [\"<|ticket|>\", \"<|room|>\"]\n", QUANT: "    method: lora\n"}, "add_tokens | lora:", r"modules_to_save|embed_tokens|not trained", repair={LORA: "    lora: {r: 16, lora_alpha: 32, target_modules: [q_proj, v_proj], modules_to_save: [embed_tokens, lm_head]}\n"}),
    # schedule
    swap(DESK, "schedule", "baichuan-inc/Baichuan-13B#47 and kohya-ss/musubi-tuner#89", "a rate of full tuning for an adapter", "1e-6 over 60 steps moves an adapter nowhere: 2e-4", "learning_rate: 1e-4", "learning_rate: 1e-6", r"low|small|adapter|2e-4|1e-4", better="learning_rate: 1e-4"),
    # templates
    bad(DESK, "template", "axolotl-ai-cloud/axolotl#325", "a speaker who is called bing now and then", "four of 200 conversations have the role bing", {}, ROWS, r"bing", files={ROWS: BING}, mended={ROWS: [{"conversations": [{**turn, "from": turn["from"].replace("bing", "gpt")} for turn in row["conversations"]]} for row in BING]}),
    bad(CHAT, "template", "no thread", "answers of tools", "the role tool is not known", {}, "data/chat.jsonl", r"tool", files={"data/chat.jsonl": TOOLS}),
    bad(CHAT, "template", "axolotl-ai-cloud/axolotl#3655", "contents in parts", "contents that are lists of parts", {}, "data/chat.jsonl", r"content|part|list", files={"data/chat.jsonl": PARTS}),
    bad(CHAT, "template", "axolotl-ai-cloud/axolotl#3063", "pictures in the contents", "pictures are not trained on", {}, "data/chat.jsonl", r"image|picture", files={"data/chat.jsonl": SEEN}),
    bad(CHAT, "template", "ggml-org/llama.cpp#8990", "a tokenizer that ends every text, questions too", "add_eos_token: a question that ends in </s> is answered with nothing", {}, BASE, r"add_eos_token|end", files={f"{BASE}/tokenizer_config.json": {"add_eos_token": True}}),
    # length
    bad(DESK, "length", "huggingface/transformers#530: learned positions", "rows longer than GPT-2 has positions", "a GPT-2 has learned 256 positions, rows are 512", {"models/base": "models/small", "{base: {path: models/base}}": "{base: {path: models/small}}", "max_seq_length: 256": "max_seq_length: 512", LORA: "    lora: {r: 16, lora_alpha: 32}\n", QUANT: "    method: lora\n"}, "max_seq_length: 512", r"256|position", files=gpt2("models/small", 256), mended=gpt2("models/small", 256), repair={"max_seq_length: 512": "max_seq_length: 256"}),
    # data
    bad(DESK, "data", "THUDM/LongCite#11", "every line a list of one object", "line 1 is a list with one object: take the brackets away", {}, ROWS, r"list|array|\[", files={ROWS: [json.dumps([row]) for row in TICKETS]}),
    bad(DESK, "data", "unslothai/unsloth#337", "a turn a row", "each row is one turn: conversations are asked", {}, ROWS, r"turn|conversation|answer|from|columns", files={ROWS: [turn for n in range(150) for turn in ({"from": "human", "value": f"What is {n}?"}, {"from": "gpt", "value": f"A number, {n}."})]}),
    bad(DESK, "data", "thepycoach/data-science-projects#1", "a quotation mark that is not closed in a table", "a quotation mark is open from line 22 on: the rest is one cell", {"data/tickets.jsonl": "data/tickets.csv"}, "tickets.csv", r"quot", files={"data/tickets.csv": QUOTE}, mended={"data/tickets.csv": "instruction,output\n" + "".join(f'"Double {n}, please.","{2 * n}, it is."\n' for n in range(200))}, repair={}),
    bad(DESK, "data", "unslothai/unsloth#1957: Alpaca's three columns", "the column that the question is about is left out", "input is filled in every row and has no role", {"      - path: data/tickets.jsonl\n": "      - path: data/tickets.jsonl\n        columns: {prompt: instruction, completion: output}\n"}, "columns", r"input", files={ROWS: FIELDS}, mended={ROWS: FIELDS}, repair={"        columns: {prompt: instruction, completion: output}\n": ""}),
    bad(DESK, "data", "zjunlp/AutoAct#6", "the question is called query and the answer response", "query and response are prompt and completion", {}, ROWS, r"query|response|columns", files={ROWS: [{"query": f"What is {n}?", "response_text": f"A number, {n}."} for n in range(200)]}, mended={ROWS: [{"query": f"What is {n}?", "response_text": f"A number, {n}."} for n in range(200)]}, repair={"      - path: data/tickets.jsonl\n": "      - path: data/tickets.jsonl\n        columns: {prompt: query, completion: response_text}\n"}),
    # LoRA
    swap(POLITE, "lora", "huggingface/lerobot#3551", "a high rank and the default scale", "256 and lora_alpha 16 count a sixteenth", "lora: {r: 16, lora_alpha: 16}", "lora: {r: 256}\n    batch_size: 1", r"lora_alpha|scale", "lora: {r: 64, lora_alpha: 64}\n    batch_size: 1", at="r: 256"),
    swap(DESK, "lora", "strands-labs/robots#1962", "a scale of nothing", "lora_alpha is above 0", LORA, "    lora: {r: 16, lora_alpha: 0}\n", r"lora_alpha|greater than 0|above 0", "    lora: {r: 16, lora_alpha: 16}\n", at="lora_alpha: 0"),
    swap(DESK, "lora", "meta-pytorch/torchtune, configs: lora_rank, lora_alpha", "the settings by shorter names", "rank is r, alpha lora_alpha", LORA, "    lora: {rank: 16, alpha: 32}\n", r"\br\b|lora_alpha", "    lora: {r: 16, lora_alpha: 32}\n", at="rank: 16"),
    swap(DESK, "lora", "tloen/alpaca-lora#272", "peft's file, copied", "task_type and bias are peft's: delete them", LORA, "    lora: {r: 16, lora_alpha: 32, bias: none, task_type: CAUSAL_LM}\n", r"bias|task_type", "    lora: {r: 16, lora_alpha: 32}\n", at="task_type"),
    # quantisation
    swap(DESK, "quant", "peft, docs: bnb_4bit_compute_dtype", "bitsandbytes' names in the block", "bnb_4bit_quant_type is type", "quant: {bits: 4, type: nf4}", "quant: {bits: 4, bnb_4bit_quant_type: nf4, bnb_4bit_use_double_quant: true}", r"\btype\b|double", "quant: {bits: 4, type: nf4, double: true}", at="bnb_4bit"),
    bad(DESK, "quant", "bitsandbytes-foundation/bitsandbytes#529", "eight bits on a V100", "LLM.int8() wants 7.5, a V100 has 7.0: four bits", {"target: rtx3090": "target: v100-16", "quant: {bits: 4, type: nf4}": "quant: {bits: 8}"}, "bits: 8", r"7\.5|8 bits|int8|eight", repair={"quant: {bits: 8}": "quant: {bits: 4}"}),
    # attention
    bad(CHAT, "attention", "huggingface/transformers#31887", "Gemma 2's capped scores by sdpa", "sdpa caps no scores: eager", {"    learning_rate: 2e-4\n": "    learning_rate: 2e-4\n    attn_implementation: sdpa\n"}, "attn_implementation", r"eager|cap", files=other("Gemma2ForCausalLM", "gemma2", attn_logit_softcapping=50.0, final_logit_softcapping=30.0, head_dim=16, query_pre_attn_scalar=16, sliding_window=1024), mended={}, repair={"    attn_implementation: sdpa\n": ""}),
    # architectures
    bad(CHAT, "architecture", "huggingface/transformers#14189", "a T5", "a T5 is no causal language model", {"method: lora": "method: lora\n    precision: fp16"}, BASE, r"T5|architecture|causal", files=other("T5ForConditionalGeneration", "t5", d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4, is_encoder_decoder=True), repair={"\n    precision: fp16": ""}),
    bad(CHAT, "architecture", "ollama/ollama#3246", "a BERT", "a BERT is no causal language model", {}, BASE, r"BERT|architecture|causal", files=other("BertForMaskedLM", "bert")),
    bad(CHAT, "architecture", "Liuziyu77/Visual-RFT#83 and QwenLM/Qwen3-VL#43", "a model that sees", "Qwen2VLForConditionalGeneration is not tuned here", {}, BASE, r"Qwen2VL|architecture|qwen2_vl", files=other("Qwen2VLForConditionalGeneration", "qwen2_vl", vision_config={"depth": 2})),
    bad(CHAT, "architecture", "ollama/ollama#10904", "a mixture of experts", "DeepseekV3ForCausalLM is not written as GGUF", {}, f"{BASE} | name: tuned | export_ollama", r"Deepseek|architecture|deepseek_v3", files=other("DeepseekV3ForCausalLM", "deepseek_v3", n_routed_experts=8)),
    bad(CHAT, "architecture", "ollama/ollama#7581", "a Llama that sees", "MllamaForConditionalGeneration is not tuned here", {}, BASE, r"Mllama|architecture|mllama", files=other("MllamaForConditionalGeneration", "mllama", vision_config={"depth": 2}, text_config={"hidden_size": 64})),
    bad(CHAT, "mamba", "no thread", "a mixture of Mamba and attention", "JambaForCausalLM is not known", {}, BASE, r"Jamba|architecture", files=other("JambaForCausalLM", "jamba", mamba_d_state=16)),
    # folders
    bad(CHAT, "paths", "meta-llama/llama-models#159", "Meta's own layout", "consolidated.00.pth is Meta's layout: convert it, or take the -hf folder", {}, BASE, r"params\.json|consolidated|layout|config\.json|convert", files={f"{BASE}/config.json": None, f"{BASE}/model.safetensors": None, f"{BASE}/tokenizer.json": None, f"{BASE}/tokenizer_config.json": None, f"{BASE}/generation_config.json": None, f"{BASE}/params.json": {"dim": 64, "n_layers": 2, "n_heads": 4, "vocab_size": -1}, f"{BASE}/consolidated.00.pth": b"PK\x03\x04" + bytes(300), f"{BASE}/tokenizer.model": b"\x0a\x0e" + bytes(300)}),
    bad(CHAT, "paths", "shuaijiang/Ke-Omni-R#4", "two files of weights and no index", "model.safetensors.index.json is missing", {}, BASE, r"index", files={f"{BASE}/model.safetensors": None, f"{BASE}/model-00001-of-00002.safetensors": {"safetensors": {"model.embed_tokens.weight": (300, 64)}}, f"{BASE}/model-00002-of-00002.safetensors": {"safetensors": {"lm_head.weight": (300, 64)}}}),
    bad(CHAT, "paths", "unslothai/unsloth#1061", "a base with an adapter in its folder", "the adapter in models/base would be left out: merge it first", {}, BASE, r"adapter", files={f"{BASE}/adapter_config.json": {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], "base_model_name_or_path": "meta-llama/Llama-2-7b-hf"}, f"{BASE}/adapter_model.safetensors": {"safetensors": {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": (8, 64)}}}, mended={f"{BASE}/README.md": "A base."}),
    bad(CHAT, "paths", "safetensors/safetensors#668 and codefuse-ai/MFTCoder#20", "a web page with the name of weights", "model.safetensors is no safetensors file", {}, BASE, r"safetensors", files={f"{BASE}/model.safetensors": "<!DOCTYPE html>\n<html><head><title>401</title></head></html>\n"}),
    # export
    swap(DESK, "ollama", "zhaohb/ollama_ov#1", "a stop by its number", "stop_id is no parameter: stop takes texts", EXPORT, EXPORT + "    parameters: {stop_id: 2}\n", r"\bstop\b", EXPORT, at="stop_id"),
    swap(DESK, "ollama", "zhaohb/ollama_ov#1", "the length of an answer by transformers' name", "max_new_token is num_predict", EXPORT, EXPORT + "    parameters: {max_new_tokens: 400}\n", r"num_predict", EXPORT + "    parameters: {num_predict: 400}\n", at="max_new_tokens"),
    # memory
    bad(POLITE, "memory", "modelscope/ms-swift#411", "seven billion weights, all trained, on 80 GB", "weights, gradients and moments of 7.6 billion parameters are 120 GB and more", {FULL: "    method: full\n", "max_seq_length: 1024": "max_seq_length: 4096", "learning_rate: 2e-4": "learning_rate: 1e-5"}, "model: | target | method | max_seq_length", r"GiB|GB|memory", repair={"    method: full\n": FULL + "    batch_size: 1\n", "learning_rate: 1e-5": "learning_rate: 2e-4"}),
    bad(POLITE, "memory", "meta-pytorch/torchtune#2071", "seventy billion weights and an adapter on 24 GB", "70 billion weights are 140 GB in bf16", {**hub("meta-llama/Llama-3.1-70B-Instruct"), "target: a100-80": "target: {gpu: rtx4090, count: 8}"}, "model: | target | base", r"GiB|GB|memory", repair={"meta-llama/Llama-3.1-70B-Instruct": "Qwen/Qwen2.5-1.5B-Instruct", FULL: FULL + "    batch_size: 2\n"}, environment={"HF_TOKEN": "hf_abcdefghijklmnopqrstuvwxyzabcdefgh"}),
    bad(POLITE, "memory", "tatsu-lab/stanford_alpaca#73", "seven billion weights on eight cards of 24 GB", "one card is used, and all weights of 7 B do not fit on it", {FULL: "    method: full\n", "target: a100-80": "target: {gpu: rtx3090, count: 8}", "learning_rate: 2e-4": "learning_rate: 2e-5"}, "model: | target | method", r"GiB|GB|memory", repair={"    method: full\n": FULL + "    batch_size: 2\n", "learning_rate: 2e-5": "learning_rate: 2e-4", "Qwen2.5-7B-Instruct": "Qwen2.5-1.5B-Instruct"}),
]
# fmt: on
