"""The sixth batch: siblings of the known failures, one each, by their families and causes. Written before any rule was read or tried on them."""

from batch_6_pretraining import CASES as PRETRAINING
from batch_6_tuning import CASES as TUNING

CASES = [*PRETRAINING, *TUNING]
SOUND = [case.sound() for case in CASES if case.twin]
