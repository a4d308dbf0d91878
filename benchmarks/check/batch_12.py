"""The twelfth batch: what other trainers refuse or warn of inside their run, as recipes of ours.

Read, in the packages of that day, were the validators of axolotl 0.19, LLaMA-Factory 0.9.5, transformers 5.23, trl 1.16, peft 0.21, litgpt,
torchtune, nanotron, mlx-lm, ms-swift, unsloth, llm-foundry, datasets and sentencepiece: each case names the package and the validator.
Written, and committed, before the check was tried on it. See batch_11_cases for the recipes.
"""

from batch_12_files import CASES as FILES
from batch_12_settings import CASES as SETTINGS

WRITTEN = [*SETTINGS, *FILES]
CASES = WRITTEN
SOUND = [case.sound() for case in CASES if case.twin]
