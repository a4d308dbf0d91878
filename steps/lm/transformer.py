"""Llama and GPT-2 shapes by transformers' classes."""

import math

import torch
from torch import nn
from transformers.models.gpt2.configuration_gpt2 import GPT2Config
from transformers.models.gpt2.modeling_gpt2 import GPT2LMHeadModel
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM

from schemas import ModelConfig


def llama_config(model: ModelConfig, vocab_size: int, ids: dict[str, int | None], max_seq_length: int) -> LlamaConfig:
    """The transformers config of a llama (arXiv 2302.13971, section 2.2; grouped keys: arXiv 2305.13245)."""
    return LlamaConfig(
        vocab_size=vocab_size, hidden_size=model.d_model, num_hidden_layers=model.n_layers, num_attention_heads=model.heads,
        num_key_value_heads=model.kv_heads, intermediate_size=model.feed_forward, max_position_embeddings=max_seq_length,
        rms_norm_eps=1e-5, tie_word_embeddings=model.tie_embeddings, attention_dropout=model.dropout, **ids,
    )  # fmt: skip


def gpt2_config(model: ModelConfig, vocab_size: int, ids: dict[str, int | None], max_seq_length: int) -> GPT2Config:
    """The transformers config of a GPT-2 (Radford et al. 2019, section 2.3); positions are learned, so it holds `max_seq_length`."""
    return GPT2Config(
        vocab_size=vocab_size, n_embd=model.d_model, n_layer=model.n_layers, n_head=model.heads, n_inner=model.feed_forward,
        n_positions=max_seq_length, tie_word_embeddings=model.tie_embeddings, resid_pdrop=model.dropout, embd_pdrop=model.dropout,
        attn_pdrop=model.dropout, **ids,
    )  # fmt: skip


@torch.no_grad()
def initialise(model: nn.Module) -> None:
    """Fill new weights from torch's generator: N(0, 0.02), biases 0, norms 1, projections into the residual stream / sqrt(2 layers).

    The division is GPT-2's (section 2.3); Llama's authors do not say, and others (OLMo, nanoGPT) use it for that shape too.
    """
    residual = ("o_proj.weight", "down_proj.weight", "c_proj.weight")
    scale = 1 / math.sqrt(2 * model.config.num_hidden_layers)
    for name, weight in model.named_parameters():
        if weight.ndim >= 2:
            nn.init.normal_(weight, std=0.02 * (scale if name.endswith(residual) else 1.0))
        elif name.endswith("bias"):
            nn.init.zeros_(weight)
        else:
            nn.init.ones_(weight)


__all__ = ["GPT2LMHeadModel", "LlamaForCausalLM", "gpt2_config", "initialise", "llama_config"]
