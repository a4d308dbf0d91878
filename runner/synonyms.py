"""Names that other tools use for what a recipe says, and how their values convert.

A table by step type. A name leads to one of our keys (and is offered only when the step really has it), or to words that say where
the matter is settled in a recipe. Sources: TrainingArguments, axolotl, LLaMA-Factory, mlx-lm, nanoGPT, litgpt, TRL, SentencePiece.
"""

from collections.abc import Mapping
from typing import Any

from runner.conversions import MODELS, Convert, Known, Names, files, hub_rows, says, share, to, tokenizer_of, tracker_of_all
from runner.synonyms_of_research import RESEARCH
from runner.synonyms_of_tools import CACHES, KEPT, LOADING, SETTINGS
from runner.synonyms_of_train import LORA, MODEL, QUANT, TRAIN

_STEPS: dict[str, dict[str, Convert]] = {
    "train": RESEARCH | TRAIN,
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
                         "seed_sentencepiece_size", "num_sub_iterations", "max_sentencepiece_length", "show_progress",
                         "split_by_whitespace", "shrinking_factor", "self_test_sample_size", "input_format"),
                        says("documents are sampled whole, however long; sample_bytes says how much", "train_tokenizer", delete=True)),
        **dict.fromkeys(("min_frequency", "min_freq", "min_count", "vocabulary_threshold"),
                        says("no piece is left out for its rareness: vocab_size alone says how many there are", "train_tokenizer", True)),
        **dict.fromkeys(("add_dummy_prefix", "remove_extra_whitespaces", "split_digits", "escape_whitespaces", "lowercase", "strip_accents",
                         "add_prefix_space", "unicode_normalizer"),
                        says("normalization says what of a text is changed; identity, the default, keeps all of it", "train_tokenizer")),
        **dict.fromkeys(("control_symbols", "initial_alphabet", "required_chars", "added_tokens", "additional_special_tokens"),
                        to("user_symbols", "train_tokenizer")),
        **dict.fromkeys(("normalizer", "nfc", "nfkc", "unicode", "lower", "do_lower_case", "clean_text", "handle_chinese_chars"),
                        says("normalization says what of a text is changed: identity, nfkc, nmt_nfkc, or nfkc_cf for small letters",
                             "train_tokenizer")),
        **dict.fromkeys(("pre_tokenizer", "pretokenizer", "pre_tokenizers", "regex", "pattern", "split_pattern"),
                        says("model: byte_bpe cuts texts as GPT-2 does, unigram and bpe as SentencePiece; split_digits parts digits",
                             "train_tokenizer")),
        "limit_alphabet": says("character_coverage says which share of all characters gets a piece", "train_tokenizer", True),
        **dict.fromkeys(("bytes", "byte_level"), says("write model: byte_bpe, or byte_fallback: true", "train_tokenizer")),
        **dict.fromkeys(("max_vocab", "vocab", "max_vocab_size", "size"), to("vocab_size", "train_tokenizer")),
        **dict.fromkeys(("num_merges", "merges", "n_merges"), says("vocab_size counts the pieces, bytes and marks too", "train_tokenizer")),
        **dict.fromkeys(("max_token_length", "dropout", "bpe_dropout", "nbest_size", "sampling", "trainer",
                         "unk_surface", "fast", "model_prefix", "output", "output_dir", "save_path"),
                        says("the tokenizer has the trainer's own settings, and a folder in the store", "train_tokenizer", True)),
        **dict.fromkeys(("limit", "max_documents", "sample_size", "train_size", "max_sentences"),
                        says("sample_bytes bounds what the tokenizer is trained on, in bytes", "train_tokenizer")),
        **dict.fromkeys(("tokenizer", "base", "tokenizer_file", "pretrained", "from_pretrained", "vocab_file", "base_model"),
                        says("this step trains a new one; of a model that is there check_vocab_consistency takes the tokenizer, by "
                             "checkpoint: {path: …}", "train_tokenizer")),
        **dict.fromkeys(("languages", "train_files", "files"),
                        says("the tokenizer is trained on the corpus of the parse_corpus step before it", "train_tokenizer", True)),
        "input": says("the tokenizer is trained on the corpus of the parse_corpus step before it", "train_tokenizer"),
    },
    "split_long": {
        **dict.fromkeys(("max_length", "chunk_size", "max_seq_length", "max_chunk_tokens", "cutoff_len"), to("max_tokens", "split_long")),
        **dict.fromkeys(("overlap", "chunk_overlap", "stride"), to("overlap_tokens", "split_long")),
    },
    "check_vocab_consistency": dict.fromkeys(MODELS, tokenizer_of),
    "tokenize_bin": {
        **dict.fromkeys(("val_set_size", "val_split", "validation_split", "test_size", "val_ratio", "val_size", "validation_fraction",
                         "eval_fraction", "test_fraction", "holdout", "test_split"), share),
        **dict.fromkeys(("train_split", "train_ratio", "train_fraction", "split"),
                        says("val_fraction says which share is held out; the rest is learned", "tokenize_bin")),
        **dict.fromkeys(("append_eos", "add_eos", "add_bos", "eos", "bos", "document_separator", "append_eod", "add_special_tokens",
                         "eot_token"),
                        says("every document is written as bos, its ids, eos", "tokenize_bin", True)),
        **dict.fromkeys(("max_length", "max_tokens", "seq_len", "block_size", "max_seq_length", "seq_length", "stride", "overlap",
                         "truncation", "padding", "packing", "return_tensors", "format", "output", "output_dir", "out_dir"),
                        says("ids are written end to end, and nothing is cut; max_seq_length of train makes rows of them", "tokenize_bin",
                             True)),
        **dict.fromkeys(("token_dtype", "data_type"), to("dtype", "tokenize_bin")),
        **dict.fromkeys(("num_proc", "num_workers", "n_workers", "num_processes"), to("workers", "tokenize_bin")),
        **dict.fromkeys(("shard_size", "num_shards", "shards", "chunk_size"), says("write shard_tokens: N, the tokens of one file",
                                                                                 "tokenize_bin")),
    },
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
        **dict.fromkeys(("max_new_tokens", "max_tokens", "n_predict", "predict"), to("parameters.num_predict", "export_ollama")),
        **dict.fromkeys(("context_length", "n_ctx", "ctx_len", "max_context", "ctx", "ctx_size"),
                        to("parameters.num_ctx", "export_ollama")),
        "temp": to("parameters.temperature", "export_ollama"),
        **dict.fromkeys(("stop_sequences", "stop_words", "stop_tokens"), to("parameters.stop", "export_ollama")),
        **dict.fromkeys(("temperature", "top_p", "top_k", "min_p", "num_ctx", "stop", "repeat_penalty", "num_predict"),
                        lambda value, beside: Known("export_ollama", ("parameters",), None, False, "it stands in parameters: {…}")),
        **dict.fromkeys(("template", "chat_template", "prompt_template", "TEMPLATE"),
                        says("the template that the model was trained in goes into the Modelfile by itself", "export_ollama", True)),
        **dict.fromkeys(("gguf_type", "ftype", "bits", "dtype"), to("quantization", "export_ollama")),
        **dict.fromkeys(("context", "max_seq_length"), to("parameters.num_ctx", "export_ollama")),
        **dict.fromkeys(("ollama", "push_to_ollama"), says("create: auto calls ollama where it is found", "export_ollama")),
        **dict.fromkeys(("tag", "dest", "path", "keep_gguf", "force", "overwrite", "llama_cpp_path", "vocab_type", "imatrix", "host",
                         "port", "revision", "test", "tests"),
                        says("name: says what the model is called, and its files lie in the run's folder", "export_ollama", True)),
        **dict.fromkeys(("FROM", "from", "gguf", "model_path", "modelfile", "ADAPTER", "adapter_path", "base", "output", "outfile",
                         "output_dir", "license", "LICENSE", "license_file", "author", "template_file",
                         "RENDERER", "renderer", "PARSER", "parser", "messages", "push", "namespace"),
                        says("the GGUF and the Modelfile are written from the checkpoint alone", "export_ollama", True)),
    },
    "parse_corpus": {
        **dict.fromkeys(("path", "paths", "files", "input", "data_dir", "data_path", "data_files",
                         "train_file", "train_files", "data", "datasets", "input_files", "corpus_path", "training_data"), files),
        **dict.fromkeys(("dataset", "hub", "dataset_name"), hub_rows),
        **dict.fromkeys(("dedupe", "deduplicate", "deduplication", "remove_duplicates", "minhash", "near_dedup"),
                        says("write clean: {near_duplicates: drop}; exact copies are dropped anyway", "parse_corpus")),
        **dict.fromkeys(("min_length", "min_chars", "min_len"), to("clean.min_characters", "parse_corpus")),
        **dict.fromkeys(("max_chars", "max_len"), to("clean.max_characters", "parse_corpus")),
        **dict.fromkeys(("lang", "language"),
                        says("lang: stands in each source; clean: {languages: {allow: [en]}} drops the others", "parse_corpus")),
        **dict.fromkeys(("filter", "filters", "quality", "perplexity", "where"),
                        says("clean: {…} drops documents by length, language and repetition", "parse_corpus")),
        **dict.fromkeys(("pii", "anonymize", "mask_pii", "redact"), says("write clean: {mask: all}", "parse_corpus")),
        **dict.fromkeys(("normalize", "unicode", "strip", "remove_control_characters", "fix_unicode"),
                        says("clean: {nfc: true, whitespace: true} is the default", "parse_corpus", True)),
        **dict.fromkeys(("lowercase", "remove_html", "remove_urls", "remove_punctuation"),
                        says("a text is kept as it is; format: html reads pages", "parse_corpus")),
        **dict.fromkeys(("limit", "max_documents", "max_rows", "max_samples"), says("write take: N in the source", "parse_corpus")),
        **dict.fromkeys(("mixing", "mix", "probabilities", "weights", "interleave", "sampling"),
                        says("write weight: in each source", "parse_corpus")),
        **dict.fromkeys(("text_column", "text_field", "text_key", "column", "field", "content_key"),
                        says("columns: {text: NAME} stands in the source", "parse_corpus")),
        **dict.fromkeys(("separator", "delimiter", "encoding"),
                        says("delimiter, encoding and quotes of a file are found by themselves", "parse_corpus", True)),
        **dict.fromkeys(("output", "output_dir", "out", "save_path"), says("the corpus lies in the store", "parse_corpus", True)),
        **dict.fromkeys(("chunk_size", "chunk", "chunking", "paragraphs"),
                        says("document: of a source says what one document is; a step `- type: split_long` splits long ones",
                             "parse_corpus")),
    },
    "validate_checkpoint": {
        "max_tokens": to("max_new_tokens", "validate_checkpoint"), "prompt": to("prompts", "validate_checkpoint"),
        **dict.fromkeys(("tasks", "benchmarks", "metrics", "perplexity", "threshold", "dataset", "data"),
                        says("the recorded loss is computed again on the validation documents, and words are sampled; other measures are "
                             "for other tools, which open the checkpoint", "validate_checkpoint")),
        **dict.fromkeys(("temperature", "top_p", "top_k", "do_sample", "num_beams", "repetition_penalty", "stop", "n_samples",
                         "num_samples", "seed"),
                        says("prompts are continued once each, at a temperature of 0.7 and a top_p of 0.9", "validate_checkpoint", True)),
    },
}  # fmt: skip
SHARED_BELOW = Known("", (), None, False, "what steps share stands below vars:, with its anchor, such as vars: {common: &common {…}}")
_TOP: dict[str, Convert] = {
    **dict.fromkeys(("report_to", "use_wandb", "log_with", "logger_name"), tracker_of_all),
    "wandb_project": to("tracking.wandb.project", ""), "wandb_entity": to("tracking.wandb.entity", ""),
    **dict.fromkeys(("name", "run_name", "project", "experiment"), to("recipe", "")), "description": to("about", ""),
    **dict.fromkeys(("random_seed", "manual_seed"), to("seed", "")), "variables": to("vars", ""),
    **dict.fromkeys(("device", "gpu", "hardware", "machine"), to("target", "")), "version": to("format", ""),
    **dict.fromkeys(("base", "inherits", "include", "defaults"),
                    lambda value, beside: Known("", ("extends",), value if isinstance(value, str) else None)
                    if not isinstance(value, Mapping) else SHARED_BELOW),
    **dict.fromkeys(("pipeline", "stages", "jobs", "tasks"), to("steps", "")), "title": to("about", ""),
    **dict.fromkeys(("import", "imports"), lambda value, beside: Known("", ("extends",), value if isinstance(value, str) else None)),
    **dict.fromkeys(("author", "tags", "notes", "license", "metadata", "logging", "log_level"),
                    says("about: and comments say what a recipe is for; every run logs all", "")),
    **dict.fromkeys(("env", "environment", "environments", "secrets"),
                    says("a value of the environment is named where it is wanted: ${env:NAME}", "")),
    **dict.fromkeys(("params", "config", "settings", "parameters"),
                    says("what several steps share stands in vars:, and is named ${name}; all else is a step's", "")),
    **dict.fromkeys(("common", "shared", "anchors", "templates", "presets", "x-common", "aliases", "globals", "constants"),
                    lambda value, beside: SHARED_BELOW),
    **dict.fromkeys(CACHES, says(KEPT, "", True)),
    **dict.fromkeys(("output", "cache", "runs_dir", "output_path", "workdir", "work_dir"),
                    says("runs lie in runs/ beside the recipe, artifacts in .recipe/", "")),
    **dict.fromkeys(("resources", "accelerators"), says("target: names the machine", "")),
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
    **dict.fromkeys(("skip", "skip_rows", "start", "end", "offset", "filter", "where", "shuffle", "seed", "n_samples"),
                    says("take: N takes at most so many documents; which rows are wanted is for the file itself", "parse_corpus")),
    **dict.fromkeys(("recursive", "pattern", "include", "exclude", "extensions"),
                    says("path: takes a file, a folder or a glob, such as data/**/*.txt", "parse_corpus")),
    **dict.fromkeys(("doc_separator", "separator_token", "document_separator", "doc_sep"),
                    says("write document: blank_line, line or file", "parse_corpus")),
    "language": says("write lang:", "parse_corpus"),
    **dict.fromkeys(("file", "filename", "file_name", "data_files", "data_dir", "dir", "folder", "glob", "local"),
                    says("write path:", "parse_corpus")),
    **dict.fromkeys(("dataset", "repo", "repo_id", "id"), says("write hub:", "parse_corpus")),
}  # fmt: skip
_ANY: dict[str, Convert] = {  # what other tools say of a step, whatever it does
    **dict.fromkeys(("depends_on", "needs", "after", "requires", "dependencies", "depends"),
                    says("a step reads the nearest earlier one that makes what it takes, or the one named: tokenizer: ID", "", True)),
    **dict.fromkeys(("when", "if", "enabled", "disabled", "skip", "condition", "run_if"),
                    says("every step of the list is done, and none is done twice: put # before the lines of one that is not wanted", "")),
    **dict.fromkeys(("input", "inputs", "in", "reads"),
                    says("what a step reads is named by its kind: corpus: ID, tokenizer: ID, bins: ID or checkpoint: ID", "")),
    **dict.fromkeys(("output", "outputs", "output_dir", "out", "save_to", "output_path", "writes"),
                    says("the result of a step lies in the store, and recipe list shows where", "", True)),
    **dict.fromkeys(("cache", "force", "overwrite", "rerun", "use_cache"),
                    says("results are kept by content: what is unchanged is not made again, what is changed is", "", True)),
    **dict.fromkeys(("description", "comment", "desc", "notes", "about"), says("a comment behind # says what a step is for", "", True)),
    **dict.fromkeys(("name", "step_id", "label", "alias", "step_name"),
                    lambda value, beside: Known("", (), None, False, f"a step's own name is its id: write id: {value}")),
}  # fmt: skip
_FIXED_NAMES = ("pipeline", "stages", "jobs", "tasks", "device", "version")  # the same word often means something else


def met(step: str, path: Names, value: Any, beside: Mapping[str, Any]) -> Known | None:
    """What another tool's key at `path` of a step's params is here; `step` is empty at the top level. None when the name is not known.

    beside: the keys of the same step, or of the top level, since some values convert only together.
    """
    name = str(path[-1])
    if path[0] == "tracking" and len(path) == 3 and name in SETTINGS.get(str(path[1]), {}):
        return SETTINGS[str(path[1])][name](value, beside)
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
    if step == "parse_corpus" and path[0] == "sources" and (convert := _SOURCE.get(name) or LOADING.get(name)) is not None:
        return convert(value, beside)
    tables = [_STEPS.get(step, {}), *([MODEL] if step == "train" else [TRAIN])]
    for table in tables:
        if name in table:
            return table[name](value, beside)
    return _ANY[name](value, beside) if name in _ANY and len(path) == 1 else None
