"""The thirteenth batch: failures from public trackers of ten families, and 26 sound recipes.

Vocabulary, schedule, batch, precision, templates, length, data, Ollama, YAML, keys. Written, and committed, before any rule or page was
read and before the check was tried on it. "no thread": known by experience only. See batch_13_cases for the two new recipes.
"""

from batch_13_files import CASES as FILES
from batch_13_models import CASES as MODELS
from batch_13_valid import VALID

CASES = [*MODELS, *FILES]
SOUND = [*(case.sound() for case in CASES if case.twin), *VALID]
