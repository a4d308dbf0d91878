"""Sampling with a cache."""

import pytest
import torch

from schemas import RecipeError
from steps.lm.generate import choose, sample, stream
from tests.steps.lm.small import SIZES, network

PROMPT = [2, 11, 7, 30, 5]


@pytest.mark.parametrize("family", SIZES)
def test_cached_is_uncached(family: str):
    """Logits token by token, from what is remembered, are the logits of the whole sequence each time."""
    made = network(family)
    further_ids = torch.randint(0, 60, (2, 40), generator=torch.Generator().manual_seed(6))
    whole = torch.cat([torch.tensor([PROMPT, PROMPT]), further_ids], 1)
    with torch.no_grad():
        want = made(input_ids=whole, use_cache=False).logits[:, len(PROMPT) - 1 :]
    with stream(made, 2) as further:
        got = [further(whole[:, : len(PROMPT)])] + [further(token) for token in further_ids.split(1, 1)]
    torch.testing.assert_close(torch.stack(got, 1), want, rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        torch.testing.assert_close(made(input_ids=whole, use_cache=False).logits[:, -1], want[:, -1])  # nothing stays behind


@pytest.mark.parametrize("family", ["mamba", "mamba2", "mamba_hebbian"])
def test_parts_longer_than_a_chunk_go_on_from_what_is_remembered(family: str):
    """A prompt of more positions than a block of the scan has, then more of them at once, then one."""
    made = network(family)
    whole = torch.randint(0, 60, (2, 300), generator=torch.Generator().manual_seed(6))
    with torch.no_grad():
        want = made(input_ids=whole, use_cache=False).logits
    sizes = [130, 1, 65, 103, 1]
    with stream(made, 2) as further:
        got = [further(part) for part in whole.split(sizes, 1)]
    ends = torch.tensor(sizes).cumsum(0) - 1
    torch.testing.assert_close(torch.stack(got, 1), want[:, ends], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("family", ["mamba", "gpt2"])
def test_a_seed_is_a_text(family: str):
    """The same seed writes the same, another seed something else, and no banned id."""
    made = network(family)
    wanted = {"copies": 3, "max_new_tokens": 20, "ends": (), "temperature": 1.0, "top_p": 1.0}
    first = sample(made, PROMPT, seed=1, banned=(0, 1), **wanted)
    assert first == sample(made, PROMPT, seed=1, banned=(0, 1), **wanted)
    assert first != sample(made, PROMPT, seed=2, banned=(0, 1), **wanted)
    assert not {0, 1} & {token for ids in first for token in ids}
    assert first[0] != first[1]


def test_generation_stops_at_the_models_positions():
    """A model with 64 learned positions writes no more than it can read."""
    (ids,) = sample(network("gpt2"), PROMPT, copies=1, max_new_tokens=500, seed=1, ends=(), limit=64)
    assert len(ids) == 64 - len(PROMPT)


def test_top_p_takes_the_smallest_set():
    """Of chances 0.5, 0.3, 0.15, 0.05, top_p 0.6 draws only from the first two, top_p 1 from all."""
    logits = torch.tensor([[0.5, 0.05, 0.3, 0.15]]).log().repeat(2000, 1)
    g = torch.Generator().manual_seed(0)
    assert set(choose(logits, 1.0, 0.6, g).tolist()) == {0, 2}
    assert set(choose(logits, 1.0, 1.0, g).tolist()) == {0, 1, 2, 3}
    share = choose(logits, 1.0, 0.6, g).eq(0).float().mean()
    assert float(share) == pytest.approx(0.5 / 0.8, abs=0.04)


def test_a_network_without_a_cache_is_given_the_whole_text():
    """Falcon-Mamba hands out no keys and values: the logits are those of the whole sequence all the same."""
    from transformers import FalconMambaConfig, FalconMambaForCausalLM

    made = FalconMambaForCausalLM(FalconMambaConfig(vocab_size=60, hidden_size=16, num_hidden_layers=1, state_size=4)).eval()
    whole = torch.randint(0, 60, (2, 12), generator=torch.Generator().manual_seed(6))
    with torch.no_grad():
        want = made(input_ids=whole, use_cache=False).logits[:, 4:]
    with stream(made, 2) as further:
        got = [further(whole[:, :5])] + [further(token) for token in whole[:, 5:].split(1, 1)]
    torch.testing.assert_close(torch.stack(got, 1), want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("temperature", "drawn"), [(1e-40, {1}), (1e40, {1, 2, 3})])
def test_no_temperature_is_too_low_or_too_high(temperature: float, drawn: set[int]):
    """Near 0 it is the likeliest, far up any that is not banned."""
    logits = torch.tensor([[-torch.inf, 30.0, 10.0, -20.0]])
    assert {int(choose(logits, temperature, 1.0, torch.Generator().manual_seed(seed))) for seed in range(60)} == drawn


def test_top_p_1_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch):
    """Although in fp32 the sum of a large vocabulary's chances passes 1 before its end."""
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(torch, "multinomial", lambda chances, *_, **__: seen.append(chances) or torch.zeros(1, 1, dtype=torch.long))
    choose(torch.randn(1, 200_000, generator=torch.Generator().manual_seed(1)), 1.0, 1.0, torch.Generator())
    assert bool((seen[0] > 0).all())


def test_logits_that_are_no_numbers_are_told():
    """At every temperature, and not by a library's words about a probability tensor."""
    for temperature in (0, 0.7):
        with pytest.raises(RecipeError, match="C013: the model's logits are no numbers"):
            choose(torch.tensor([[0.0, torch.nan]]), temperature, 1.0, torch.Generator())
