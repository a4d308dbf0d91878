"""The sixth batch: siblings of the known failures, one each, by their families and causes. Written before any rule was read or tried."""

from batch_6_pretraining import CASES as PRETRAINING
from batch_6_pretraining import IMPOSSIBLE as SOUND_PRETRAINING
from batch_6_tuning import CASES as TUNING
from batch_6_tuning import IMPOSSIBLE as SOUND_TUNING
from cases import Case

CASES = [*PRETRAINING, *TUNING]
IMPOSSIBLE = [*SOUND_PRETRAINING, *SOUND_TUNING]
SOUND = [
    *(case.sound() for case in CASES if case.twin),
    *(Case(case.family, case.title, case.recipe, case.changes, case.files, case.environment) for case in IMPOSSIBLE),
]
