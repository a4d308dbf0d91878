# ruff: noqa: E501 - a case is one line
"""Model folders and data that another trainer refuses or warns of, as its validator has it. See batch_12."""

from typing import Any

from batch_9_cases import bad, swap, talk
from batch_11_cases import ARCHIVE, CLINIC, REPLIES, tensors

BASE = "models/base"
USED = "{path: models/base} | checkpoint: ${base} | model: {base"  # where the base is named, and where it is used
SHEET = "      - path: data/desk.csv\n        columns: {prompt: question, completion: reply}\n"
YARN = {"rope_scaling": {"rope_type": "yarn", "original_max_position_embeddings": 1024}}
LLAMA3 = {
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 4.0,
        "high_freq_factor": 1.0,
        "original_max_position_embeddings": 1024,
    }
}
MOE = {"model_type": "mixtral", "architectures": ["MixtralForCausalLM"], "num_local_experts": 4, "num_experts_per_tok": 2}


def folder(source: str, title: str, must: str, says: str, files: dict[str, Any], family: str = "folder") -> Any:
    """A base's folder with something wrong in it."""
    return bad(CLINIC, family, source, title, must, {}, USED, says, files={f"{BASE}/{name}": content for name, content in files.items()})


def table(source: str, title: str, must: str, says: str, content: Any, name: str = "data/rows.jsonl", at: str = "") -> Any:
    """The desk's answers in rows that are not right."""
    wrong = f"      - path: {name}\n"
    return bad(CLINIC, "data", source, title, must, {SHEET: wrong}, at or name, says, files={name: content})


def changed(**more: Any) -> list[dict[str, Any]]:
    """Conversations with something more in each row."""
    return [{**talk(("user", q), ("assistant", a)), **more} for q, a in REPLIES]


# fmt: off
CASES = [
    # model folders
    folder("transformers: validate_rope, missing required keys", "stretched positions without their factor", "yarn needs factor", r"factor", {"config.json": YARN}),
    folder("transformers: validate_rope, high_freq_factor above low_freq_factor", "bounds of llama3's positions the other way round", "high_freq_factor must be above low_freq_factor", r"freq_factor", {"config.json": LLAMA3}),
    folder("transformers: ROPE_INIT_FUNCTIONS, unknown rope_type", "a kind of positions that nobody knows", "ntk is no rope_type", r"rope|ntk", {"config.json": {"rope_scaling": {"rope_type": "ntk", "factor": 2.0}}}),
    folder("transformers: LlamaConfig.validate_architecture", "a width that its heads do not divide", "64 is no multiple of 5", r"heads|multiple", {"config.json": {"num_attention_heads": 5, "num_key_value_heads": 5}}),
    folder("transformers: PreTrainedConfig.validate_layer_type", "kinds of layers for another number of layers", "layer_types has 3 entries for 2 layers", r"layer_types", {"config.json": {"layer_types": ["full_attention"] * 3}}),
    folder("transformers: PreTrainedConfig.validate_token_ids", "an end whose id is outside", "eos_token_id 32000 of 300", r"eos_token_id|32000", {"config.json": {"eos_token_id": 32000}, "generation_config.json": {"eos_token_id": 32000}}),
    folder("transformers: GenerationConfig.save_pretrained, fix these issues to save", "a sampling setting without sampling", "do_sample is false and temperature 0.6: nothing can be saved", r"do_sample|temperature|generation", {"generation_config.json": {"do_sample": False, "temperature": 0.6, "top_p": 0.9}}),
    folder("transformers: PreTrainedConfig.save_pretrained, generation parameters in the model config", "sampling settings in config.json", "they belong into generation_config.json", r"generation_config|temperature", {"config.json": {"temperature": 0.6, "top_p": 0.9, "do_sample": True}}),
    folder("litgpt: Tokenizer, generation_config.json contains invalid JSON", "a comma too many in generation_config.json", "it is no JSON", r"generation_config", {"generation_config.json": "{\"bos_token_id\": 1, \"eos_token_id\": [2, 4],}"}),
    folder("trl: create_model_from_path, invalid dtype", "a type of numbers by its short name", "bf16 is bfloat16", r"bfloat16|bf16|torch_dtype", {"config.json": {"torch_dtype": "bf16"}}),
    folder("peft: save_and_load, zero-sized tensors of ZeRO-3", "weights that were not gathered", "q_proj has no numbers: ZeRO-3 or FSDP shards were saved", r"q_proj|empty|ZeRO|shape", {"model.safetensors": {"safetensors": {**tensors()["safetensors"], **{f"model.layers.{n}.self_attn.q_proj.weight": (0,) for n in range(2)}}}}),
    folder("transformers: PreTrainedTokenizerBase, padding_side", "a side that there is not", "left or right", r"padding_side|left|right", {"tokenizer_config.json": {"padding_side": "both"}}),
    folder("transformers: PreTrainedTokenizerBase, extra_special_tokens must be a list or dict", "special tokens as one text", "a list or a map", r"extra_special_tokens|special", {"tokenizer_config.json": {"extra_special_tokens": "<|im_start|>"}}),
    folder("transformers: special token has to be either str or AddedToken", "a special token by its number", "pad_token is a text", r"pad_token", {"tokenizer_config.json": {"pad_token": 0}}),
    folder("trl: SFTTrainer, eos_token is not found in the vocabulary", "an end that is no token", "<|eot_id|> is not in the vocabulary", r"eot_id", {"tokenizer_config.json": {"eos_token": "<|eot_id|>"}}),
    folder("transformers: Trainer.__init__, a model without a head", "a model that judges texts", "a classifier: it has no lm_head", r"classif|lm_head|head|score", {"config.json": {"architectures": ["LlamaForSequenceClassification"], "num_labels": 1}, "model.safetensors": {"safetensors": {**tensors(head=False)["safetensors"], "score.weight": (1, 64)}}}),
    folder("transformers: Trainer.__init__, AutoModel for masked words", "a model for masked words", "BERT foresees no next token", r"bert|BERT|mask|causal|next", {"config.json": {"model_type": "bert", "architectures": ["BertForMaskedLM"]}}),
    folder("axolotl: fp32 experts; mlx-lm: gguf, unsupported architecture", "experts", "a mixture of experts", r"expert|mixtral|Mixtral", {"config.json": MOE}),
    folder("transformers: quantizers/auto, gguf_file", "a GGUF alone", "there is nothing but a GGUF: take the model that it was made of", r"GGUF|gguf", {"model.safetensors": None, "config.json": None, "tokenizer.json": None, "tokenizer_config.json": None, "generation_config.json": None, "model-q4_k_m.gguf": b"GGUF\x03\x00\x00\x00" + bytes(64)}),
    folder("mlx-lm: gguf.py, conversion of quantized models", "weights that mlx has made small", "scales and biases are mlx's: take the full model", r"mlx|MLX|quanti", {"config.json": {"quantization": {"group_size": 64, "bits": 4}}, "model.safetensors": {"safetensors": {**tensors()["safetensors"], "model.layers.0.mlp.up_proj.scales": (128, 1), "model.layers.0.mlp.up_proj.biases": (128, 1)}}}),
    folder("litgpt: convert_hf_checkpoint, expected .bin or .safetensors", "the weights as Meta gives them", "consolidated.00.pth is no transformers folder: convert it", r"consolidated|convert|transformers", {"model.safetensors": None, "config.json": None, "tokenizer.json": None, "tokenizer_config.json": None, "generation_config.json": None, "consolidated.00.pth": b"PK\x03\x04" + bytes(64), "params.json": {"dim": 64, "n_layers": 2, "n_heads": 4}}),
    folder("litgpt: convert_lit_checkpoint", "the weights of litgpt", "lit_model.pth is litgpt's: convert it", r"lit_model|litgpt|LitGPT", {"model.safetensors": None, "config.json": None, "lit_model.pth": b"PK\x03\x04" + bytes(64), "model_config.yaml": "name: pythia-14m\n"}),
    folder("transformers: Trainer, zero_to_fp32.py", "shards of DeepSpeed", "zero_to_fp32.py gathers them", r"zero_to_fp32|DeepSpeed|shard", {"model.safetensors": None, "global_step500/mp_rank_00_model_states.pt": b"PK\x03\x04" + bytes(64), "zero_to_fp32.py": "print()\n", "latest": "global_step500\n"}),
    folder("transformers: Trainer, FSDP sharded checkpoint", "shards of FSDP", "accelerate merge-weights gathers them", r"FSDP|merge-weights|shard|distcp", {"model.safetensors": None, "pytorch_model_fsdp_0/__0_0.distcp": bytes(64), "pytorch_model_fsdp_0/.metadata": bytes(64)}),
    folder("mlx-lm: utils, trust_remote_code", "a model of code of its own", "auto_map asks for foreign code: none is run", r"code|auto_map|rare", {"config.json": {"model_type": "rare", "architectures": ["RareForCausalLM"], "auto_map": {"AutoModelForCausalLM": "modeling_rare.RareForCausalLM"}}}),
    folder("transformers: modeling_utils, tied weights that differ", "a head of its own that is said to be tied", "both are there: tie_word_embeddings: false", r"tie_word_embeddings|\btied\b", {"config.json": {"tie_word_embeddings": True}}),
    folder("transformers: modeling_utils, index names a file that is not there", "a part of the weights that is not there", "model-00002-of-00002.safetensors is missing", r"00002", {"model.safetensors": None, "model-00001-of-00002.safetensors": tensors(), "model.safetensors.index.json": {"metadata": {}, "weight_map": {**dict.fromkeys(tensors()["safetensors"], "model-00001-of-00002.safetensors"), "lm_head.weight": "model-00002-of-00002.safetensors"}}}),
    swap(CLINIC, "folder", "transformers: PreTrainedConfig.from_pretrained, should be a directory", "a file in a folder's place", "the folder: models/base", "{path: models/base}", "{path: models/base/model.safetensors}", r"folder|models/base\b", at="model.safetensors | ${base}"),
    # rows
    table("trl: get_dataset_format; axolotl: prompt, chosen and rejected keys", "pairs of preferences", "chosen and rejected are preferences: there is no dpo", r"chosen|reject|prefer", [{"prompt": q, "chosen": a, "rejected": "I do not know."} for q, a in REPLIES]),
    table("trl: unpaired preference; LLaMA-Factory: only one preference type", "answers with a mark of good and bad", "label says which are bad: they are learned too", r"label|bad", [{"prompt": q, "completion": a, "label": n % 2 == 0} for n, (q, a) in enumerate(REPLIES)]),
    table("LLaMA-Factory: converter, invalid role tag; trl: invalid role in message", "a role that nobody knows", "clerk is no role: assistant", r"clerk|role", [talk(("user", q), ("clerk", a)) for q, a in REPLIES]),
    table("LLaMA-Factory: converter, invalid message count", "two questions in a row", "turns alternate: an answer is missing", r"user|turn|question|answer|alternat", [talk(("user", q), ("user", "Please."), ("user", a)) for q, a in REPLIES]),
    table("trl: the dataset appears to be vision-related", "pictures beside the texts", "images is read by nothing", r"image|picture", changed(images=["scans/1.png"])),
    table("trl: content of parts; ms-swift: template_inputs", "a picture in a message", "image_url is no text", r"image|picture", [{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "a.png"}}, {"type": "text", "text": q}]}, {"role": "assistant", "content": a}]} for q, a in REPLIES]),
    table("trl: tool_calls must be a list; LLaMA-Factory: tool_utils", "calls of tools in the answers", "the template writes no tool_calls", r"tool", [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "diary", "arguments": {"q": a}}}]}, {"role": "tool", "content": a}, {"role": "assistant", "content": a}]} for q, a in REPLIES]),
    table("llm-foundry: no valid examples found after filtering", "answers that are empty", "completion is empty in every row", r"empty", [{"prompt": q, "completion": ""} for q, _ in REPLIES]),
    table("mlx-lm: dataset must have at least batch_size examples", "five rows for a batch of eight", "one step is more than all data", r"\b5\b|batch|rows|steps", [talk(("user", q), ("assistant", a)) for q, a in REPLIES[:5]], at="batch_size | data/rows.jsonl | num_train_epochs"),
    table("mlx-lm: unsupported data format", "rows without any column that is known", "columns says which they are", r"columns", [{"anfrage": q, "antwort": a} for q, a in REPLIES]),
    table("LLaMA-Factory: data loader, tool and observation roles", "roles of tools by LLaMA-Factory's names", "function_call and observation are no roles here", r"function_call|observation|role", [{"conversations": [{"from": "human", "value": q}, {"from": "function_call", "value": "{}"}, {"from": "observation", "value": a}, {"from": "gpt", "value": a}]} for q, a in REPLIES]),
    table("trl: already processed dataset with input_ids", "rows of ids", "input_ids were made by another tokenizer: give the texts", r"input_ids|ids", [{"input_ids": [5, 6, 7, n % 90 + 5], "attention_mask": [1, 1, 1, 1], "labels": [-100, -100, 7, n % 90 + 5]} for n in range(200)]),
    table("datasets: packaged_modules/webdataset", "an archive of samples", "a tar is unpacked first", r"tar|unpack|archive", b"x" * 257 + b"ustar" + bytes(800), name="data/rows.tar"),
    bad(CLINIC, "data", "LLaMA-Factory: loading dataset from disk; datasets: save_to_disk", "a folder that datasets has saved", "arrow files are no rows here: to_parquet, to_json", {SHEET: "      - path: data/saved\n"}, "data/saved", r"arrow|save_to_disk|parquet", files={"data/saved/dataset_info.json": {"features": {"text": {"dtype": "string", "_type": "Value"}}}, "data/saved/state.json": {"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}, "data/saved/data-00000-of-00001.arrow": b"ARROW1" + bytes(90)}),
    table("datasets: packaged_modules/pandas", "pickled rows", "a pickle is not opened: to_parquet", r"pickle|pkl|parquet", b"\x80\x04\x95" + bytes(60), name="data/rows.pkl"),
    table("datasets: packaged_modules/hdf5", "numbers in HDF5", "no text format", r"HDF5|h5|format|read", b"\x89HDF\r\n\x1a\n" + bytes(60), name="data/rows.h5"),
    table("datasets: packaged_modules/xml", "an export in XML", "no rows", r"XML|xml", "<rows>\n" + "".join(f"<row><q>{q}</q><a>{a}</a></row>\n" for q, a in REPLIES) + "</rows>\n", name="data/rows.xml"),
    swap(CLINIC, "data", "axolotl: check_train_on_split", "a split by a name that is not read", "split, not train_on_split; and a file has none", "        columns: {prompt: question, completion: reply}\n", "        columns: {prompt: question, completion: reply}\n        train_on_split: train\n", r"\bsplit\b", at="train_on_split"),
    swap(CLINIC, "data", "axolotl: SFTDataset.type", "a kind of rows by axolotl's key", "the columns say it", "        columns: {prompt: question, completion: reply}\n", "        columns: {prompt: question, completion: reply}\n        type: alpaca\n", r"columns|by itself|delete", at="type: alpaca"),
    swap(CLINIC, "data", "axolotl: SFTDataset.field_messages", "the messages' column by axolotl's key", "columns: {messages: dialogue}", "        columns: {prompt: question, completion: reply}\n", "        field_messages: dialogue\n", r"columns", at="field_messages"),
    swap(CLINIC, "data", "LLaMA-Factory: dataset_info, formatting", "a kind of rows by LLaMA-Factory's key", "the columns say it", "        columns: {prompt: question, completion: reply}\n", "        columns: {prompt: question, completion: reply}\n        formatting: sharegpt\n", r"columns|by itself|delete", at="formatting"),
    swap(ARCHIVE, "data", "LLaMA-Factory: max_samples", "rows at most, by LLaMA-Factory's key", "take: 100 in the source", "        document: blank_line\n", "        document: blank_line\n        max_samples: 100\n", r"\btake\b", "        document: blank_line\n        take: 100\n", at="max_samples"),
    swap(ARCHIVE, "data", "LLaMA-Factory: interleave_probs and datasets of one length", "shares of the sources by LLaMA-Factory's key", "weight in each source", "    clean:\n", "    interleave_probs: [0.7, 0.3]\n    clean:\n", r"weight", at="interleave_probs"),
    swap(ARCHIVE, "data", "trl: get_dataset, fraction for all or none", "a share of one source alone", "weight, repeat or take; fraction is none", "        document: blank_line\n", "        document: blank_line\n        fraction: 0.5\n", r"weight|repeat|take", at="fraction"),
    bad(CLINIC, "data", "datasets: builder, config name is missing", "a data set of the hub without its configuration", "wikimedia/wikipedia has one configuration a language: config: 20231101.tr", {SHEET: "      - hub: wikimedia/wikipedia\n        revision: b04c8d1ceb2f5cd4588862100d08de323dccfbaa\n"}, "wikimedia", r"config"),
]
# fmt: on
