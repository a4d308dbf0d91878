"""Mamba-1: transformers' classes and weight names, with a mixer that is quick without CUDA and calls its modules, for LoRA.

Albert Gu, Tri Dao: Mamba, arXiv 2312.00752; initialisation as in github.com/state-spaces/mamba (mamba_simple.py, mixer_seq_simple.py).
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.mamba.configuration_mamba import MambaConfig
from transformers.models.mamba.modeling_mamba import MambaForCausalLM, MambaMixer

from schemas import ModelConfig
from steps.lm.scan import causal_conv, selective_scan


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
    """Give every mixer of a transformers Mamba our forward pass; its weights and their names stay."""
    for module in model.modules():
        if type(module) is MambaMixer:
            module.__class__ = ScanMixer
            module.memory = None


class ScanMixer(MambaMixer):
    """transformers' MambaMixer with the scan of `steps.lm.scan`, or mamba-ssm's kernel where there is one for the device.

    memory: None, or the convolution's last inputs (K - 1, B, D) and the scan's state (B, N, D): then a forward pass goes on from
    them and leaves its own (see `steps.lm.generate`).
    """

    memory: tuple[Tensor, Tensor] | None

    def forward(self, hidden_states: Tensor, cache_params: Any = None, attention_mask: Tensor | None = None, **kwargs: Any) -> Tensor:
        """hidden_states: (B, T, d_model). Returns the same shape. With transformers' own cache, transformers' own way."""
        if cache_params is not None:
            return super().forward(hidden_states, cache_params=cache_params, attention_mask=attention_mask, **kwargs)
        if attention_mask is not None:
            hidden_states = hidden_states * attention_mask[:, :, None].to(hidden_states.dtype)
        if self.memory is None and hidden_states.is_cuda and kernels()[0] is not None:
            return self._with_kernel(hidden_states)
        x, z = self.in_proj(hidden_states.transpose(0, 1).contiguous()).chunk(2, dim=-1)  # (T, B, D) each
        before = None if self.memory is None else self.memory[0]
        taps = self.conv1d.weight.squeeze(1).float()
        inputs = x.float()
        x = F.silu(causal_conv(inputs, taps, None if self.conv1d.bias is None else self.conv1d.bias.float(), before))
        dt, B, C = self._selected(x)
        with torch.autocast(x.device.type, enabled=False):
            A = -torch.exp(self.A_log.float())
            y, state = selective_scan(x, dt, A, B, C, None if self.memory is None else self.memory[1])
            y = torch.addcmul(y, x, self.D.float())
        if self.memory is not None:
            self.memory = (torch.cat([self.memory[0], inputs])[-(taps.shape[1] - 1) :], state)
        return self.out_proj((y * F.silu(z)).to(hidden_states.dtype)).transpose(0, 1)

    def _selected(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """dt (T, B, D) after softplus, B and C (T, B, N) of the inner stream x (T, B, D), all fp32."""
        low, B, C = self.x_proj(x).split([self.time_step_rank, self.ssm_state_size, self.ssm_state_size], dim=-1)
        return F.softplus(self.dt_proj(low).float()), B.float(), C.float()

    def _with_kernel(self, hidden_states: Tensor) -> Tensor:
        """mamba-ssm's selective_scan_fn. Modules are called, not their weights: its fused `mamba_inner_fn` would pass by LoRA."""
        scan, conv = kernels()
        x, z = self.in_proj(hidden_states).transpose(1, 2).chunk(2, dim=1)  # (B, D, T) each
        if conv is not None:
            x = conv(x.contiguous(), self.conv1d.weight.squeeze(1).to(x.dtype), self.conv1d.bias.to(x.dtype), activation="silu")
        else:
            x = F.silu(self.conv1d(x)[..., : hidden_states.shape[1]])
        low, B, C = self.x_proj(x.transpose(1, 2)).split([self.time_step_rank, self.ssm_state_size, self.ssm_state_size], dim=-1)
        dt = F.linear(low, self.dt_proj.weight) if type(self.dt_proj) is nn.Linear else self.dt_proj(low) - self.dt_proj.bias
        y = scan(
            x, dt.transpose(1, 2).to(x.dtype), -torch.exp(self.A_log.float()), B.transpose(1, 2).contiguous().to(x.dtype),
            C.transpose(1, 2).contiguous().to(x.dtype), self.D.float(), z=z.contiguous(), delta_bias=self.dt_proj.bias.float(),
            delta_softplus=True,
        )  # fmt: skip
        return self.out_proj(y.transpose(1, 2).to(hidden_states.dtype))


def kernels() -> tuple[Any, Any]:
    """mamba-ssm's scan and causal-conv1d's convolution, None for what does not import."""
    return _kernel("mamba_ssm.ops.selective_scan_interface", "selective_scan_fn"), _kernel("causal_conv1d", "causal_conv1d_fn")


_kernels: dict[str, Any] = {}


def _kernel(module: str, name: str) -> Any:
    if name not in _kernels:
        try:
            _kernels[name] = getattr(__import__(module, fromlist=[name]), name)
        except (ImportError, AttributeError, OSError, RuntimeError):  # absent, or built for another torch or card
            _kernels[name] = None
    return _kernels[name]


def path(device: torch.device) -> str:
    """Which way the scan takes on `device`, and why."""
    if device.type != "cuda":
        return f"own scan in PyTorch: mamba-ssm's kernels need CUDA, this is {device.type}"
    if kernels()[0] is None:
        return "own scan in PyTorch: mamba-ssm does not import here"
    return "mamba-ssm kernels: CUDA, and mamba-ssm imports"


__all__ = ["MambaForCausalLM", "ScanMixer", "config", "initialise", "inverse_softplus", "kernels", "log_uniform", "path", "use_own_mixer"]
