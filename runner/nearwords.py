"""Words of other trainers' choices, and what comes nearest to each here, beside those of `hints`; and those that take two keys to say."""

MORE: dict[str, dict[str, str]] = {
    "precision": {
        **dict.fromkeys(("bfloat16_mixed", "bfloat16-mixed", "bf16_true"), "bf16"),
        **dict.fromkeys(("fp64", "float64", "64", "64-true", "f64"), "fp32"),
        **dict.fromkeys(("pure_fp16", "o1", "o2"), "fp16"),
    },
    "attn_implementation": {
        **dict.fromkeys(("sage", "sageattention", "sage_attention", "triton", "s2", "s2_attention", "paged|sdpa", "sdpa_paged",
                         "sdpa_varlen"), "sdpa"),
        **dict.fromkeys(("eager_paged", "paged|eager"), "eager"), "kernels_community/flash_attn2": "flash_attention_2",
    },
    "quantization": {
        **dict.fromkeys(("hqq", "nvfp4", "w4a16", "merged_4bit", "bnb", "bitsandbytes", "exl2", "aqlm", "quip", "ud_q4_k_xl"), "q4_0"),
        **dict.fromkeys(("eetq", "w8a8", "w8a16"), "q8_0"), **dict.fromkeys(("merged_16bit", "merged", "ollama"), "f16"),
    },
    "method": dict.fromkeys(
        ("adapter", "adapter_v2", "prefix_tuning", "prompt_tuning", "p_tuning", "llama_adapter", "boft", "reft", "pissa", "rslora",
         "longlora", "lora_ga", "loftq", "adapters", "lokr", "hra", "miss", "bone", "fourierft", "ln_tuning"), "lora",
    ) | {"galore": "full", "lisa": "full", "qdora": "qlora", "qlora_4bit": "qlora"},
    "objective": dict.fromkeys(("gkd", "distill", "distillation", "seq2seq", "ebft", "instruction_tuning", "supervised"), "sft"),
    "packing": dict.fromkeys(("bfd_split", "bfd_requeue", "neat_packing", "packed", "greedy", "best_fit", "auto"), "documents"),
    "family": dict.fromkeys(
        ("glm", "glm4", "chatglm", "minicpm", "pythia", "deepseek_v2", "deepseek_v3", "nemotron", "exaone", "ernie", "hunyuan", "gpt_oss",
         "seed_oss", "transformer++", "decoder"), "llama",
    ) | dict.fromkeys(("hybrid", "nemotron_h", "bamba", "falcon_h1", "granitemoehybrid", "zamba2"), "mamba2"),
}  # fmt: skip
PREFERENCES = "preferences and rewards are not trained; write objective: sft to learn the answers that were chosen"
SAID = {  # words that no word of ours replaces alone
    **dict.fromkeys((("scheduler", "reduce_lr_on_plateau"), ("scheduler", "plateau"), ("scheduler", "greedy")),
                    "no scheduler follows the validation: write scheduler: cosine, and early_stopping: {patience: 3} to end when it "
                    "no longer improves"),
    ("method", "dora"): "write method: lora, with lora: {use_dora: true}",
    ("method", "rslora"): "write method: lora, with lora: {use_rslora: true}",
    ("method", "qdora"): "write method: qlora, with lora: {use_dora: true}",
    ("method", "freeze"): "write method: full, with stages: [{train: [layers.3]}], which says what is trained",
    ("quantization", "lora"): "write quantization: f16; the adapter is merged into it",
    ("objective", "reward_modeling"): PREFERENCES,
}  # fmt: skip
