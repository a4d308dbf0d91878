"""The loss in chunks against the plain one."""

import pytest
import torch
import torch.nn.functional as F
import transformers

from steps.lm.loss import Head
from tests.steps.lm.small import SIZES, network

G = torch.Generator().manual_seed(5)
IDS = torch.randint(0, 60, (3, 20), generator=G)
TARGETS = torch.randint(0, 60, (3, 20), generator=G)
TARGETS[1, 5:] = -100


def plain(made: torch.nn.Module, z_loss: float) -> torch.Tensor:
    logits = made(input_ids=IDS, use_cache=False).logits.float()
    ce = F.cross_entropy(logits.flatten(0, 1), TARGETS.flatten(), ignore_index=-100, reduction="sum")
    return ce + z_loss * (logits.logsumexp(-1) ** 2)[TARGETS >= 0].sum()


@pytest.mark.parametrize("family", SIZES)
@pytest.mark.parametrize("z_loss", [0.0, 1e-2])
def test_chunks_change_nothing(family: str, z_loss: float):
    """Loss and gradients in chunks of 7 tokens are those of full logits, masked targets left out."""
    made = network(family)
    want = plain(made, z_loss)
    gradients = torch.autograd.grad(want, list(made.parameters()))
    head = Head(made, 7)
    assert head.plain
    got, ce = head.summed(IDS, TARGETS, z_loss)
    assert abs(got.item() - want.item()) < 1e-6 * want.item()
    assert abs(ce.item() - plain(made, 0.0).item()) < 1e-6 * want.item()
    for a, b in zip(torch.autograd.grad(got, list(made.parameters())), gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=2e-5)


def test_each_is_the_loss_of_each_position():
    """Position by position, with 0 where nothing is learned; their sum is the summed loss."""
    head = Head(network("mamba"))
    each = head.each(IDS, TARGETS)
    assert each.shape == TARGETS.shape
    assert float(each[1, 5:].abs().max()) == 0.0
    assert abs(each.sum().item() - head.summed(IDS, TARGETS)[0].item()) < 1e-3


def test_a_head_that_does_more_is_left_whole():
    """A head with a bias is not replaced by a bare product, and gives the same loss as the model itself."""
    made = network("llama")
    made.lm_head.bias = torch.nn.Parameter(torch.randn(60))
    head = Head(made)
    assert not head.plain
    assert abs(head.summed(IDS, TARGETS)[0].item() - plain(made, 0.0).item()) < 1e-3


BENT = {
    "a cap": (transformers.Gemma2Config, transformers.Gemma2ForCausalLM, {"head_dim": 16, "final_logit_softcapping": 30.0}),
    "a factor": (transformers.CohereConfig, transformers.CohereForCausalLM, {"logit_scale": 0.0625}),
    "a divisor": (transformers.GraniteConfig, transformers.GraniteForCausalLM, {"logits_scaling": 8.0}),
}


def bent(name: str, loud: float = 1.0) -> torch.nn.Module:
    """A new network that does more to its logits than its head."""
    config, kind, more = BENT[name]
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1}
    torch.manual_seed(3)
    made = kind(config(vocab_size=60, tie_word_embeddings=False, pad_token_id=0, **sizes, **more)).eval()
    with torch.no_grad():
        made.get_output_embeddings().weight *= loud
    return made


@pytest.mark.parametrize("name", BENT)
@pytest.mark.parametrize("loud", [1.0, 300.0])
def test_what_is_done_to_logits_is_done_chunk_by_chunk(name: str, loud: float):
    """Gemma 2 bends logits of 30, Cohere and Granite scale them: loss and gradients are the network's own, and no chunk is longer."""
    made = bent(name, loud)
    want = plain(made, 1e-2)
    gradients = torch.autograd.grad(want, list(made.parameters()))
    head, seen = Head(made, 7), []
    assert head.cut
    assert not head.plain
    head.head.register_forward_hook(lambda _, given, out: seen.append(len(out)))
    got, ce = head.summed(IDS, TARGETS, 1e-2)
    assert abs(got.item() - want.item()) < 2e-6 * want.item()
    assert abs(ce.item() - plain(made, 0.0).item()) < 2e-6 * want.item()
    for a, b in zip(torch.autograd.grad(got, list(made.parameters())), gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=2e-5 * max(1.0, float(b.abs().max())))
    assert max(seen) == 7
    assert abs(head.each(IDS, TARGETS).sum().item() - ce.item()) < 1e-4 * ce.item()


def test_a_cap_far_above_a_new_networks_logits_is_seen():
    """Those of a network that has learned nothing are a tenth of it, and seem to pass as they are."""
    head = Head(bent("a cap"))
    far = torch.full((1, 60), 300.0)
    assert head.beyond(far).max().item() == pytest.approx(30.0)


def test_what_no_config_tells_is_left_to_the_network():
    """Logits that are bent in a way of their own are made in one piece."""
    made = bent("a cap")
    made.config.final_logit_softcapping = None
    inner = made.forward
    made.forward = lambda **given: (lambda out: out.__setitem__("logits", out.logits.sin()) or out)(inner(**given))  # type: ignore[method-assign]
    assert not Head(made).cut
