"""Hebbian fast weights behind every Mamba-1 mixer: a memory that each token writes into and reads from, in chunks of matrix products.

Jimmy Ba et al., Using Fast Weights to Attend to the Recent Past, arXiv 1610.06258: A_t = λ A_{t-1} + η k_t v_tᵀ. Read by a query it is
linear attention with decay (arXiv 2006.16236; chunks as in arXiv 2307.08621, section 2.3). transformers has no such class: this one does.
"""

import math
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.mamba.configuration_mamba import MambaConfig
from transformers.models.mamba.modeling_mamba import MambaForCausalLM, MambaRMSNorm

from schemas import ModelConfig
from steps.lm import mamba
from steps.lm.mamba import ScanBlock, ScanModel

CHUNK = 64  # positions of one block
FAMILY = "mamba_hebbian"
OPENED_BY = "recipe's own class HebbianForCausalLM; AutoModelForCausalLM knows it after `import steps.lm.hebbian`"


class HebbianConfig(MambaConfig):
    """A Mamba's config, and how its memory begins. hebbian_decay: λ, hebbian_rate: η, layer by layer. hebbian_learned: both are trained."""

    model_type = FAMILY
    hebbian_decay: list[float] | None = None
    hebbian_rate: list[float] | None = None
    hebbian_learned: bool = True
    opened_by: str = OPENED_BY  # for a reader of config.json


def config(model: ModelConfig, vocab_size: int, ids: dict[str, int | None]) -> HebbianConfig:
    """The config of `model`. ids: pad_token_id, bos_token_id, eos_token_id."""
    plain = mamba.config(model, vocab_size, ids).to_dict()
    return HebbianConfig(
        **{name: value for name, value in plain.items() if name not in ("model_type", "use_cache")}, use_cache=False,
        hebbian_decay=model.decays, hebbian_rate=model.rates, hebbian_learned=model.hebbian_learned,
    )  # fmt: skip


@torch.no_grad()
def initialise(network: nn.Module) -> None:
    """Fill a new network's weights from torch's generator: the Mamba's first, as `steps.lm.mamba` has them, then the memories'.

    Linear maps as torch's own default, o_proj divided by sqrt(layers) as out_proj is; the gate 0, so that a new memory changes nothing.
    """
    mamba.initialise(network)
    for block in network.backbone.layers:
        memory = block.hebbian
        for layer in (memory.k_proj, memory.v_proj, memory.q_proj, memory.o_proj):
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5))
        memory.o_proj.weight /= math.sqrt(len(network.backbone.layers))
        nn.init.zeros_(memory.gate)
        if memory.learned:
            nn.init.constant_(memory.decay_logit, math.log(memory.decay / (1 - memory.decay)))
            nn.init.constant_(memory.log_rate, math.log(memory.rate))


class HebbianLayer(nn.Module):
    """k, v, q = linear maps of x; A_t = λ A_{t-1} + η k_t v_tᵀ; o_t = q_t A_t, read after the update; y = gate * (o W). k has length 1.

    λ = sigmoid(decay_logit) and η = exp(log_rate), of this layer alone, or both as the config has them. memory: None, or A (b, d, d):
    then a forward pass goes on from it and leaves its own (see `steps.lm.generate`).
    """

    memory: Tensor | None = None

    def __init__(self, config: HebbianConfig, index: int) -> None:
        super().__init__()
        d = config.hidden_size
        self.norm = MambaRMSNorm(d, eps=config.layer_norm_epsilon)
        self.k_proj, self.v_proj, self.q_proj, self.o_proj = (nn.Linear(d, d, bias=False) for _ in range(4))
        self.gate = nn.Parameter(torch.zeros(d))
        self.decay = config.hebbian_decay[index] if config.hebbian_decay else 0.98
        self.rate = config.hebbian_rate[index] if config.hebbian_rate else 1.0
        self.learned = config.hebbian_learned
        if self.learned:
            self.decay_logit, self.log_rate = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))

    def fresh_memory(self, copies: int) -> Tensor:
        """What is remembered before the first token."""
        d = len(self.gate)
        return self.gate.new_zeros(copies, d, d, dtype=torch.float32)

    def constants(self) -> tuple[Tensor, Tensor]:
        """log λ and η, scalars in fp32."""
        if self.learned:
            return F.logsigmoid(self.decay_logit.float())[0], self.log_rate.float().exp()[0]
        make = partial(self.gate.new_full, (), dtype=torch.float32)  # no copy from the CPU, which a card would be waited for
        return make(math.log(self.decay)), make(self.rate)

    def forward(self, hidden: Tensor, starts: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """hidden: (b, T, d). starts: (b, T), true where a document begins. mask: (b, T), 0 where nothing is written. Returns (b, T, d)."""
        x = self.norm(hidden.to(self.norm.weight.dtype))
        if mask is not None:
            x = x * mask[:, :, None].to(x.dtype)
        k, v, q = self.k_proj(x), self.v_proj(x), self.q_proj(x)
        with torch.autocast(x.device.type, enabled=False):
            log_decay, rate = self.constants()
            out, last = fast_weights(q.float(), F.normalize(k.float(), dim=-1), rate * v.float(), log_decay, self.memory, starts)
        if self.memory is not None:
            self.memory = last
        return self.gate * self.o_proj(out.to(x.dtype))


class HebbianBlock(ScanBlock):
    """A Mamba's block, and a memory that reads and writes what its mixer left in the stream."""

    def forward(self, hidden_states: Tensor, cache_params: Any = None, attention_mask: Tensor | None = None, **kwargs: Any) -> Tensor:
        """hidden_states: (b, T, d_model). Returns the same shape."""
        hidden = super().forward(hidden_states, attention_mask=attention_mask, **kwargs)
        places = kwargs.get("position_ids")
        return hidden + self.hebbian(hidden, None if places is None else places == 0, attention_mask)


class HebbianModel(ScanModel):
    """A Mamba's stack of such blocks. transformers' cache would not hold the memories, so there is none."""

    def forward(self, input_ids: Tensor | None = None, position_ids: Tensor | None = None, **kwargs: Any) -> Any:
        """input_ids, position_ids: (b, T), every position 0 begins a document that sees nothing before it."""
        kwargs |= {"use_cache": False, "cache_params": None}
        return super().forward(input_ids, position_ids, **kwargs)


class HebbianForCausalLM(MambaForCausalLM):
    """A Mamba with memories. Its other weights have the names and the meaning that they have in a Mamba."""

    config_class = HebbianConfig

    def __init__(self, config: HebbianConfig) -> None:
        super().__init__(config)
        self.backbone.__class__ = HebbianModel
        for index, block in enumerate(self.backbone.layers):
            block.__class__ = HebbianBlock
            block.hebbian = HebbianLayer(config, index)


def fast_weights(
    q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor, state: Tensor | None = None, starts: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """A_t = λ A_{t-1} + k_t v_tᵀ, o_t = q_t A_t.

    q, k: (b, T, K). v: (b, T, V). log_decay: log λ, a scalar below 0. state: (b, K, V), what was before the first step; zeros when left
    out. starts: (b, T), true where a document begins, which sees nothing before it. Returns o (b, T, V) and the last A, which carries no
    gradient. Memory: q, k, v, and an A a chunk.
    """
    if state is None:
        state = q.new_zeros(q.shape[0], q.shape[2], v.shape[2])
    return FastWeights.apply(q, k, v, log_decay, state.to(q.dtype), starts)


class FastWeights(torch.autograd.Function):
    """Inside a chunk the powers of λ are a mask over q kᵀ; between chunks A goes on step by step. No power of λ is negative.

    With i, j in a chunk of L, M_ij = λ^(i-j) for j <= i: o = (q kᵀ ⊙ M) v + λ^(i+1) q A, and A' = λ^L A + (λ^(L-1-j) k)ᵀ v. Where a
    document begins, the terms that would cross its border are 0.
    """

    @staticmethod
    def forward(
        ctx: Any, q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor, state: Tensor, starts: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        T = q.shape[1]
        near, seen, carried, whole = (power for power, _ in _powers(log_decay, T, starts))
        q, k, v = (_chunks(x) for x in (q, k, v))  # (b, c, L, K) and (b, c, L, V)
        states = (k * carried).mT @ v  # (b, c, K, V), what each chunk adds; then what was before it
        for add, kept in zip(states.unbind(1), whole.unbind(-1), strict=True):
            after = torch.addcmul(add, kept[..., None, None], state)
            add.copy_(state)
            state = after
        out = torch.addcmul((q @ k.mT * near) @ v, seen, q @ states)
        ctx.save_for_backward(q, k, v, log_decay, states)
        ctx.T, ctx.starts = T, starts
        ctx.mark_non_differentiable(state)
        return out.flatten(1, 2)[:, :T], state

    @staticmethod
    def backward(ctx: Any, g: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, log_decay, states = ctx.saved_tensors
        T, powers = ctx.T, _powers(log_decay, ctx.T, ctx.starts)
        near, seen, carried, whole = (power for power, _ in powers)
        g = _chunks(g)
        later = (q * seen).mT @ g  # (b, c, K, V), gradient of the A before each chunk by its own output; then of the A after it
        passed = torch.zeros_like(later[:, 0])
        for own, kept in zip(reversed(later.unbind(1)), reversed(whole.unbind(-1)), strict=True):
            before = torch.addcmul(own, kept[..., None, None], passed)
            own.copy_(passed)
            passed = before
        pairs, g_pairs = q @ k.mT, g @ v.mT  # (b, c, L, L)
        read, written = g @ states.mT, v @ later.mT  # (b, c, L, K)
        terms = (pairs * g_pairs, (q * read).sum(-1, keepdim=True), (k * written).sum(-1, keepdim=True), (states * later).sum((2, 3)))
        g_decay = sum(((power * times) * term).sum() for (power, times), term in zip(powers, terms, strict=True))
        g_pairs, pairs = g_pairs * near, pairs * near
        slopes = (g_pairs @ k + seen * read, g_pairs.mT @ q + carried * written, pairs.mT @ g + (k * carried) @ later)
        return *(x.flatten(1, 2)[:, :T] for x in slopes), g_decay, None, None


def _chunks(x: Tensor) -> Tensor:
    """(b, T, D) as (b, c, L, D), filled up with zeros, which write nothing."""
    T = x.shape[1]
    L = min(CHUNK, T)
    return (F.pad(x, (0, 0, 0, -T % L)) if T % L else x).unflatten(1, (-1, L))


def _powers(log_decay: Tensor, T: int, starts: Tensor | None) -> list[tuple[Tensor, Tensor]]:
    """Powers of λ with their exponents: between positions of a chunk (L, L); from the A before the chunk to each (L, 1); from each to the
    A after it (c, L, 1); and for a whole chunk (c,). With `starts`, (b, T), each has b and c in front, and is 0 across borders.
    """
    L = min(CHUNK, T)
    place = torch.arange(L, device=log_decay.device)
    real = (T - L * torch.arange(-(-T // L), device=log_decay.device)).clamp(max=L)  # positions of each chunk that are not filled up
    times = [place[:, None] - place, place[:, None] + 1, real[:, None, None] - 1 - place[:, None], real]
    powers = [torch.exp(log_decay * n.clamp(min=0)) for n in times]
    powers[0] = powers[0].tril()
    if starts is not None:
        document = F.pad(starts, (0, -T % L)).unflatten(1, (-1, L)).cumsum(2)  # (b, c, L)
        first, last = document == 0, document == document[:, :, -1:]
        alike = document[..., :, None] == document[..., None, :]
        powers = [power * same for power, same in zip(powers, (alike, first[..., None], last[..., None], first[:, :, -1]), strict=True)]
    return list(zip(powers, times, strict=True))


AutoConfig.register(FAMILY, HebbianConfig)
AutoModelForCausalLM.register(HebbianConfig, HebbianForCausalLM)

__all__ = ["HebbianConfig", "HebbianForCausalLM", "HebbianLayer", "config", "fast_weights", "initialise"]
