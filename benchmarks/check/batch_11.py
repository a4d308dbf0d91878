"""The eleventh batch: failures of tools and of text from public trackers, in four recipes of other shapes, and 20 sound ones.

Written, and committed, before any rule or page was read and before the check was tried on it. It is half of a pair: the tenth batch holds
the failures of training, this one GGUF and Ollama, YAML, keys, tokenizers, LoRA, quantisation, folders and environment, Mamba, ids in
files, disk, and corpora. See batch_11_cases for the recipes.
"""

from batch_11_text import CASES as TEXT
from batch_11_tools import CASES as TOOLS
from batch_11_valid import VALID
from cases import Case

HARMLESS: dict[str, str] = {}
WRITTEN = [*TOOLS, *TEXT]
CASES = [case for case in WRITTEN if case.title not in HARMLESS]
SOUND = [
    *(case.sound() for case in CASES if case.twin),
    *VALID,
    *(Case(case.family, case.title, "", files=case.files, raw=case.text()) for case in WRITTEN if case.title in HARMLESS),
]
