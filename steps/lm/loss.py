"""Cross-entropy and z-loss over the vocabulary in chunks of tokens, so that the full fp32 logits never exist."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from schemas import StepContext
from steps.lm import even, flat, kernels
from steps.lm.batches import sent
from steps.sizing.lack import said_of

CHUNK_TOKENS = 1024  # positions whose logits exist at one time
LOUD = 100.0  # times the logits, where it is tried what is done to them: a cap far above a new network's changes nothing of those


class HeadLoss(torch.autograd.Function):
    """Summed loss of `hidden @ weight.T`; both gradients are formed in the forward pass, chunk by chunk, and scaled in the backward pass.

    ce: -log softmax(logits)[target]; z: z_loss * logsumexp(logits)^2 (arXiv 2204.02311, section 5), whose gradient is
    softmax + 2 z_loss lse softmax - onehot. rounded: chunks are filled up to lengths of steps.lm.even.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, z_loss: float, dtype: torch.dtype, chunk: int = CHUNK_TOKENS,
        rounded: bool = False,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        wide = torch.float32 if hidden.device.type == "mps" else torch.float64  # Apple's GPUs have no float64
        total, penalty = hidden.new_zeros((), dtype=wide), hidden.new_zeros((), dtype=wide)
        wants_hidden, wants_weight = ctx.needs_input_grad[:2]
        g_hidden = torch.empty_like(hidden, dtype=torch.float32) if wants_hidden else None
        g_weight = torch.zeros_like(weight, dtype=torch.float32) if wants_weight else None
        low = weight.to(dtype)
        for s in range(0, hidden.shape[0], chunk):
            h = hidden[s : s + chunk].to(dtype)
            t = targets[s : s + chunk, None]
            n = len(t)
            if rounded:
                h = even.filled(h, 0)
            logits = (h @ low.T)[:n].float()  # (chunk, V)
            aimed = logits.gather(1, t)
            top = logits.amax(-1, keepdim=True)
            g = logits.sub_(top).exp_()  # in place, for both: logsumexp would make this once more for itself
            sums = g.sum(-1, keepdim=True)
            lse = sums.log() + top
            total += (lse - aimed).sum(dtype=wide)
            penalty += lse.square().sum(dtype=wide)
            if not (wants_hidden or wants_weight):
                continue
            g *= (1 + 2 * z_loss * lse) / sums
            g.scatter_add_(1, t, torch.full_like(lse, -1.0))
            g = g.to(dtype)
            if rounded:
                g = even.filled(g, 0)
            if g_hidden is not None:
                g_hidden[s : s + chunk] = (g @ low)[:n]
            if g_weight is not None:
                _add_product(g_weight, g, h)
            del g, logits  # the next chunk's take their place
        ctx.save_for_backward(g_hidden, g_weight)
        ctx.types = hidden.dtype, weight.dtype
        plain = total.float()
        ctx.mark_non_differentiable(plain)
        return (total + z_loss * penalty).float(), plain

    @staticmethod
    def backward(ctx: Any, g: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        g_hidden, g_weight = ctx.saved_tensors
        first = None if g_hidden is None else (g_hidden * g).to(ctx.types[0])
        return first, None if g_weight is None else (g_weight * g).to(ctx.types[1]), None, None, None, None, None


def _add_product(total: Tensor, g: Tensor, h: Tensor) -> None:
    """total += g.T @ h. g: (n, V), at most 1 in magnitude. h: (n, d). total: (V, d), fp32.

    In fp16 a token that stands often sums past 65,504, at any scale of the loss: this is formed before that scale comes to it. So `h` is
    divided meanwhile by the power of two that leaves nothing in it above 1, and no sum is more than n; other bits do not change.
    """
    if h.dtype is not torch.float16:
        total += g.T @ h
        return
    most = h.abs().amax().float().clamp(min=1.0).log2().ceil().exp2()
    total += (g.T @ (h / most)).float() * most


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Plain loss of each position in nats. logits: (N, V). targets: (N,). Returns (N,) fp32."""
    return F.cross_entropy(logits.float(), targets, reduction="none")


class Head:
    """A model cut in two: the network up to the last hidden state, and the output head that the loss applies in chunks.

    plain: the head multiplies and nothing else, so both gradients are formed at once (`HeadLoss`). cut: it is a module of its own (a
    bias, an adapter) and what its config says is done to logits, applied chunk by chunk and again in the backward pass. A network that
    does anything else to its logits is neither: they are made in one piece. flat: documents lie end to end and attend by themselves
    (steps.lm.flat); end_to_end: they may, attended or scanned. rounded: what it is given is filled up to lengths of steps.lm.even.
    """

    def __init__(self, network: nn.Module, chunk_tokens: int = CHUNK_TOKENS) -> None:
        self.network, self.chunk_tokens = network, chunk_tokens
        self.decoder = getattr(network, network.base_model_prefix)
        self.head = _copied(network.get_output_embeddings())
        beyond = self._beyond()
        self.cut, self.beyond = beyond is not None, beyond or _same
        self.plain = beyond is _same and type(self.head) is nn.Linear and self.head.bias is None
        self.run = self.decoder if self.cut else network
        self.checkpointing = self.flat = self.end_to_end = self.rounded = False

    @torch.no_grad()
    def _beyond(self) -> Callable[[Tensor], Tensor] | None:
        """What the network does to what its head gives, tried on a few tokens, so loud that a cap is seen; None: something else."""
        weight = next(self.head.parameters(), None)
        if weight is None or weight.is_meta:
            return None
        training = self.network.training
        self.network.eval()
        ids = torch.arange(4, device=weight.device)[None] % self.network.config.vocab_size
        louder = self.head.register_forward_hook(lambda _, __, out: LOUD * out)
        try:
            whole = self.network(input_ids=ids, use_cache=False).logits
            cut = self.head(self.decoder(input_ids=ids, use_cache=False)[0])
        finally:
            louder.remove()
            self.network.train(training)
        if whole.shape != cut.shape:
            return None
        found = (f for f in _treatments(self.network.config) if torch.allclose(whole.float(), f(cut).float(), rtol=1e-4, atol=1e-5 * LOUD))
        return next(found, None)

    @torch.no_grad()
    def keeps_documents_apart(self) -> bool:
        """Whether the second document of a row gives what it gives alone, tried on a few tokens: else `starts` means nothing here."""
        device, training = next(self.network.parameters()).device, self.network.training
        self.network.eval()
        ids = torch.arange(1, 17, device=device)[None] % self.network.config.vocab_size
        starts = torch.zeros(1, 16, dtype=torch.bool, device=device)
        starts[0, [0, 8]] = True
        try:
            together = self._forward(ids, starts).float()
            alone = torch.cat([self._forward(part, None).float() for part in ids.split(8, 1)])
        finally:
            self.network.train(training)
        rough = kernels.in_use(self.network) or any(p.dtype in (torch.float16, torch.bfloat16) for p in self.network.parameters())
        return float((together - alone).abs().max()) <= (2e-2 if rough else 1e-5) * float(alone.abs().max())

    def lay_flat(self) -> bool:
        """Whether rows may lie end to end, attended to by document from now on. Tried first: a network that cannot do it stays as it is.

        Our Mambas begin anew at a border. On a GPU their rows stay side by side: a scan goes there step by step, for all rows at once.
        """
        if any(hasattr(m, "fresh_memory") for m in self.network.modules()):
            self.end_to_end = next(self.network.parameters()).device.type == "cpu" and self.keeps_documents_apart()
            return self.end_to_end
        if not self.flat and flat.use(self.network):
            self.flat = True
            try:
                self.flat = self.keeps_documents_apart()
            except Exception:  # noqa: BLE001  networks that take no such arguments fail in ways of their own
                self.flat = False
            if not self.flat:
                flat.leave(self.network)
        self.end_to_end = self.flat
        return self.flat

    @property
    def can_checkpoint(self) -> bool:
        """Whether the network computes its layers again in the backward pass when asked to."""
        return bool(getattr(self.network, "supports_gradient_checkpointing", False))

    def checkpoint_activations(self) -> None:
        """Keep only what enters each layer; dropout draws the same numbers when it is computed again."""
        if self.can_checkpoint and not self.checkpointing:
            self.checkpointing = True
            name = "activation_checkpointing_enable" if hasattr(self.network, "activation_checkpointing_enable") else None
            enable = getattr(self.network, name or "gradient_checkpointing_enable")  # its name before transformers 5.2x
            enable({"use_reentrant": False, "preserve_rng_state": True})

    def compile(self, context: StepContext) -> None:
        """Put torch.compile around the network, tried on a few tokens; where it does not work, say so and go on without."""
        compiled = torch.compile(self.run)
        try:
            ids = torch.arange(32, device=next(self.network.parameters()).device)[None] % self.network.config.vocab_size
            self.network.train()
            compiled(input_ids=ids, use_cache=False)[0].sum().backward()
        except Exception as error:  # noqa: BLE001  compilers fail in ways of their own
            context.warn("P104", f"torch.compile does not work here, and the run goes on without: {said_of(error)}", field="compile",
                         fix="delete compile")  # fmt: skip
        else:
            self.run = compiled
        for parameter in self.network.parameters():
            parameter.grad = None

    def summed(self, ids: Tensor, targets: Tensor, z_loss: float = 0.0, starts: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Loss with z-loss (differentiable) and plain cross-entropy, both summed over the positions whose target is not -100.

        ids, targets: (B, T), the targets already shifted. starts: (B, T), where a document begins that sees nothing before it. All may
        lie on the CPU: what is asked of them there (which positions, how many) would have it wait for a card.
        """
        flat = targets.reshape(-1)
        kept = flat >= 0
        places = None if bool(kept.all()) else kept.nonzero()[:, 0]
        hidden = self._forward(ids, starts)
        if places is not None:
            hidden, flat = hidden[sent(places, hidden.device)], flat[places]
        flat = sent(flat, hidden.device)
        if not self.plain:
            return self._by_chunks(hidden, flat, z_loss)
        kind = hidden.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
        with torch.autocast(kind, enabled=False):
            return HeadLoss.apply(hidden, self.head.weight, flat, z_loss, dtype, self.chunk_tokens, self.rounded)

    def _forward(self, ids: Tensor, starts: Tensor | None) -> Tensor:
        """(B T, d) hidden states where the head is cut off, else (B T, V) logits. ids, starts: on whatever device."""
        B, T = ids.shape
        if self.rounded and self.end_to_end and starts is not None and B == 1:
            ids, starts = even.filled(ids, 1), even.filled(starts, 1)
            starts[:, T:] = torch.arange(starts.shape[1] - T, device=ids.device) == 0  # what fills it up is a document of its own
        if self.flat and starts is None and self.network.config._attn_implementation == flat.FLASH:
            starts = torch.zeros_like(ids, dtype=torch.bool)  # whole rows are documents, too: a mask is what its kernels do not take
        given = flat.lay(ids, starts, self.rounded) if self.flat and starts is not None else {"input_ids": ids, **borders(starts)}
        device = next(self.network.parameters()).device
        given = {name: sent(each, device) if isinstance(each, Tensor) else each for name, each in given.items()}
        return self.run(use_cache=False, **given)[0].flatten(0, 1)[: B * T]

    def _by_chunks(self, hidden: Tensor, targets: Tensor, z_loss: float) -> tuple[Tensor, Tensor]:
        """The two sums where the head is more than a product; logits of a chunk are made again for its gradient."""

        def one(h: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
            logits = (self.beyond(self.head(h)) if self.cut else h).float()
            penalty = z_loss * logits.logsumexp(-1).square().sum() if z_loss else logits.new_zeros(())
            plain = token_losses(logits, t).sum()
            return plain + penalty, plain.detach()

        total, plain = hidden.new_zeros((), dtype=torch.float32), hidden.new_zeros((), dtype=torch.float32)
        for s in range(0, len(targets), self.chunk_tokens):
            part = checkpoint(one, hidden[s : s + self.chunk_tokens], targets[s : s + self.chunk_tokens], use_reentrant=False)
            total, plain = total + part[0], plain + part[1]
        return total, plain

    @torch.no_grad()
    def each(self, ids: Tensor, targets: Tensor, starts: Tensor | None = None) -> Tensor:
        """Loss of every position in nats, 0 where the target is -100. Returns (B, T) fp32. What is given may lie on the CPU."""
        flat = targets.reshape(-1)
        places = (flat >= 0).nonzero()[:, 0]
        hidden = self._forward(ids, starts)
        places, flat = sent(places, hidden.device), sent(flat, hidden.device)
        out = torch.zeros(flat.shape, dtype=torch.float32, device=hidden.device)
        for s in range(0, len(places), self.chunk_tokens):
            at = places[s : s + self.chunk_tokens]
            h = even.filled(hidden[at], 0) if self.rounded and self.cut else hidden[at]
            out[at] = token_losses((self.beyond(self.head(h)) if self.cut else h)[: len(at)], flat[at])
        return out.view(targets.shape)


def _same(logits: Tensor) -> Tensor:
    return logits


def _treatments(config: Any) -> Iterator[Callable[[Tensor], Tensor]]:
    """What networks do to their logits, by their configs: nothing, a soft cap (Gemma 2), a factor (Cohere), a divisor (Granite)."""
    yield _same
    if cap := getattr(config, "final_logit_softcapping", None):
        yield lambda logits: torch.tanh(logits / cap) * cap
    if factor := getattr(config, "logit_scale", None):
        yield lambda logits: logits * factor
    if divisor := getattr(config, "logits_scaling", None):
        yield lambda logits: logits / divisor


def _copied(head: nn.Module) -> nn.Module:
    """The copy that is trained of a head in peft's modules_to_save; any other head itself."""
    copies = getattr(head, "modules_to_save", None)
    return next(iter(copies.values())) if isinstance(copies, nn.ModuleDict) and len(copies) == 1 else head


def borders(starts: Tensor | None) -> dict[str, Tensor]:
    """What tells a network where documents begin: positions that count from each start; none for rows of one document."""
    if starts is None:
        return {}
    place = torch.arange(starts.shape[1], device=starts.device).expand(starts.shape)
    first = torch.where(starts, place, 0).cummax(1).values
    return {"position_ids": place - first}
