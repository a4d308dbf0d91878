# ruff: noqa: E501 - a case is one line
"""Failures of training: tokenizers, resume, packing and attention, LoRA, quantisation, Mamba, memory, targets. See batch_14."""

from string import ascii_lowercase
from typing import Any

from batch_9_cases import DESK, NOVELS, POLITE, TALES, TEXTS, TURKISH, bad, line, swap
from batch_10_training import THIRD, again, hub
from batch_11_cases import CLINIC, RADIO, SEVEN, tensors
from batch_11_tools import TARGETS, USED

BASE = "models/base"
STEADY = "    warmup_steps: 10\n    scheduler: constant\n"
FURTHER = "    resume_from: {step: gpt}\n    num_train_epochs: 16\n" + STEADY
QUANT = "    method: qlora\n    quant: {bits: 4, type: nf4}\n"
SOURCE = '      - {path: data/tr.jsonl, lang: tr, columns: {text: "{title}\\n{text}"}}\n'
MANY = ", ".join(f'"<{a}{b}>"' for a in ascii_lowercase for b in ascii_lowercase + "12")
MARKED = {name: text.replace("\n\n", "\n<|endoftext|>\n") for name, text in TEXTS.items()}
AREAS = {"data/tr.jsonl": [{**row, "text": f"{row['text']} Bahçe {n + 3} m², yarısı ½ dönüm."} for n, row in enumerate(TURKISH)]}
SECOND = "  - type: train\n    id: longer\n    model: {base: {path: models/base}}\n    objective: sft\n    method: lora\n    lora: {r: 16, lora_alpha: 32, target_modules: [q_proj, v_proj]}\n    resume_from: {step: tune}\n    num_train_epochs: 4\n    batch_size: 4\n    gradient_accumulation_steps: 2\n    max_seq_length: 256\n    learning_rate: 1e-4\n    scheduler: constant\n    warmup_ratio: 0.1\n"
PACKED = tensors(suffix=".weight_packed")["safetensors"]
FALCON: dict[str, Any] = {"backbone.embeddings.weight": (300, 64), "backbone.norm_f.weight": (64,)}
for _n in range(2):
    _at = f"backbone.layers.{_n}."
    FALCON |= {
        f"{_at}norm.weight": (64,),
        f"{_at}mixer.A_log": (128, 16),
        f"{_at}mixer.D": (128,),
        f"{_at}mixer.conv1d.weight": (128, 1, 4),
    }
    FALCON |= {f"{_at}mixer.conv1d.bias": (128,), f"{_at}mixer.dt_proj.weight": (128, 4), f"{_at}mixer.dt_proj.bias": (128,)}
    FALCON |= {f"{_at}mixer.in_proj.weight": (256, 64), f"{_at}mixer.out_proj.weight": (64, 128), f"{_at}mixer.x_proj.weight": (36, 128)}
FALCON_CONFIG = {
    "model_type": "falcon_mamba", "architectures": ["FalconMambaForCausalLM"], "intermediate_size": 128, "state_size": 16, "conv_kernel": 4,
    "time_step_rank": 4, "expand": 2, "num_attention_heads": ..., "num_key_value_heads": ..., "tie_word_embeddings": True, "use_mambapy": False,
}  # fmt: skip


def constant(more: str) -> dict[str, str]:
    """The novels at a constant rate, and a second training that goes on from the first."""
    return {"    warmup_steps: 10\n": STEADY, THIRD: again(FURTHER + more) + THIRD}


# fmt: off
CASES = [
    # tokenizer training
    swap(TALES, "tokenizer", "ximinng/LLM4SVG#15 and huggingface/tokenizers#376", "symbols by another spelling than the text's", "the texts begin with <tr>, which becomes several pieces; <|tr|> occurs nowhere", 'user_symbols: ["<tr>", "<en>"]', 'user_symbols: ["<|tr|>", "<|en|>"]', r"<tr>|nowhere|never|does not occur|not in"),
    bad(RADIO, "tokenizer", "huggingface/tokenizers#1337 and #1162", "pieces learned from one language, used on another", "the nearest corpus is the English one: ş and ğ are unknown to its tokenizer", {"  - type: parse_corpus\n": "  - type: parse_corpus\n    id: tr\n", "  - type: train_tokenizer\n": "  - type: parse_corpus\n    id: en\n    sources: [{path: data/stories.jsonl, lang: en}]\n  - type: train_tokenizer\n", "    overlap_tokens: 16\n": "    overlap_tokens: 16\n    corpus: tr\n"}, "train_tokenizer | corpus: tr | id: en", r"corpus|tr\b|language|unknown"),
    bad(RADIO, "tokenizer", "google/sentencepiece#574", "more symbols than pieces", "728 symbols do not go into 700 pieces", {"    vocab_size: 700\n": f"    vocab_size: 700\n    user_symbols: [{MANY}]\n"}, "vocab_size | user_symbols", r"700|symbols|pieces", repair={f"    user_symbols: [{MANY}]\n": ""}),
    swap(NOVELS, "tokenizer", "huggingface/tokenizers#1220 and #1156", "at most fewer pieces than bytes", "256 bytes come first: at_most is above them", "vocab_size: 1024", "vocab_size: {at_most: 200}", r"256|bytes|alphabet", "vocab_size: {at_most: 1024}"),
    bad(RADIO, "tokenizer", "google/sentencepiece#839 and #329", "squares that become digits", "nfkc makes m2 of m²: identity keeps it", {"normalization: identity": "normalization: nfkc"}, "normalization", r"²|nfkc|identity", files=AREAS, mended=AREAS),
    bad(NOVELS, "tokenizer", "karpathy/minbpe#47 and karpathy/nanoGPT#374", "an end mark of GPT-2 typed between the texts", "<|endoftext|> is text here: it is learned in pieces, and documents are not parted at it", {}, "corpus/*.txt | sources | train_tokenizer", r"endoftext", files=MARKED, repair={}),
    # resume
    bad(NOVELS, "resume", "huggingface/transformers#9099 and mapbox/robosat#169", "going on at another rate", "the schedule was another so far: init_from begins a new one", {**constant(""), "    warmup_steps: 10\n": STEADY, THIRD: again(FURTHER).replace("learning_rate: 6e-4", "learning_rate: 6e-5") + THIRD}, "resume_from | learning_rate: 6e-5", r"rate|schedule", repair={"learning_rate: 6e-5": "learning_rate: 6e-4"}),
    bad(NOVELS, "resume", "huggingface/accelerate#2016 and huggingface/trl#3552", "going on with other data than before", "the nearest bins are other ones than gpt was trained on", {"    warmup_steps: 10\n": STEADY, THIRD: "  - type: tokenize_bin\n    id: other\n    val_fraction: 0.3\n" + again(FURTHER) + THIRD}, "resume_from | id: other", r"bins|data|other|shards", twin=False),
    line(NOVELS, "resume", "no thread: a step that goes on from itself", "going on from itself", "gpt is this step: name an earlier one", "resume_from: {step: gpt}", r"itself|earlier|its own|before"),
    line(NOVELS, "resume", "Atten4Vis/ConditionalDETR#12", "going on from a recipe that is misspelt", "there is no recipe novles, and no run of it", "resume_from: {recipe: novles, step: gpt}", r"novles"),
    bad(NOVELS, "resume", "no thread: two steps in the wrong order", "going on from a step that comes later", "more stands behind gpt", {"    save_steps: 20\n": "    save_steps: 20\n    resume_from: {step: more}\n", THIRD: again("    num_train_epochs: 4\n") + THIRD}, "resume_from", r"later|after|behind|before|order|earlier", repair={"    resume_from: {step: more}\n": ""}),
    bad(NOVELS, "resume", "huggingface/transformers#21271: other settings than before", "going on with attention by another way", "gpt was trained with sdpa, this one has eager", constant("    attn_implementation: eager\n"), "resume_from | attn_implementation", r"attn_implementation|attention|eager", repair={"    attn_implementation: eager\n": ""}),
    bad(NOVELS, "resume", "erfanzar/EasyDeL#46: other settings than before", "going on with rows packed in another way", "gpt has a stream of rows, this one documents", constant("    packing: documents\n"), "resume_from | packing", r"packing", repair={"    packing: documents\n": ""}),
    bad(DESK, "resume", "bmaltais/kohya_ss#1924: other settings than before", "going on without the four bits", "tune is qlora, this one lora", {"  - type: validate_checkpoint\n": SECOND + "  - type: validate_checkpoint\n", "    warmup_ratio: 0.1\n": "    warmup_ratio: 0.1\n    scheduler: constant\n"}, "resume_from | method: lora", r"method|qlora", twin=False),
    # packing and attention
    bad(POLITE, "attention", "vllm-project/speculators#881", "all scores of 16,384 tokens", "eager keeps 28 heads' scores of each layer: sdpa", {"max_seq_length: 1024": "max_seq_length: 16384\n    batch_size: 1\n    activation_checkpointing: true\n    attn_implementation: eager\n    on_oom: stop"}, "attn_implementation | max_seq_length | on_oom | batch_size", r"eager|memory|GiB|fit", twin=False),
    line(NOVELS, "attention", "pytorch/pytorch#133206", "attention by torch's newest way", "flex_attention is not offered: sdpa", "attn_implementation: flex_attention", r"sdpa", "attn_implementation: sdpa"),
    line(CLINIC, "packing", "hiyouga/LlamaFactory#4224", "packing without borders crossed, by LLaMA-Factory's key", "packing: documents", "neat_packing: true", r"packing: documents", "packing: documents"),
    line(CLINIC, "packing", "lm-sys/FastChat, tloen/alpaca-lora#391: group_by_length", "rows of one length together, by transformers' key", "delete it, or packing: documents", "group_by_length: true", r"delete|packing|length"),
    line(CLINIC, "packing", "OpenRLHF/OpenRLHF#377", "packed samples by OpenRLHF's flag", "packing: documents", "packing_samples: true", r"packing: documents|packing"),
    # LoRA
    swap(CLINIC, "lora", "hiyouga/LlamaFactory#2 and microsoft/LoRA#192", "blocks in the place of layers", "mlp is no linear layer: gate_proj, up_proj, down_proj", TARGETS, "      target_modules: [mlp, self_attn]\n", r"gate_proj|q_proj|linear|mlp", "      target_modules: [gate_proj, up_proj, down_proj]\n", at="target_modules"),
    swap(SEVEN, "lora", "unslothai/notebooks#144", "twice the rank for a scale that goes by its root", "512 / sqrt(256) counts the update 32 times: lora_alpha: 16", "lora: {r: 16, lora_alpha: 32}", "lora: {r: 256, lora_alpha: 512, use_rslora: true}", r"sqrt|root|32|scale|times"),
    swap(CLINIC, "lora", "huggingface/peft#1070", "a classifier's head trained whole", "there is no score in a language model", TARGETS, TARGETS + "      modules_to_save: [score]\n", r"score", at="modules_to_save"),
    line(CLINIC, "lora", "hiyouga/LlamaFactory#6320", "an adapter to go on from, by LLaMA-Factory's key", "a merged model is a base: base: {path: ...}, or resume_from", "adapter_name_or_path: saves/clinic/lora/sft", r"resume_from|merge|base"),
    # quantisation
    bad(CLINIC, "quant", "huggingface/peft#2607 and vllm-project/compressed-tensors#369", "a base in compressed tensors", "compressed-tensors is for serving: take the full model", {}, USED, r"compressed|quantised|quantized", files={f"{BASE}/config.json": {"quantization_config": {"quant_method": "compressed-tensors", "format": "pack-quantized", "quantization_status": "compressed", "config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "int", "group_size": 64}}}}}, f"{BASE}/model.safetensors": {"safetensors": PACKED}}),
    bad(POLITE, "quant", "vllm-project/vllm#41268 and huggingface/peft#2607", "experts in four-bit floats", "gpt-oss is a mixture of experts in MXFP4: neither is trained here", hub("openai/gpt-oss-20b"), "gpt-oss | ${base}", r"gpt.?oss|expert|mxfp4|quantised", twin=False),
    swap(DESK, "quant", "bitsandbytes-foundation/bitsandbytes#329 and huggingface/transformers#26165", "four bits without a GPU", "bitsandbytes' four bits want CUDA: method: lora", "target: rtx3090", "target: cpu", r"bitsandbytes|cuda|cpu|lora", at="target | method | quant"),
    bad(CLINIC, "quant", "ggml-org/llama.cpp#26751: bitnet's own weights", "a base of three values a weight", "bitnet is no llama: take another base", {}, USED, r"bitnet|BitNet|quantised", files={f"{BASE}/config.json": {"model_type": "bitnet", "architectures": ["BitNetForCausalLM"], "hidden_act": "relu2", "quantization_config": {"quant_method": "bitnet", "linear_class": "autobitlinear", "quantization_mode": "offline"}}}),
    bad(SEVEN, "quant", "turboderp-org/exllamav2#619: weights of ExLlama", "a base in ExLlama's bits", "exl2 is for serving: take the full model", {"mistralai/Mistral-7B-Instruct-v0.3": "turboderp/Mistral-7B-instruct-v0.3-exl2"}, "exl2 | ${base}", r"exl2|ExLlama|quantised|quantized", twin=False),
    swap(DESK, "quant", "baichuan-inc/Baichuan2#57: settings of LLM.int8()", "a threshold of eight bits by transformers' key", "llm_int8_threshold is not offered: delete it", QUANT, "    method: qlora\n    quant: {bits: 8, llm_int8_threshold: 6.0}\n", r"delete|threshold", "    method: qlora\n    quant: {bits: 8}\n", at="llm_int8_threshold"),
    # mamba
    swap(RADIO, "mamba", "state-spaces/mamba#351: arguments of mamba_ssm's Mamba2", "groups and chunks of mamba_ssm", "ngroups and chunk_size are not offered: delete them", "      head_dim: 32\n", "      head_dim: 32\n      ngroups: 8\n      chunk_size: 256\n", r"ngroups|chunk_size|delete", at="ngroups | chunk_size"),
    swap(RADIO, "mamba", "Joluck/RWKV-PEFT and RWKV/RWKV-infctx-trainer#12", "an RWKV", "families are mamba, mamba2, llama, gpt2", "      family: mamba2\n", "      family: rwkv7\n", r"mamba2"),
    bad(CLINIC, "mamba", "no thread: Falcon Mamba, whose kernels and norms are its own", "a Falcon Mamba", "falcon_mamba is not among the families", {TARGETS: ""}, USED, r"falcon", repair={}, files={f"{BASE}/config.json": FALCON_CONFIG, f"{BASE}/model.safetensors": {"safetensors": FALCON}}),
    # memory
    bad(POLITE, "memory", "databrickslabs/dolly#139: a 3B on smaller cards", "all weights of three billion on 24 GB", "3.1 B weights with AdamW take some 49 GB", {**hub("Qwen/Qwen2.5-3B-Instruct"), "target: a100-80": "target: rtx3090", "    method: lora\n    lora: {r: 16, lora_alpha: 16}\n": "    method: full\n", "learning_rate: 2e-4": "learning_rate: 1e-5"}, "method | base | target", r"memory|GiB|fit", twin=False),
    bad(TALES, "memory", "no thread: mamba-2.8b's sizes on a card for games", "2.8 billion weights from nothing on 24 GB", "weights, gradients and moments alone are 45 GB", {"target: t4": "target: rtx3090", "d_model: 128, n_layers: 4": "d_model: 2560, n_layers: 64", "learning_rate: 8e-4": "learning_rate: 1.6e-4"}, "d_model | model: | target | plan", r"memory|GiB|fit", twin=False),
    swap(TALES, "memory", "unslothai/unsloth#7831 and MIC-DKFZ/nnUNet#1869", "256 processes that tokenize", "more than there are cores, each with its own memory: auto", "    val_fraction: 0.1\n", "    val_fraction: 0.1\n    workers: 256\n", r"core|workers: auto|memory", at="workers"),
    swap(TALES, "memory", "pytorch/pytorch#105806: all of the memory", "a plan for all of the memory", "nothing is left for fragments: 0.9 at most", "  - type: plan\n", "  - type: plan\n    memory_margin: 1.0\n", r"margin|fragment|nothing|0\.[89]", at="memory_margin"),
    # plan and targets
    swap(TALES, "plan", "no thread: a step's name, misspelt in plan", "a plan for a step that is misspelt", "bsae is base", "  - type: plan\n", "  - type: plan\n    for: bsae\n", r"\bbase\b", at="for: bsae"),
    bad(TALES, "plan", "no thread: the plan behind its training", "a plan behind its training", "plan stands before train", {"  - type: plan\n": "", "  - type: validate_checkpoint\n": "  - type: plan\n  - type: validate_checkpoint\n"}, "type: plan", r"before|after|next|behind", repair={"  - type: plan\n": ""}),
    swap(NOVELS, "target", "meta-pytorch/torchtune#597 and ROCm/flash-attention#43", "a card of another maker", "mi250 is not known: {gpu, memory_gb} of a known one, or here", "target: rtx3080", "target: mi250", r"mi250"),
    bad(NOVELS, "target", "Dao-AILab/flash-attention#562 and #720", "flash attention on a Quadro", "a Quadro RTX 8000 is a Turing: sdpa", {"target: rtx3080": "target: {gpu: Quadro RTX 8000, memory_gb: 48}", "    learning_rate: 6e-4\n": "    learning_rate: 6e-4\n    attn_implementation: flash_attention_2\n"}, "target | attn_implementation", r"RTX 8000|Turing|sdpa|8\.0", twin=False),
    bad(CLINIC, "target", "open-mmlab/mmdetection#3800: rows for another number of cards", "a batch that three cards cannot share", "8 rows are not three equal parts", {"target: l4": "target: {gpu: l4, count: 3}"}, "target | count | batch_size", r"\b3\b|cards|devices|one device"),
    line(RADIO, "target", "pytorch/pytorch#150121 and #96976", "compiled for Metal", "torch.compile for Metal is a prototype: delete it", "compile: true", r"metal|mps|apple|mac"),
]
# fmt: on
