"""Base models: the weights that are stored are those that config.json asks for."""

from collections.abc import Iterator

from runner.modelfolder import INDEX, SINGLE
from runner.rules import View, at, rule, say
from runner.screen import plural
from schemas.findings import Finding
from steps.sizing.configs import refused
from steps.sizing.headers import differs, unread, unread_blocks


@rule()
def weights_are_those_of_the_config(view: View) -> Iterator[Finding]:
    """C003: matrices that config.json asks for and the weights do not have, or have in another shape; a warning for blocks it leaves out.

    transformers fills what is missing with random numbers, and says so in the middle of its log.
    """
    for step, where, folder in view.bases:
        if step.type != "train" or folder is None or not folder.tensors or folder.quantised or folder.broken:
            continue
        if refused(folder.config) is not None or all(name.startswith("adapter_model") for name in folder.shards):
            continue  # what it asks for is not what was meant, or C044: there is no model at all
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
        elif name := unread(folder.config, folder.tensors):
            message = f"{folder.name} holds {name}, which a {folder.kind} of its config.json does not have: it is left out"
            yield say("C003", step, f"{where}.{named}", message, _remedy(name), severity="warning")


@rule()
def weights_are_numbers(view: View) -> Iterator[Finding]:
    """S101: a last norm that holds nan or inf. Where a training diverges every weight is lost with the first step that is no number."""
    for step, where, folder in view.bases:
        if step.type != "train" or folder is None or folder.quantised or folder.broken or not folder.lost:
            continue
        named = next((way for way in ("path", "hub") if isinstance(at(step.raw, f"{where}.{way}"), str)), "path")
        message = f"{folder.name}: {folder.lost} holds nan or inf: the loss is no number from the first step on"
        yield say("S101", step, f"{where}.{named}", message, "take the weights of a step before they were lost, or fetch the folder again")


def _remedy(reason: str) -> str:
    if "as peft names" in reason or any(part in reason for part in (".base_layer.", ".lora_")):
        return "merge the adapter and save the model itself: model.merge_and_unload().save_pretrained(FOLDER)"
    if "is looked for" in reason:
        return "save the model itself, without what it was wrapped in: model.save_pretrained(FOLDER)"
    return "copy config.json and the weights from one place"
