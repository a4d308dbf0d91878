"""What other tools call a step. Loaded when a recipe names a type that is not there."""

from collections.abc import Iterable

from runner.nearest import did_you_mean

_MERGES = "export_ollama writes an adapter into the weights by itself: delete the step"
_EXPORTS = "export_ollama writes the GGUF and quantises it: write type: export_ollama, with quantization:"
_TUNES = "write type: train, with model: {base: {…}} and objective: sft"
_READS = "write type: parse_corpus, with sources:"
_CUTS = "write type: split_long, which loses nothing"
_CLEANS = "parse_corpus cleans what it reads: write clean: {…} there, and delete the step"
_JUDGES = "write type: validate_checkpoint"
_OTHERS = "preferences and rewards are not trained: train has objective: lm and objective: sft"
_WORDS: dict[str, str] = {
    **dict.fromkeys(("merge", "merge_lora", "merge_adapter", "merge_and_unload", "fuse", "merge_weights", "export_merged"), _MERGES),
    **dict.fromkeys(("convert", "convert_gguf", "convert_to_gguf", "convert_hf_to_gguf", "quantize", "quantise", "export_gguf", "to_gguf",
                     "gguf", "save_gguf", "llama_cpp", "ollama", "create_ollama", "ollama_create", "modelfile", "deploy", "serve",
                     "push_to_ollama", "export", "exporting", "export_model", "to_ollama"), _EXPORTS),
    **dict.fromkeys(("finetune", "fine_tune", "finetuning", "sft", "instruct", "instruction_tuning", "lora", "qlora", "tune", "adapter",
                     "finetune_lora", "train_lora", "peft"), _TUNES),
    **dict.fromkeys(("pretrain", "pretraining", "pre_train", "train_model", "training", "fit", "trainer"), "write type: train"),
    **dict.fromkeys(("download", "download_data", "load", "load_data", "load_dataset", "dataset", "datasets", "data", "prepare",
                     "prepare_data", "preprocess", "preprocessing", "read", "ingest", "collect", "corpus", "fetch"), _READS),
    **dict.fromkeys(("clean", "dedup", "deduplicate", "filter", "normalize", "mask_pii", "clean_text"), _CLEANS),
    **dict.fromkeys(("chunk", "chunking", "split", "split_text", "splitter", "truncate", "segment"), _CUTS),
    **dict.fromkeys(("tokenize", "tokenise", "encode", "tokenize_data", "make_bins", "binarize", "prepare_bin", "pack"),
                    "write type: tokenize_bin"),
    **dict.fromkeys(("tokenizer", "build_tokenizer", "tokenizer_training", "spm_train", "sentencepiece", "train_bpe", "train_vocab",
                     "vocab"), "write type: train_tokenizer"),
    **dict.fromkeys(("eval", "evaluate", "evaluation", "validate", "validation", "test", "benchmark", "generate", "sample", "inference",
                     "lm_eval", "perplexity"), _JUDGES),
    **dict.fromkeys(("check_tokenizer", "check_vocab", "verify_tokenizer", "vocab_check"), "write type: check_vocab_consistency"),
    **dict.fromkeys(("dpo", "grpo", "ppo", "orpo", "kto", "rlhf", "reward", "reward_model"), _OTHERS),
    **dict.fromkeys(("html", "page", "summary", "model_card", "plot"), "write type: report"),
    **dict.fromkeys(("upload", "push", "push_to_hub", "publish"), "nothing is uploaded: delete the step"),
}  # fmt: skip


def called(word: str) -> str:
    """What to write for a step by another tool's word; empty for a word that is none."""
    return _WORDS.get(word.strip().lower().replace("-", "_").replace(" ", "_"), "")


def fix_for(word: str, names: Iterable[str]) -> str:
    """What to write instead of a type that no step has: by what other tools call it, else the nearest name, else all of them."""
    return called(word) or did_you_mean(word, names, "there are")
