"""Base models: the weights that are stored are those that config.json asks for."""

from collections.abc import Iterator

from runner.modelfolder import INDEX, SINGLE
from runner.rules import View, at, rule, say
from runner.screen import plural
from schemas.findings import Finding
from steps.sizing.configs import refused
from steps.sizing.headers import differs, unread_blocks


@rule()
def weights_are_those_of_the_config(view: View) -> Iterator[Finding]:
    """C003: matrices that config.json asks for and the weights do not have, or have in another shape; a warning for blocks it leaves out.

    transformers fills what is missing with random numbers, and says so in the middle of its log.
    """
    for step, where, folder in view.bases:
        if step.type != "train" or folder is None or not folder.tensors or folder.quantised or folder.broken:
            continue
        if refused(folder.config) is not None:
            continue  # what it asks for is not what was meant
        named = next((way for way in ("path", "hub") if isinstance(at(step.raw, f"{where}.{way}"), str)), "path")
        if SINGLE in folder and INDEX in folder and SINGLE not in folder.shards:
            message = f"{folder.name} holds {SINGLE} and other weights that {INDEX} names: which of them are read is chance"
            yield say("C003", step, f"{where}.{named}", message, "delete what does not belong to config.json", severity="warning")
        elif reason := differs(folder.config, folder.tensors):
            yield say("C003", step, f"{where}.{named}", f"{folder.name}: {reason}", _remedy(reason))
        elif count := unread_blocks(folder.config, folder.tensors):
            message = f"{folder.name} holds {plural(count, 'block')} more than config.json asks for: they are left out"
            fix = "copy config.json and the weights from one place"
            yield say("C003", step, f"{where}.{named}", message, fix, severity="warning")


def _remedy(reason: str) -> str:
    if "as peft names" in reason or ".base_layer." in reason:
        return "merge the adapter and save the model itself: model.merge_and_unload().save_pretrained(FOLDER)"
    if "is looked for" in reason:
        return "save the model itself, without what it was wrapped in: model.save_pretrained(FOLDER)"
    return "copy config.json and the weights from one place"
