# ruff: noqa: E501 - a case is one line
"""Failures of tools: folders and environment, ids in files, disk, caches, tracking, export. See batch_14."""

import gzip
import struct
from typing import Any

from batch_9_cases import NOVELS, POLITE, bad, line, swap
from batch_11_cases import ARCHIVE, CLINIC, RADIO, SEVEN, SHEET, tensors
from batch_11_tools import EXPORT, USED

BASE = "models/base"
SOUND = "  - type: check_vocab_consistency\n"
BINS = SOUND + "    bins: {path: old, dtype: uint16}\n"
TRACKED = "    save_steps: 20\n"
IDS = [5 + n % 600 for n in range(4000)]
SHORT = struct.pack("<4000H", *IDS)
LLMC = struct.pack("<256i", 20240520, 1, 4000, *[0] * 253) + SHORT
MLP = tensors()["safetensors"] | {
    f"model.layers.{n}.mlp.{p}_proj.bias": (64 if p == "down" else 128,) for n in range(2) for p in ("gate", "up", "down")
}


def bins(source: str, title: str, must: str, content: bytes, says: str, **more: Any) -> Any:
    """Ids made elsewhere, in old/train.bin."""
    return bad(
        RADIO, "dtype", source, title, must, {SOUND: BINS}, "bins", says, files={"old/train.bin": content}, repair={BINS: SOUND}, **more
    )


def set_to(base: Any, source: str, title: str, must: str, name: str, value: str, says: str, changes: dict[str, str] | None = None) -> Any:
    """A variable of the environment. It is no line of the recipe: the finding may stand anywhere."""
    return bad(base, "environment", source, title, must, changes or {}, "", says, environment={name: value}, twin=False)


def tracked(source: str, title: str, must: str, text: str, says: str, better: str, **more: Any) -> Any:
    """The novels with a tracker."""
    return swap(
        NOVELS,
        "tracking",
        source,
        title,
        must,
        TRACKED,
        f"{TRACKED}    {text}\n",
        says,
        f"{TRACKED}    {better}\n" if better else TRACKED,
        at=more.pop("at", text.split("\n")[0]),
        **more,
    )


# fmt: off
CASES = [
    # folders and environment
    swap(CLINIC, "paths", "huggingface/datasets#7468 and ultralytics/ultralytics#24257", "brackets in a folder's name", "[2024] is one of 2, 0, 4 in a pattern: [[]2024]", "path: data/desk.csv", "path: \"data/desk [2024]/desk.csv\"", r"\[|bracket|pattern", "path: \"data/desk [[]2024]/desk.csv\"", files={"data/desk [2024]/desk.csv": SHEET}, mended={"data/desk [2024]/desk.csv": SHEET}),
    swap(SEVEN, "paths", "lxe/simple-llm-finetuner#59 and billwuhao/ComfyUI_IndexTTS#54", "a name of the hub with a slash behind", "owner/name, without a slash behind it", "mistralai/Mistral-7B-Instruct-v0.3", "mistralai/Mistral-7B-Instruct-v0.3/", r"slash|owner/name|mistralai/Mistral-7B-Instruct-v0\.3\b[^/]", at="mistralai | ${base}"),
    set_to(SEVEN, "no thread: HF_ENDPOINT as a bare name; padeoe/hf-mirror-site", "a mirror without https://", "HF_ENDPOINT=https://hf-mirror.com", "HF_ENDPOINT", "hf-mirror.com", r"HF_ENDPOINT"),
    set_to(SEVEN, "mave5/podalize#8 and huggingface/transformers#21724", "a line break behind a token", "HF_TOKEN ends with a line break", "HF_TOKEN", "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\n", r"HF_TOKEN"),
    set_to(POLITE, "h2oai/h2o-llmstudio#1110 and sciknoworg/OntoLearner#345", "a token of nothing", "HF_TOKEN is set and empty: unset it", "HF_TOKEN", " ", r"HF_TOKEN"),
    set_to(SEVEN, "python-poetry/poetry#7202 and huggingface/transformers#17611", "certificates in a file that is not there", "REQUESTS_CA_BUNDLE names no file", "REQUESTS_CA_BUNDLE", "/etc/ssl/certs/company.pem", r"REQUESTS_CA_BUNDLE"),
    set_to(SEVEN, "WalkingMeatAxolotl/AnimaLoraStudio#190 and psf/requests#3516", "a SOCKS proxy without its package", "pip install 'httpx[socks]', or an http proxy", "ALL_PROXY", "socks5://127.0.0.1:1080", r"ALL_PROXY|SOCKS|socks"),
    set_to(SEVEN, "no thread: a proxy as host and port alone", "a proxy without http://", "HTTPS_PROXY=http://127.0.0.1:7890", "HTTPS_PROXY", "127.0.0.1:7890", r"HTTPS_PROXY|proxy"),
    set_to(CLINIC, "RVC-Boss/GPT-SoVITS#1348", "the allocator's option with =", "max_split_size_mb:128, with a colon", "PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb=128", r"PYTORCH_CUDA_ALLOC_CONF|max_split_size_mb"),
    set_to(CLINIC, "no thread: a device by torch's word", "a card by torch's word", "CUDA_VISIBLE_DEVICES=0: numbers", "CUDA_VISIBLE_DEVICES", "cuda:0", r"CUDA_VISIBLE_DEVICES", {"target: l4": "target: here"}),
    # dtype of tokens
    bins("no thread: karpathy/llm.c, dev/data/data_common.py", "a file of ids with llm.c's head", "the first 1,024 bytes are a head of llm.c", LLMC, r"llm\.c|head|20240520"),
    bins("openspeech-team/openspeech#124", "a file of ids that was cut", "8,001 bytes are no whole number of two-byte ids", SHORT + b"\x07", r"whole|cut|multiple|odd|bytes"),
    bad(RADIO, "dtype", "numpy/numpy#27723", "an empty file of ids", "old/val.bin is empty", {SOUND: BINS}, "bins", r"val\.bin|empty", files={"old/train.bin": SHORT, "old/val.bin": b""}, repair={BINS: SOUND}),
    bins("no thread: torch.save under another name", "a tensor of torch under another name", "old/train.bin is a zip of torch.save", b"PK\x03\x04\x00\x00\x08\x08" + b"archive/data.pkl" + bytes(7000), r"torch|zip|PK|pickle"),
    bins("huggingface/datatrove#304: files in transit", "ids that are still squeezed", "old/train.bin is gzip: unpack it", gzip.compress(SHORT + bytes(n * 7 % 251 for n in range(6000)), mtime=0), r"gzip|gz\b|unpack|compressed|squeezed"),
    bad(RADIO, "dtype", "EleutherAI/gpt-neox#1329", "the index for the ids", "text_document.idx is Megatron's index: the ids are in text_document.bin", {SOUND: SOUND + "    bins: {path: old/text_document.idx}\n"}, "bins", r"index|idx|Megatron|\.bin", files={"old/text_document.bin": struct.pack("<4000i", *IDS), "old/text_document.idx": b"MMIDIDX\x00\x00" + struct.pack("<QBQQ", 1, 4, 4, 5) + bytes(90)}, repair={"    bins: {path: old/text_document.idx}\n": ""}),
    bins("no thread: numpy.random and tofile", "ids as fractions", "old/train.bin holds 32-bit floats", struct.pack("<4000f", *map(float, IDS)), r"float|65,?535|vocab|row|id"),
    swap(RADIO, "dtype", "Lightning-AI/litgpt#471", "ids of another tokenizer", "old was made for 50,257 tokens, the tokenizer has 700", "    max_steps: 60\n", "    max_steps: 60\n    bins: {path: old}\n", r"50,?257|700|tokenizer|4,?9\d\d", at="bins: {path: old} | vocab", files={"old/train.bin": struct.pack("<9000H", *[n * 11 % 5000 for n in range(9000)]), "old/val.bin": struct.pack("<3000H", *[n * 7 % 5000 for n in range(3000)]), "old/artifact.json": {"kind": "TokenBin", "format": 1, "dtype": "uint16", "vocab_size": 50257, "train_tokens": 9000, "val_tokens": 3000, "train_documents": 40, "val_documents": 9, "largest_id": 4999}}),
    # disk
    swap(ARCHIVE, "disk", "xai-org/grok-1#138 and datadreamer-dev/DataDreamer#16", "a store in memory", "/dev/shm is memory, and empty after a restart", "seed: 3\n", "seed: 3\nstore: /dev/shm/archive\n", r"memory|RAM|tmpfs|restart|reboot", at="store"),
    swap(ARCHIVE, "disk", "no thread: a file where the store's folder is meant", "a file for a store", "data/stories.jsonl is a file", "seed: 3\n", "seed: 3\nstore: data/stories.jsonl\n", r"file|folder", at="store"),
    swap(ARCHIVE, "disk", "facebookresearch/mmf#870, ray-project/ray#23674", "six hundred billion tokens, whole", "take: says how many documents are fetched", "      - path: notes/*.md\n        lang: en\n", "      - hub: cerebras/SlimPajama-627B\n        revision: 2d0accdd58c5d5511943ca1f5ff0e3eb5e293543\n        lang: en\n", r"take|TB|GB|disk", at="SlimPajama"),
    # caches
    swap(ARCHIVE, "caches", "LoicGrobol/zeldarose#111", "no cache, by datasets' switch", "the store goes by content: delete it", "    clean:\n", "    load_from_cache_file: false\n    clean:\n", r"content|delete|by itself|made again", at="load_from_cache_file"),
    swap(ARCHIVE, "caches", "tdrussell/diffusion-pipe#71 and h2oai/h2ogpt#729", "a folder for what is fetched, in the source", "HF_HOME or store: say where", "      - path: notes/*.md\n", "      - path: notes/*.md\n        cache_dir: /scratch/hf\n", r"HF_HOME|HF_HUB_CACHE|store", at="cache_dir"),
    line(CLINIC, "caches", "hiyouga/LlamaFactory#10825: prepared rows", "a folder of prepared rows, by LLaMA-Factory's key", "what is made is kept in the store: delete it", "tokenized_path: saves/tokenized", r"store|kept|delete"),
    line(CLINIC, "caches", "huggingface/peft#778", "no cache of keys, by transformers' key", "training never keeps them: delete it", "use_cache: false", r"delete|training|never"),
    swap(ARCHIVE, "caches", "huggingface/datasets#2496", "fetched anew, by datasets' key", "revision: names the version", "      - path: notes/*.md\n", "      - path: notes/*.md\n        download_mode: force_redownload\n", r"revision|delete|content", at="download_mode"),
    # tracking and reporting
    tracked("wandb/wandb#2033 and ultralytics/yolov5#10940", "a slash in a project's name", "project: novels, entity: lab", "tracking: {wandb: {project: lab/novels}}", r"/|slash|entity", "tracking: {wandb: {project: novels, entity: lab}}"),
    tracked("wandb/wandb#478", "a colon in a project's name", "wandb refuses : in a project", "tracking: {wandb: {project: \"novels: second try\"}}", r"name with :|colon", "tracking: {wandb: {project: novels}}"),
    tracked("giulio98/functional-diffusion-processes#4", "a team from the manual", "your_entity is a placeholder", "tracking: {wandb: {project: novels, entity: your_entity}}", r"your_entity|placeholder|manual", "tracking: {wandb: {project: novels}}"),
    set_to(NOVELS, "LeslieTrue/SFTvsRL#1 and togethercomputer/together-python#64", "a key of wandb that is none", "a key has 40 letters, or 86", "WANDB_API_KEY", "your_key", r"WANDB_API_KEY|key", {TRACKED: f"{TRACKED}    tracking: wandb\n"}),
    set_to(NOVELS, "mlflow/mlflow#4 and ultralytics/ultralytics#10438", "a server of MLflow without http://, in the environment", "MLFLOW_TRACKING_URI=http://localhost:5000", "MLFLOW_TRACKING_URI", "localhost:5000", r"MLFLOW_TRACKING_URI|http://", {TRACKED: f"{TRACKED}    tracking: mlflow\n"}),
    tracked("axolotl-ai-cloud/axolotl#768: transformers' list", "a tracker that is not here", "wandb, tensorboard, mlflow", "tracking: [tensorboard, comet_ml]", r"mlflow|wandb", "tracking: [tensorboard]"),
    tracked("huggingface/transformers#36433", "SwanLab, by LLaMA-Factory's switch", "wandb, tensorboard, mlflow", "use_swanlab: true", r"tracking|wandb|mlflow", ""),
    tracked("huggingface/transformers#11084", "TensorBoard's folder, by transformers' key", "its files lie in the run's folder: tracking: tensorboard", "logging_dir: logs", r"tracking|tensorboard|runs/", ""),
    tracked("no thread: wandb.init's own arguments", "a run's name and a mode in wandb's settings", "project and entity alone; WANDB_MODE says the mode", "tracking: {wandb: {project: novels, mode: offline}}", r"WANDB_MODE|project|delete", "tracking: {wandb: {project: novels}}"),
    tracked("no thread: a band for a step without a validation", "a band at a step that is not validated", "validated at 40 and 60, not at 50", "expect: {50: {val_loss: [1.0, 6.0]}}", r"\b40\b|\b60\b|validat", "expect: {60: {val_loss: [1.0, 6.0]}}"),
    # export
    swap(CLINIC, "export", "ollama/ollama#5715", "three quotation marks in a system message", "a Modelfile ends the text at three quotation marks", "    system: You answer for a clinic's desk.\n", "    system: 'Answer as in \"\"\"Yes, on day 3.\"\"\" and no longer.'\n", r"quot|\"\"\"", at="system"),
    bad(CLINIC, "export", "ggml-org/llama.cpp#8361 and InternLM/InternLM#612", "positions that stretch as rows grow", "llama.cpp has no dynamic scaling", {}, USED + " | export_ollama", r"dynamic|rope|rotary|position", files={f"{BASE}/config.json": {"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}}),
    bad(CLINIC, "export", "vllm-project/vllm#52977 and Tiiny-AI/PowerInfer#189", "a llama with another activation", "llama.cpp takes silu for granted", {}, USED + " | export_ollama", r"relu|activation", files={f"{BASE}/config.json": {"hidden_act": "relu"}}),
    bad(CLINIC, "export", "no thread: a llama with biases in its MLP", "a llama with biases", "GGUF's llama has no biases in its MLP", {}, USED + " | export_ollama", r"bias", files={f"{BASE}/config.json": {"mlp_bias": True}, f"{BASE}/model.safetensors": {"safetensors": MLP}}),
    swap(CLINIC, "export", "ollama/ollama#12741 and #17679", "repeats punished five times over", "1.0 is none, 1.1 usual: 5.0 forbids every second use of a word", EXPORT, "    parameters: {repeat_penalty: 5.0, stop: [\"<|im_end|>\"]}\n", r"repeat_penalty|1\.[012]", "    parameters: {repeat_penalty: 1.1, stop: [\"<|im_end|>\"]}\n", at="repeat_penalty"),
    swap(CLINIC, "export", "no thread: num_predict for a context", "answers of four tokens", "the replies have some 20 tokens: num_predict cuts them", EXPORT, "    parameters: {num_predict: 4, stop: [\"<|im_end|>\"]}\n", r"num_predict|cut|tokens", "    parameters: {num_predict: 256, stop: [\"<|im_end|>\"]}\n", at="num_predict"),
    swap(CLINIC, "export", "unslothai/unsloth#2346", "an upload by transformers' key", "nothing is uploaded: hf upload does it", "    name: clinic\n", "    name: clinic\n    push_to_hub: true\n", r"upload|hub", at="push_to_hub"),
]
# fmt: on
