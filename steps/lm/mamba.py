"""Mamba-1: transformers' classes and weight names, with a mixer that is quick without CUDA and calls its modules, for LoRA.

Albert Gu, Tri Dao: Mamba, arXiv 2312.00752; initialisation as in github.com/state-spaces/mamba (mamba_simple.py, mixer_seq_simple.py).
"""

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.mamba.configuration_mamba import MambaConfig
from transformers.models.mamba.modeling_mamba import MambaBlock, MambaForCausalLM, MambaMixer, MambaModel, MambaOutput

from schemas import ModelConfig
from steps.lm.conv import causal_conv
from steps.lm.kernels import FUNCTIONS, kernel, usable
from steps.lm.scan import selective_scan

EMPTYING = 3e4  # a dt after which nothing of a state is left; fp16 holds it


def config(model: ModelConfig, vocab_size: int, ids: dict[str, int | None]) -> MambaConfig:
    """The transformers config of `model`. ids: pad_token_id, bos_token_id, eos_token_id.

    A trap: with rescale_prenorm_residual, from_pretrained divides out_proj again on every opening; so it stays off, and
    `initialise` does it once.
    """
    return MambaConfig(
        vocab_size=vocab_size, hidden_size=model.d_model, num_hidden_layers=model.n_layers, state_size=model.state,
        conv_kernel=model.conv, expand=model.expand or 2, time_step_rank=model.dt_rank, tie_word_embeddings=model.tie_embeddings,
        initializer_range=0.02, **ids,
    )  # fmt: skip


@torch.no_grad()
def initialise(model: nn.Module) -> None:
    """Fill a new Mamba's weights from torch's generator, as the authors' code does.

    Embedding N(0, 0.02); linear layers and convolution as torch's own default (uniform, 1/sqrt(fan_in)); out_proj divided by
    sqrt(layers) (GPT-2's scheme, one residual a layer); A = -1..-N (S4D-real), D = 1; dt bias the inverse softplus of a
    log-uniform dt in [0.001, 0.1], dt weight uniform in ±rank^-0.5.
    """
    backbone = model.backbone
    nn.init.normal_(backbone.embeddings.weight, std=0.02)
    if model.lm_head.weight is not backbone.embeddings.weight:
        nn.init.normal_(model.lm_head.weight, std=0.02)
    for block in backbone.layers:
        m = block.mixer
        for layer in (m.in_proj, m.x_proj, m.out_proj):
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5))
        m.out_proj.weight /= math.sqrt(len(backbone.layers))
        bound = 1 / math.sqrt(m.conv1d.weight.shape[-1])
        nn.init.uniform_(m.conv1d.weight, -bound, bound)
        nn.init.uniform_(m.conv1d.bias, -bound, bound)
        nn.init.uniform_(m.dt_proj.weight, -(m.time_step_rank**-0.5), m.time_step_rank**-0.5)
        m.dt_proj.bias.copy_(inverse_softplus(log_uniform(m.intermediate_size)))
        m.A_log.copy_(torch.arange(1, m.ssm_state_size + 1).float().log().expand_as(m.A_log))
        nn.init.ones_(m.D)


def log_uniform(size: int, low: float = 1e-3, high: float = 0.1) -> Tensor:
    """`size` step sizes, uniform in their logarithm."""
    return torch.exp(torch.rand(size) * (math.log(high) - math.log(low)) + math.log(low)).clamp(min=1e-4)


def inverse_softplus(x: Tensor) -> Tensor:
    """y with softplus(y) = x."""
    return x + torch.log(-torch.expm1(-x))


def use_own_mixer(model: nn.Module) -> None:
    """Give a transformers Mamba our forward pass; its weights and their names stay. One with another activation than SiLU keeps its own."""
    if not activated_by_silu(model):
        return
    for module in model.modules():
        if type(module) is MambaMixer:
            module.memory = None
        own = {MambaMixer: ScanMixer, MambaBlock: ScanBlock, MambaModel: ScanModel}.get(type(module))
        if own is not None:
            module.__class__ = own


def activated_by_silu(model: nn.Module) -> bool:
    """Whether its convolutions and gates are as the papers have them, which is what our code and the kernels compute."""
    return getattr(model.config, "hidden_act", "silu") in ("silu", "swish")


class ScanModel(MambaModel):
    """transformers' MambaModel that takes `position_ids` too, as attention does: every 0 begins a document that sees nothing before it."""

    def forward(self, input_ids: Tensor | None = None, position_ids: Tensor | None = None, **kwargs: Any) -> Any:
        """input_ids, position_ids: (b, T). Without positions, transformers' own way."""
        if position_ids is None or kwargs.get("cache_params") is not None:
            return super().forward(input_ids, **kwargs)
        hidden = self.embeddings(input_ids)
        once: dict[str, Any] = {}
        if usable(hidden.device, "mamba"):
            once["gaps"] = gaps_of(position_ids == 0, self.config.conv_kernel - 1)  # the same in every layer
        for block in self.layers:
            hidden = block(hidden, position_ids=position_ids, **once)
        return MambaOutput(last_hidden_state=self.norm_f(hidden))


class ScanBlock(MambaBlock):
    """transformers' MambaBlock, which hands positions on to its mixer."""

    def forward(self, hidden_states: Tensor, cache_params: Any = None, attention_mask: Tensor | None = None, **kwargs: Any) -> Tensor:
        """hidden_states: (b, T, d_model). Returns the same shape."""
        inner = self.norm(hidden_states.to(self.norm.weight.dtype))
        residual = hidden_states.float() if self.residual_in_fp32 else hidden_states
        return residual + self.mixer(inner, cache_params=cache_params, attention_mask=attention_mask, **kwargs)


class ScanMixer(MambaMixer):
    """transformers' MambaMixer with the scan of `steps.lm.scan`, or mamba-ssm's kernel where there is one for the device.

    memory: None, or the convolution's last inputs (b, K - 1, D) and the scan's state (b, N, D): then a forward pass goes on from
    them and leaves its own (see `steps.lm.generate`).
    """

    memory: tuple[Tensor, Tensor] | None

    def forward(
        self, hidden_states: Tensor, cache_params: Any = None, attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None, **kwargs: Any,
    ) -> Tensor:  # fmt: skip
        """hidden_states: (b, T, d_model). position_ids: (b, T), every 0 begins a document. Returns the shape of `hidden_states`.

        With transformers' own cache, transformers' own way.
        """
        if cache_params is not None:
            return super().forward(hidden_states, cache_params=cache_params, attention_mask=attention_mask, **kwargs)
        if attention_mask is not None:
            hidden_states = hidden_states * attention_mask[:, :, None].to(hidden_states.dtype)
        starts = None if position_ids is None else position_ids == 0
        if self.memory is None and usable(hidden_states.device, "mamba"):
            gaps = None
            if starts is not None:
                gaps = kwargs["gaps"] if "gaps" in kwargs else gaps_of(starts, self.conv_kernel_size - 1)
            return self._with_kernel(hidden_states, gaps)
        return self._with_scan(hidden_states, starts)

    def fresh_memory(self, copies: int) -> tuple[Tensor, Tensor]:
        """What is remembered before the first token."""
        make = self.D.new_zeros
        return make(copies, self.conv_kernel_size - 1, self.intermediate_size), make(copies, self.ssm_state_size, self.intermediate_size)

    def _delta(self, low: Tensor) -> Tensor:
        """The step sizes before softplus (b, T, D); the bias is added in fp32, most of them being near it."""
        if torch.is_autocast_enabled(low.device.type) and type(self.dt_proj) is nn.Linear:
            return F.linear(low, self.dt_proj.weight).float() + self.dt_proj.bias.float()
        return self.dt_proj(low)

    def _with_scan(self, hidden_states: Tensor, starts: Tensor | None) -> Tensor:
        x, z = self.in_proj(hidden_states).chunk(2, dim=-1)  # (b, T, D) each
        before, state = self.memory if self.memory is not None else (None, None)
        u = causal_conv(x, self.conv1d.weight.squeeze(1), self.conv1d.bias, before, starts)
        low, B, C = self.x_proj(u).split([self.time_step_rank, self.ssm_state_size, self.ssm_state_size], dim=-1)
        delta = self._delta(low)
        with torch.autocast(x.device.type, enabled=False):
            A = -torch.exp(self.A_log.float())
            out, last = selective_scan(u, delta, A, B, C, self.D, z, state, starts)
        if before is not None:
            self.memory = (torch.cat([before, x], 1)[:, x.shape[1] :], last)
        return self.out_proj(out)

    def _with_kernel(self, hidden_states: Tensor, gaps: "Gaps | None") -> Tensor:
        """mamba-ssm's selective_scan_fn. Modules are called, not their weights: its fused `mamba_inner_fn` would pass by LoRA.

        It knows no documents: before each of them there are K - 1 steps of zeros, which fill the convolution, and whose dt empties the
        state.
        """
        scan, conv = kernel(*FUNCTIONS["mamba"][0]), kernel("causal_conv1d", "causal_conv1d_fn")
        x, z = self.in_proj(hidden_states).chunk(2, dim=-1)  # (b, T, D) each
        x = _spread(x, gaps).transpose(1, 2)  # (b, D, T + gaps)
        if conv is not None:
            x = conv(x.contiguous(), self.conv1d.weight.squeeze(1).to(x.dtype), self.conv1d.bias.to(x.dtype), activation="silu")
        else:
            x = F.silu(self.conv1d(x)[..., : x.shape[-1]])
        u = _gathered(x.transpose(1, 2), gaps)
        low, B, C = self.x_proj(u).split([self.time_step_rank, self.ssm_state_size, self.ssm_state_size], dim=-1)
        delta = F.linear(low, self.dt_proj.weight) if type(self.dt_proj) is nn.Linear else self.dt_proj(low) - self.dt_proj.bias
        turned = [_spread(v.to(u.dtype), gaps, fill).transpose(1, 2).contiguous()
                  for v, fill in ((u, 0.0), (delta, EMPTYING), (B, 0.0), (C, 0.0), (z, 0.0))]  # fmt: skip
        y = scan(
            turned[0], turned[1], -torch.exp(self.A_log.float()), turned[2], turned[3], self.D.float(), z=turned[4],
            delta_bias=self.dt_proj.bias.float(), delta_softplus=True,
        )  # fmt: skip
        return self.out_proj(_gathered(y.transpose(1, 2), gaps).to(hidden_states.dtype))


class Gaps(NamedTuple):
    """Where each position stands, (b, T), when steps are put before every document but a row's first, and how long rows are then."""

    places: Tensor
    width: int


def gaps_of(starts: Tensor, size: int) -> Gaps | None:
    """Gaps of `size` steps. None without borders. A card is waited for: once for all layers, see `ScanModel`."""
    borders = starts.clone()
    borders[:, 0] = False
    before = borders.cumsum(1)
    most = int(before[:, -1].max())
    if not most:
        return None
    T = starts.shape[1]
    return Gaps(torch.arange(T, device=starts.device) + size * before, T + size * most)


def _spread(x: Tensor, gaps: Gaps | None, fill: float = 0.0) -> Tensor:
    """x (b, T, D) at its places, `fill` between them."""
    if gaps is None:
        return x
    wide = x.new_full((x.shape[0], gaps.width, x.shape[2]), fill)
    return wide.scatter(1, gaps.places[..., None].expand(x.shape), x)


def _gathered(x: Tensor, gaps: Gaps | None) -> Tensor:
    """The inverse of `_spread`."""
    return x if gaps is None else x.gather(1, gaps.places[..., None].expand(-1, -1, x.shape[2]))


__all__ = ["MambaForCausalLM", "ScanMixer", "config", "initialise", "inverse_softplus", "log_uniform", "use_own_mixer"]
