"""Cross-entropy and z-loss over the vocabulary in chunks of tokens, so that the full fp32 logits never exist."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHUNK_TOKENS = 1024  # positions whose logits exist at one time


class HeadLoss(torch.autograd.Function):
    """Summed loss of `hidden @ weight.T`; both gradients are formed in the forward pass, chunk by chunk, and scaled in the backward pass.

    ce: -log softmax(logits)[target]; z: z_loss * logsumexp(logits)^2 (arXiv 2204.02311, section 5), whose gradient is
    softmax + 2 z_loss lse softmax - onehot.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, z_loss: float, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        wide = torch.float32 if hidden.device.type == "mps" else torch.float64  # Apple's GPUs have no float64
        total, penalty = hidden.new_zeros((), dtype=wide), hidden.new_zeros((), dtype=wide)
        wants_hidden, wants_weight = ctx.needs_input_grad[:2]
        g_hidden = torch.empty_like(hidden, dtype=torch.float32) if wants_hidden else None
        g_weight = torch.zeros_like(weight, dtype=torch.float32) if wants_weight else None
        low = weight.to(dtype)
        for s in range(0, hidden.shape[0], CHUNK_TOKENS):
            h = hidden[s : s + CHUNK_TOKENS].to(dtype)
            t = targets[s : s + CHUNK_TOKENS, None]
            logits = (h @ low.T).float()  # (chunk, V)
            lse = logits.logsumexp(-1, keepdim=True)
            total += (lse - logits.gather(1, t)).sum(dtype=wide)
            penalty += lse.square().sum(dtype=wide)
            if not (wants_hidden or wants_weight):
                continue
            g = logits.sub_(lse).exp_()
            if z_loss:
                g *= 1 + 2 * z_loss * lse
            g.scatter_add_(1, t, torch.full_like(lse, -1.0))
            g = g.to(dtype)
            if g_hidden is not None:
                g_hidden[s : s + CHUNK_TOKENS] = g @ low
            if g_weight is not None:
                g_weight += g.T @ h
        ctx.save_for_backward(g_hidden, g_weight)
        ctx.types = hidden.dtype, weight.dtype
        plain = total.float()
        ctx.mark_non_differentiable(plain)
        return (total + z_loss * penalty).float(), plain

    @staticmethod
    def backward(ctx: Any, g: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        g_hidden, g_weight = ctx.saved_tensors
        first = None if g_hidden is None else (g_hidden * g).to(ctx.types[0])
        return first, None if g_weight is None else (g_weight * g).to(ctx.types[1]), None, None, None


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Plain loss of each position in nats. logits: (N, V). targets: (N,). Returns (N,) fp32."""
    return F.cross_entropy(logits.float(), targets, reduction="none")


class Head:
    """A model cut in two: the network up to the last hidden state, and the output embedding that the loss applies in chunks.

    A head that does more than multiply (soft caps, scales, a bias, an adapter) is kept whole: its logits are made in one piece.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.decoder = getattr(network, network.base_model_prefix)
        self.head = network.get_output_embeddings()
        self.plain = self._is_plain()

    @torch.no_grad()
    def _is_plain(self) -> bool:
        if type(self.head) is not nn.Linear or self.head.bias is not None or self.head.weight.is_meta:
            return False
        training = self.network.training
        self.network.eval()
        ids = torch.arange(4, device=self.head.weight.device)[None] % self.head.weight.shape[0]
        whole = self.network(input_ids=ids, use_cache=False).logits
        cut = self.head(self.decoder(input_ids=ids, use_cache=False)[0])
        self.network.train(training)
        return bool(torch.allclose(whole.float(), cut.float(), rtol=1e-4, atol=1e-5))

    def summed(self, ids: Tensor, targets: Tensor, z_loss: float = 0.0) -> tuple[Tensor, Tensor]:
        """Loss with z-loss (differentiable) and plain cross-entropy, both summed over the positions whose target is not -100.

        ids, targets: (B, T), the targets already shifted.
        """
        kept = targets.reshape(-1) >= 0
        if not self.plain:
            logits = self.network(input_ids=ids, use_cache=False).logits.flatten(0, 1)[kept]
            losses = token_losses(logits, targets.reshape(-1)[kept])
            penalty = logits.float().logsumexp(-1).square().sum() * z_loss if z_loss else 0.0
            return losses.sum() + penalty, losses.detach().sum()
        hidden = self.decoder(input_ids=ids, use_cache=False)[0].flatten(0, 1)
        if not bool(kept.all()):
            hidden = hidden[kept]
        dtype = torch.get_autocast_dtype(ids.device.type) if torch.is_autocast_enabled(ids.device.type) else hidden.dtype
        with torch.autocast(ids.device.type, enabled=False):
            return HeadLoss.apply(hidden, self.head.weight, targets.reshape(-1)[kept], z_loss, dtype)

    @torch.no_grad()
    def each(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Loss of every position in nats, 0 where the target is -100. Returns (B, T) fp32."""
        flat = targets.reshape(-1)
        out = torch.zeros(flat.shape, dtype=torch.float32, device=ids.device)
        if not self.plain:
            logits = self.network(input_ids=ids, use_cache=False).logits.flatten(0, 1)
        else:
            hidden = self.decoder(input_ids=ids, use_cache=False)[0].flatten(0, 1)
        places = (flat >= 0).nonzero()[:, 0]
        for s in range(0, len(places), CHUNK_TOKENS):
            at = places[s : s + CHUNK_TOKENS]
            out[at] = token_losses(self.head(hidden[at]) if self.plain else logits[at], flat[at])
        return out.view(targets.shape)
