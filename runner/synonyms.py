"""Names that other tools use for what a recipe says, and how their values convert.

A table by step type. A name leads to one of our keys (and is offered only when the step really has it), or to words that say where
the matter is settled in a recipe. Sources: TrainingArguments, axolotl, LLaMA-Factory, mlx-lm, nanoGPT, litgpt, TRL, SentencePiece.
"""

from collections.abc import Mapping
from typing import Any

from runner.conversions import MODELS, Convert, Known, Names, files, hub_rows, says, share, to, tokenizer_of, tracker_of_all
from runner.synonyms_of_train import LORA, MODEL, QUANT, TRAIN

_STEPS: dict[str, dict[str, Convert]] = {
    "train": TRAIN,
    "train_tokenizer": {
        **dict.fromkeys(("model_type", "type_of_model", "algorithm"), to("model", "train_tokenizer")),
        **dict.fromkeys(("n_vocab", "vocabulary_size", "num_tokens"), to("vocab_size", "train_tokenizer")),
        **dict.fromkeys(("user_defined_symbols", "extra_tokens"), to("user_symbols", "train_tokenizer")),
        "special_tokens": says("pad, unk, bos and eos are there anyway; further marks stand in user_symbols: [...]", "train_tokenizer"),
        "normalization_rule_name": to("normalization", "train_tokenizer"), "coverage": to("character_coverage", "train_tokenizer"),
        "input_sentence_size": says("sample_bytes bounds what the tokenizer is trained on, in bytes", "train_tokenizer"),
        **dict.fromkeys(("pad_id", "unk_id", "bos_id", "eos_id", "pad_token", "unk_token", "bos_token", "eos_token", "pad_piece"),
                        says("pad, unk, bos and eos are always there, as ids 0, 1, 2 and 3", "train_tokenizer", delete=True)),
        **dict.fromkeys(("hard_vocab_limit", "vocabulary_limit"),
                        says("vocab_size: {at_most: N} takes the largest that works", "train_tokenizer")),
        **dict.fromkeys(("shuffle_input_sentence", "max_sentence_length", "train_extremely_large_corpus", "num_threads", "seed_size",
                         "seed_sentencepiece_size", "num_sub_iterations", "max_sentencepiece_length", "min_frequency", "show_progress",
                         "split_by_whitespace", "shrinking_factor", "self_test_sample_size", "input_format", "limit_alphabet"),
                        says("documents are sampled whole, however long; sample_bytes says how much", "train_tokenizer", delete=True)),
        **dict.fromkeys(("add_dummy_prefix", "remove_extra_whitespaces", "split_digits", "escape_whitespaces", "lowercase", "strip_accents",
                         "add_prefix_space", "unicode_normalizer"),
                        says("normalization says what of a text is changed; identity, the default, keeps all of it", "train_tokenizer")),
        **dict.fromkeys(("control_symbols", "initial_alphabet", "required_chars", "added_tokens", "additional_special_tokens"),
                        to("user_symbols", "train_tokenizer")),
        "input": says("the tokenizer is trained on the corpus of the parse_corpus step before it", "train_tokenizer"),
    },
    "split_long": {
        **dict.fromkeys(("max_length", "chunk_size", "max_seq_length", "max_chunk_tokens", "cutoff_len"), to("max_tokens", "split_long")),
        **dict.fromkeys(("overlap", "chunk_overlap", "stride"), to("overlap_tokens", "split_long")),
    },
    "check_vocab_consistency": dict.fromkeys(MODELS, tokenizer_of),
    "tokenize_bin": {"val_set_size": share, "val_split": share, "validation_split": share, "test_size": share},
    "export_ollama": {
        **dict.fromkeys(("quant", "quantize", "outtype", "quantization_method"), to("quantization", "export_ollama")),
        "model_name": to("name", "export_ollama"), "system_prompt": to("system", "export_ollama"),
        "params": to("parameters", "export_ollama"), "options": to("parameters", "export_ollama"),
        **dict.fromkeys(("num_thread", "num_gpu", "num_batch", "main_gpu", "low_vram", "use_mmap", "use_mlock", "numa", "f16_kv",
                         "num_gqa", "rope_frequency_base", "rope_frequency_scale", "keep_alive"),
                        says("how a model is served is settled on the machine that serves it, and may come with each request",
                             "export_ollama", True)),
        **dict.fromkeys(("mirostat", "mirostat_eta", "mirostat_tau", "tfs_z", "typical_p", "presence_penalty", "frequency_penalty",
                         "penalize_newline", "num_keep"),
                        says("delete the line; Ollama takes it with a request, or as a PARAMETER line added to the Modelfile",
                             "export_ollama")),
        **dict.fromkeys(("repetition_penalty", "repeat_pen"), to("parameters.repeat_penalty", "export_ollama")),
        **dict.fromkeys(("max_new_tokens", "max_tokens", "n_predict"), to("parameters.num_predict", "export_ollama")),
        **dict.fromkeys(("context_length", "n_ctx", "ctx_len", "max_context"), to("parameters.num_ctx", "export_ollama")),
        **dict.fromkeys(("stop_sequences", "stop_words", "stop_tokens"), to("parameters.stop", "export_ollama")),
        **dict.fromkeys(("temperature", "top_p", "top_k", "min_p", "num_ctx", "stop", "repeat_penalty", "num_predict"),
                        lambda value, beside: Known("export_ollama", ("parameters",), None, False, "it stands in parameters: {…}")),
        **dict.fromkeys(("template", "chat_template", "prompt_template", "TEMPLATE"),
                        says("the template that the model was trained in goes into the Modelfile by itself", "export_ollama", True)),
        **dict.fromkeys(("FROM", "from", "gguf", "model_path", "modelfile", "ADAPTER", "adapter_path", "base", "output", "outfile",
                         "output_dir", "license", "LICENSE", "RENDERER", "renderer", "PARSER", "parser", "messages", "push", "namespace"),
                        says("the GGUF and the Modelfile are written from the checkpoint alone", "export_ollama", True)),
    },
    "parse_corpus": {
        **dict.fromkeys(("path", "paths", "files", "input", "data_dir", "data_path", "data_files",
                         "train_file", "train_files", "data", "datasets", "input_files", "corpus_path", "training_data"), files),
        **dict.fromkeys(("dataset", "hub", "dataset_name"), hub_rows),
    },
    "validate_checkpoint": {"max_tokens": to("max_new_tokens", "validate_checkpoint"), "prompt": to("prompts", "validate_checkpoint")},
}  # fmt: skip
_TOP: dict[str, Convert] = {
    **dict.fromkeys(("report_to", "use_wandb", "log_with", "logger_name"), tracker_of_all),
    "wandb_project": to("tracking.wandb.project", ""), "wandb_entity": to("tracking.wandb.entity", ""),
    **dict.fromkeys(("name", "run_name", "project", "experiment"), to("recipe", "")), "description": to("about", ""),
    **dict.fromkeys(("random_seed", "manual_seed"), to("seed", "")), "variables": to("vars", ""),
    **dict.fromkeys(("device", "gpu", "hardware", "machine"), to("target", "")), "version": to("format", ""),
    **dict.fromkeys(("base", "inherits", "include", "defaults"),
                    lambda value, beside: Known("", ("extends",), value if isinstance(value, str) else None)),
    **dict.fromkeys(("pipeline", "stages", "jobs", "tasks"), to("steps", "")),
}  # fmt: skip
_SOURCE: dict[str, Convert] = {  # keys of one source
    **dict.fromkeys(("name", "subset", "config_name", "dataset_config", "dataset_config_name", "subset_name"),
                    says("write config: for a configuration of a data set on the hub", "parse_corpus")),
    **dict.fromkeys(("field", "text_column", "text_field", "field_text", "column", "text_key", "content_key", "prompt_column",
                     "messages_key"),
                    says("columns: {text: NAME} says which column holds what", "parse_corpus")),
    **dict.fromkeys(("type", "ds_type", "kind", "style", "conversation", "chat_template"),
                    says("format: says how a file is read and columns: what its rows hold; most is seen by itself", "parse_corpus")),
    **dict.fromkeys(("field_messages", "message_field_role", "message_field_content", "message_property_mappings", "field_instruction",
                     "field_input", "field_output", "field_human", "field_model", "field_system", "roles", "formatting", "tags",
                     "role_tag", "content_tag", "user_tag", "assistant_tag"),
                    says("columns: {messages: NAME} or {instruction: NAME, output: NAME}; roles are known by themselves", "parse_corpus")),
    **dict.fromkeys(("roles_to_train", "train_on_eos", "train_on_eot", "mask_history", "train_on_prompt", "ranking"),
                    says("objective: sft learns every answer with its end, and nothing else", "parse_corpus", True)),
    **dict.fromkeys(("delimiter", "separator", "sep", "encoding", "header", "quotechar"),
                    says("delimiter, encoding and quotes of a file are found by themselves", "parse_corpus", True)),
    **dict.fromkeys(("probability", "prob", "ratio", "proportion", "sampling_weight", "mix"), says("write weight:", "parse_corpus")),
    **dict.fromkeys(("max_samples", "limit", "num_samples", "max_rows", "samples", "shards", "max_examples"),
                    says("write take: N", "parse_corpus")),
    **dict.fromkeys(("commit", "sha", "version", "tag"), says("write revision:", "parse_corpus")),
    **dict.fromkeys(("file", "filename", "file_name", "data_files", "dir", "folder", "glob", "local"), says("write path:", "parse_corpus")),
    **dict.fromkeys(("dataset", "repo", "repo_id", "id"), says("write hub:", "parse_corpus")),
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
        convert = TRAIN.get(name) or MODEL.get(name)
        return convert(value, beside) if convert is not None else None
    if step == "train" and len(path) > 1:
        inside = {"model": MODEL, "lora": LORA, "quant": QUANT}.get(str(path[0]), {})
        convert = inside.get(name) or TRAIN.get(name)
        return convert(value, beside) if convert is not None else None
    if step == "parse_corpus" and path[0] == "sources" and name in _SOURCE:
        return _SOURCE[name](value, beside)
    tables = [_STEPS.get(step, {}), *([MODEL] if step == "train" else [TRAIN])]
    for table in tables:
        if name in table:
            return table[name](value, beside)
    return None
