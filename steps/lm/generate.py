"""Sampling with a cache: a Mamba's states, or keys and values; the same logits as without one."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from schemas import RecipeError

Step = Callable[[Tensor], Tensor]  # (B, T) further tokens to (B, V) logits after the last of them


@contextmanager
def stream(network: nn.Module, copies: int) -> Iterator[Step]:
    """A function that is given the next tokens only and returns the logits behind them; what came before is remembered.

    A network that hands out no keys and values (Falcon-Mamba, RecurrentGemma) is given the whole text each time.
    """
    mixers = [m for m in network.modules() if hasattr(m, "fresh_memory")]
    for m in mixers:
        m.memory = m.fresh_memory(copies)
    cache: list[object] = [None]
    whole: list[Tensor] = []
    was_training = network.training
    network.eval()

    def further(ids: Tensor) -> Tensor:
        if mixers:
            return network(input_ids=ids, use_cache=False).logits[:, -1].float()
        if whole:
            whole[0] = torch.cat([whole[0], ids], 1)
            return network(input_ids=whole[0], use_cache=False).logits[:, -1].float()
        out = network(input_ids=ids, use_cache=True, **({} if cache[0] is None else {"past_key_values": cache[0]}))
        cache[0] = getattr(out, "past_key_values", None)
        if cache[0] is None:
            whole.append(ids)
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
    top_k: only of so many likeliest (arXiv 1805.04833); 0: of all. Raises RecipeError C013 for logits that are no numbers.
    """
    logits = logits.cpu()
    if bool(logits.isnan().any()):
        message = "the model's logits are no numbers: its weights hold NaN or infinity, or its precision cannot hold them"
        raise RecipeError("C013", message, fix="a validate_checkpoint step names the weights; train again with a lower learning_rate")
    if temperature == 0:
        return logits.argmax(-1)
    if 0 < top_k < logits.shape[-1]:
        logits = logits.masked_fill(logits < logits.topk(top_k, dim=-1).values[:, -1:], -torch.inf)
    logits = logits.double() - logits.max(-1, keepdim=True).values  # the largest is 0: a temperature near 0 leaves it alone
    chances = (logits / temperature).softmax(-1).float()
    ordered, places = chances.sort(dim=-1, descending=True, stable=True)
    if top_p < 1:  # sums of many small chances pass 1 by rounding
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
    ends: Collection[int],
    limit: int | None = None,
    temperature: float = 0.7,
    top_p: float = 0.9,
    banned: tuple[int, ...] = (),
) -> list[list[int]]:
    """`copies` continuations of one prompt, each up to the first of `ends`, which is left out.

    limit: positions the network has; generation stops there. banned: ids that are never drawn (padding, unknown).
    """
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    room = max_new_tokens if limit is None else min(max_new_tokens, limit - len(prompt))
    drawn: list[Tensor] = []
    done, last = torch.zeros(copies, dtype=torch.bool), torch.tensor(sorted(ends), dtype=torch.long)
    with stream(network, copies) as further:
        logits = further(torch.tensor([prompt] * copies, device=device))
        for _ in range(max(0, room)):
            logits[:, list(banned)] = -torch.inf
            token = choose(logits, temperature, top_p, generator)
            drawn.append(token)
            done |= torch.isin(token, last)
            if bool(done.all()):
                break
            logits = further(token[:, None].to(device))
    texts = torch.stack(drawn, 1).tolist() if drawn else [[] for _ in range(copies)]
    return [ids[: next((at for at, token in enumerate(ids) if token in ends), len(ids))] for ids in texts]
