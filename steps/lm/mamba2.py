"""Mamba-2: transformers' classes and weight names, with a mixer whose chunks are matrix products over all heads at once.

Tri Dao, Albert Gu: Transformers are SSMs, arXiv 2405.21060; initialisation as in github.com/state-spaces/mamba (mamba2.py).
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.mamba2.configuration_mamba2 import Mamba2Config
from transformers.models.mamba2.modeling_mamba2 import Mamba2ForCausalLM, Mamba2Mixer

from schemas import ModelConfig
from steps.lm import deterministic
from steps.lm.conv import causal_conv
from steps.lm.kernels import FUNCTIONS, kernel, usable
from steps.lm.mamba import activated_by_silu, inverse_softplus, log_uniform

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


def use_own_mixer(model: nn.Module) -> None:
    """Give every mixer of a transformers Mamba-2 our forward pass; its weights and their names stay. See `steps.lm.mamba`."""
    if not activated_by_silu(model):
        return
    for module in model.modules():
        if type(module) is Mamba2Mixer:
            module.__class__ = SsdMixer
            module.memory = None


class SsdMixer(Mamba2Mixer):
    """transformers' Mamba2Mixer with `ssd` of this page, or mamba-ssm's kernels where they are for the device.

    memory: None, or the convolution's last inputs (b, K - 1, channels) and the states (b, groups, N, heads / groups * P): then a forward
    pass goes on from them and leaves its own (see `steps.lm.generate`).
    """

    memory: tuple[Tensor, Tensor] | None

    def fresh_memory(self, copies: int) -> tuple[Tensor, Tensor]:
        """What is remembered before the first token."""
        make = self.dt_bias.new_zeros
        return make(copies, self.conv_kernel_size - 1, self.conv_dim), make(
            copies, self.n_groups, self.ssm_state_size, self.intermediate_size // self.n_groups
        )

    def forward(
        self, hidden_states: Tensor, cache_params: Any = None, attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None, **kwargs: Any,
    ) -> Tensor:  # fmt: skip
        """hidden_states: (b, T, d_model). position_ids: (b, T), every 0 begins a document, which sees nothing before it."""
        starts = None if position_ids is None else position_ids == 0
        if cache_params is not None:
            return super().forward(hidden_states, cache_params=cache_params, attention_mask=attention_mask, **kwargs)
        if attention_mask is not None:
            hidden_states = hidden_states * attention_mask[:, :, None].to(hidden_states.dtype)
        if self.memory is None and usable(hidden_states.device, "mamba2"):
            return self._with_kernels(hidden_states, starts)
        return self._with_ssd(hidden_states, starts)

    def _with_kernels(self, hidden_states: Tensor, starts: Tensor | None) -> Tensor:
        """mamba-ssm's mamba_chunk_scan_combined and causal-conv1d, which know documents by number. Modules are called, not their
        weights: transformers' way to these kernels hands the weight of out_proj to one of them in training, and would pass by LoRA.
        """
        scan, conv = (kernel(*function) for function in FUNCTIONS["mamba2"])
        documents = None if starts is None else starts.cumsum(1, dtype=torch.int32)
        groups, N = self.n_groups, self.ssm_state_size
        gate, mixed, dt = self.in_proj(hidden_states).split([self.intermediate_size, self.conv_dim, self.num_heads], dim=-1)
        if torch.are_deterministic_algorithms_enabled():  # causal-conv1d adds up in one order from 1.7 on, and does not say whether it does
            mixed = causal_conv(mixed, self.conv1d.weight.squeeze(1), self.conv1d.bias, None, starts)
        else:
            bias = None if self.conv1d.bias is None else self.conv1d.bias.to(mixed.dtype)
            mixed = conv(
                mixed.contiguous().transpose(1, 2), self.conv1d.weight.squeeze(1).to(mixed.dtype), bias, seq_idx=documents,
                activation="silu",
            ).transpose(1, 2)  # numbers of documents need the channels side by side in memory, as they are then  # fmt: skip
        x, B, C = mixed.split([self.intermediate_size, groups * N, groups * N], dim=-1)
        y = scan(
            x.unflatten(-1, (self.num_heads, self.head_dim)), dt, -torch.exp(self.A_log.float()), B.unflatten(-1, (groups, N)),
            C.unflatten(-1, (groups, N)), self.chunk_size, D=self.D.float(), dt_bias=self.dt_bias.float(), dt_softplus=True,
            seq_idx=documents, dt_limit=self.time_step_limit,
        )  # fmt: skip
        return self.out_proj(self.norm(y.flatten(2), gate).to(gate.dtype))

    def _with_ssd(self, hidden_states: Tensor, starts: Tensor | None) -> Tensor:
        inner, groups, N = self.intermediate_size, self.n_groups, self.ssm_state_size
        gate, mixed, dt = self.in_proj(hidden_states).split([inner, self.conv_dim, self.num_heads], dim=-1)
        before, state = self.memory if self.memory is not None else (None, None)
        x, B, C = causal_conv(mixed, self.conv1d.weight.squeeze(1), self.conv1d.bias, before, starts).split(
            [inner, groups * N, groups * N], dim=-1
        )
        with torch.autocast(x.device.type, enabled=False):
            step = F.softplus(dt.float() + self.dt_bias.float()).clamp(*self.time_step_limit)  # (b, T, H)
            heads = x.float().unflatten(-1, (self.num_heads, self.head_dim))  # (b, T, H, P)
            B, C = (v.float().unflatten(-1, (groups, N)) for v in (B, C))
            y, last = ssd(heads, step, -torch.exp(self.A_log.float()), B, C, state, starts)
            y = torch.addcmul(y, heads, self.D.float()[:, None]).flatten(2)
        if before is not None:
            self.memory = (torch.cat([before, mixed], 1)[:, mixed.shape[1] :], last)
        return self.out_proj(self.norm(y, gate).to(gate.dtype))


def ssd(
    x: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, state: Tensor | None = None, starts: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """h_t = exp(dt_t A) h_{t-1} + dt_t B_t x_tᵀ, y_t = C_tᵀ h_t for each head, in chunks (arXiv 2405.21060, section 6 and listing 1).

    x: (b, T, H, P). dt: (b, T, H), positive. A: (H,), negative. B, C: (b, T, G, N), each for H / G heads. state: (b, G, N, H / G * P),
    zeros when left out. starts: (b, T), true where a document begins, which sees nothing before it. Returns y (b, T, H, P) and the
    last state. All exponents are of sums of dt A, so that they are at most 0.
    """
    (b, T, H, P), (G, N) = x.shape, B.shape[2:]
    L = min(CHUNK, T)
    count = -(-T // L)
    if count * L > T:  # dt 0 changes no state
        x, dt, B, C = (F.pad(v, (0, 0) * (v.ndim - 2) + (0, count * L - T)) for v in (x, dt, B, C))
        starts = None if starts is None else F.pad(starts, (0, count * L - T))
    x = (x * dt[..., None]).view(b, count, L, G, H // G * P)
    sums = _summed((dt * A).view(b, count, L, H))  # (b, c, L, H)
    B, C = (v.view(b, count, L, G, N).transpose(2, 3) for v in (B, C))  # (b, c, G, L, N)
    near, seen, carried = _decays(sums, None if starts is None else starts.view(b, count, L))
    pairs = (C @ B.transpose(3, 4))[:, :, :, None] * near.unflatten(2, (G, H // G))  # (b, c, G, H / G, L, L)
    values = x.unflatten(-1, (H // G, P)).permute(0, 1, 3, 4, 2, 5)  # (b, c, G, H / G, L, P)
    y = (pairs @ values).permute(0, 1, 4, 2, 3, 5)  # (b, c, L, G, H / G, P)
    left = x.unflatten(-1, (H // G, P)) * carried.view(b, count, L, G, H // G, 1)
    added = B.transpose(3, 4) @ left.flatten(4).transpose(2, 3)  # (b, c, G, N, H / G * P)
    whole = seen[:, :, -1].view(b, count, G, 1, H // G, 1).expand(-1, -1, -1, -1, -1, P).flatten(4)  # (b, c, G, 1, H / G * P)
    state = x.new_zeros(b, G, N, H // G * P) if state is None else state
    states = []
    for kept, new in zip(whole.unbind(1), added.unbind(1), strict=True):
        states.append(state)
        state = torch.addcmul(new, kept, state)
    far = (C @ torch.stack(states, 1)).transpose(2, 3).unflatten(-1, (H // G, P))  # (b, c, L, G, H / G, P)
    y = torch.addcmul(y, far, seen.view(b, count, L, G, H // G, 1))
    return y.reshape(b, count * L, H, P)[:, :T], state


def _summed(x: Tensor) -> Tensor:
    """Sums of x (b, c, L, H) up to each of its L positions. torch's own on a card have no fixed order, and it refuses them where one is
    asked for: there they are formed by doubling what each holds, log2(L) additions."""
    if not deterministic.on(x.device):
        return x.cumsum(2)
    reach = 1
    while reach < x.shape[2]:
        x = x + F.pad(x[:, :, :-reach], (0, 0, reach, 0))
        reach *= 2
    return x


def _decays(sums: Tensor, starts: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """What is left of one position's input at another: near (b, c, H, L, L) from column to row; seen (b, c, L, H) of the state before
    the chunk at each position; carried (b, c, L, H) of each position at the chunk's end. sums: (b, c, L, H), of dt A.
    """
    L = sums.shape[2]
    by_head = sums.transpose(2, 3)
    hidden = torch.ones(L, L, dtype=torch.bool, device=sums.device).triu(1)
    seen, carried = sums, sums[:, :, -1:] - sums
    if starts is not None:
        document = starts.cumsum(2)  # (b, c, L)
        hidden = hidden | (document[:, :, None, :, None] != document[:, :, None, None, :])
        seen = seen.masked_fill((document > 0)[..., None], -torch.inf)
        carried = carried.masked_fill((document != document[:, :, -1:])[..., None], -torch.inf)
    near = (by_head[..., :, None] - by_head[..., None, :]).masked_fill(hidden, -torch.inf)
    return near.exp(), seen.exp(), carried.exp()


__all__ = ["Mamba2ForCausalLM", "SsdMixer", "config", "initialise", "ssd", "use_own_mixer"]
