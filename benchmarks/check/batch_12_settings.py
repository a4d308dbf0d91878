# ruff: noqa: E501 - a case is one line
"""Settings that another trainer refuses or warns of, as its validator has it. See batch_12."""

from batch_9_cases import bad, line, swap
from batch_11_cases import ARCHIVE, CLINIC, RADIO, SEVEN

RATE = "    learning_rate: 1e-3\n"
TARGETS = "      target_modules: [q_proj, k_proj, v_proj, o_proj]\n"
WSD = "    scheduler: wsd\n"
SAMPLING = 'parameters: {temperature: 0.3, stop: ["<|im_end|>"]}'

# fmt: off
CASES = [
    # schedule
    swap(ARCHIVE, "schedule", "transformers: TrainingArguments.__post_init__, reduce_lr_on_plateau", "a scheduler that follows the validation", "no scheduler here looks at validations: cosine, linear, constant, wsd; early_stopping ends the run", WSD, "    scheduler: reduce_lr_on_plateau\n", r"early_stopping|validation"),
    swap(ARCHIVE, "schedule", "axolotl: check_relora, one_cycle", "a scheduler by one cycle", "one_cycle is cosine with a warm-up", WSD, "    scheduler: one_cycle\n", r"cosine", "    scheduler: cosine\n"),
    swap(ARCHIVE, "schedule", "transformers: SchedulerType, cosine_with_restarts", "a scheduler with restarts", "cosine falls once: cosine", WSD, "    scheduler: cosine_with_restarts\n", r"restart|cosine", "    scheduler: cosine\n"),
    swap(ARCHIVE, "schedule", "transformers: SchedulerType, warmup_stable_decay", "wsd by its long name", "warmup_stable_decay is wsd", WSD, "    scheduler: warmup_stable_decay\n", r"wsd"),
    swap(CLINIC, "schedule", "transformers: SchedulerType, constant_with_warmup", "a constant rate with its warm-up in the name", "constant, and warmup_steps", "    warmup_steps: 5\n", "    warmup_steps: 5\n    scheduler: constant_with_warmup\n", r"constant\b", "    warmup_steps: 5\n    scheduler: constant\n", at="scheduler"),
    swap(CLINIC, "schedule", "transformers: TrainingArguments, warmup_steps below 1 is a ratio", "a warm-up as a share in the place of steps", "0.1 is a share: warmup_ratio: 0.1", "    warmup_steps: 5\n", "    warmup_steps: 0.1\n", r"warmup_ratio", "    warmup_ratio: 0.1\n"),
    swap(ARCHIVE, "schedule", "litgpt: TrainArgs.__post_init__, lr_warmup_fraction between 0 and 1", "a share in percent", "5 % is 0.05", "    warmup_ratio: 0.05\n", "    warmup_ratio: 5\n", r"0\.05"),
    line(ARCHIVE, "schedule", "transformers: TrainingArguments, eval_steps below 1 is a ratio", "validations by a share of the run", "eval_steps counts optimizer steps", "eval_steps: 0.1", r"steps|whole|leave|delete"),
    line(RADIO, "schedule", "transformers: TrainingArguments, save_steps below 1 is a ratio", "saves by a share of the run, of known length", "a tenth of 60 steps is 6", "eval_steps: 0.1", r"\b6\b", "eval_steps: 6"),
    swap(RADIO, "schedule", "transformers: TrainingArguments.max_steps, -1 for none", "no limit of steps by -1", "delete max_steps", "    max_steps: 60\n", "    max_steps: -1\n    num_train_epochs: 3\n", r"delete", "    num_train_epochs: 3\n"),
    swap(ARCHIVE, "schedule", "axolotl: check_early_stopping", "patience by axolotl's name", "early_stopping: {patience: 3}", "    early_stopping: {patience: 3}\n", "    early_stopping_patience: 3\n", r"early_stopping: *\{?patience|early_stopping\.patience"),
    line(ARCHIVE, "schedule", "transformers: EarlyStoppingCallback, early_stopping_threshold", "the least improvement by transformers' name", "min_delta of early_stopping", "early_stopping_threshold: 0.01", r"min_delta"),
    line(CLINIC, "schedule", "transformers: TrainingArguments, load_best_model_at_end", "the best weights by transformers' switch", "weights: best of the step that takes the checkpoint", "load_best_model_at_end: true", r"weights: best"),
    line(CLINIC, "schedule", "transformers: Trainer.__init__, metric_for_best_model", "the measure of the best by transformers' key", "the validation loss decides", "metric_for_best_model: eval_loss", r"validation loss|weights: best"),
    line(CLINIC, "schedule", "axolotl: check_saves, saves_per_epoch with save_steps", "saves by pass and by steps", "delete saves_per_epoch", "save_steps: 10\n    saves_per_epoch: 2", r"save_steps", "save_steps: 10", at="saves_per_epoch"),
    swap(ARCHIVE, "schedule", "torchtune: get_seed, range of a seed", "a seed of -1", "a seed is not negative", "seed: 3\n", "seed: -1\n", r"seed"),
    line(CLINIC, "schedule", "axolotl: loss_watchdog_threshold", "a watchdog of the loss", "expect with on_expect: stop, or on_spike: stop", "loss_watchdog_threshold: 5.0", r"on_spike|expect"),
    # precision and hardware
    line(CLINIC, "precision", "transformers: TrainingArguments, at most one of fp16 and bf16", "both half precisions", "one of the two: precision: bf16", "fp16: true\n    bf16: true", r"bf16|fp16|precision", "precision: bf16", at="fp16: true | bf16: true"),
    line(CLINIC, "precision", "llm-foundry: precision amp_bf16", "precision in Composer's words", "amp_bf16 is bf16", "precision: amp_bf16", r"\bbf16", "precision: bf16"),
    line(CLINIC, "precision", "lightning: precision bf16-mixed", "precision in Lightning's words", "bf16-mixed is bf16", "precision: bf16-mixed", r"\bbf16\b", "precision: bf16"),
    line(CLINIC, "precision", "LLaMA-Factory: pure_bf16", "half precision all through, by LLaMA-Factory's switch", "precision: bf16; weights are held so already", "pure_bf16: true", r"precision|bf16"),
    line(CLINIC, "precision", "axolotl: check_fp8_config", "fp8 by axolotl's switch", "there is no fp8: bf16", "fp8: true", r"bf16|precision"),
    line(CLINIC, "precision", "transformers: TrainingArguments, --tf32", "tf32 on its own", "it is used where the card has it", "tf32: true", r"TF32|tf32|delete"),
    line(CLINIC, "hardware", "LLaMA-Factory: parser, DeepSpeed with torchrun", "a configuration of DeepSpeed", "one device: delete it", "deepspeed: configs/ds_z3.json", r"one device|delete"),
    line(CLINIC, "hardware", "axolotl: check_fsdp_deepspeed", "shards by FSDP", "one device: delete it", "fsdp_config: {offload_params: true, state_dict_type: FULL_STATE_DICT}", r"one device|delete"),
    line(CLINIC, "hardware", "nanotron: ParallelismArgs", "parallelism of several kinds", "one device: delete it", "parallelism: {dp: 4, tp: 2, pp: 1}", r"one device|delete"),
    line(CLINIC, "hardware", "axolotl: check_context_parallel_size", "a row on several cards", "one device: delete it", "context_parallel_size: 2", r"one device|delete"),
    # optimizer
    line(CLINIC, "optimizer", "transformers: Trainer, cannot instantiate unsupported optimizer", "an optimizer that pages", "paged_adamw_8bit is adamw_8bit", "optimizer: paged_adamw_8bit", r"adamw_8bit", "optimizer: adamw_8bit"),
    line(CLINIC, "optimizer", "mlx-lm: lora.py, unsupported optimizer", "an optimizer that there is not", "adamw, adamw_8bit, muon", "optimizer: lion", r"adamw"),
    line(ARCHIVE, "optimizer", "axolotl: check_qgalore", "an optimizer of low rank", "adamw_8bit needs less memory", "optimizer: galore_adamw_8bit", r"adamw_8bit"),
    line(ARCHIVE, "optimizer", "LLaMA-Factory: finetuning_args, GaLore and APOLLO", "GaLore by LLaMA-Factory's keys", "adamw_8bit needs less memory", "use_galore: true\n    galore_rank: 64", r"adamw_8bit|optimizer", at="use_galore | galore_rank"),
    line(ARCHIVE, "optimizer", "llm-foundry: optimizer decoupled_adamw", "AdamW in Composer's words", "decoupled_adamw is adamw", "optimizer: {name: decoupled_adamw, lr: 0.0006, betas: [0.9, 0.95]}", r"adamw", "optimizer: adamw"),
    line(CLINIC, "optimizer", "axolotl: AdamC, invalid weight_decay value", "a decay below nothing", "weight_decay is 0 or more", "weight_decay: -0.01", r"\b0\b|0\.01"),
    # adapters
    swap(CLINIC, "lora", "peft: LoraConfig.__post_init__, layers_pattern", "a pattern for layers by peft's key", "layers adapts the last so many; there is no pattern", TARGETS, TARGETS + "      layers_pattern: layers\n", r"\blayers\b", at="layers_pattern"),
    swap(CLINIC, "lora", "LLaMA-Factory: pissa_init", "another beginning of the adapters", "they begin at nothing: delete the line", TARGETS, TARGETS + "      init_lora_weights: pissa\n", r"begin|start|delete", at="init_lora_weights"),
    swap(CLINIC, "lora", "peft: tuners_utils, requested bias is not implemented", "biases trained by peft's key", "biases stand still: bias has no counterpart", TARGETS, TARGETS + "      bias: lora_only\n", r"bias", at="bias"),
    swap(CLINIC, "lora", "peft: PeftConfig, invalid task type", "peft's task", "delete it: a language model is trained", TARGETS, TARGETS + "      task_type: CAUSAL_LM\n", r"delete|language model", at="task_type"),
    swap(CLINIC, "lora", "axolotl: lora_rank_pattern", "a rank a layer", "one rank for all: r", TARGETS, TARGETS + "      rank_pattern: {q_proj: 32}\n", r"one rank|\br\b", at="rank_pattern"),
    swap(CLINIC, "lora", "peft: LoraConfig, loftq_config", "a config of LoftQ", "adapters begin at nothing: delete it", TARGETS, TARGETS + "      loftq_config: {loftq_bits: 4}\n", r"LoRA|delete", at="loftq_config"),
    swap(CLINIC, "lora", "peft: target_modules should not contain an empty string", "a name of nothing", "an empty name is no layer", TARGETS, "      target_modules: [q_proj, \"\"]\n", r"empty|no name|layer", at="target_modules"),
    swap(CLINIC, "lora", "peft: other.py, target and modules_to_save conflict", "a layer adapted and trained whole", "lm_head is in both", TARGETS, "      target_modules: [q_proj, v_proj, lm_head]\n      modules_to_save: [lm_head]\n", r"lm_head", at="modules_to_save | target_modules"),
    swap(CLINIC, "lora", "peft: target module is not supported", "an adapter on a norm", "a norm is no matrix", TARGETS, "      target_modules: [q_proj, input_layernorm]\n", r"input_layernorm", at="target_modules"),
    swap(CLINIC, "lora", "mlx-lm: linear_to_lora_layers, requested to train more layers", "more blocks than there are", "the base has 2", TARGETS, TARGETS + "      layers: 16\n", r"\b2\b", at="layers: 16"),
    swap(CLINIC, "lora", "mlx-lm: lora.py, num_layers -1 for all", "all blocks by -1", "delete layers: all are adapted", TARGETS, TARGETS + "      layers: -1\n", r"delete|leave|all", at="layers: -1"),
    swap(CLINIC, "lora", "ms-swift: tuner.py, unknown tuner_type", "a method that there is not", "full, lora, qlora; DoRA is use_dora", "    method: lora\n", "    method: dora\n", r"use_dora", "    method: lora\n"),
    swap(CLINIC, "lora", "LLaMA-Factory: finetuning_type freeze", "frozen layers as a method", "stages: [{train: [layers.1]}] with method: full", "    method: lora\n", "    method: freeze\n", r"stages"),
    line(CLINIC, "lora", "LLaMA-Factory: loraplus_lr_ratio", "LoRA+", "all weights have one rate", "loraplus_lr_ratio: 16", r"one rate"),
    line(CLINIC, "lora", "LLaMA-Factory: use_rslora at the top", "rsLoRA beside lora", "use_rslora belongs to lora", "use_rslora: true", r"\blora\b"),
    line(CLINIC, "lora", "mlx-lm: lora_parameters", "adapters in mlx-lm's words", "lora: {r: 8, lora_alpha: 160}", "lora_parameters: {rank: 8, scale: 20.0, dropout: 0.0}", r"lora: *\{|\blora\b.*\br\b|lora_alpha"),
    swap(SEVEN, "quant", "LLaMA-Factory: quantization.py, only 4-bit or 8-bit", "three bits", "4 or 8", "quant: {bits: 4, double: true}", "quant: {bits: 3}", r"4 or 8|\b4\b", "quant: {bits: 4}", at="bits: 3"),
    swap(SEVEN, "quant", "transformers: BitsAndBytesConfig, bnb_4bit_compute_dtype", "the arithmetic's type by transformers' key", "precision says it", "quant: {bits: 4, double: true}", "quant: {bits: 4, bnb_4bit_compute_dtype: bfloat16}", r"precision", "quant: {bits: 4}", at="bnb_4bit_compute_dtype"),
    swap(SEVEN, "quant", "transformers: BitsAndBytesConfig, bnb_4bit_use_double_quant", "double by transformers' key", "double: true", "double: true", "bnb_4bit_use_double_quant: true", r"\bdouble\b", at="bnb_4bit_use_double_quant"),
    line(SEVEN, "quant", "trl: ModelConfig, 8 bit and 4 bit at the same time", "four and eight bits", "delete load_in_8bit", "load_in_4bit: true\n    load_in_8bit: true", r"quant|bits", at="load_in_4bit | load_in_8bit"),
    bad(CLINIC, "quant", "axolotl: LoRA quantization without an adapter", "eight bits without an adapter", "a whole training needs whole weights", {"    method: lora\n    lora:\n      r: 8\n      lora_alpha: 16\n      lora_dropout: 0.05\n" + TARGETS: "    load_in_8bit: true\n"}, "load_in_8bit", r"qlora|quant"),
    # objective and rows
    swap(CLINIC, "objective", "trl: DPOConfig; axolotl: rl", "preferences as an objective", "there is no dpo: sft on the chosen answers", "    objective: sft\n", "    objective: dpo\n", r"preference|chosen|sft"),
    line(CLINIC, "objective", "axolotl: check_dpo", "preferences by axolotl's key", "there is no dpo: delete it", "rl: dpo", r"preference|chosen|sft"),
    line(CLINIC, "objective", "LLaMA-Factory: stage rm, ppo, kto", "a stage by LLaMA-Factory's key", "objective: sft; no preferences", "stage: kto", r"objective|preference|chosen"),
    line(CLINIC, "objective", "trl: SFTConfig.assistant_only_loss", "the loss on answers, by trl's switch", "objective: sft does so", "assistant_only_loss: true", r"objective: sft|answers"),
    line(CLINIC, "objective", "trl: DataCollatorForCompletionOnlyLM", "the answer's beginning as a text", "the template says where an answer begins", "response_template: \"### Answer:\"", r"template|answer"),
    line(CLINIC, "objective", "LLaMA-Factory: mask_history with train_on_prompt", "only the last answer, by LLaMA-Factory's switch", "all answers are learned", "mask_history: true", r"answers|last"),
    line(CLINIC, "objective", "trl: SFTConfig.dataset_text_field", "the column of the text by trl's key", "columns of the source in parse_corpus", "dataset_text_field: content", r"columns"),
    line(CLINIC, "length", "axolotl: excess_length_strategy", "what becomes of long rows, by axolotl's key", "split_long splits them", "excess_length_strategy: drop", r"split_long"),
    line(CLINIC, "length", "ms-swift: truncation_strategy", "what becomes of long rows, by ms-swift's key", "split_long splits them", "truncation_strategy: delete", r"split_long"),
    line(ARCHIVE, "length", "axolotl: pad_to_sequence_len", "padding by axolotl's key", "nothing is padded to the full length", "pad_to_sequence_len: true", r"pad|delete"),
    line(CLINIC, "vocabulary", "axolotl: loaders/tokenizer, tokens and lora_modules_to_save", "new tokens by axolotl's key", "add_tokens: [...]", "tokens: [\"<|pain|>\"]", r"add_tokens", "add_tokens: [\"<|pain|>\"]"),
    line(CLINIC, "vocabulary", "axolotl: special_tokens with an adapter", "special tokens by axolotl's key", "add_tokens for new ones; the base's own stay", "special_tokens: {pad_token: \"<pad>\"}", r"add_tokens|base"),
    line(CLINIC, "vocabulary", "LLaMA-Factory: resize_vocab of a quantized model", "an embedding made larger by LLaMA-Factory's switch", "add_tokens makes it larger by itself", "resize_vocab: true", r"add_tokens"),
    # the other steps
    swap(ARCHIVE, "data", "axolotl: val_set_size as a count; LLaMA-Factory: integer val size", "held-out documents by number", "val_fraction is a share", "    val_fraction: 0.08\n", "    val_fraction: 20\n", r"share|between 0 and 1|less than 1|below 1|0\.2"),
    swap(ARCHIVE, "data", "transformers: Trainer.__init__, eval_strategy without eval_dataset", "validations without held-out documents", "val_fraction: 0 leaves nothing for eval_steps", "    val_fraction: 0.08\n", "    val_fraction: 0\n", r"0\.0[15]|above 0|more than 0|share"),
    swap(ARCHIVE, "tokenizer", "sentencepiece: character_coverage range", "coverage in percent", "99.95 % is 0.9995", "    model: byte_bpe\n    vocab_size: 800\n", "    model: unigram\n    vocab_size: 800\n    character_coverage: 99.95\n", r"0\.9995|at most 1|less than or equal to 1", "    model: unigram\n    vocab_size: 800\n", at="character_coverage"),
    swap(ARCHIVE, "tokenizer", "sentencepiece: --model_type word, char", "a tokenizer of words", "unigram, bpe, byte_bpe", "    model: byte_bpe\n", "    model: word\n", r"unigram"),
    swap(RADIO, "tokenizer", "sentencepiece: <s> must not be defined with user_defined_symbols", "a mark that is there anyway", "<s> is there anyway: delete it", "    normalization: identity\n", "    normalization: identity\n    user_symbols: [\"<s>\", \"<tale>\"]\n", r"<s>", "    normalization: identity\n", at="user_symbols"),
    swap(ARCHIVE, "ollama", "litgpt: top_p must be in [0, 1]", "a top_p above one", "0 to 1", "parameters: {temperature: 0.7, num_ctx: 128}", "parameters: {top_p: 9.5, num_ctx: 128}", r"top_p", at="top_p"),
    swap(CLINIC, "ollama", "transformers: GenerationConfig.validate, do_sample", "sampling by transformers' switch", "temperature: 0 is greedy; do_sample is none of Ollama's", SAMPLING, "parameters: {do_sample: false, temperature: 0.3}", r"temperature|do_sample", at="do_sample"),
    swap(CLINIC, "export", "unsloth: save_method", "a way to save by unsloth's key", "the GGUF is merged anyway", "    name: clinic\n", "    name: clinic\n    save_method: merged_16bit\n", r"merge|adapter|quantization", at="save_method"),
    swap(CLINIC, "export", "ms-swift: quant_method; LLaMA-Factory: export_quantization_bit", "a quantisation for other servers", "awq is none of llama.cpp's: q4_0", "    name: clinic\n", "    name: clinic\n    quantization: awq\n", r"q4|q8_0|known", at="quantization"),
    swap(ARCHIVE, "validate", "litgpt: not enough space in a context length", "a continuation longer than the model's window", "the rows have 128 tokens", "    prompts: [\"Dear Anna,\"]\n", "    prompts: [\"Dear Anna,\"]\n    max_new_tokens: 4000\n", r"128|positions|rows", at="max_new_tokens"),
]
# fmt: on
