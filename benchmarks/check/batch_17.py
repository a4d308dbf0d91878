"""The seventeenth batch: second guesses at what stands in the gaps of the known failures, cf-001 to cf-099.

With batch_18, see there. The first half stands in batch_17_cases.

At first sight, each screen read: of 50 are 49 found (98 %), 1 told (an option of torch's allocator, which is of this machine, and the
recipe is for another), none missed. None of the sound recipes was alarmed. The pattern of one case was put right after.
"""

from batch_9_cases import DESK, NOVELS, POLITE, TALES, TICKETS, gpt2, talk, valid
from batch_11_cases import ARCHIVE, CLINIC, SEVEN, tensors
from batch_11_cases import TEXTS as LETTERS
from batch_17_cases import CHAT, FIRST, PAPERS, PHASES, STORIES, TUNED, bins, slip
from cases import Case, Report

FP8 = {"quantization_config": {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}}
LEARNED = "models/gpt2"
MEMORY = r"memory|\bGi?B\b|does not fit|no room"

LENGTHS = [
    slip(
        CHAT, "cf-047; huggingface/transformers#1666", "pieces of 1,024 tokens for rows of 512",
        {"path: data/chat.jsonl": "{path: letters/*.txt, document: blank_line}", "max_tokens: 512": "max_tokens: 1024"},
        "max_tokens: 1024 | max_seq_length: 512", r"longer|rows?\b|cut|max_seq_length|max_tokens|too long",
        files=dict(LETTERS), mended=dict(LETTERS), repair={"max_tokens: 1024": "max_tokens: 512"}, family="length",
    ),
    slip(
        CLINIC, "cf-047; huggingface/transformers#10015", "rows that are longer than the learned positions of a GPT-2",
        {"path: models/base": f"path: {LEARNED}", "target_modules: [q_proj, k_proj, v_proj, o_proj]": "target_modules: [c_attn, c_proj]"},
        "max_seq_length: 256 | models/gpt2 | model: {base", r"positions?\b|192|n_positions|context",
        files=gpt2(LEARNED, 192), mended=gpt2(LEARNED, 1024), repair={}, family="length",
    ),
    slip(
        ARCHIVE, "cf-048; ollama/ollama#11175", "the served context is 32 times what training saw",
        {"num_ctx: 128": "num_ctx: 4096"}, "num_ctx: 4096", r"num_ctx|context|trained|training|positions|\b128\b", family="length",
    ),
    slip(
        CHAT, "cf-052; lm-sys/FastChat#1293", "each question brings a page of context and is longer than the row without its answer",
        {}, "path: data/chat.jsonl | max_tokens: 512 | max_seq_length: 512", r"questions?|prompts?|too long|longer|does not fit|no room",
        files={
            "data/chat.jsonl": [
                talk(
                    ("user", f"{'The archive keeps each letter in a box by the window. ' * 30}\nWhere is letter {n}?"),
                    ("assistant", f"In box {n}."),
                )
                for n in range(200)
            ]
        },
        family="length",
    ),
    slip(
        DESK, "cf-055; huggingface/trl#1225", "the answers stand in another column, and the one that is read is empty in every row",
        {}, "path: data/tickets.jsonl | objective: sft",
        r"empty|no answers?|answers?\b.*(missing|nothing)|nothing to learn|\boutput\b|response",
        files={"data/tickets.jsonl": [{**row, "output": "", "response": row["output"]} for row in TICKETS]},
        mended={"data/tickets.jsonl": TICKETS}, family="length",
    ),
]  # fmt: skip
HARDWARE = [
    slip(
        STORIES, "cf-058; hiyouga/LlamaFactory#875", "half precision on a CPU",
        {"target: t4": "target: cpu", "learning_rate: 1e-3": "learning_rate: 1e-3\n    precision: fp16"}, "precision: fp16 | target: cpu",
        r"fp16|half|fp32", repair={"precision: fp16": "precision: fp32", "max_steps: 1000": "max_steps: 100"}, family="hardware",
    ),
    slip(
        ARCHIVE, "cf-058; no thread", "bf16 on a V100 with the memory written beside its name",
        {"target: a10": "target: {gpu: v100, memory_gb: 32}", "scheduler: wsd": "precision: bf16\n    scheduler: wsd"},
        "precision: bf16 | gpu: v100", r"bf16|bfloat|fp16", repair={"precision: bf16": "precision: fp16"}, family="hardware",
    ),
    slip(
        DESK, "cf-061; bitsandbytes-foundation/bitsandbytes#1460", "four bits by bitsandbytes on a Mac",
        {"target: rtx3090": "target: m2-32gb"}, "target: m2-32gb | method: qlora | quant:",
        r"bitsandbytes|cuda|nvidia|apple|metal|mps", repair={"method: qlora\n    quant: {bits: 4, type: nf4}": "method: lora"},
        family="hardware",
    ),
    slip(
        POLITE, "cf-062; huggingface/transformers#39972", "Gemma 2 in fp16, whose values it overflows",
        {
            "target: a100-80": "target: t4", "Qwen/Qwen2.5-7B-Instruct": "google/gemma-2-2b-it",
            "total_batch_size: 16": "total_batch_size: 16\n    batch_size: 1",
            "max_seq_length: 1024": "max_seq_length: 512", "learning_rate: 2e-4": "learning_rate: 2e-4\n    precision: fp16",
        },
        "precision: fp16 | google/gemma | target: t4 | model: {base", r"overflow|\bnan\b|infinit|range|bf16|trained in|float16",
        repair={"target: t4": "target: l4", "precision: fp16": "precision: bf16"}, family="hardware",
    ),
    slip(
        NOVELS, "cf-064; karpathy/nanoGPT#281", "torch's name of a device where a machine is asked for",
        {"target: rtx3080": "target: cuda:0"}, "target: cuda:0", r"machine|target|cards?\b|known|here", family="hardware",
    ),
    slip(
        CHAT, "cf-065; huggingface/huggingface-llama-recipes#21", "a base in eight-bit floats on an A100, which cannot multiply them",
        {"target: rtx4090": "target: a100-80"}, "path: models/base | target: a100-80 | method: lora",
        r"quanti[sz]|fp8|eight bits|8.?bit|8\.9", files={"models/base/config.json": FP8}, repair={}, mended={}, family="hardware",
    ),
    slip(
        STORIES, "cf-066; bitsandbytes-foundation/bitsandbytes#306", "an option of torch's allocator that it does not know",
        {}, "target: | recipe: | type: train", r"PYTORCH_CUDA_ALLOC_CONF|max_split_size",
        environment={"PYTORCH_CUDA_ALLOC_CONF": "max_split_size=512"}, family="hardware",
    ),
]  # fmt: skip
ATTENTION = [
    slip(
        ARCHIVE, "cf-071; unslothai/unsloth#827", "flash attention in fp32",
        {"scheduler: wsd": "scheduler: wsd\n    precision: fp32\n    attn_implementation: flash_attention_2"},
        "precision: fp32 | attn_implementation:", r"flash.*(fp32|fp16|bf16|half|16)|(fp32|fp16|bf16|half).*flash",
        repair={"precision: fp32": "precision: bf16"}, family="attention",
    ),
    slip(
        ARCHIVE, "cf-073; Dao-AILab/flash-attention#801", "two heads of 320 numbers, which flash attention does not have",
        {
            "d_model: 192\n      n_layers: 6\n      n_heads: 6\n      n_kv_heads: 3": (
                "d_model: 640\n      n_layers: 2\n      n_heads: 2\n      n_kv_heads: 1"
            ),
            "scheduler: wsd": "scheduler: wsd\n    attn_implementation: flash_attention_2",
        },
        "attn_implementation: | n_heads: 2 | d_model: 640", r"heads?\b.*(256|320|wide|dim|size)|256|320",
        repair={"n_heads: 2\n      n_kv_heads: 1": "n_heads: 10\n      n_kv_heads: 5"}, family="attention",
    ),
    slip(
        PAPERS, "cf-074; no thread", "packing is switched on by true, as in TRL", {"packing: documents": "packing: true"}, "packing: true",
        r"documents|\bnone\b", family="attention",
    ),
]  # fmt: skip
ADAPTERS = [
    slip(
        CLINIC, "cf-077; hiyouga/LlamaFactory#1785", "the modules in one text with commas, as LLaMA-Factory takes them",
        {"target_modules: [q_proj, k_proj, v_proj, o_proj]": "target_modules: q_proj,k_proj,v_proj,o_proj"}, "target_modules:",
        r"\blist\b|\[q_proj|brackets", family="adapter",
    ),
    slip(
        CHAT, "cf-078; ml-explore/mlx-examples#1328", "the last 16 blocks, as mlx-lm has it, of a base that has two",
        {"lora_alpha: 16}": "lora_alpha: 16, layers: 16}"}, "layers: 16", r"\b(2|two)\b|blocks|layers",
        repair={", layers: 16": ", layers: 2"},
        family="adapter",
    ),
    slip(
        TUNED, "cf-079; huggingface/peft#2556", "an adapter on a Mamba's out_proj, which its kernel reads past",
        {"[in_proj, x_proj]": "[in_proj, x_proj, out_proj]"}, "out_proj", r"out_proj", family="adapter",
    ),
    slip(
        SEVEN, "cf-083; hiyouga/LlamaFactory#5625", "a base that AWQ quantised already, to be quantised again and merged",
        {"mistralai/Mistral-7B-Instruct-v0.3": "Qwen/Qwen2.5-7B-Instruct-AWQ"}, "Instruct-AWQ | model: {base | method: qlora | quant:",
        r"awq|already quanti|quanti[sz]ed (base|model|already|with|by)", family="adapter",
    ),
    slip(
        SEVEN, "cf-086; huggingface/transformers#28266", "double quantisation, which four bits have, beside eight",
        {"quant: {bits: 4, double: true}": "quant: {bits: 8, double: true}"}, "quant: {bits: 8", r"double|four bits|bits: 8",
        repair={"{bits: 8, double: true}": "{bits: 8}"}, family="adapter",
    ),
]  # fmt: skip
BATCHES = [
    slip(
        POLITE, "cf-088; deepspeedai/DeepSpeed#6914", "the effective batch is counted with two cards, and a training uses one",
        {
            "target: a100-80": "target: {gpu: a100-80, count: 2}",
            "total_batch_size: 16": "total_batch_size: 32\n    batch_size: 4\n    gradient_accumulation_steps: 4",
        },
        "total_batch_size: 32 | batch_size: 4 | gradient_accumulation_steps: 4", r"effective|\b16\b|\b32\b|one (card|device)",
        repair={"gradient_accumulation_steps: 4": "gradient_accumulation_steps: 8"}, family="batch",
    ),
    slip(
        DESK, "cf-090; CarperAI/trlx#376", "the batch is auto, as DeepSpeed's file has it", {"batch_size: 4": "batch_size: auto"},
        "batch_size: auto", r"number|integer|\bplan\b|leave it out|left out|delete", family="batch",
    ),
    slip(
        ARCHIVE, "cf-091; karpathy/nanochat#532", "rows where the batch is counted in tokens",
        {"total_batch_tokens: 2048": "total_batch_tokens: 16"}, "total_batch_tokens: 16",
        r"less than|one row|\b128\b|at least|total_batch_size",
        family="batch",
    ),
    slip(
        SEVEN, "cf-095; axolotl-ai-cloud/axolotl#1522", "70 billion weights in four bits over two cards of 24 GB, as FSDP splits them",
        {"target: rtx4090": "target: {gpu: rtx3090, count: 2}",
        "mistralai/Mistral-7B-Instruct-v0.3": "meta-llama/Meta-Llama-3-70B-Instruct"},
        "target: | Llama-3-70B | type: train | method: qlora | batch_size: 2 | max_seq_length: 512 | model: {base", MEMORY,
        repair={"Llama-3-70B": "Llama-3-8B"}, family="batch",
    ),
    slip(
        PHASES, "cf-099; bghira/SimpleTuner#843", "a stage trains weights by a name that none of them has",
        {"train: [hebbian]": "train: [memory]"}, "train: [memory]", r"memory", family="batch",
    ),
]  # fmt: skip
CASES: list[Report] = [*FIRST, *LENGTHS, *HARDWARE, *ATTENTION, *ADAPTERS, *BATCHES]

AGAIN = {
    "model: {family: mamba_hebbian, d_model: 128, n_layers: 4, hebbian_decay: 0.98}\n    init_from: {step: first}\n    stages:\n"
    "      - {steps: 60, train: [hebbian]}\n      - {train: [all]}\n    max_steps: 200": (
        "model: {family: mamba, d_model: 128, n_layers: 4}\n    resume_from: {step: first}\n    scheduler: constant\n    max_steps: 800"
    ),
    "learning_rate: 5e-4\n    warmup_steps: 10": "learning_rate: 1e-3\n    warmup_steps: 20",
    "learning_rate: 1e-3\n    warmup_steps: 20": "learning_rate: 1e-3\n    scheduler: constant\n    warmup_steps: 20",
}
BINS = "  - type: check_vocab_consistency\n    bins: {path: bins/train.bin, dtype: uint32}\n  - type: tokenize_bin\n"
PADDED = "  - type: check_vocab_consistency\n    pad_vocab_to_multiple_of: 128\n  - type: tokenize_bin\n"
SOUND: list[Case] = [
    *(case.sound() for case in CASES if case.twin),
    valid(NOVELS, "numbers as a pocket calculator shows them, and an empty value", {"6e-4": "6.0E-4", "save_steps: 20": "save_steps: ~"}),
    valid(
        TALES, "a template as a block of two lines",
        {'columns: {text: "<tr>{title}\\n{text}"}': "columns:\n          text: |-\n            <tr>{title}\n            {text}"},
    ),
    valid(
        STORIES, "an embedding that is padded to 1,024 rows, with the same number in the model",
        {"  - type: tokenize_bin\n": PADDED, "n_heads: 4}": "n_heads: 4, vocab_size: 1024}"},
    ),
    valid(
        CLINIC, "a base whose embedding has more rows than its tokenizer has tokens", {},
        {"models/base/config.json": {"vocab_size": 320}, "models/base/model.safetensors": tensors(rows=320)},
    ),
    valid(STORIES, "token files of 32 bits that are said to have them", {"  - type: tokenize_bin\n": BINS},
    {"bins/train.bin": bins("uint32", 1000)}),
    valid(STORIES, "sixteen bits asked for by name, where they do",
    {"  - type: tokenize_bin\n": "  - type: tokenize_bin\n    dtype: uint16\n"}),
    valid(DESK, "plain LoRA on a Mac", {"target: rtx3090": "target: m2-32gb",
    "method: qlora\n    quant: {bits: 4, type: nf4}": "method: lora"}),
    valid(
        STORIES, "full precision on a CPU",
        {"target: t4": "target: cpu", "max_steps: 1000": "max_steps: 100",
        "learning_rate: 1e-3": "learning_rate: 1e-3\n    precision: fp32"},
    ),
    valid(
        ARCHIVE, "flash attention in bf16 with heads of 32 numbers",
        {"scheduler: wsd": "scheduler: wsd\n    precision: bf16\n    attn_implementation: flash_attention_2"},
    ),
    valid(
        POLITE, "a card in long form, and a batch whose parts make the whole",
        {"target: a100-80": "target: {gpu: a100, memory_gb: 40}",
        "size: 16": "size: 16\n    batch_size: 1\n    gradient_accumulation_steps: 16"},
    ),
    valid(CHAT, "an adapter on one module of the last block", {"lora_alpha: 16}": "lora_alpha: 16, layers: 1, target_modules: [q_proj]}"}),
    valid(
        PHASES, "three stages, the middle one by a block's name",
        {"- {train: [all]}": "- {steps: 40, train: [hebbian, layers.3]}\n      - {train: [all]}"},
    ),
    valid(PHASES, "a second training that goes on from the first at a constant rate", AGAIN),
    valid(TUNED, "an adapter on the module of a Mamba that its kernel does not read past", {"[in_proj, x_proj]": "[in_proj]"}),
]  # fmt: skip
