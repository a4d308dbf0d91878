"""The fourteenth batch: failures of tokenizers, resume, packing, LoRA, quantisation, environment, Mamba, ids in files, disk, caches,
memory, targets, tracking and export, from public trackers; and 28 sound recipes.

Written, and committed, before the check was tried on it and before any rule was read, apart from the pages that stand in the steps' own
files. A source without a number is known by experience only. See batch_9_cases, batch_10_training and batch_11_cases for the recipes.

At first sight, each screen read: of the 73 that can happen here 50 (68 %) are found, 3 told (symbols by another spelling, a mirror without
https, the allocator's option: the last two are of this machine, and the recipe is for another), 9 seen with another cause or a fix that
leads nowhere (neat_packing, cache_dir, use_cache, download_mode, a mode of wandb, a plan behind its training, a recipe that is misspelt,
ids as fractions, a Quadro), 11 missed (nfkc, an end mark between texts, gpt-oss, 256 processes, a plan for all of the memory, a SOCKS
proxy, an empty file of ids, a store in memory and one that is a file, a team of the manual, a key of wandb); 12 do no harm here (HARMLESS).
None of the 28 sound recipes was alarmed. One case was no YAML, and is written anew.
"""

from batch_14_tools import CASES as TOOLS
from batch_14_training import CASES as TRAINING
from batch_14_valid import VALID
from cases import Case

HARMLESS = {
    "four bits without a GPU": "bitsandbytes holds and trains them on a processor too",
    "compiled for Metal": "it does since torch 2.10, and a run goes on without where it does not",
    "a batch that three cards cannot share": "a train step uses one of them, and says so",
    "brackets in a folder's name": "a path that is there is taken as it is",
    "a line break behind a token": "the hub's client takes it away",
    "a token of nothing": "the hub's client takes it for none",
    "certificates in a file that is not there": "the hub's client looks at SSL_CERT_FILE alone",
    "a proxy without http://": "the hub's client puts it before",
    "a file of ids with llm.c's head": "it is known, and left out",
    "a band at a step that is not validated": "it is validated there for the band",
    "three quotation marks in a system message": "Ollama's parser ends a text at them only where a line ends",
    "a llama with biases": "llama.cpp takes them where they are",
}
WRITTEN = [*TRAINING, *TOOLS]
CASES = [case for case in WRITTEN if case.title not in HARMLESS]
SOUND = [
    *(case.sound() for case in CASES if case.twin),
    *VALID,
    *(Case(case.family, case.title, "", files=case.files, raw=case.text()) for case in WRITTEN if case.title in HARMLESS),
]
