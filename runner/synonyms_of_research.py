"""Names for what a train step says that toolkits of speech and translation, older trainers and abbreviations use.

Read in fairseq, OpenNMT-py, ESPnet, Megatron-LM, GPT-NeoX, RWKV-LM, PyTorch Lightning, Keras and OpenAI's fine-tuning.
"""

from collections.abc import Mapping
from typing import Any

from runner.conversions import Convert, Known, base, counted, files, resumed, says, share, to

OF_BATCHES = "total_batch_tokens says a step in tokens, total_batch_size in rows"
MACHINE = "the machine is named once, at the top: target: t4, or target: here"
TRIAL = "recipe run FILE --smoke runs every step in its smallest form; delete the line"
ENDS = "max_steps or num_train_epochs say when the run ends, and recipe stop ends it after saving; delete the line"
JUDGED = "the validation loss judges: early_stopping: {patience: 3} ends with it, weights: best exports the best; delete the line"
PHASES = "scheduler: wsd has a plateau, and decay_share is the share of all steps that the rate falls over"


def first(path: str) -> Convert:
    """A name of ours whose value another tool gives as a list, one for each epoch: the first."""
    plain = to(path)

    def convert(value: Any, beside: Mapping[str, Any]) -> Known:
        return plain(value[0] if isinstance(value, list) and len(value) == 1 else value, beside)

    return convert


RESEARCH: dict[str, Convert] = {
    **dict.fromkeys(("update_freq", "accum_count", "accum_grad", "gas", "grad_acc", "grad_acc_steps", "accumulation", "accum",
                     "num_accumulation_steps", "accumulate", "iter_size"), first("gradient_accumulation_steps")),
    **dict.fromkeys(("max_update", "max_updates", "total_num_update", "training_updates"), first("max_steps")),
    **dict.fromkeys(("max_epoch", "nb_epochs", "nb_epoch", "epochs_num", "epoch_num", "n_epoch", "num_epoch", "epoch", "passes"),
                    to("num_train_epochs")),
    **dict.fromkeys(("bs", "bsz", "b_size", "minibatch_size", "batch_sz"), to("batch_size")),
    **dict.fromkeys(("valid_batch_size", "validation_batch_size", "dev_batch_size", "test_batch_size"), to("eval_batch_size")),
    **dict.fromkeys(("max_tokens_per_batch", "batch_bins", "batch_tokens", "tokens_per_batch", "tokens_per_step", "max_generator_batches",
                     "batch_type", "max_tokens_valid"), says(OF_BATCHES)),
    **dict.fromkeys(("validate_interval_updates", "valid_steps", "validation_steps_interval", "validate_every", "valid_every",
                     "eval_freq", "valid_freq", "evaluate_every"), counted("eval_steps")),
    **dict.fromkeys(("save_interval_updates", "save_checkpoint_steps", "save_freq", "checkpoint_freq"), counted("save_steps")),
    **dict.fromkeys(("keep_interval_updates", "keep_last_epochs", "keep_nbest_models", "keep_checkpoint", "max_to_keep",
                     "keep_last_n"), to("keep")),
    **dict.fromkeys(("early_stopping_criteria", "best_model_criterion", "best_checkpoint_metric", "maximize_best_checkpoint_metric",
                     "monitor", "monitor_metric", "monitor_mode"), says(JUDGED)),
    **dict.fromkeys(("num_iters_per_epoch", "epoch_steps", "iters_per_epoch", "samples_per_epoch", "initial_epoch", "start_epoch"),
                    says("a pass has as many steps as the data gives; num_train_epochs or max_steps say when the run ends")),
    **dict.fromkeys(("exit_interval", "exit_duration_in_mins", "my_exit_tokens", "exit_tokens"), says(ENDS, delete=True)),
    **dict.fromkeys(("fast_dev_run", "overfit_batches", "debug", "dry_run", "smoke_test", "limit_train_batches"), says(TRIAL, delete=True)),
    **dict.fromkeys(("class_weight", "class_weights", "sample_weight", "loss_weight"),
                    says("every learned token counts the same; repeat: of a source says how often it is seen; delete the line")),
    **dict.fromkeys(("grad_cp", "grad_ckpt", "checkpoint_layers", "activation_checkpoint"), to("activation_checkpointing")),
    **dict.fromkeys(("window", "window_size", "block_len", "ctx_length", "ctx", "ctx_size", "context", "context_size", "context_window",
                     "max_seqlen", "max_sequence_length", "sequence_length", "bptt", "tokens_per_sample"), to("max_seq_length")),
    **dict.fromkeys(("training_file", "training_files", "train_data", "data_file"), files),
    **dict.fromkeys(("validation_file", "valid_file", "dev_file", "validation_data", "eval_file"),
                    says("val_fraction of tokenize_bin holds a share out; with objective: sft a twentieth of the rows is")),
    **dict.fromkeys(("suffix", "job_name", "experiment"), says("a run is called by the recipe's name, at the top; delete the line")),
    **dict.fromkeys(("hyperparameters", "hparams", "hyper_params"),
                    says("its keys stand flat in the train step: num_train_epochs, batch_size, learning_rate")),
    **dict.fromkeys(("stable_steps", "plateau_steps", "cooldown_steps", "anneal_steps", "stable_ratio"), says(PHASES)),
    **dict.fromkeys(("step_size", "lr_shrink", "lr_gamma", "gamma", "milestones"),
                    says("scheduler is cosine, linear, constant or wsd; the rate falls in no stairs")),
    **dict.fromkeys(("beta_1", "beta_2", "b1", "b2", "eps_adam"), says("AdamW's betas are 0.9 and 0.95, its epsilon 1e-8", delete=True)),
    **dict.fromkeys(("l2", "l2_reg", "l2_regularization"), to("weight_decay")),
    **dict.fromkeys(("rng_seed", "manual_seed", "random_seed", "torch_seed"), says("seed stands at the top of the recipe")),
    **dict.fromkeys(("gpu", "gpu_id", "gpu_ids", "gpu_ranks", "ngpu", "n_gpu", "cuda", "use_cuda", "no_cuda", "use_gpu", "use_cpu",
                     "use_mps"),
                    says(MACHINE)),
    **dict.fromkeys(("restart", "train_from", "restore_file", "restore", "reload"), resumed),
    **dict.fromkeys(("pretrained_model", "pretrained", "init_model", "load_pretrained", "finetune_from"), base),
    **dict.fromkeys(("val_size", "dev_size", "eval_fraction", "holdout"), share),
}  # fmt: skip
