"""The ninth batch: failures from public trackers once more, in recipes of other shapes, and 26 sound ones.

Written, and committed, before any rule or page was read and before the check was tried on it. Each was found by a search of public threads;
"no thread" and sources without a number are known by manual or by experience only. See batch_9_cases for the five recipes.
"""

from batch_9_pretraining import CASES as PRETRAINING
from batch_9_tuning import CASES as TUNING
from batch_9_valid import VALID
from cases import Case

HARMLESS: dict[str, str] = {}
ALARMED: tuple[str, ...] = ()
WRITTEN = [*PRETRAINING, *TUNING]
CASES = [case for case in WRITTEN if case.title not in HARMLESS]
SOUND = [
    *(case.sound() for case in CASES if case.twin),
    *VALID,
    *(
        Case(case.family, case.title, "", files=case.files, raw=case.text())
        for case in WRITTEN
        if case.title in HARMLESS and case.title not in ALARMED
    ),
]
