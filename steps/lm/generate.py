"""Sampling with a cache: a Mamba's states, or keys and values; the same logits as without one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

Step = Callable[[Tensor], Tensor]  # (B, T) further tokens to (B, V) logits after the last of them


@contextmanager
def stream(network: nn.Module, copies: int) -> Iterator[Step]:
    """A function that is given the next tokens only and returns the logits behind them; what came before is remembered."""
    mixers = [m for m in network.modules() if hasattr(m, "fresh_memory")]
    for m in mixers:
        m.memory = m.fresh_memory(copies)
    cache: list[object] = [None]
    was_training = network.training
    network.eval()

    def further(ids: Tensor) -> Tensor:
        if mixers:
            return network(input_ids=ids, use_cache=False).logits[:, -1].float()
        out = network(input_ids=ids, use_cache=True, **({} if cache[0] is None else {"past_key_values": cache[0]}))
        cache[0] = out.past_key_values
        return out.logits[:, -1].float()

    try:
        with torch.no_grad():
            yield further
    finally:
        for m in mixers:
            m.memory = None
        network.train(was_training)


def choose(logits: Tensor, temperature: float, top_p: float, generator: torch.Generator, *, top_k: int = 0) -> Tensor:
    """One token a row, drawn from the smallest set that holds `top_p` (arXiv 1904.09751) after dividing by `temperature`.

    logits: (B, V). Returns (B,). Drawn on the CPU, so that a seed gives the same text on every device. temperature 0: the likeliest.
    top_k: only of so many likeliest (arXiv 1805.04833); 0: of all.
    """
    if temperature == 0:
        return logits.cpu().argmax(-1)
    if 0 < top_k < logits.shape[-1]:
        logits = logits.masked_fill(logits < logits.topk(top_k, dim=-1).values[:, -1:], -torch.inf)
    chances = (logits.cpu() / temperature).softmax(-1)
    ordered, places = chances.sort(dim=-1, descending=True, stable=True)
    ordered[ordered.cumsum(-1) - ordered > top_p] = 0.0
    drawn = torch.multinomial(ordered, 1, generator=generator)
    return places.gather(1, drawn)[:, 0]


def sample(
    network: nn.Module,
    prompt: list[int],
    *,
    copies: int,
    max_new_tokens: int,
    seed: int,
    eos_id: int | None,
    limit: int | None = None,
    temperature: float = 0.7,
    top_p: float = 0.9,
    banned: tuple[int, ...] = (),
) -> list[list[int]]:
    """`copies` continuations of one prompt, each up to its end token, which is left out.

    limit: positions the network has; generation stops there. banned: ids that are never drawn (padding, unknown).
    """
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    room = max_new_tokens if limit is None else min(max_new_tokens, limit - len(prompt))
    drawn: list[Tensor] = []
    done = torch.zeros(copies, dtype=torch.bool)
    with stream(network, copies) as further:
        logits = further(torch.tensor([prompt] * copies, device=device))
        for _ in range(max(0, room)):
            logits[:, list(banned)] = -torch.inf
            token = choose(logits, temperature, top_p, generator)
            drawn.append(token)
            if eos_id is not None:
                done |= token == eos_id
                if bool(done.all()):
                    break
            logits = further(token[:, None].to(device))
    texts = torch.stack(drawn, 1).tolist() if drawn else [[] for _ in range(copies)]
    return [ids[: ids.index(eos_id)] if eos_id in ids else ids for ids in texts]
