"""The fifteenth batch: what probably stands at the numbers of the known failures that were held back, cf-001 to cf-099.

With batch_16, see there. Written, and committed, before the check was tried on it.

At first sight, each screen read: of the 48 that can happen here 46 (96 %) are found, 1 seen with a fix that leads nowhere (ids of two
bytes read as four), 1 missed (a Gemma in fp16, by its name alone); 2 do no harm here (HARMLESS). None of the sound recipes was alarmed.
The pattern of one case, fsdp, was put right after.
"""

from typing import Any

from batch_9_cases import CHAT, DESK, NOVELS, POLITE, TALES, TICKETS, valid
from batch_11_cases import ARCHIVE, CLINIC, RADIO, SEVEN
from batch_15_cases import FIRST, GPT2, GROWN, PAPERS, SMALL, TIED, UNKNOWN, adapter, gap, ids, stored, whole
from cases import Case, Report

LONG = [
    {
        "messages": [
            {"role": "user", "content": f"Tell me of day {n}."},
            {"role": "assistant", "content": " ".join(f"At hour {h} of day {n} rain fell on {n * h % 97} roofs." for h in range(32))},
        ]
    }
    for n in range(120)
]
LOGS = [" ".join(f"08:{m + 10} page {m * n % 61 + 1} was not printed." for m in range(20)) for n in range(len(TICKETS))]
ASKED = [{**row, "instruction": f"{row['instruction']} {log}"} for row, log in zip(TICKETS, LOGS, strict=True)]

HOURS = [" ".join(f"On day {n + d} of the month we are open from {(n * d) % 5 + 6} o'clock." for d in range(110)) for n in range(60)]
BOOKLET = {
    "data/desk.csv": "question,reply\n" + "".join(f'"When are you open after day {n}?","{hours}"\n' for n, hours in enumerate(HOURS))
}


def quantized(about: dict[str, Any]) -> dict[str, Any]:
    """The scaffold's base, quantised by somebody else, as such a folder looks."""
    parts: dict[str, tuple[str, list[int]]] = {
        "model.embed_tokens.weight": ("F16", [300, 64]), "lm_head.weight": ("F16", [300, 64]), "model.norm.weight": ("F16", [64])
    }  # fmt: skip
    sizes = {f"self_attn.{p}_proj": (64, 32 if p in "kv" else 64) for p in "qkvo"}
    sizes |= {"mlp.gate_proj": (64, 128), "mlp.up_proj": (64, 128), "mlp.down_proj": (128, 64)}
    for n in range(2):
        at = f"model.layers.{n}."
        parts |= {f"{at}{norm}_layernorm.weight": ("F16", [64]) for norm in ("input", "post_attention")}
        for name, (inner, outer) in sizes.items():
            here = f"{at}{name}."
            if about["quant_method"] == "fp8":
                parts |= {f"{here}weight": ("F8_E4M3", [outer, inner]), f"{here}weight_scale_inv": ("F32", [1, 1])}
            else:
                parts |= {f"{here}qweight": ("I32", [inner // 8, outer]), f"{here}qzeros": ("I32", [1, outer // 8])}
                parts |= {f"{here}scales": ("F16", [1, outer]), f"{here}g_idx": ("I32", [inner])}
    return {"models/base/config.json": {"quantization_config": about}, "models/base/model.safetensors": stored(parts)}


GPTQ = quantized({"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": False, "sym": True})
FP8 = quantized({"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128]})
RATE = "    learning_rate: 2e-4\n"
COUNT = "count:|unknown|not known|no (machine|card|target)|is known"

HARMLESS = {
    "a token is added under LoRA and its row of the embedding is never trained": "the rows of added tokens are trained by themselves",
    "an effective batch of 16 is to be shared by three cards": "a train step uses one of them, and says so",
}
WRITTEN: list[Report] = [
    *FIRST,
    gap(
        46, "huggingface/transformers#530", GPT2, "rows are longer than the positions that the GPT-2 has learned",
        {"max_seq_length: 512": "max_seq_length: 2048", "max_tokens: 512": "max_tokens: 2048"}, "max_seq_length|max_tokens",
        "1,?024|position", files={"data/chat.jsonl": LONG}, mended={"data/chat.jsonl": LONG},
    ),
    gap(
        47, "hiyouga/LlamaFactory#8576", CLINIC, "rows are four times as long as the context that the base was trained for",
        {"max_seq_length: 256": "max_seq_length: 8192", "max_tokens: 256": "max_tokens: 8192"}, "max_seq_length|max_tokens",
        "2,?048|position|context", files=BOOKLET, mended=BOOKLET,
        repair={"max_seq_length: 8192": "max_seq_length: 2048", "max_tokens: 8192": "max_tokens: 2048"},
    ),
    gap(
        48, "huggingface/trl#2400", CHAT, "the row length was never written, and the default cuts most answers",
        {"    max_tokens: 512": "    max_tokens: 2048", "    max_seq_length: 512\n": ""},
        "max_tokens: 2048|type: train|type: split_long|objective|data/chat.jsonl", "512|cut|trunc|longer|max_seq_length",
        files={"data/chat.jsonl": LONG}, mended={"data/chat.jsonl": LONG}, repair={RATE: RATE + "    max_seq_length: 2048\n"},
    ),
    gap(
        52, "huggingface/transformers#30998", DESK, "every question alone is longer than a row, so no answer is left",
        {}, "max_seq_length|data/tickets.jsonl", "long|cut|trunc|answer|256", files={"data/tickets.jsonl": ASKED},
        mended={"data/tickets.jsonl": ASKED}, repair={"max_seq_length: 256": "max_seq_length: 1024"},
    ),
    gap(
        55, "", SMALL, "the validation side is shorter than one row",
        {"  - type: tokenize_bin\n": "  - type: tokenize_bin\n    val_fraction: 0.005\n", "max_seq_length: 256": "max_seq_length: 1024",
         "total_batch_size: 16": "total_batch_size: 4"},
        "val_fraction|max_seq_length", r"\bval\b|validat",
    ),
    gap(
        58, "lm-sys/FastChat#399", TALES, "a T4 is asked for bf16",
        {"    learning_rate: 8e-4\n": "    learning_rate: 8e-4\n    precision: bf16\n"}, "precision|target: t4", "bf16",
    ),
    gap(
        61, "bmaltais/kohya_ss#719", SMALL, "a CPU is asked for fp16",
        {"target: t4": "target: cpu", "    learning_rate: 1e-3\n": "    learning_rate: 1e-3\n    precision: fp16\n"}, "precision|target",
        "fp16|half", repair={"precision: fp16": "precision: fp32"},
    ),
    gap(
        62, "huggingface/transformers#23970", DESK, "QLoRA is asked for on a Mac, where bitsandbytes does not run",
        {"target: rtx3090": "target: m2-32gb"}, "target|method: qlora|quant", "bitsandbytes|CUDA|Apple|Metal|mps|qlora",
    ),
    gap(
        64, "unslothai/unsloth#5074", POLITE, "a Gemma, which was trained in bf16, is tuned in fp16 and overflows",
        {
            "hub: Qwen/Qwen2.5-7B-Instruct, revision: 4c5ff5e1e9a5f3a7e4ddf1e2b06b9a3c6f2d1a00":
            "hub: google/gemma-2-2b-it, revision: 299a8560bedf22ed1c72a8a11e7dce4a7f9f51f8",
            RATE: RATE + "    precision: fp16\n",
        },
        "precision", "bf16|overflow|range|nan", repair={"precision: fp16": "precision: bf16"},
    ),
    gap(
        65, "bitsandbytes-foundation/bitsandbytes#252", RADIO, "the 8-bit optimizer is asked for on a Mac",
        {"    learning_rate: 1e-3\n": "    learning_rate: 1e-3\n    optimizer: adamw_8bit\n"}, "optimizer|target",
        "bitsandbytes|CUDA|Apple|8.?bit",
    ),
    gap(
        66, "vllm-project/vllm#14547", NOVELS, "torch.compile is asked for on a Pascal card, which is too old for Triton",
        {"target: rtx3080": "target: p100", "    learning_rate: 6e-4\n": "    learning_rate: 6e-4\n    compile: true\n"}, "compile|target",
        "triton|capability|too old|7\\.0|pascal|does not compile", repair={"    compile: true\n": ""},
    ),
    gap(
        71, "huggingface/transformers#26066", ARCHIVE, "flash attention is asked for in full precision",
        {"    learning_rate: 1e-3\n": "    learning_rate: 1e-3\n    attn_implementation: flash_attention_2\n    precision: fp32\n"},
        "attn_implementation|precision", "[fb]p?f?16|half|fp32", repair={"precision: fp32": "precision: bf16"},
    ),
    gap(
        73, "", PAPERS, "packing is switched on as TRL does it, by true",
        {RATE: RATE + "    packing: true\n"}, "packing", "documents|none", repair={"packing: true": "packing: documents"},
    ),
    gap(
        73, "huggingface/transformers#33557", TALES, "a Mamba, which has no attention, is asked for flash attention",
        {
            "target: t4": "target: a100-40",
            "    learning_rate: 8e-4\n": "    learning_rate: 8e-4\n    attn_implementation: flash_attention_2\n",
        },
        "attn_implementation", "no attention|mamba|without attention|no effect",
        repair={"    attn_implementation: flash_attention_2\n": ""},
    ),
    gap(
        74, "axolotl-ai-cloud/axolotl#1644", CLINIC, "packed, the whole data is fewer rows than one step takes",
        {
            "max_seq_length: 256": "max_seq_length: 2048",
            "    batch_size: 8\n": "    batch_size: 8\n    gradient_accumulation_steps: 4\n    packing: documents\n",
        },
        "batch_size|gradient_accumulation|packing|max_seq_length|num_train_epochs|warmup_steps", r"\bsteps?\b|\brows\b",
        repair={"max_seq_length: 2048": "max_seq_length: 256", "    gradient_accumulation_steps: 4\n    packing: documents\n": ""},
    ),
    gap(
        77, "huggingface/peft#294", GPT2, "the adapters' names are a llama's, the base is a GPT-2",
        {"lora_alpha: 16}": "lora_alpha: 16, target_modules: [q_proj, v_proj]}"}, "target_modules",
        "c_attn|not in|no (layer|module|weight)|has no",
        repair={"[q_proj, v_proj]": "[c_attn]"},
    ),
    gap(
        78, "philschmid/deep-learning-pytorch-huggingface#43", PAPERS, "all-linear, as peft takes it, is one text where a list is wanted",
        {"lora_alpha: 16}": "lora_alpha: 16, target_modules: all-linear}"}, "target_modules",
        "list|delete|left out",
    ),
    gap(
        78, "haotian-liu/LLaVA#908", DESK, "a norm is among the layers to adapt",
        {"target_modules: [q_proj, v_proj]": "target_modules: [q_proj, v_proj, input_layernorm]"}, "target_modules", "linear|norm",
    ),
    gap(
        79, "huggingface/peft#298", CHAT, "the base is the folder of an adapter, without the model under it",
        {
            "checkpoint: {path: models/base}": "checkpoint: {path: models/tuned}",
            "base: {path: models/base}": "base: {path: models/tuned}",
        },
        "models/tuned", r"adapter|merge|config\.json", files=adapter("models/tuned"), mended=adapter("models/tuned"),
    ),
    gap(
        83, "huggingface/transformers#26695", DESK, "the base is quantised by GPTQ already, and QLoRA would quantise it again",
        {}, "models/base|method: qlora|quant", "gptq|quanti[sz]ed", files=GPTQ,
    ),
    gap(
        86, "huggingface/transformers#41516", CLINIC, "a LoRA is trained on a base that is stored in fp8",
        {}, "models/base|base:|method: lora", "fp8|quanti[sz]ed|8 bits", files=FP8,
    ),
    gap(
        88, "deepspeedai/DeepSpeed#6914", CHAT, "batch and accumulation do not make the effective batch",
        {"    total_batch_size: 8\n": "    total_batch_size: 32\n    batch_size: 4\n    gradient_accumulation_steps: 4\n"},
        "total_batch_size|batch_size|gradient_accumulation", "effective|16|accumulat",
    ),
    gap(
        90, "WongKinYiu/ScaledYOLOv4#76", POLITE, "an effective batch of 16 is to be shared by three cards",
        {"target: a100-80": "target: {gpu: a100-80, count: 3}"}, "total_batch_size|target|count",
        "multiple|divi|three|\\b3\\b|one (card|device|process)",
    ),
    gap(
        91, "Roblox/FAI-RL#70", NOVELS, "auto, as DeepSpeed takes it, stands for a number",
        {"    batch_size: 4\n": "    batch_size: auto\n"}, "batch_size: auto", "number|integer|whole|plan|delete|left out",
    ),
    gap(95, "", POLITE, "two cards are written in front of the card's name", {"target: a100-80": "target: 2xa100-80"}, "target", COUNT),
    gap(
        95, "lm-sys/FastChat#399", SEVEN, "sharding is switched on as the Trainer does it",
        {"    learning_rate: 1e-4\n": "    learning_rate: 1e-4\n    fsdp: [full_shard, auto_wrap]\n"}, "fsdp",
        f"shard|one device|{UNKNOWN}",
    ),
    gap(
        99, "OpenBioML/protein-lm-scaling#37", CLINIC, "-1 stands for no limit of steps, as the Trainer's default has it",
        {"    num_train_epochs: 3\n": "    num_train_epochs: 3\n    max_steps: -1\n"}, "max_steps",
        "greater|above|positive|delete|num_train_epochs|at least",
    ),
]  # fmt: skip

CASES = [case for case in WRITTEN if case.title not in HARMLESS]
SOUND: list[Case] = [
    *(case.sound() for case in CASES if case.twin),
    *(Case(case.family, case.title, "", files=case.files, raw=case.text()) for case in WRITTEN if case.title in HARMLESS),
    valid(
        CLINIC, "a rate with a large E, no clipping, no warmup",
        {RATE: "    learning_rate: 2.0E-4\n    max_grad_norm: null\n", "warmup_steps: 5": "warmup_steps: 0"},
    ),
    valid(
        ARCHIVE, "tabs within quotes and comments",
        {"about: letters and notes of a town's archive": 'about: "letters\tand notes" # of a\ttown'},
    ),
    valid(
        DESK, "colons and marks in texts that stand in quotes",
        {"system: You answer briefly.": 'system: "You answer briefly: two sentences at most. # 1 rule"'},
    ),
    valid(
        CHAT, "a base whose embedding has more rows than there are tokens",
        {"checkpoint: {path: models/base}": "checkpoint: {path: models/wide}", "base: {path: models/base}": "base: {path: models/wide}"},
        whole("models/wide", 300, 320),
    ),
    valid(CHAT, "a base whose head is the embedding, so that its file has none", {}, TIED),
    valid(
        SMALL, "token files of four bytes an id, said so",
        {
            "  - type: tokenize_bin\n":
            "  - type: check_vocab_consistency\n    bins: {path: old/train.bin, dtype: uint32}\n  - type: tokenize_bin\n    dtype: uint16\n"
        },
        {"old/train.bin": ids("I")},
    ),
    valid(
        CLINIC, "rows exactly as long as the base's context",
        {"max_seq_length: 256": "max_seq_length: 2048", "max_tokens: 256": "max_tokens: 2048"},
    ),
    valid(NOVELS, "a new GPT-2 of 1,024 positions", {"vars: {ctx: 256}": "vars: {ctx: 1024}", "warmup_steps: 10": "warmup_steps: 4"}),
    valid(
        SMALL, "fp16 and torch.compile on a V100",
        {"target: t4": "target: v100-16", "    learning_rate: 1e-3\n": "    learning_rate: 1e-3\n    precision: fp16\n    compile: true\n"},
    ),
    valid(
        ARCHIVE, "flash attention in bf16 on an Ampere card",
        {"    learning_rate: 1e-3\n": "    learning_rate: 1e-3\n    attn_implementation: flash_attention_2\n    precision: bf16\n"},
    ),
    valid(PAPERS, "papers and answers packed into rows, none sees another", {RATE: RATE + "    packing: documents\n"}),
    valid(
        GPT2, "a GPT-2's own names of layers, and a batch written three times over",
        {
            "lora_alpha: 16}": "lora_alpha: 16, target_modules: [c_attn, c_proj]}",
            "    total_batch_size: 8\n": "    total_batch_size: 8\n    batch_size: 4\n    gradient_accumulation_steps: 2\n",
        },
    ),
    valid(
        DESK, "QLoRA in eight bits on a card that others use too",
        {"quant: {bits: 4, type: nf4}": "quant: {bits: 8}", "target: rtx3090": "target: {gpu: rtx3090, memory_gb: 12}"},
    ),
    valid(GROWN, "phase 2 with one layer more than phase 1 had", {"n_layers: 2": "n_layers: 3"}),
]  # fmt: skip
