"""The Hebbian memory against its loop, and the network around it."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import ModelConfig
from steps.lm import build
from steps.lm.checkpoint import write_model
from steps.lm.generate import stream
from steps.lm.hebbian import CHUNK, fast_weights
from steps.lm.loss import Head
from tests.steps.lm.small import IDS, SIZES, network

X = torch.randint(4, 60, (2, 150), generator=torch.Generator().manual_seed(1))


def inputs(T: int, b: int = 2, K: int = 5, V: int = 4, decay: float = 0.9) -> list[torch.Tensor]:
    g = torch.Generator().manual_seed(T)
    q, k, v = (torch.randn(b, T, n, generator=g, dtype=torch.float64) for n in (K, K, V))
    return [x.requires_grad_() for x in (q, k, v, torch.tensor(decay, dtype=torch.float64).log())]


def slow(q, k, v, log_decay, starts=None, state=None):
    """One token after the other, written and then read, everything recorded by autograd."""
    A = q.new_zeros(q.shape[0], q.shape[2], v.shape[2]) if state is None else state
    out = []
    for t in range(q.shape[1]):
        if starts is not None:
            A = A * ~starts[:, t, None, None]
        A = log_decay.exp() * A + k[:, t, :, None] * v[:, t, None, :]
        out.append((q[:, t, None, :] @ A)[:, 0])
    return torch.stack(out, 1), A


def borders(T: int) -> torch.Tensor:
    """Documents that begin at the row's start, side by side, on both sides of a chunk's border; in the second row none."""
    starts = torch.zeros(2, T, dtype=torch.bool)
    for t in (0, 3, 4, CHUNK - 1, CHUNK, CHUNK + 9, T - 1):
        starts[0, min(t, T - 1)] = True
    return starts


@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("T", [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_chunks_are_the_loop(T: int, documents: bool):
    """Below, at and across the chunks' borders, output, last state and every gradient, λ's too, equal those of the float64 loop."""
    given_, starts = inputs(T), borders(T) if documents else None
    onto = torch.randn(2, T, 4, dtype=torch.float64)
    want, last = slow(*given_, starts)
    got, state = fast_weights(*given_, starts=starts)
    torch.testing.assert_close(got, want, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(state, last.detach(), rtol=1e-12, atol=1e-12)
    slopes = torch.autograd.grad((want * onto).sum(), given_, allow_unused=T == 1)
    for name, a, b in zip(("q", "k", "v", "λ"), torch.autograd.grad((got * onto).sum(), given_), slopes, strict=True):
        torch.testing.assert_close(a, torch.zeros_like(a) if b is None else b, rtol=1e-9, atol=1e-10, msg=f"gradient of {name}")


@settings(max_examples=25, deadline=None)
@given(T=st.integers(1, 140), decay=st.floats(1e-6, 1 - 1e-6), cuts=st.lists(st.integers(1, 139), max_size=4), documents=st.booleans())
def test_any_pieces_are_the_whole(T: int, decay: float, cuts: list[int], documents: bool):
    """Whatever λ, and wherever the sequence is cut with the state handed on, the result is the loop's: no power of λ overflows."""
    q, k, v, log_decay = (x.detach() for x in inputs(T, decay=decay))
    starts = borders(T) if documents else None
    want, last = slow(q, k, v, log_decay, starts)
    places, out, state = [0, *sorted({c for c in cuts if c < T}), T], [], None
    for a, b in pairwise(places):
        part, state = fast_weights(*(x[:, a:b] for x in (q, k, v)), log_decay, state, None if starts is None else starts[:, a:b])
        out.append(part)
    torch.testing.assert_close(torch.cat(out, 1), want, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(state, last, rtol=1e-9, atol=1e-9)


def test_a_strong_decay_stays_finite_in_single_precision():
    """λ of a hundred-thousandth over three chunks: λ^-j would be no number."""
    given_ = [x.detach().float().requires_grad_() for x in inputs(3 * CHUNK, decay=1e-5)]
    out, _ = fast_weights(*given_)
    assert all(bool(x.isfinite().all()) for x in (out, *torch.autograd.grad(out.sum(), given_)))


def test_the_layer_is_the_formula():
    """With x normed: k of length 1, η before the product, λ from its logit, and the gate behind o."""
    made = network("mamba_hebbian")
    layer, x = made.backbone.layers[1].hebbian.double(), torch.randn(2, 70, 24, dtype=torch.float64)
    with torch.no_grad():
        u = layer.norm(x)
        k = layer.k_proj(u) / layer.k_proj(u).norm(dim=-1, keepdim=True)
        out, _ = slow(layer.q_proj(u), k, layer.log_rate.exp() * layer.v_proj(u), torch.sigmoid(layer.decay_logit)[0].log())
        torch.testing.assert_close(layer(x), layer.gate * layer.o_proj(out), rtol=1e-5, atol=1e-6)


def test_one_token_at_a_time_reads_after_the_update_too():
    """Decoded token by token across chunks, the logits are those of training's forward pass, which reads what its token just wrote."""
    made = network("mamba_hebbian")
    with torch.no_grad():
        want = made(input_ids=X).logits
    with stream(made, 2) as further:
        got = torch.stack([further(token) for token in X.split(1, 1)], 1)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


def test_transformers_own_generation_is_right_too():
    """It has no cache for the memory, so it is given none, and reads the whole sequence for each token."""
    made = network("mamba_hebbian")
    written = made.generate(X[:1, :70], max_new_tokens=8, do_sample=False, eos_token_id=None)[0]
    with torch.no_grad():
        assert torch.equal(made(input_ids=written[None]).logits[0, 69:-1].argmax(-1), written[70:])


def test_a_packed_row_is_its_documents():
    """No document of a row sees another: loss and gradients are those of the documents by themselves."""
    made = network("mamba_hebbian").double()
    ids, sizes = X[:1, :140], (5, 90, 45)
    starts = torch.zeros(1, 140, dtype=torch.bool)
    starts[0, [0, 5, 95]] = True
    targets = ids.roll(-1, 1)
    head, weights = Head(made), list(made.parameters())
    together = head.summed(ids, targets, starts=starts)[0]
    alone = sum(head.summed(a, b)[0] for a, b in zip(ids.split(sizes, 1), targets.split(sizes, 1), strict=True))
    torch.testing.assert_close(together, alone)
    for a, b in zip(torch.autograd.grad(together, weights), torch.autograd.grad(alone, weights), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    assert head.keeps_documents_apart()


def test_a_new_memory_changes_nothing():
    """Its gate is 0: with the same other weights the logits are the very ones of the plain Mamba, and yet the gate has a gradient."""
    plain = network("mamba")
    grown = build.build(ModelConfig(**SIZES["mamba_hebbian"]), 60, IDS, 64, 1).eval()
    missing, unused = grown.load_state_dict(plain.state_dict(), strict=False)
    assert (unused, all(".hebbian." in name for name in missing)) == ([], True)
    with torch.no_grad():
        assert torch.equal(grown(input_ids=X).logits, plain(input_ids=X, use_cache=False).logits)
    grown(input_ids=X).logits.square().sum().backward()
    assert all(float(block.hebbian.gate.grad.abs().max()) > 0 for block in grown.backbone.layers)


@pytest.mark.parametrize("learned", [True, False])
def test_decay_and_rate_are_learned_by_choice(learned: bool):
    """Each layer begins at the recipe's λ and η; they are parameters, which no weight decay pulls at, or constants."""
    from steps.lm.optimizer import groups

    model = ModelConfig(**{**SIZES["mamba_hebbian"], "hebbian_decay": [0.75, 0.9], "hebbian_rate": 0.5, "hebbian_learned": learned})
    made = build.build(model, 60, IDS, 64, 1)
    for block, decay in zip(made.backbone.layers, (0.75, 0.9), strict=True):
        log_decay, rate = block.hebbian.constants()
        assert (float(log_decay.detach().exp()), float(rate.detach())) == pytest.approx((decay, 0.5))
        assert (log_decay.requires_grad, rate.requires_grad) == (learned, learned)
    constants = {id(p) for name, p in made.named_parameters() if name.endswith(("decay_logit", "log_rate", "gate"))}
    decayed = groups(made, 0.1)[0]["params"]
    assert len(constants) == (6 if learned else 2)
    assert not constants & {id(p) for p in decayed}


def test_activation_checkpointing_changes_no_gradient():
    """Computed again in the backward pass, the memory gives the same."""
    found = []
    for again in (False, True):
        made = network("mamba_hebbian").train()
        head = Head(made)
        if again:
            head.checkpoint_activations()
        head.summed(X[:, :-1], X[:, 1:])[0].backward()
        found.append([p.grad for p in made.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_the_state_is_kept_in_fp32():
    """Under bf16 the memory is fp32, and the output near that of fp32."""
    made = network("mamba_hebbian")
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        low = made(input_ids=X).logits
        layer = made.backbone.layers[0].hebbian
        layer.memory = layer.fresh_memory(2)
        layer(torch.randn(2, 9, 24))
    assert layer.memory.dtype == torch.float32
    layer.memory = None
    with torch.no_grad():
        torch.testing.assert_close(low, made(input_ids=X).logits, rtol=0.1, atol=0.1)


def test_the_folder_says_whose_class_it_is(tmp_path: Path):
    """config.json names our class; transformers alone does not know the model, and we open it to the same logits."""
    made = network("mamba_hebbian")
    write_model(made, tmp_path, IDS)
    assert '"opened_by": "recipe\'s own class HebbianForCausalLM' in (tmp_path / "config.json").read_text("utf-8")
    alone = "import sys; from transformers import AutoModelForCausalLM; AutoModelForCausalLM.from_pretrained(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", alone, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "model type `mamba_hebbian` but Transformers does not recognize this architecture" in done.stderr
    opened = build.open_model(tmp_path)
    assert build.sizes_of(opened) == build.sizes_of(made)
    with torch.no_grad():
        assert torch.equal(opened(input_ids=X).logits, made(input_ids=X).logits)


def test_one_number_for_all_layers_or_one_for_each():
    """A list of another length is refused."""
    with pytest.raises(ValueError, match="hebbian_decay has 3 numbers for 2 layers"):
        ModelConfig(**{**SIZES["mamba_hebbian"], "hebbian_decay": [0.5, 0.6, 0.7]})
