"""Proportions of a new network: sizes that fit each other in arithmetic, and that nothing learns well with."""

from collections.abc import Iterator

from runner.rules import View, at, number, rule, say
from schemas.artifacts import CheckpointForecast
from schemas.findings import Finding, RulePage
from schemas.model import ModelConfig

DEEP = 16  # layers, up to which a narrow network is a small one
NARROWEST = 4  # width for each layer; known networks have 19 to 128
HEADS = 6, 256  # width of a head; known ones have 32 to 256
WIDEST = 32  # times the width, inside of a feed-forward part; known ones have 2 to 8
EXPANDED = 8  # the same of a Mamba; all known ones have 2


@rule(
    RulePage(
        "M012",
        "a network of odd proportions",
        "Depth, width and heads grow together: known networks have a width of 19 to 128 for each layer, heads of 32 to 256, a feed-forward "
        "part of 2 to 8 times the width. A deep and narrow network trains slowly and learns little more than a shallow one, heads of a few "
        "numbers cannot tell tokens apart, and a feed-forward part narrower than the network throws away what it is given. Most often two "
        "numbers stand in each other's place.",
        wrong="model: {family: llama, d_model: 64, n_layers: 48, n_heads: 8}",
        right="model: {family: llama, d_model: 512, n_layers: 8, n_heads: 8}",
        source="karpathy/nanoGPT#391; arXiv 2006.12467 (limits to depth); arXiv 2002.07028 (narrow heads); arXiv 1706.03762, 3.3",
        severity="warning",
    )
)
def sizes_go_together(view: View) -> Iterator[Finding]:
    """M012: of networks that are trained from nothing."""
    for step in view.of_type("train"):
        made = step.forecast
        if at(step.raw, "model.base") is not None or not isinstance(made, CheckpointForecast) or made.model is None:
            continue
        flash = at(step.raw, "attn_implementation") == "flash_attention_2"  # P107 tells of heads that are too wide for it
        for name, message, fix in _odd(made.model):
            if number(step, f"model.{name}") is not None and not (flash and name == "n_heads"):
                yield say("M012", step, f"model.{name}", message, fix, severity="warning")


def _odd(model: ModelConfig) -> Iterator[tuple[str, str, str]]:
    """The size that is at fault, what is odd about it, and what to write."""
    width, layers = model.d_model, model.n_layers
    if layers > DEEP and width < NARROWEST * layers:
        better = f"write n_layers: {max(2, width // 32)}, or a d_model of some {64 * max(1, round(layers / 2))}"
        yield "n_layers", f"{layers} layers of a width of {width}: deep and narrow, which learns little more than a few layers", better
    if model.family not in ("llama", "gpt2"):
        if (model.expand or 2) > EXPANDED:
            yield "expand", f"expand is {model.expand}: a block is {model.inner:,} wide inside, usual is 2", "write expand: 2"
        return
    each = width // model.heads
    if each < HEADS[0] and model.heads > 1:
        yield "n_heads", f"{model.heads} heads of {each}: too narrow to tell tokens apart", f"write {_heads(model)}"
    elif each > HEADS[1]:
        plural = "heads of" if model.heads > 1 else "head of"
        yield "n_heads", f"{model.heads} {plural} {each}: known networks have heads of 32 to 256", f"write {_heads(model)}"
    inside = model.feed_forward
    if inside < width or inside > WIDEST * width:
        usual = model.model_copy(update={"d_ff": None}).feed_forward
        kind = "narrower than the network itself" if inside < width else f"{inside / width:.0f} times as wide as the network"
        yield "d_ff", f"d_ff is {inside:,}, {kind} ({width:,})", f"delete it, which means {usual:,}"


def _heads(model: ModelConfig) -> str:
    """Heads of about 64, which part the width into even numbers, and those of keys where they would not part them."""
    fitting = [n for n in range(1, model.d_model + 1) if not model.d_model % n and not model.d_model // n % 2]
    heads = min(fitting, key=lambda n: abs(model.d_model / n - 64), default=1)
    return f"n_heads: {heads}" + (f" and n_kv_heads: {heads}" if heads % (model.n_kv_heads or 1) else "")
