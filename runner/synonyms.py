"""Names that other tools use for what a recipe says, and how their values convert.

A table by step type. A name leads to one of our keys (and is offered only when the step really has it), or to words that say where
the matter is settled in a recipe. Sources: transformers TrainingArguments, axolotl, LLaMA-Factory, mlx-lm,
nanoGPT, litgpt, TRL, SentencePiece.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Names = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What another tool's name is in a recipe.

    path: our key, below the step's params (or the top level when `step` is empty); empty when there is none. value: the converted
    value, None when it must be looked up by hand. exact: the change may be made without asking. words: what to say beside it.
    delete: the line may go, since it says what a recipe does anyway.
    """

    step: str
    path: Names = ()
    value: Any = None
    exact: bool = True
    words: str = ""
    delete: bool = False


Convert = Callable[[Any, Mapping[str, Any]], Known]


def _to(path: str, step: str = "train") -> Convert:
    names: Names = tuple(path.split("."))
    return lambda value, beside: Known(step, names, value)


def _says(words: str, step: str = "train", delete: bool = False) -> Convert:
    return lambda value, beside: Known(step, (), None, False, words, delete)


def _precision(word: str) -> Convert:
    def convert(value: Any, beside: Mapping[str, Any]) -> Known:
        if value is True or value == "true":
            return Known("train", ("precision",), word)
        return Known("train", (), None, True, "precision: auto picks what the target has", delete=True)

    return convert


def _tracker(value: Any, beside: Mapping[str, Any]) -> Known:
    """HF's report_to, litgpt's and others' logger names, and switches such as use_wandb: true."""
    wanted = ["wandb"] if value is True else [value] if isinstance(value, str) else value if isinstance(value, list) else []
    names = [name for name in wanted if name in ("wandb", "tensorboard", "mlflow")]
    if not names:
        return Known("train", (), None, True, "runs are recorded in runs/ without a tracker", delete=True)
    return Known("train", ("tracking",), names[0] if len(names) == 1 else names)


def _bits(bits: int) -> Convert:
    def convert(value: Any, beside: Mapping[str, Any]) -> Known:
        if value is not True:
            return Known("train", (), None, True, "a model is loaded whole unless the recipe says otherwise", delete=True)
        there = beside.get("method") == "qlora"
        return Known("train", ("quant",), {"bits": bits}, there, "" if there else "with method: qlora")

    return convert


def _warmup(value: Any, beside: Mapping[str, Any]) -> Known:
    share = isinstance(value, float) and 0 < value < 1
    return Known("train", ("warmup_ratio" if share else "warmup_steps",), value)


def _scale(value: Any, beside: Mapping[str, Any]) -> Known:
    lora = beside.get("lora")
    rank = beside.get("lora_rank", beside.get("rank", beside.get("r", lora.get("r", lora.get("rank")) if isinstance(lora, dict) else None)))
    if isinstance(rank, int) and isinstance(value, (int, float)):
        alpha = value * rank
        return Known("train", ("lora", "lora_alpha"), int(alpha) if alpha == int(alpha) else alpha, words="lora_alpha = scale x r")
    return Known("train", ("lora", "lora_alpha"), None, False, "lora_alpha = scale x r, and r is not written here")


def _base(value: Any, beside: Mapping[str, Any]) -> Known:
    local = isinstance(value, str) and value.startswith(("/", "./", "../", "~"))
    return Known("train", ("model", "base", "path" if local else "hub"), value)


def _adapter(value: Any, beside: Mapping[str, Any]) -> Known:
    return Known("train", ("method",), value if value in ("lora", "qlora") else "full")


def _share(value: Any, beside: Mapping[str, Any]) -> Known:
    share = isinstance(value, float) and 0 < value < 1
    return Known("tokenize_bin", ("val_fraction",), value if share else None, share, "the share of documents held back")


def _packed(value: Any, beside: Mapping[str, Any]) -> Known:
    if value is True and beside.get("objective") == "sft":
        return Known("train", ("packing",), "documents")
    return Known("train", (), None, False, "bins of tokens are packed without gaps anyway", delete=True)


def _fallback(value: Any, beside: Mapping[str, Any]) -> Known:
    if value is False:
        return Known("train", ("on_oom",), "stop")
    return Known("train", (), None, False, "less memory is tried anyway", delete=True)


def _files(value: Any, beside: Mapping[str, Any]) -> Known:
    paths = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    exact = bool(paths) and all(isinstance(path, str) for path in paths)
    return Known("parse_corpus", ("sources",), [{"path": path} for path in paths] if exact else None, exact)


def _hub_rows(value: Any, beside: Mapping[str, Any]) -> Known:
    exact = isinstance(value, str)
    return Known("parse_corpus", ("sources",), [{"hub": value}] if exact else None, exact)


_RUN_FOLDER = "every run has a folder of its own under runs/"
_LATER = {  # words of our own language that are planned: told as such, never taken for a slip of the pen
    "stages": "freezing by stages",
    "backend": "another engine than PyTorch",
}  # fmt: skip
_TRAIN: dict[str, Convert] = {
    **{name: _says(f"{what} is not supported yet; delete the line") for name, what in _LATER.items()},
    **dict.fromkeys(("micro_batch_size", "per_device_train_batch_size", "train_batch_size",
                     "train_micro_batch_size_per_gpu"), _to("batch_size")),
    **dict.fromkeys(("per_device_eval_batch_size", "val_batch_size", "per_gpu_eval_batch_size"), _to("eval_batch_size")),
    **dict.fromkeys(("global_batch_size", "effective_batch_size"), _to("total_batch_size")),
    **dict.fromkeys(("sequence_len", "cutoff_len", "block_size", "max_length", "seq_len", "seq_length", "max_seq_len", "model_max_length",
                     "context_length", "max_position_embeddings", "n_ctx", "n_positions", "ctx_len"), _to("max_seq_length")),
    **dict.fromkeys(("epochs", "num_epochs", "n_epochs", "train_epochs", "max_epochs"), _to("num_train_epochs")),
    **dict.fromkeys(("lr", "base_lr", "max_lr", "peak_lr"), _to("learning_rate")),
    **dict.fromkeys(("iters", "max_iters", "num_iterations", "train_steps", "total_steps", "num_steps",
                     "max_train_steps"), _to("max_steps")),
    **dict.fromkeys(("lora_r", "lora_rank", "r", "rank"), _to("lora.r")),
    **dict.fromkeys(("lora_alpha", "alpha"), _to("lora.lora_alpha")),
    "lora_dropout": _to("lora.lora_dropout"),
    **dict.fromkeys(("lora_target_modules", "lora_target", "target_modules", "lora_target_linear"), _to("lora.target_modules")),
    **dict.fromkeys(("lora_modules_to_save", "modules_to_save"), _to("lora.modules_to_save")),
    **dict.fromkeys(("num_layers", "lora_layers"), _to("lora.layers")),
    "scale": _scale,
    **dict.fromkeys(("lr_scheduler_type", "lr_scheduler", "lr_schedule", "decay_lr"), _to("scheduler")),
    **dict.fromkeys(("save_total_limit", "keep_last", "max_checkpoints"), _to("keep")),
    **dict.fromkeys(("sample_packing", "pack"), _packed),
    "load_in_4bit": _bits(4), "load_in_8bit": _bits(8),
    **dict.fromkeys(("base_model", "model_id", "model_name_or_path", "pretrained_model_name_or_path", "model_name",
                     "base_model_name_or_path", "model_path", "checkpoint_dir"), _base),
    **dict.fromkeys(("eval_every", "eval_interval", "steps_per_eval", "evaluation_steps", "val_check_interval"), _to("eval_steps")),
    **dict.fromkeys(("save_interval", "save_every", "checkpoint_interval", "checkpoint_every"), _to("save_steps")),
    **dict.fromkeys(("accumulate_grad_batches", "grad_accum", "grad_accumulation_steps", "gradient_accumulation",
                     "accumulation_steps", "accum_steps"), _to("gradient_accumulation_steps")),
    **dict.fromkeys(("grad_clip", "gradient_clip_val", "max_norm", "gradient_clipping", "clip_grad_norm",
                     "clip_grad"), _to("max_grad_norm")),
    "bf16": _precision("bf16"), "fp16": _precision("fp16"), "mixed_precision": _to("precision"), "dtype": _to("precision"),
    "torch_dtype": _to("precision"),
    "warmup": _warmup, "num_warmup_steps": _warmup, "warmup_iters": _warmup, "lr_warmup_steps": _warmup,
    "warmup_proportion": _to("warmup_ratio"),
    **dict.fromkeys(("min_learning_rate", "lr_min", "eta_min", "final_lr"), _to("min_lr")),
    **dict.fromkeys(("optim", "optimizer_type", "optimizer_name"), _to("optimizer")),
    "wd": _to("weight_decay"), "resume_from_checkpoint": _says("a stopped run goes on by itself when it is run again"),
    "resume": _says("a stopped run goes on by itself when it is run again"),
    "sft": _says("write objective: sft"), "adapter": _adapter, "finetuning_type": _adapter, "peft_type": _adapter,
    "logging_steps": _says("every step is logged", delete=True), "log_interval": _says("every step is logged", delete=True),
    "steps_per_report": _says("every step is logged", delete=True), "report_to": _tracker,
    **dict.fromkeys(("output_dir", "out_dir", "save_dir", "logging_dir", "default_root_dir",
                     "adapter_path"), _says(_RUN_FOLDER, delete=True)),
    "enable_oom_fallback": _fallback, "gradient_checkpointing": _to("activation_checkpointing"),
    "grad_checkpoint": _to("activation_checkpointing"), "torch_compile": _to("compile"),
    "preprocess_enabled": _says("a step `- type: split_long` before train splits long documents and loses none", step="split_long"),
    "tf32": _says("matrix products use TF32 where the card has it", delete=True),
    **dict.fromkeys(("flash_attention", "flash_attn", "attn_implementation", "use_flash_attention", "use_flash_attention_2"),
                    _says("the fastest exact attention is chosen by itself", delete=True)),
    **dict.fromkeys(("device", "device_map", "num_gpus", "gpus"),
                    _says("the machine is named once, at the top: target: t4, or target: here")),
    "val_set_size": _share, "validation_split": _share, "test_size": _share,
    **dict.fromkeys(("evaluation_strategy", "eval_strategy", "do_eval"), _says("eval_steps says when to validate", delete=True)),
    **dict.fromkeys(("save_strategy", "save_best_model"), _says("save_steps says when to save", delete=True)),
    **dict.fromkeys(("dataloader_num_workers", "num_workers", "preprocessing_num_workers"),
                    _says("workers follow from the machine", delete=True)),
    **dict.fromkeys(("remove_unused_columns", "group_by_length", "do_train", "overwrite_output_dir"),
                    _says("there is nothing to say", delete=True)),
    "train_on_inputs": _says("objective: sft puts the loss on the answers only, objective: lm on every token"),
    "use_wandb": _tracker, "wandb_run_id": _says("a run that goes on finds its own id", delete=True),
    "wandb_project": _to("tracking.wandb.project"), "wandb_entity": _to("tracking.wandb.entity"),
    **dict.fromkeys(("dataset", "dataset_name"), _hub_rows),
    **dict.fromkeys(("datasets", "data", "data_path", "train_file", "data_dir", "training_data"), _files),
    "chat_template": _says("the base model's own template is used, recipe's where it has none; it is exported too"),
    **dict.fromkeys(("adam_beta1", "adam_beta2", "beta1", "beta2", "betas", "adam_betas", "adam_epsilon", "epsilon", "eps", "adam_eps",
                     "optim_args", "optimizer_params"),
                    _says("AdamW's betas are 0.9 and 0.95, its epsilon 1e-8", delete=True)),
    **dict.fromkeys(("neftune_noise_alpha", "label_smoothing_factor", "label_smoothing", "noisy_embedding_alpha", "attention_dropout",
                     "mixup", "ema_decay", "swa", "lr_layer_decay"),
                    _says("the plain loss is trained, without noise and smoothing; delete the line")),
    **dict.fromkeys(("deepspeed", "fsdp", "fsdp_config", "fsdp_transformer_layer_cls_to_wrap", "zero_stage", "zero_optimization",
                     "tensor_parallel_size", "tensor_model_parallel_size", "pipeline_model_parallel_size", "context_parallel_size",
                     "sequence_parallel_degree", "sequence_parallel_size", "ddp_find_unused_parameters", "ddp_backend", "ddp_timeout",
                     "ddp_bucket_cap_mb", "num_processes", "num_machines", "nnodes", "nproc_per_node", "world_size", "local_rank",
                     "use_ray", "accelerate_config", "distributed_strategy", "strategy", "dp_size", "tp_size", "gpus_per_node",
                     "num_nodes", "devices", "accelerator", "device_count"),
                    _says("training runs on one device, which target: names at the top; delete the line")),
    **dict.fromkeys(("gradient_checkpointing_kwargs", "use_reentrant", "use_reentrant_gc", "fp16_opt_level", "half_precision_backend",
                     "bf16_full_eval", "fp16_full_eval", "use_cache", "upcast_layernorm", "pure_bf16", "amp", "autocast", "grad_scaler",
                     "loss_scale", "use_amp", "fp16_full", "float16"),
                    _says("precision says it all; scaling and casts follow from it", delete=True)),
    **dict.fromkeys(("template", "conversation", "conversation_template", "prompt_template", "prompt_format", "dataset_format",
                     "dataset_type", "response_part", "instruction_part", "response_template", "instruction_template", "formatting_func",
                     "dataset_text_field", "roles", "role_map", "default_system_message", "default_system"),
                    _says("the base model's own chat template writes the rows, recipe's where it has none; columns: of parse_corpus "
                          "name what rows hold")),
    **dict.fromkeys(("mask_prompt", "train_on_responses_only", "completion_only_loss", "assistant_only_loss", "train_on_input",
                     "mask_inputs", "mask_history", "train_on_prompt", "train_on_completions_only", "roles_to_train", "train_on_eos"),
                    _says("objective: sft puts the loss on the answers and their ends, objective: lm on every token")),
    **dict.fromkeys(("pad_token", "pad_token_id", "eos_token", "eos_token_id", "bos_token", "bos_token_id", "special_tokens", "add_tokens",
                     "new_special_tokens", "added_tokens", "resize_token_embeddings", "resize_vocab", "add_special_tokens",
                     "additional_special_tokens", "add_bos_token", "add_eos_token", "padding_side", "pad_to_max_length", "padding",
                     "truncation", "truncation_side", "tokenizer_name", "tokenizer_path", "tokenizer_type", "use_fast",
                     "use_fast_tokenizer", "tokenizer_use_fast", "pad_to_sequence_len", "pad_to_multiple_of"),
                    _says("the tokenizer is the base's, or train_tokenizer's; padding is masked by place, rows are never cut")),
    **dict.fromkeys(("trust_remote_code", "push_to_hub", "hub_model_id", "hub_token", "hub_strategy", "hub_private_repo", "use_auth_token",
                     "hf_token", "token"), _says("no code from a hub is run, and nothing is uploaded", delete=True)),
    **dict.fromkeys(("load_best_model_at_end", "metric_for_best_model", "greater_is_better", "save_best", "save_best_only",
                     "best_metric", "monitor", "track_best_checkpoint", "always_save_checkpoint", "eval_only"),
                    _says("the last weights are the result; val_loss is what is measured; delete the line")),
    **dict.fromkeys(("early_stopping_patience", "patience", "early_stopping_threshold", "early_stopping_steps"),
                    _to("early_stopping.patience")),
    **dict.fromkeys(("num_generations", "group_size", "max_prompt_length", "max_completion_length", "reward_funcs", "reward_model", "beta",
                     "rl", "dpo_beta", "pref_beta", "pref_loss", "kl_coef", "ref_model", "loss_type", "rlhf", "stage", "epsilon_high"),
                    _says("there are two objectives, lm and sft; preferences and rewards are not trained")),
    **dict.fromkeys(("random_state", "data_seed", "shuffle_seed", "seed_everything", "torch_seed"),
                    lambda value, beside: Known("", ("seed",), value if isinstance(value, int) else None)),
    **dict.fromkeys(("shuffle", "dataloader_shuffle", "shuffle_data", "dataloader_drop_last", "drop_last", "dataloader_pin_memory",
                     "dataloader_prefetch_factor", "dataset_num_proc", "dataset_processes", "streaming", "split_batches",
                     "dataloader_persistent_workers", "pin_memory", "prefetch_factor", "length_column_name", "packing_strategy",
                     "neat_packing", "eval_packing", "multipack_real_batches", "sample_packing_eff_est"),
                    _says("every document once an epoch in a seeded order, and nothing is dropped", delete=True)),
    **dict.fromkeys(("eval_accumulation_steps", "prediction_loss_only", "predict_with_generate", "do_predict", "num_beams", "eval_delay",
                     "eval_on_start", "batch_eval_metrics", "include_inputs_for_metrics", "compute_metrics", "eval_table_size",
                     "eval_iters", "val_batches", "test_batches", "limit_val_batches", "num_sanity_val_steps", "eval_on_each_node"),
                    _says("the loss of a fixed set is added up batch by batch; eval_tokens says how large the set is", delete=True)),
    **dict.fromkeys(("overwrite_cache", "dataset_prepared_path", "load_from_cache_file", "cache_dir", "tokenized_path", "preprocess_only",
                     "hf_datasets_cache", "use_cache_dir", "preprocessing_batch_size"),
                    _says("results are kept by content: what was edited is made again, nothing else", delete=True)),
    **dict.fromkeys(("logging_strategy", "logging_first_step", "log_level", "disable_tqdm", "log_every_n_steps", "log_every", "tb_log_dir",
                     "plot_loss", "include_num_input_tokens_seen", "log_on_each_node", "report_interval", "print_every", "verbose",
                     "logger", "loggers", "callbacks", "profiler", "wandb_log", "wandb_log_model", "wandb_name", "wandb_watch"),
                    _says("every step is logged, into runs/", delete=True)),
    **dict.fromkeys(("save_safetensors", "save_only_model", "save_on_each_node", "save_merged_lora_model", "merge_lora", "export_dir",
                     "save_full_model", "save_last", "save_final", "enable_checkpointing", "checkpointing", "save_optimizer_state"),
                    _says("the last weights are always saved, as safetensors, an adapter merged", delete=True)),
    **dict.fromkeys(("ignore_data_skip", "auto_resume_from_checkpoints", "auto_resume", "resume_adapter_file", "resume_path",
                     "restore_from", "load_from", "load_checkpoint", "start_from", "ckpt_path", "resume_dir"), _to("resume_from")),
    **dict.fromkeys(("adapter_name_or_path", "lora_path", "lora_model_dir", "peft_model_id", "adapter_file", "lora_checkpoint"),
                    _says("a tuned checkpoint is whole: name it as model: {base: {path: …}}; an adapter alone is no base")),
    **dict.fromkeys(("lora_parameters", "peft_config", "lora_config", "peft"), _to("lora")), "fine_tune_type": _adapter,
    **dict.fromkeys(("use_dora", "peft_use_dora", "lora_use_dora"), _to("lora.use_dora")),
    **dict.fromkeys(("use_rslora", "peft_use_rslora", "lora_use_rslora"), _to("lora.use_rslora")),
    **dict.fromkeys(("lora_bias", "fan_in_fan_out", "lora_fan_in_fan_out", "task_type", "init_lora_weights", "inference_mode",
                     "loraplus_lr_ratio", "lora_dtype", "rank_pattern", "alpha_pattern", "layers_pattern"),
                    _says("adapters are set by r, lora_alpha, lora_dropout and target_modules", delete=True)),
    **dict.fromkeys(("quantization_bit", "quantization_bits", "bits", "bnb_bits"),
                    lambda value, beside: _bits(value if isinstance(value, int) else 4)(True, beside)),
    **dict.fromkeys(("bnb_4bit_compute_dtype", "bnb_4bit_quant_type", "bnb_4bit_use_double_quant", "double_quantization", "use_4bit",
                     "double_quant", "quant_type", "quantization_type", "quantization_method", "bnb_config", "quantization_config"),
                    _to("quant")),
    **dict.fromkeys(("max_samples", "max_train_samples", "num_samples", "limit_train_batches", "max_examples", "train_samples"),
                    _says("take: N of a source in parse_corpus bounds its documents", "parse_corpus")),
    **dict.fromkeys(("eval_dataset", "val_dataset", "valid_file", "validation_file", "val_file", "test_datasets", "val_data", "eval_file",
                     "test_file", "test_dataset", "val_data_path", "eval_data"),
                    _says("a share of the documents is held out: val_fraction of tokenize_bin; 5 % of them with objective: sft")),
    **dict.fromkeys(("lr_decay_iters", "decay_steps", "lr_decay_steps", "lr_scheduler_kwargs", "num_cycles", "lr_decay_style",
                     "cosine_min_lr_ratio", "cosine_constant_lr_ratio", "min_lr_ratio", "warmup_type", "lr_decay_ratio", "wsd_decay",
                     "decay_fraction", "cooldown_steps", "cooldown", "lr_scheduler_args", "t_max", "T_max", "power"),
                    _says("scheduler and min_lr say how the rate falls, over all steps")),
    **dict.fromkeys(("per_gpu_train_batch_size", "batch", "bsz", "train_bsz", "device_batch_size", "micro_bsz", "mbs"), _to("batch_size")),
    **dict.fromkeys(("gbs", "global_bsz", "train_global_batch_size", "total_train_batch_size"), _to("total_batch_size")),
    **dict.fromkeys(("tokens_per_step", "batch_tokens", "tokens_per_batch", "batch_size_tokens", "global_batch_tokens"),
                    _to("total_batch_tokens")),
    **dict.fromkeys(("n_steps", "n_iters", "steps", "iterations", "total_iters", "train_iters", "max_train_iters", "max_iterations",
                     "num_train_steps", "training_steps"), _to("max_steps")),
    **dict.fromkeys(("learning_rate_max", "initial_lr", "init_lr", "learn_rate", "lr_peak", "max_learning_rate"), _to("learning_rate")),
    **dict.fromkeys(("warmup_epochs", "num_warmup_epochs"), _says("write warmup_ratio, the share of all steps")),
    **dict.fromkeys(("warmup_fraction", "warmup_pct", "lr_warmup_fraction", "pct_start", "warmup_frac"), _to("warmup_ratio")),
    **dict.fromkeys(("use_liger_kernel", "liger_kernel", "use_unsloth", "use_unsloth_gc", "use_triton", "fused_kernels", "xformers",
                     "xformers_attention", "sdp_attention", "eager_attention", "s2_attention", "shift_attn", "use_mamba_kernels",
                     "use_fast_kernels", "mamba_ssm", "use_mamba_ssm", "torch_compile_backend", "torch_compile_mode"),
                    _says("the fastest exact kernels of the machine are chosen by themselves", delete=True)),
    **dict.fromkeys(("evals_per_epoch", "saves_per_epoch", "save_every_n_epochs", "eval_every_n_epochs", "save_n_epochs"),
                    _says("eval_steps and save_steps count optimizer steps")),
    **dict.fromkeys(("val_size", "eval_split", "val_ratio", "val_split_ratio", "dev_size", "eval_ratio", "valid_fraction"), _share),
    **dict.fromkeys(("rope_scaling", "rope_theta", "rope_type", "sliding_window", "attn_bias", "mlp_bias", "hidden_act", "activation",
                     "rms_norm_eps", "initializer_range", "norm_eps", "bias", "qk_norm", "logit_softcap"),
                    _says("a new network has its family's own; the base keeps what it was made with", delete=True)),
    "vocab_size": _to("model.vocab_size"), "model_type": _to("model.family"), "architecture": _to("model.family"),
}  # fmt: skip
_MODEL: dict[str, Convert] = {
    **dict.fromkeys(("n_embd", "hidden_size", "dim", "embed_dim", "emb_dim", "d"), _to("model.d_model")),
    **dict.fromkeys(("n_layer", "num_hidden_layers", "num_layers", "layers", "depth"), _to("model.n_layers")),
    **dict.fromkeys(("n_head", "num_attention_heads", "num_heads", "heads"), _to("model.n_heads")),
    **dict.fromkeys(("num_key_value_heads", "n_kv_head", "kv_heads", "n_query_groups"), _to("model.n_kv_heads")),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "n_inner", "ff_dim", "mlp_dim"), _to("model.d_ff")),
    **dict.fromkeys(("state_size", "ssm_state_size", "d_ssm", "ssm_state", "mamba_d_state"), _to("model.d_state")),
    **dict.fromkeys(("conv_kernel", "d_conv_kernel", "conv_kernel_size", "d_convolution", "mamba_d_conv"), _to("model.d_conv")),
    **dict.fromkeys(("headdim", "head_size", "head_dimension", "mamba_headdim", "mamba_head_dim"), _to("model.head_dim")),
    **dict.fromkeys(("expansion", "expansion_factor", "mamba_expand"), _to("model.expand")),
    **dict.fromkeys(("dt_rank", "dt_min", "dt_max", "ngroups", "n_groups", "chunk_size", "use_fast_path", "ssm_cfg", "rms_norm",
                     "residual_in_fp32", "fused_add_norm", "time_step_rank"),
                    _says("a Mamba's other sizes are those of the paper", delete=True)),
    **dict.fromkeys(("tie_word_embeddings", "tie_weights", "tied_embeddings", "tied"), _to("model.tie_embeddings")),
    **dict.fromkeys(("type", "arch", "architecture", "model_type", "name"), _to("model.family")),
    **dict.fromkeys(("vocab", "n_vocab"), _to("model.vocab_size")),
    **dict.fromkeys(("hidden_dropout", "resid_pdrop", "dropout_rate"), _to("model.dropout")),
    **dict.fromkeys(("base_model", "model_id", "model_name_or_path", "pretrained_model_name_or_path", "hub_id", "repo_id",
                     "pretrained"), _base),
}  # fmt: skip
_LORA: dict[str, Convert] = {
    **dict.fromkeys(("rank", "lora_r", "lora_rank"), _to("lora.r")), "alpha": _to("lora.lora_alpha"), "dropout": _to("lora.lora_dropout"),
    "targets": _to("lora.target_modules"), "modules": _to("lora.target_modules"), "scale": _scale, "num_layers": _to("lora.layers"),
    "lora_layers": _to("lora.layers"),
}  # fmt: skip
_STEPS: dict[str, dict[str, Convert]] = {
    "train": _TRAIN,
    "train_tokenizer": {
        **dict.fromkeys(("model_type", "type_of_model", "algorithm"), _to("model", "train_tokenizer")),
        **dict.fromkeys(("n_vocab", "vocabulary_size", "num_tokens"), _to("vocab_size", "train_tokenizer")),
        **dict.fromkeys(("user_defined_symbols", "extra_tokens"), _to("user_symbols", "train_tokenizer")),
        "special_tokens": _says("pad, unk, bos and eos are there anyway; further marks stand in user_symbols: [...]", "train_tokenizer"),
        "normalization_rule_name": _to("normalization", "train_tokenizer"), "coverage": _to("character_coverage", "train_tokenizer"),
        "input_sentence_size": _says("sample_bytes bounds what the tokenizer is trained on, in bytes", "train_tokenizer"),
        **dict.fromkeys(("pad_id", "unk_id", "bos_id", "eos_id", "pad_token", "unk_token", "bos_token", "eos_token", "pad_piece"),
                        _says("pad, unk, bos and eos are always there, as ids 0, 1, 2 and 3", "train_tokenizer", delete=True)),
        **dict.fromkeys(("hard_vocab_limit", "vocabulary_limit"),
                        _says("vocab_size: {at_most: N} takes the largest that works", "train_tokenizer")),
        **dict.fromkeys(("shuffle_input_sentence", "max_sentence_length", "train_extremely_large_corpus", "num_threads", "seed_size",
                         "seed_sentencepiece_size", "num_sub_iterations", "max_sentencepiece_length", "min_frequency", "show_progress",
                         "split_by_whitespace", "shrinking_factor", "self_test_sample_size", "input_format", "limit_alphabet"),
                        _says("whole documents are sampled, none is too long", "train_tokenizer", delete=True)),
        **dict.fromkeys(("add_dummy_prefix", "remove_extra_whitespaces", "split_digits", "escape_whitespaces", "lowercase", "strip_accents",
                         "add_prefix_space", "unicode_normalizer"),
                        _says("normalization says what of a text is changed; identity, the default, keeps all of it", "train_tokenizer")),
        **dict.fromkeys(("control_symbols", "initial_alphabet", "required_chars", "added_tokens", "additional_special_tokens"),
                        _to("user_symbols", "train_tokenizer")),
        "input": _says("the tokenizer is trained on the corpus of the parse_corpus step before it", "train_tokenizer"),
    },
    "split_long": {
        **dict.fromkeys(("max_length", "chunk_size", "max_seq_length", "max_chunk_tokens", "cutoff_len"), _to("max_tokens", "split_long")),
        **dict.fromkeys(("overlap", "chunk_overlap", "stride"), _to("overlap_tokens", "split_long")),
    },
    "tokenize_bin": {"val_set_size": _share, "val_split": _share, "validation_split": _share, "test_size": _share},
    "export_ollama": {
        **dict.fromkeys(("quant", "quantize", "outtype", "quantization_method"), _to("quantization", "export_ollama")),
        "model_name": _to("name", "export_ollama"), "system_prompt": _to("system", "export_ollama"),
        "params": _to("parameters", "export_ollama"), "options": _to("parameters", "export_ollama"),
        **dict.fromkeys(("temperature", "top_p", "top_k", "min_p", "num_ctx", "stop", "repeat_penalty", "num_predict"),
                        lambda value, beside: Known("export_ollama", ("parameters",), None, False, "it stands in parameters: {…}")),
        **dict.fromkeys(("template", "chat_template", "prompt_template", "TEMPLATE"),
                        _says("the template that the model was trained in goes into the Modelfile by itself", "export_ollama", True)),
        **dict.fromkeys(("FROM", "from", "gguf", "model_path", "modelfile", "ADAPTER", "adapter_path", "base", "output", "outfile",
                         "output_dir", "license", "LICENSE", "RENDERER", "renderer", "PARSER", "parser", "messages", "push", "namespace"),
                        _says("the GGUF and the Modelfile are written from the checkpoint alone", "export_ollama", True)),
    },
    "parse_corpus": {
        **dict.fromkeys(("path", "paths", "files", "input", "data_dir", "data_path", "data_files"), _files),
        **dict.fromkeys(("dataset", "hub", "dataset_name"), _hub_rows),
    },
    "validate_checkpoint": {"max_tokens": _to("max_new_tokens", "validate_checkpoint"), "prompt": _to("prompts", "validate_checkpoint")},
}  # fmt: skip
_TOP: dict[str, Convert] = {
    **dict.fromkeys(("name", "run_name", "project", "experiment"), _to("recipe", "")), "description": _to("about", ""),
    **dict.fromkeys(("random_seed", "manual_seed"), _to("seed", "")), "variables": _to("vars", ""),
    **dict.fromkeys(("device", "gpu", "hardware", "machine"), _to("target", "")), "version": _to("format", ""),
    **dict.fromkeys(("base", "inherits", "include", "defaults"),
                    lambda value, beside: Known("", ("extends",), value if isinstance(value, str) else None)),
    **dict.fromkeys(("pipeline", "stages", "jobs", "tasks"), _to("steps", "")),
}  # fmt: skip
_FIXED_NAMES = ("pipeline", "stages", "jobs", "tasks", "device", "version")  # the same word often means something else


def met(step: str, path: Names, value: Any, beside: Mapping[str, Any]) -> Known | None:
    """What another tool's key at `path` of a step's params is here; `step` is empty at the top level. None when the name is not known.

    beside: the keys of the same step, or of the top level, since some values convert only together.
    """
    name = str(path[-1])
    if not step:
        convert = _TOP.get(name)
        if convert is not None:
            known = convert(value, beside)
            return known if name not in _FIXED_NAMES else Known("", known.path, None, False)
        convert = _TRAIN.get(name) or _MODEL.get(name)
        return convert(value, beside) if convert is not None else None
    if step == "train" and len(path) > 1:
        inside = _MODEL if path[0] == "model" else _LORA if path[0] == "lora" else {}
        convert = inside.get(name) or _TRAIN.get(name)
        return convert(value, beside) if convert is not None else None
    tables = [_STEPS.get(step, {}), *([_MODEL] if step == "train" else [_TRAIN])]
    for table in tables:
        if name in table:
            return table[name](value, beside)
    return None
