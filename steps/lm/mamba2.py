"""Mamba-2 by transformers' classes: their chunked form of the scan is quick on a CPU too.

Tri Dao, Albert Gu: Transformers are SSMs, arXiv 2405.21060; initialisation as in github.com/state-spaces/mamba (mamba2.py).
"""

import math

import torch
from torch import nn
from transformers.models.mamba2.configuration_mamba2 import Mamba2Config
from transformers.models.mamba2.modeling_mamba2 import Mamba2ForCausalLM

from schemas import ModelConfig
from steps.lm.mamba import inverse_softplus, log_uniform

CHUNK = 64  # positions of one block of the scan


def config(model: ModelConfig, vocab_size: int, ids: dict[str, int | None]) -> Mamba2Config:
    """The transformers config of `model`, one group of B and C. ids: pad_token_id, bos_token_id, eos_token_id."""
    return Mamba2Config(
        vocab_size=vocab_size, hidden_size=model.d_model, num_hidden_layers=model.n_layers, state_size=model.state,
        conv_kernel=model.conv, expand=model.expand or 2, num_heads=model.heads, head_dim=model.mamba2_head_dim, n_groups=1,
        chunk_size=CHUNK, tie_word_embeddings=model.tie_embeddings, initializer_range=0.02, **ids,
    )  # fmt: skip


@torch.no_grad()
def initialise(model: nn.Module) -> None:
    """Fill a new Mamba-2's weights from torch's generator, as the authors' code does.

    As Mamba-1 (see `steps.lm.mamba`), but A = -uniform(1, 16), one a head, and dt has a bias and no projection.
    """
    backbone = model.backbone
    nn.init.normal_(backbone.embeddings.weight, std=0.02)
    if model.lm_head.weight is not backbone.embeddings.weight:
        nn.init.normal_(model.lm_head.weight, std=0.02)
    for block in backbone.layers:
        m = block.mixer
        for layer in (m.in_proj, m.out_proj):
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5))
        m.out_proj.weight /= math.sqrt(len(backbone.layers))
        bound = 1 / math.sqrt(m.conv1d.weight.shape[-1])
        nn.init.uniform_(m.conv1d.weight, -bound, bound)
        nn.init.uniform_(m.conv1d.bias, -bound, bound)
        m.A_log.copy_(torch.empty(m.num_heads).uniform_(1, 16).log())
        m.dt_bias.copy_(inverse_softplus(log_uniform(m.num_heads)))
        nn.init.ones_(m.D)


__all__ = ["Mamba2ForCausalLM", "config", "initialise"]
