"""The fourteenth batch: failures of tokenizers, resume, packing, LoRA, quantisation, environment, Mamba, ids in files, disk, caches,
memory, targets, tracking and export, from public trackers; and 28 sound recipes.

Written, and committed, before the check was tried on it and before any rule was read, apart from the pages that stand in the steps' own
files. A source without a number is known by experience only. See batch_9_cases, batch_10_training and batch_11_cases for the recipes.
"""

from batch_14_tools import CASES as TOOLS
from batch_14_training import CASES as TRAINING
from batch_14_valid import VALID
from cases import Case

HARMLESS: dict[str, str] = {}
WRITTEN = [*TRAINING, *TOOLS]
CASES = [case for case in WRITTEN if case.title not in HARMLESS]
SOUND = [
    *(case.sound() for case in CASES if case.twin),
    *VALID,
    *(Case(case.family, case.title, "", files=case.files, raw=case.text()) for case in WRITTEN if case.title in HARMLESS),
]
