"""Families of keys of other trainers, told by the words in their names, for those that no table names one by one.

Read in axolotl, LLaMA-Factory, transformers, TRL, peft, litgpt, ms-swift, torchtune, torchtitan, nanotron, mlx-lm, LLM Foundry, Unsloth
and SentencePiece. The first pattern that fits a name says where the matter is settled here, or that there is no such thing.
"""

import re

from runner.conversions import TOKENIZERS, Known, Names

Family = tuple[str, str, bool]  # a pattern of the name, what to say, whether the line may go
NOT_TRAINED = "there are two objectives, lm and sft; preferences and rewards are not trained"
ADAPTERS = "adapters are LoRA, rsLoRA (use_rslora) and DoRA (use_dora), which begin without any change; delete the line"
LORA_KEYS = (
    "adapters are set in lora: r, lora_alpha, lora_dropout, target_modules, modules_to_save, layers, use_rslora, use_dora; delete the line"
)
OPTIMIZERS = "write optimizer: adamw, adamw_8bit (its moments in a byte) or muon; there is no other"
QUANTISED = "a base is held in 4 or 8 bits by method: qlora and quant: {bits: 4}; there is no other quantisation in training"
ONE_DEVICE = "training runs on one device, which target: names at the top; delete the line"
OF_TEXT = "models of text alone are trained, without pictures and sound; delete the line"
TRACKERS = "tracking: tells wandb, tensorboard and mlflow, and no other; the run's report has the figures anyway"
KERNELS = "the fastest exact kernels of the machine are chosen by themselves"
MEMORY = "the card's own memory is used; where it is short method: qlora, activation_checkpointing: true or optimizer: adamw_8bit need less"
EVERY_ROW = (
    "no row is cut in silence: a step `- type: split_long` before train splits long documents, and clean: {min_characters: N} of "
    "parse_corpus drops short ones"
)
TEMPLATE = "the base model's own chat template writes the rows, recipe's where it has none; columns: of parse_corpus name what rows hold"
MORE_TOKENS = "add_tokens: [...] adds tokens to the base's tokenizer and a row for each; nothing else changes its size"
ROWS = "rows come from parse_corpus: sources: say path or hub, with config, split, columns, weight and take"
COLUMNS = "columns: of a source in parse_corpus says which column holds what, such as columns: {text: NAME}"
SAMPLES = "samples: lists prompts that are continued while training; how the model is asked later stands in parameters: of export_ollama"
MEASURES = "the validation loss is measured every eval_steps steps; other measures are for tools that open the result"
SAVES = "save_steps says when is saved, keep how many saves stay, save_only_model what; a stopped run goes on by itself"
RATES = "learning_rate, warmup_steps or warmup_ratio, scheduler and min_lr say the rate, one for all weights"
OWN_CODE = "a model is opened by its config.json alone, and no code of others is run; delete the line"
AS_MADE = "a base keeps what it was made with, and a new network has its family's own; delete the line"
LOGS = "every step is logged, and report shows loss, speed and memory of a run"
PLAIN_LOSS = "the plain loss is trained; delete the line"
STAGES = "stages says what is trained when: stages: [{train: [layers.3]}]"
PRECISION = "precision says it all: auto, fp32, fp16 or bf16; scaling and casts follow from it"
HUB = "a model of the hub is named by model: {base: {hub: NAME, revision: COMMIT}}; nothing is uploaded, and a token stands in HF_TOKEN"

THEIRS = (  # of Unsloth's savers, transformers' GenerationConfig and BitsAndBytesConfig
    r"^(self|tokenizer|save_directory|is_main_process|state_dict|save_function|save_peft_format|use_temp_dir|"
    r"temporary_location|maximum_memory_usage|min_length|min_new_tokens|use_mtp|cache_implementation|cache_config|"
    r"top_h|epsilon_cutoff|eta_cutoff|bad_words_ids|renormalize_logits|remove_invalid_values|suppress_tokens|"
    r"begin_suppress_tokens|sequence_bias|token_healing|guidance_scale|watermarking_config|output_attentions|"
    r"output_hidden_states|output_scores|output_logits|return_dict_in_generate|decoder_start_token_id|is_assistant|"
    r"prompt_lookup_num_tokens|target_lookbehind|compile_config|disable_compile|continuous_batching_config|low_memory|"
    r"penalty_alpha|dola_layers|prefill_chunk_size|_from_model_config|transformers_version|bos_token_id|eos_token_id|"
    r"pad_token_id|use_cache|typical_p|quant_method|_load_in_8bit|_load_in_4bit|bnb_4bit_quant_storage)$"
)
_TRAIN: tuple[Family, ...] = (
    (r"watchdog", "on_spike: stop ends a run whose gradient jumps; expect: with on_expect: stop one whose loss leaves a band", False),
    (r"^adapter_(folder|checkpoint|path|name)|^adapters$",
     "an adapter is merged into its model first: model: {base: {path: FOLDER}} names the whole", False),
    (r"lora_attn_modules|apply_lora_to",
     "lora.target_modules names the layers, such as [q_proj, v_proj]; all linear ones when it is left out", False),
    (r"^hf_dataset|total_num_tokens|supervised_tokens", ROWS, False),
    (r"^lisa_", STAGES, False),
    (r"^(dpo|kto|orpo|simpo|cpo|ppo|grpo|gkd|rpo|ebft|rl|pref|ref|reward|process_reward|rm|ld)_|_(chosen|rejected)(_|$)|(^|_)reward|"
     r"^(chosen|rejected|center_rewards|precompute_ref|ebft|advantage|n_samples_per|rlhf)|_ref_log|^prompt_text_col|^rejected",
     NOT_TRAINED, False),
    (r"^(image|img|video|audio|vit|aligner|mm|media|multimodal|vision|autoencoder|t5_encoder|clip_encoder|denoising|fusion|"
     r"encoder_train)(_|$)|pixels|^(crop_to_patches|use_audio|freeze_(vit|aligner|llm|language|vision|multi)|norm_bbox|fusion|"
     r"decoder_train)|classifier_free", OF_TEXT, False),
    (r"^(vllm|sglang|infer|gradio|kt|use_kt|unsloth_vllm|merge_export)(_|$)|fast_inference|kv_cache|^max_lora_rank$|^(stream|logprobs|"
     r"top_logprobs|structured_outputs.*)$", "how a model is served is settled where it is served; delete the line", True),
    (r"^(use_)?(swanlab|comet|trackio|neptune|clearml|aim|otel|dvclive|hf_mlflow)(_|$)|^use_tensorboard|^(wandb|mlflow|tensorboard)_|"
     r"^push_results_to|tensorboard|^(teamspace|project_name|log_with|report)", TRACKERS, False),
    (r"^(use_)?(galore|apollo|badam|lomo|q?galore|q_galore|dion|sinkgd|polora|adalomo|muon|came|sophia|flash_adam)(_|$)|^optim(_|izer)|"
     r"^adam_|use_adam|_adam_|adam_is|optim$|in_bwd", OPTIMIZERS, False),
    (r"(rank|alpha)_pattern$", "all adapted layers have one rank and one scale: lora.r and lora.lora_alpha; delete the line", False),
    (r"layers_(to_transform|pattern)|layer_replication|lora_layers|finetune_last_n",
     "lora.layers adapts the last so many blocks, lora.target_modules says which layers in them; there is no pattern", False),
    (r"^exclude_modules$", "lora.target_modules says what is adapted: leave out what is not wanted there", False),
    (r"target_(parameters|regex)$", "lora.target_modules names linear layers by the end of their names, such as [q_proj, v_proj]", False),
    (r"^(tuner|peft)_(type|backend)$", "method: says it: full, lora or qlora", False),
    (r"^(oft|boft|vera|fourier|reft|adalora|llamapro|use_llama_pro|loftq|pissa|lora_ga|eva|corda|bdlora|use_bdlora|kasa|velora|"
     r"monteclora|arrow|qalora|alora|adapter|lorap|init_lora|peft_init|init_weights|init_strategy|ensure_weight|relora|jagged)(_|$)|"
     r"^merge_method$", ADAPTERS, False),
    (r"^(lora|peft)_|module_dropout|use_swift_lora", LORA_KEYS, False),
    (r"^(gptq|awq|hqq|eetq|aqlm|bnb|qat|quant|quantizer|int8|nvfp4|mxfp4|torchao|gptq|groupsize)(_|$)|quantiz|onebit|_quant$|"
     r"load_in_fp8|^(fp8|float8)|fake_quant|export_quant", QUANTISED, False),
    (r"max_shard_size|safe_serialization|^variant$|legacy_format",
     "weights are saved as safetensors, in files of a size that all open", True),
    (r"^(fsdp|ddp|deepspeed|zero|ds3?|megatron|mca|hyper_parallel|ray|slurm|dist|nccl|torchdistx|use_mca|use_hyper|use_ray)(_|$)|^(tp|"
     r"pp|dp|cp|ep|sp|ov)(_|$)|parallel|shard(ed)?_(size|degree)|replicat|^(master_(addr|port)|world_size|num_nodes|nnodes|node_rank|"
     r"local_rank|distributed_.*)$|autotp|state_dict_type|auto_wrap|reshard|ring_attn|heads_k_stride|sync_module|all_gather|spmd|"
     r"_across_devices|to_wrap|use_orig_params|fault_toler|resources_per_worker|timeout|ds3|_wrap$|broadcast|accelerator_config|"
     r"^benchmark_csv|low_cpu_ram|cpu_ram|fqns?|dispatch|multiproc|mixed_precision_(policy|param|reduce)|^(sync_steps|num_fragments|"
     r"fragment_\w+)$|fsdp", ONE_DEVICE, False),
    (r"expert|(^|_)moe(_|$)|router|mixture_of_depths",
     "there are no settings of experts: a base of them is trained as any other; delete the line", False),
    (r"padding_free|batch_flattening", "packing: documents fills rows with several documents, of which none sees another", False),
    (r"(^|_)(gc|offload\w*|cpu_offload|pin_memory)(_|$)|empty_cache|gpu_memory|memory_(limit|budget|policy|usage)|device_map|on_cpu$|"
     r"tiled|expandable|max_split_size|clear_cache|stash|experimental_skip_move|skip_upcast|cpu_random|checkpointing_kwargs|"
     r"^(disable_)?gradient_check|ac_(mode|option)|selective_check|recompute|layer_offload|gradient_checkpointing", MEMORY, False),
    (r"label_smoothing|cross_entropy|(^|_)(loss|dft|eaft|asft|kd|teacher|distill\w*)(_|$)|_coef$|logits_to_keep|fused_linear|"
     r"channel_loss|alignment_|diversity_|ce_coef", PLAIN_LOSS, False),
    (r"(^|_)(flash|sdpa|flex|sage|xformers|liger|triton|unsloth|fused|kernels?|cuda_graphs?|deepcompile|inductor|thunder)(_|$)|_kernel|"
     r"torch_compile_|compile_|^components$|graph_passes|passes$|npu_|attn_d512|large_head|hybrid_attn|llama4_lin|disable_autocast|"
     r"precompile|autoparallel|batch_invariant", KERNELS, True),
    (r"profil|^log(ging|ger|_)?|_log(ging|_level|_interval)|verbose|tokens_per_second|tkps|nan_inf|detect_anomaly|^print_|progress_bar|"
     r"trace|^debug|^with_(stack|flops)|record_shapes|(wait|active)_steps|console|metadata|_effective_|memory_stats|structured_log|"
     r"iteration_step_info|flatten|save_config|dump_|disable_log", LOGS, True),
    (r"^(push|hub|hf|ms|om)_|hub_|_to_hub|use_hf|auth_token|username|repo_id|private|^use_modelscope|download_mode|local_repo",
     HUB, False),
    (r"(^|_)(model_)?revision(_|$)|revision_of",
     "the commit of a base stands beside its name: model: {base: {hub: NAME, revision: COMMIT}}", False),
    (r"truncat|excess_length|overlong|max_prompt_len|min_(sample|prompt)_len|cutoff|drop_long|pad_to|padding|length_multiplier|"
     r"eval_sequence_len|max_packed", EVERY_ROW, False),
    (r"resize|shrink_embeddings|new_special_tokens|fix_untrained|init_special|divisible_by|added_tokens|embeddings_multiple",
     MORE_TOKENS, False),
    (r"chat_template|^template|_template$|response_prefix|thinking|tool_format|agent|system_prompt|default_system|generation_prompt|"
     r"decision_|field_messages", TEMPLATE, False),
    (r"(^|_)(text|prompt|response|completion|message|input|output|answer)s?_(column|field|key)(_name)?s?$|^columns$|column_mapping",
     COLUMNS, False),
    (r"generat|do_sample|num_beams|_penalty$|predict_with|^n_samples$|stop_words|stop_strings|skip_special", SAMPLES, False),
    (r"tokeniz|(special|eot|eos|bos|unk|pad|mask)_(token|id)s?|_tokens?_id|^(eos|bos|merges|vocab)(_|$)|vocab_path|mistral_common",
     TOKENIZERS, False),
    (r"shuffl|sampler|_sampling|curriculum|data_in_order|in_order$|sampling_strategy",
     "rows are shuffled by the seed, anew in each pass", True),
    (r"pack|pose_|concaten|multipack|block_diag|bin_size|neat_",
     "packing: says how rows are filled: stream or documents for lm, none or documents for sft", False),
    (r"dataset|data_files|dataloader|streaming|interleave|stopping_strategy|num_proc|preprocess|_split(s)?(_|$)|^(data|loader|"
     r"collate)(_|$)|_loader|loading_(workers|processes)|num_loading|buffer_size|data_shared|lazy_|^train_loader|_subset_|"
     r"custom_dataset|^fraction$|column_names|^lang$|label_names|remove_unused|keep_in_memory|data_args", ROWS, False),
    (r"^(eval|val|validation|bench|do_(bench|causal|eval)|compute_|metric|limit_(val|test)|test|lighteval|icl|acc)(_|$)|(initial|"
     r"final)_val|_metrics?$|metric|gauntlet|n_shot|fewshot|accuracy|^(custom_)?tasks?(_|$)|benchmark|evaluat|multichoice|evalscope",
     MEASURES, False),
    (r"freez|froz|trainable|requires_grad|train_embed|only_train|activated_layers|init_lisa", STAGES, False),
    (r"^save|_save|sav(e|ing)_|checkpoint|ckpt|^resume|resume_|load_(weights|args|strict|ignore)|recipe_checkpoint|symlink|max_filename|"
     r"filename_format|consumed_train|restore", SAVES, True),
    (r"(^|_)lr(_|$)|learning_rate|scheduler|warm_?up|decay|momentum|anneal|cooldown", RATES, False),
    (r"dtype|precision|^(bf|fp|float|bfloat)\d+|autocast|upcast|(^|_)amp(_|$)|fp32|accumulate_grad_in", PRECISION, False),
    (r"attn|attention|rope|rotary|sliding_window|yarn|softmax|norm(s|_|$)|embed|positional|init_method|^std$|reinit|random_init|"
     r"from_scratch", AS_MADE, False),
    (r"remote_code|derived_model|type_of_model|(base|cls|model)_(config|model_config|kwargs|init_kwargs|class|patcher|args)|of_model_|"
     r"trainer_cls|^(plugins?|imports?|trainer|factory|target_cls|external_plugins|code_paths|_component_|processor\w*|problem_type|"
     r"num_labels|algorithms|callbacks|capabilities|env_capabilities|use_whitening|model_author|check_model|ignore_args_error|"
     r"extra_eval_args|\w*_config_path|variables|custom_register\w*|modeling\w*|model_args|feature_layers)$|model_ref$", OWN_CODE, False),
)  # fmt: skip
_LORA: tuple[Family, ...] = (
    *(each for each in _TRAIN if each[1] in (ADAPTERS,) or "lora." in each[1]),
    (r"offload|checkpoint", MEMORY, False),
    (r"qat|quant", QUANTISED, False),
    (r".*_config$|megatron|init_|target_param|tying|bias|runtime|temporary|layer_rep|task_type|inference_mode|peft_type",
     LORA_KEYS, True),
)  # fmt: skip
_MODEL: tuple[Family, ...] = (
    (r"expert|moe|router|topk", "there are no experts: the families are mamba, mamba2, mamba_hebbian, llama and gpt2", False),
    (r"vocab|padding_multiple|pad_vocab", "the embedding has a row for each token of the tokenizer", True),
    (r"^(expansion_ratio|intermediate_multiple_of|mlp_ratio|ffn_dim_multiplier)$", "model.d_ff is the width of the inner layer", False),
    (r"multi_query|grouped_query", "n_kv_heads says how many heads of keys and values there are; 1 is multi-query", False),
    (r"^(attn_layer_idx|attn_cfg|global_attn_layers|layer_types|layers_block_type)$",
     "a network is of one kind of layer: family: mamba, mamba2 or llama", False),
    (r"norm|rope|rotary|attn|attention|bias|init|dropout|drop$|pdrop|act(ivation)?(_|$)|softcap|scale|scal|pos_emb|position|window|"
     r"alibi|mlp_class|ffn|fc_type|gelu|dt_|time_step|conv|mambapy|associative|mem_eff|qkv|qk_|kv_dim|nope|std$|clip|latent|lora_rank|"
     r"summary|pretraining_tp|fan_mode|reorder|rescale|cross_attention|residual|sequence_parallel|process_group|layer_idx|"
     r"d_intermediate|A_init|D_has|block_overrides|embedding_fraction|logit|factor|norm_[12]|gain|head_bias|model_type|is_\w+_config|"
     r"output_|return_dict|chunk|hidden_states|encoder_decoder|label|problem_type|_name_or_path|hf_config|use_pad|first_k|"
     r"rope_parameters|no_bias|init_device", AS_MADE, True),
)  # fmt: skip
_QUANT: tuple[Family, ...] = (
    (THEIRS, "quant: has bits (4 or 8), type (nf4 or fp4) and double; delete the line", True),
)  # fmt: skip
_TOKENIZER: tuple[Family, ...] = (
    (r"(unk|bos|eos|pad)_(piece|token|id)", "pad, unk, bos and eos are always there, as ids 0, 1, 2 and 3", True),
    (r"number|digit", "split_digits: true gives each digit a piece of its own", False),
    (r"prefix|suffix|whitespace|trim|charsmap|rule_tsv|unicode_script|lower|accent",
     "normalization says what of a text is changed: identity, nfkc, nmt_nfkc or nfkc_cf; blanks are kept", False),
    (r"privacy",
     "a tokenizer is trained on the texts as they are; clean: {mask: [all]} of parse_corpus hides addresses, numbers and the like", False),
    (r"sentence_size|accept_language|training_sentence|mining", "sample_bytes bounds what the tokenizer is trained on, in bytes", False),
    (r"piece|sub_iterations|fuse|ignore_merges|pretokeniz|use_all_vocab|seed_|score|shrink|token_length",
     "the tokenizer has the trainer's own settings, and a folder in the store", True),
)  # fmt: skip
_SOURCE: tuple[Family, ...] = (
    (r"chosen|rejected|ranking|margin", NOT_TRAINED, False),
    (r"_on_split$", "write split:", False),
    (r"shard|preprocess|sequence_len|length|input_id",
     "take: N takes at most so many documents; which rows are wanted is for the file itself", False),
    (r"fraction|subset_ratio", "write weight: beside each source for a share of the mix, take: N for a number of documents", False),
    (r"field|message|tool|thinking|completion|prompt|label|format|step_|logprobs|column|drop_system|train_on|template|transform|system",
     "columns: {messages: NAME} or {instruction: NAME, output: NAME}; roles are known by themselves", False),
)  # fmt: skip
_EXPORT: tuple[Family, ...] = (
    (r"max_shard_size|safe_serialization|^variant$", "the GGUF is one file", True),
    (r"save_method|merge|first_conversion", "the adapter is merged into the weights, and quantization: says how small the file is", True),
    (r"private|commit|create_pr|tags|token|push|hub|datasets|repo",
     "nothing is uploaded: the GGUF and the Modelfile lie in the run's folder", True),
    (r"imatrix|quant|bits", "write quantization: q8_0, q4_0 or another of its words", False),
    (THEIRS, "the GGUF and the Modelfile are written from the checkpoint alone", True),
)  # fmt: skip
_PARAMETERS: tuple[Family, ...] = (
    (r"^do_sample$", "temperature: 0 always takes the likeliest token; above 0 it is drawn", False),
    (r"stop", "stop: lists the texts at which an answer ends", False),
    (r"length_penalty|beam|sequences|diversity|force|constraint|assistant|speculat|mtp",
     "one answer is drawn, token by token; delete the line", True),
    (r"max_(length|cache_len)|max_position", "num_ctx is the window, num_predict the longest answer", False),
    (r"penalty|repeat|ngram", "repeat_penalty and repeat_last_n work against repetition", False),
    (THEIRS, "Ollama takes temperature, top_k, top_p, min_p, repeat_penalty, repeat_last_n, seed, stop, num_ctx and num_predict; "
     "delete the line", False),
)  # fmt: skip
_INSIDE = {"lora": _LORA, "model": _MODEL, "quant": _QUANT}
_WHOLE = {"train_tokenizer": _TOKENIZER, "export_ollama": _EXPORT}


def met(step: str, path: Names) -> Known | None:
    """What is said of a key at `path` of a step's params whose name is of a family, None where it is of none."""
    name = str(path[-1])
    if step == "train":
        families = _TRAIN if len(path) == 1 else _INSIDE.get(str(path[0]), ()) if len(path) == 2 else ()
    elif step == "parse_corpus":
        families = _SOURCE if path[0] == "sources" else ()
    elif step == "export_ollama" and path[0] == "parameters":
        families = _PARAMETERS if len(path) == 2 else ()
    else:
        families = _WHOLE.get(step, ()) if len(path) == 1 else ()
    for pattern, words, delete in families:
        if re.search(pattern, name):
            return Known(step, (), None, False, words.removesuffix("; delete the line") if delete else words, delete)
    return None
