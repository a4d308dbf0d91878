"""The sixth batch: siblings of the known failures, by their families and causes: another field, file, step or number each.

Written before any rule was read or tried on it, by somebody who knew README, schema and gallery; `source` names the known failure and a
thread of its kind. At first sight: 73 of 93 found (78 %), 3 told, 4 seen with another cause or a fix that leads nowhere, 13 missed; of the
sound twins none was alarmed. Since mended. Of 103 ten are left out: two were written as sound recipes (cf-024, cf-060: more rows than
tokens, another machine than this), six are none here (IMPOSSIBLE, and cf-188: a stop that never comes), and two cannot be said (cf-176,
cf-183: a model from elsewhere is exported by way of a train step alone).
"""

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
