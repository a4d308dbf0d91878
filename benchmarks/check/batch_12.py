"""The twelfth batch: what other trainers refuse or warn of inside their run, as recipes of ours.

Read, in the packages of that day, were the validators of axolotl 0.19, LLaMA-Factory 0.9.5, transformers 5.23, trl 1.16, peft 0.21, litgpt,
torchtune, nanotron, mlx-lm, ms-swift, unsloth, llm-foundry, datasets and sentencepiece: each case names the package and the validator.
Written, and committed, before the check was tried on it. See batch_11_cases for the recipes; their keys by the thousand are in peer_keys.

At first sight, each screen read: of the 125 that can happen here 93 (74 %) are found, 2 told, 22 seen with another cause or a fix that
leads nowhere (13 keys that were only unknown or taken for others, 4 values, 3 folders of other trainers, a saved data set, heads that do
not divide), 8 missed (rotary positions, kinds of layers, a type of numbers, the tokenizer's settings, pictures); 5 do no harm here, as a
run of each has shown (HARMLESS). The patterns of two cases were wrong and are written anew.
"""

from batch_12_files import CASES as FILES
from batch_12_settings import CASES as SETTINGS
from cases import Case

HARMLESS = {
    "a sampling setting without sampling": "the run saves what it trains, and asks transformers for no generation_config",
    "sampling settings in config.json": "they are kept as they are",
    "a head of its own that is said to be tied": "transformers takes both as they are where they differ",
    "calls of tools in the answers": "they are written in the marks that Hermes and Qwen use",
    "roles of tools by LLaMA-Factory's names": "they are known",
}
WRITTEN = [*SETTINGS, *FILES]
CASES = [case for case in WRITTEN if case.title not in HARMLESS]
SOUND = [
    *(case.sound() for case in CASES if case.twin),
    *(Case(case.family, case.title, "", files=case.files, raw=case.text()) for case in WRITTEN if case.title in HARMLESS),
]
