"""The eleventh batch: failures of tools and of text from public trackers, in four recipes of other shapes, and 20 sound ones.

Written, and committed, before any rule or page was read and before the check was tried on it. It is half of a pair: the tenth batch holds
the failures of training, this one GGUF and Ollama, YAML, keys, tokenizers, LoRA, quantisation, folders and environment, Mamba, ids in
files, disk, and corpora. Of the 79 failures 76 have the number of a thread, none of them met before. See batch_11_cases for the recipes.

At first sight, each screen read: of the 73 that can happen here 56 (77 %) are found, 1 told (a hub that is switched off), 13 seen with
another cause or a fix that leads nowhere (a tab behind a key, shared settings under a key of their own, quantize: bnb.nf4, torchtune's
passes, two quantisations, quanto's weights, three stops in one text, a path from the manual, a pattern below a file, a comma behind every
line, objects over several lines, a second file with other columns, text in a file of ids), 3 missed (a scan, a PDF under a password,
BERT's special tokens); 6 do not happen here (HARMLESS). Of the 20 sound recipes two were alarmed, both with a batch that their card does
not hold, and one twin had its mistake still in it; they are written anew. What was missed or led astray was mended by its family after.
"""

from batch_11_text import CASES as TEXT
from batch_11_tools import CASES as TOOLS
from batch_11_valid import VALID
from cases import Case

HARMLESS = {
    "a name in capitals": "it can be made and run; only a registry wants small letters",
    "weights whose names lack their beginning": "transformers finds them, and the export is written anew",
    "semicolons between the cells": "they are read",
    "tabs between the cells of a .csv": "they are read",
    "a table in UTF-16": "it is read",
    "a Mamba in fp16 on a card that has bf16": "the state is fp32",
}
WRITTEN = [*TOOLS, *TEXT]
CASES = [case for case in WRITTEN if case.title not in HARMLESS]
SOUND = [
    *(case.sound() for case in CASES if case.twin),
    *VALID,
    *(Case(case.family, case.title, "", files=case.files, raw=case.text()) for case in WRITTEN if case.title in HARMLESS),
]
