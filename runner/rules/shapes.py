"""Base models: the weights that are stored are those that config.json asks for."""

import re
from collections.abc import Iterator

from runner.modelfolder import EMBEDDINGS, INDEX, SINGLE, ModelFolder
from runner.rules import View, at, rule, say
from schemas.findings import Finding

BLOCK = re.compile(r"(?:^|\.)(?:layers|h|blocks|layer)\.(\d+)\.")
COUNTS = ("num_hidden_layers", "n_layer", "num_layers")  # of blocks, in config.json
WIDTHS = ("hidden_size", "n_embd", "d_model")
OF_ANOTHER_WIDTH = ("word_embed_proj_dim", "embedding_size", "num_nextn_predict_layers")  # keys of models that are counted in another way


@rule()
def weights_are_those_of_the_config(view: View) -> Iterator[Finding]:
    """C003: blocks or an output layer that config.json asks for and the weights do not have, and an embedding of another width.

    transformers fills what is missing with random numbers, and says so in the middle of its log.
    """
    for step, where, folder in view.bases:
        if step.type != "train" or folder is None or not folder.tensors or folder.quantised or folder.broken:
            continue
        if SINGLE in folder and INDEX in folder and SINGLE not in folder.shards:
            message = f"{folder.name} holds {SINGLE} and other weights that {INDEX} names: which of them are read is chance"
            named = next((way for way in ("path", "hub") if isinstance(at(step.raw, f"{where}.{way}"), str)), "path")
            yield say("C003", step, f"{where}.{named}", message, "delete what does not belong to config.json", severity="warning")
        elif reason := _differs(folder):
            fix = "copy config.json and the weights from one place"
            named = next((way for way in ("path", "hub") if isinstance(at(step.raw, f"{where}.{way}"), str)), "path")
            yield say("C003", step, f"{where}.{named}", f"{folder.name}: {reason}", fix)


def _differs(folder: ModelFolder) -> str:
    """What the weights lack, in words; empty where they are whole."""
    config = folder.config
    if config.get("is_encoder_decoder") is True or any(key in config for key in OF_ANOTHER_WIDTH):
        return ""
    blocks = {int(found[1]) for name in folder.tensors if (found := BLOCK.search(name))}
    asked = next((config[key] for key in COUNTS if isinstance(config.get(key), int)), None)
    if blocks and asked is not None and asked > max(blocks) + 1:
        return f"config.json asks for {asked} blocks, the weights have {max(blocks) + 1}: the rest would be random numbers"
    width = next((config[key] for key in WIDTHS if isinstance(config.get(key), int)), None)
    stored = next((t.shape[1] for name, t in folder.tensors.items() if name.endswith(EMBEDDINGS) and "position" not in name
                   and len(t.shape) == 2), None)  # fmt: skip
    if width is not None and stored is not None and stored != width:
        return f"config.json says a width of {width:,}, the embedding of the weights has {stored:,}"
    heads = any(name.endswith(("lm_head.weight", "embed_out.weight", "output.weight")) for name in folder.tensors)
    if config.get("tie_word_embeddings") is False and not heads and stored is not None:
        return "config.json says that the output layer is not tied to the embedding, and the weights have none: it would be random numbers"
    return ""
