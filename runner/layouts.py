"""Weights as other trainers leave them, told by names in the folder, and the command that turns them into a transformers folder."""

import re
from pathlib import Path

OTHERS = (  # a pattern of names, what it is, what to do about it
    (r"zero_to_fp32\.py|global_step\d+|.*_zero_pp_rank_.*|mp_rank_\d+_model_states\.pt",
     "DeepSpeed's parts of weights, which are not put together",
     "python {0}/zero_to_fp32.py {0} {0} --safe_serialization puts them together"),
    (r"pytorch_model_fsdp_\d+|__\d+_\d+\.distcp", "FSDP's parts of weights, which are not put together",
     "accelerate merge-weights {0}/{1} {0} puts them together"),
    (r"lit_model\.pth(\.lora)?", "it is LitGPT's own layout",
     "litgpt convert_from_litgpt {0} OUT, and name the folder that the weights were converted from, with them in it"),
    (r"(hf|meta)_model_\d{4}_\d+\.pt|torchtune_model_\d+\.pt", "it is a checkpoint of torchtune",
     "let torchtune write safetensors, by its FullModelHFCheckpointer, and name that folder"),
    (r"latest-rank\d+\.pt|ep\d+-ba\d+-rank\d+\.pt", "it is a checkpoint of Composer",
     "python -m llmfoundry.scripts.inference.convert_composer_to_hf makes a transformers folder of it"),
    (r"ckpt\.pt|model_\d+\.pt", "it is a checkpoint of nanoGPT or its like", "make a transformers folder of it, or train anew with recipe"),
    (r"events\.out\.tfevents.*|trainer_state\.json|optimizer\.pt|scheduler\.pt",
     "it is what a trainer leaves beside its weights, without them",
     "name the folder with model.safetensors"),
)  # fmt: skip


def of_another(folder: Path, shown: str) -> tuple[str, str] | None:
    """What lies in a folder without weights of transformers, and what to do about it; None for nothing that is known."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        return None
    for pattern, what, fix in OTHERS:
        found = [name for name in names if re.fullmatch(pattern, name)]
        if found:
            return f"holds {found[0]}: {what}", fix.format(shown, found[-1])
    return None
