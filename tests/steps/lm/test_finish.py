"""The end of a training, and the memory table that one out of memory ends with."""

import torch

from schemas import ModelConfig
from schemas.training import LoraSettings
from steps.lm.adapters import add
from steps.lm.build import build
from steps.lm.finish import memory_table
from steps.sizing.fallback import Live
from tests.steps.lm.small import IDS, SIZES, params


def test_the_table_of_a_lora_is_of_its_own_adapters():
    """Without added tokens, with DoRA, and with the blocks that are left: fewer blocks take less."""
    found = []
    for layers in (None, 1):
        network = build(ModelConfig.model_validate({**SIZES["llama"], "vocab_size": 400}), 400, IDS, 512, 1)
        lora = {"r": 4, "use_dora": True}
        add(network, "llama", LoraSettings.model_validate(lora), 1)
        asked = params(model={"base": {"path": "base"}}, method="lora", objective="sft", lora=lora)
        table = memory_table(network, Live(64, 64, 8, 512, layers=layers), asked, torch.device("cpu"))
        found.append({row.split()[0]: int(row.split()[-2].replace(",", "")) for row in table.splitlines()[1:-1]})
    assert set(found[0]) == {"allowance", "activations", "logits", "weights", "gradients", "optimizer", "workspace"}
    assert found[1]["activations"] < 0.6 * found[0]["activations"]
