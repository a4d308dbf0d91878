"""validate_checkpoint: vouch for a checkpoint, or say what is wrong with it; the checkpoint itself is handed on as it is."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from schemas import (
    Checkpoint,
    CheckpointForecast,
    Corpus,
    ForecastContext,
    Positive,
    RecipeError,
    StepContext,
    StepParams,
    TokenBin,
)  # fmt: skip
from steps import step
from steps.lm.proof_pages import VALIDATE_PAGES

DEAD = 0.05  # share of dead rows that is worth a warning


class ValidateCheckpoint(StepParams):
    """How hard it is looked at."""

    prompts: list[str] = Field(
        default_factory=list, description="texts to continue, or questions to a model that answers, at T 0.7 and top_p 0.9"
    )
    max_new_tokens: Positive = Field(default=100, description="tokens of a continuation")
    weights: Literal["last", "best"] = Field(default="last", description="which of the checkpoint's weights: best, of its best validation")
    trust_pickle: bool = Field(default=False, description="bear with pickled files beside the weights; they are not opened")
    tolerance: float = Field(default=1e-4, gt=0, description="nats by which the recorded validation loss may be missed")


@step(version=4, libraries=("torch", "transformers"), pages=VALIDATE_PAGES)
def validate_checkpoint(
    params: ValidateCheckpoint, checkpoint: Checkpoint, bins: TokenBin | None, corpus: list[Corpus] | None, context: StepContext
) -> Checkpoint:
    """Return `checkpoint` unchanged once its files, weights, vocabulary and recorded loss are what they say.

    Without `bins` (or for a fine-tuned model `corpus`) the loss cannot be computed again, which is said. A model that was trained on
    texts is compared with smoothed n-grams on the same split, and of words that it samples those that the corpus knows are counted.
    Raises RecipeError C001 and C010 to C015.
    """
    from steps.lm import build, proof, room
    from steps.lm.frozen import stored_dtype
    from steps.lm.precision import held
    from steps.lm.words import languages
    from steps.text.tokenizers import open_tokenizer

    if params.weights == "best" and checkpoint.best_step is None and not context.smoke:
        message = "no weights are kept as the best: nothing was validated, or they could not be read again; the last are looked at"
        context.warn("C122", message, field="weights", fix="delete weights, or give the training documents to validate on")
    handed_on, checkpoint = checkpoint, checkpoint.choose(params.weights)
    checks = proof.file_checks(checkpoint, trust_pickle=params.trust_pickle)
    _stop_at_failure(checks, context, {})
    network = build.open_model(checkpoint.path)
    words = open_tokenizer(checkpoint.path)
    checks += [proof.weight_check(network), proof.vocabulary_check(network, words)]
    _stop_at_failure(checks, context, {})
    half = room.settle(network.eval(), build.device(), stored_dtype(checkpoint.path))
    record = proof.read_record(checkpoint.path)
    with build.fitting_threads(network), held(half, build.device()):
        rows = proof.rows_for(record, bins, corpus or [], words)
        check, scored = proof.loss_check(network, rows, record, checkpoint, params.tolerance)
        checks.append(check)
        facts: dict[str, Any] = {"val_loss": None, "recorded_val_loss": checkpoint.val_loss, "bits_per_byte": None, "tokens": 0, "by": {}}
        if scored is not None:
            facts |= {"val_loss": scored.loss, "bits_per_byte": scored.bits_per_byte, "tokens": scored.tokens, "by": scored.by}
        _stop_at_failure(checks, context, facts)
        facts["embedding"] = proof.embedding_facts(network, words, bins)
        checks.append(proof.embedding_check(facts["embedding"]))
        if facts["embedding"]["dead"] > DEAD and not context.smoke:
            message = f"{facts['embedding']['dead']:.1%} of the embedding's rows are dead: zero, or twins of other rows"
            context.warn("C121", message, fix="take a smaller vocabulary, or train longer")
        trained_on_texts = record.get("objective") == "lm"
        known = languages(_documents(bins, corpus or [], words)) if trained_on_texts else {}
        facts |= _counting(params, record, known, bins, words, scored, context)
        facts |= _texts(params, known, network, words, context)
    context.stats("validation", {**facts, "checks": [c.plain() for c in checks], "weights": params.weights})
    return handed_on


def _stop_at_failure(checks: list[Any], context: StepContext, facts: dict[str, Any]) -> None:
    failed = [c for c in checks if not c.passed]
    if failed:
        context.stats("validation", {**facts, "checks": [c.plain() for c in checks]})
        said = "; ".join(f"{c.name}: {c.detail}" for c in failed)
        raise RecipeError(failed[0].code, f"the checkpoint is not what it says: {said}", field="checkpoint", fix=failed[0].fix)


def _counting(
    params: ValidateCheckpoint, record: dict[str, Any], known: dict[str, Any], bins: TokenBin | None, words: Any, scored: Any,
    context: StepContext,
) -> dict[str, Any]:  # fmt: skip
    """Smoothed n-grams of orders 1 to 5 on the same split, and a trigram's text by language."""
    if bins is None or scored is None or record.get("objective") != "lm":
        return {"ngrams": [], "best_ngram": None, "ratio_to_best_ngram": None, "ngram_samples": []}
    from steps.lm.peers import ngrams, texts

    found = ngrams(bins, record.get("eval_tokens"), record["seed"])
    best = min(found, key=lambda entry: entry["bits_per_byte"])
    ours = scored.bits_per_byte
    if ours is not None and ours > best["bits_per_byte"] and not context.smoke:  # a few steps are not meant to beat anything
        message = f"{ours:.3f} bits a byte, where an n-gram of order {best['order']} has {best['bits_per_byte']:.3f}"
        message += f" ({best['smoothing']} smoothing)"
        context.warn("C120", message, fix="train longer, or on more text")
    return {
        "ngrams": found,
        "best_ngram": best,
        "ratio_to_best_ngram": None if ours is None else ours / best["bits_per_byte"],
        "ngram_samples": texts(bins, words, known, max_new_tokens=params.max_new_tokens, seed=context.seed),
    }


def _texts(params: ValidateCheckpoint, known: dict[str, Any], network: Any, words: Any, context: StepContext) -> dict[str, Any]:
    """The prompts continued, or answered as by `recipe generate`; and the share of sampled words that the corpus knows, by language.

    The share tells whether it learned to write at all. (A base that is fine-tuned could write before, and a large one takes hours over a
    thousand words on a CPU.)
    """
    from steps.lm.speak import answers
    from steps.lm.texts import samples
    from steps.lm.words import WANTED, known_share

    length, seed = params.max_new_tokens, context.seed
    shares: dict[str, Any] = {}

    def going(sampled: int) -> None:
        context.progress(WANTED * len(shares) + min(sampled, WANTED), WANTED * len(known), "words")
        if context.stopping():
            raise context.stopped()

    for lang, language in known.items():
        shares[lang or "text"] = known_share(network, words, language, max_new_tokens=length, seed=seed, going=going)
    asked = words.folder is not None and answers(words.folder, None)
    return {"words": shares, "samples": samples(network, words, params.prompts, max_new_tokens=length, seed=seed, asked=asked)}


def _documents(bins: TokenBin | None, corpora: list[Corpus], words: Any) -> Iterator[tuple[str, str]]:
    """(lang, text) of the corpus, or of the bin's training side where no corpus is wired."""
    if corpora:
        for one in corpora:
            yield from ((row.get("lang", ""), row["text"]) for row in one.rows() if row.get("text"))
    elif bins is not None:
        from steps.text.binfile import BinReader

        reader = BinReader(bins.path, "train")
        yield from ((meta.get("lang", ""), words.decode(reader.document(i))) for i, meta in enumerate(reader.meta))


@validate_checkpoint.needs
def _needs(params: ValidateCheckpoint) -> dict[str, Any]:
    return {"bins": "auto", "corpus": "auto"}


@validate_checkpoint.smoke
def _smoke(written: dict[str, Any]) -> dict[str, Any]:
    return {**written, "max_new_tokens": 40}


@validate_checkpoint.forecast
def _forecast(params: ValidateCheckpoint, inputs: dict[str, Any], context: ForecastContext) -> CheckpointForecast:
    found = inputs.get("checkpoint")
    if not isinstance(found, CheckpointForecast):
        return CheckpointForecast()
    return found.model_copy(update={"seconds": None, "disk_bytes": 0})
