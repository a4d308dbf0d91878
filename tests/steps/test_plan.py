"""plan, called as the runner calls it."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas import Machine, ModelConfig, Plan, RecipeError, Tokenizer, TokenizerForecast
from schemas.machine import GIB, known
from steps.plan import PlanParams, plan
from steps.sizing.dryrun import Tried
from tests.conftest import FakeContext

SMALL = {"model": {"family": "mamba", "d_model": 64, "n_layers": 2, "d_state": 8}, "total_batch_size": 8, "max_seq_length": 64}
TOKENIZER = Tokenizer(vocab_size=500)


def made(folder: Path, subject: dict[str, Any], target: str = "t4", **params: Any) -> tuple[Plan, FakeContext]:
    context = FakeContext(folder)
    found = known(target)
    if found is not None:
        context.target = found
    result = plan(PlanParams.model_validate({"subject": subject, **params}), TOKENIZER, None, None, None, context)
    return result, context  # type: ignore[return-value]


def test_a_plan_fills_in_what_the_train_step_leaves_open(tmp_path: Path) -> None:
    """phase1's train step on a T4: the effective batch of 128 is kept, the precision is what the card has."""
    subject = {"model": {"d_model": 256, "n_layers": 6}, "total_batch_size": 128, "max_seq_length": 512}
    found, context = made(tmp_path, subject)
    settings = found.settings
    assert settings["batch_size"] * settings["gradient_accumulation_steps"] == 128
    assert (settings["precision"], "max_seq_length" in settings) == ("fp16", False)
    assert sorted(found.because) == sorted(settings)
    assert context.events[-1]["message"].endswith("by the model of NVIDIA Tesla T4 alone")


def test_the_train_step_takes_the_plan(tmp_path: Path) -> None:
    """Every setting is a param of train, and together they are valid, whatever was written by hand."""
    pytest.importorskip("torch")
    from steps.sizing.planned import with_plan
    from steps.train import Train

    written: list[dict[str, int]] = [
        {}, {"batch_size": 3}, {"gradient_accumulation_steps": 3}, {"total_batch_tokens": 1000}, {"total_batch_tokens": 9000},
        {"total_batch_size": 10, "gradient_accumulation_steps": 4}, {"total_batch_size": 10, "batch_size": 4},
    ]  # fmt: skip
    for number, more in enumerate(written):
        subject = {"model": SMALL["model"], **more}
        found, _ = made(tmp_path / str(number), subject)
        before, after = Train.model_validate(subject), with_plan(Train.model_validate(subject), found)
        assert set(found.settings) <= set(Train.model_fields)
        if before.asked_rows and "max_seq_length" not in found.settings:
            assert after.batch()[0] == before.batch()[0]


def test_the_same_recipe_gives_the_same_bytes(tmp_path: Path) -> None:
    """No time and no measured figure in the artifact."""
    folders = [made(tmp_path / name, SMALL)[0].path for name in ("a", "b")]
    first, second = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders)
    assert first == second
    assert sorted(first) == ["artifact.json", "plan.json", "plan.md"]


def test_a_dry_run_can_only_reject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best candidate runs out of memory here: the next best is taken, and the artifact holds no measured figure."""
    tried = []

    def refuse_first(candidate: Any, *rest: Any) -> Tried:
        tried.append(candidate.batch_size)
        return Tried("rejected", "memory ran out in the dry run", {"peak_bytes": 123456789}) if len(tried) == 1 else Tried("", "", {})

    monkeypatch.setattr("steps.sizing.dryrun.dry_run", refuse_first)
    found, context = made(tmp_path, SMALL, target="here")
    rows = {row["settings"]["batch_size"]: row for row in json.loads((found.path / "plan.json").read_text())["candidates"]}
    assert found.settings["batch_size"] == tried[1]
    assert [rows[size]["verdict"] for size in tried] == ["rejected in a dry run", "chosen"]
    assert "123456789" not in (found.path / "plan.json").read_text()
    assert context.kept["plan"]["dry_runs"][0]["peak_bytes"] == 123456789


LLAMA = {"model": {"family": "llama", "d_model": 512, "n_layers": 8, "vocab_size": 500}, "max_seq_length": 512}


def test_what_is_written_and_far_slower_is_warned_about(tmp_path: Path) -> None:
    """Kept, with the fields, what the plan would choose in their place, and how to keep the effective batch."""
    found, context = made(tmp_path / "a", {**LLAMA, "batch_size": 2, "precision": "fp32"}, target="a100")
    ((code, message),) = context.warnings
    assert code == "B101"
    assert message.startswith("batch_size: 2, precision: fp32, as written: about ")
    assert message.endswith(" with batch_size: 8, precision: bf16")
    assert not {"batch_size", "precision"} & set(found.settings)
    assert f"Written by hand and kept: {message}." in (found.path / "plan.md").read_text()
    assert json.loads((found.path / "plan.json").read_text())["by_hand"] == message

    product = {"batch_size": 1, "gradient_accumulation_steps": 64}
    _, context = made(tmp_path / "b", {**LLAMA, **product}, target="a100")
    assert context.warnings[0][1].endswith(" with batch_size: 64, gradient_accumulation_steps: 1")


def test_what_costs_less_than_half_of_the_speed_passes(tmp_path: Path) -> None:
    """Nothing is said of what the plan would do a little better, nor of the effective batch that is asked for."""
    for number, more in enumerate(({"activation_checkpointing": True}, {"total_batch_size": 2}, {"precision": "bf16", "batch_size": 8})):
        found, context = made(tmp_path / str(number), {**LLAMA, **more}, target="a100")
        assert context.warnings == []
        assert "Written by hand" not in (found.path / "plan.md").read_text()


@pytest.mark.parametrize(("asked", "length"), [(6000, 6016), (700, 704), (48, 64)])
def test_a_row_is_no_shorter_than_split_long_leaves(tmp_path: Path, asked: int, length: int) -> None:
    """Above LONGEST too, whatever the data's longest document is; a check foresees the same."""
    subject = {"model": SMALL["model"], "total_batch_size": 8, "split_long": asked}
    found, context = made(tmp_path, subject)
    assert found.settings["max_seq_length"] == length
    assert found.because["max_seq_length"] == f"split_long leaves documents of up to {asked} tokens, and a row is no shorter"
    assert plan.forecast_function is not None
    inputs = {"tokenizer": TokenizerForecast(vocab_size=500)}
    foreseen = plan.forecast_function(PlanParams(subject=subject), inputs, context)
    assert foreseen.settings == found.settings


def test_why_a_row_is_shorter_than_split_long_leaves(tmp_path: Path) -> None:
    """Not one such row fits in the memory, or the tokens of a step are written and fewer; by hand wins anyway."""
    large = {"model": {"family": "llama", "d_model": 2048, "n_layers": 16, "vocab_size": 500}, "split_long": 4_000_000}
    found, context = made(tmp_path / "a", large, target="a100")
    assert found.settings["max_seq_length"] < 4_000_000
    said = [event["message"] for event in context.events if event.get("message")]
    assert said[0] == f"rows of {found.settings['max_seq_length']} tokens: {found.because['max_seq_length']}"
    assert plan.forecast_function is not None
    inputs = {"tokenizer": TokenizerForecast(vocab_size=500)}
    foreseen = plan.forecast_function(PlanParams(subject=large), inputs, context)
    assert foreseen.because == {"max_seq_length": "not even one row of the 4000000 tokens of split_long fits in the memory"}
    assert found.because["max_seq_length"].endswith("; not even one row of the 4000000 tokens of split_long fits in the memory")
    few, _ = made(tmp_path / "b", {"model": SMALL["model"], "total_batch_tokens": 512, "split_long": 700})
    assert few.settings["max_seq_length"] == 512
    assert few.because["max_seq_length"].endswith("; the 700 tokens of split_long are more than total_batch_tokens: 512")
    whole, _ = made(tmp_path / "c", {"model": SMALL["model"], "total_batch_tokens": 700, "split_long": 700})
    assert whole.settings["max_seq_length"] == 700
    written, _ = made(tmp_path / "d", {**SMALL, "split_long": 700})
    assert "max_seq_length" not in written.settings


def test_if_all_are_slow_the_plan_stands_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the machine is busy, or its model is wrong: no reason to train in smaller batches, and the bytes are those of a quiet one."""
    slow = Tried("rejected", "5 tokens a second in the dry run, 500 were modelled", {}, slow=True)
    monkeypatch.setattr("steps.sizing.dryrun.dry_run", lambda *all: Tried("", "", {}))
    expected, _ = made(tmp_path / "a", SMALL, target="here")
    monkeypatch.setattr("steps.sizing.dryrun.dry_run", lambda *all: slow)
    found, context = made(tmp_path / "b", SMALL, target="here")
    assert found.settings == expected.settings
    assert [code for code, _ in context.warnings] == ["B105"]
    for page in ("plan.json", "plan.md"):
        assert (found.path / page).read_bytes() == (expected.path / page).read_bytes()
    assert "5 tokens a second in the dry run" in context.side("reports/plan.md").read_text()


@pytest.mark.parametrize(("share_of_flops", "slow"), [(1.0, True), (0.4, False)])
def test_a_busy_core_is_no_fault_of_the_candidate(monkeypatch: pytest.MonkeyPatch, share_of_flops: float, slow: bool) -> None:
    """At a third of the modelled speed a candidate is turned down, unless the core multiplied matrices as slowly meanwhile."""
    from steps.sizing import dryrun
    from steps.sizing.candidates import candidates
    from steps.sizing.subject import read_subject

    model = ModelConfig(family="llama", d_model=256, n_layers=4, n_heads=4, vocab_size=2000)
    subject = read_subject({"model": model.model_dump(exclude={"vocab_size"}, exclude_none=True), "max_seq_length": 128})
    machine = Machine(name="here", kind="cpu", memory_bytes=16 * GIB, fp16=False)
    candidate = candidates(subject, model, machine, 128, margin=0.8, most=1)[0]
    answer = {"device": "cpu", "out_of_memory": False, "peak_bytes": GIB // 2, "steps": 3, "longest": 128,
              "tokens_per_s": candidate.tokens_per_s / 3, "core_flops": share_of_flops * dryrun.USUAL_FLOPS}  # fmt: skip
    monkeypatch.setattr(dryrun, "_ask", lambda question: (answer, ""))
    found = dryrun.dry_run(candidate, subject, model, machine, 3)
    assert (found.slow, found.verdict) == ((True, "rejected") if slow else (False, ""))


def test_a_real_dry_run_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps of a small Mamba in a process of its own: device, peak memory and speed are measured and kept beside the plan."""
    pytest.importorskip("torch")
    monkeypatch.setattr("steps.sizing.dryrun.TOO_SLOW", 1000.0)  # how quick shared cores are is not asked here
    found, context = made(tmp_path, SMALL, target="here", dry_run_steps=2)
    told = context.kept["plan"]["dry_runs"][0]
    assert (told["verdict"], told["steps"], told["out_of_memory"]) == ("passed", 2, False)
    assert 0.1 * GIB < told["peak_bytes"] < 2 * GIB
    assert told["tokens_per_s"] > 0
    assert told["core_flops"] > 1e9
    assert found.settings["batch_size"] == told["batch_size"]


def test_what_is_written_by_hand_stays_with_a_warning(tmp_path: Path) -> None:
    """A micro-batch that does not fit is kept: the user may know better."""
    subject = {"model": {"d_model": 1024, "n_layers": 24}, "batch_size": 512, "max_seq_length": 2048}
    found, context = made(tmp_path, subject)
    assert "batch_size" not in found.settings
    assert [code for code, _ in context.warnings] == ["B101"]


def test_what_cannot_fit_is_an_error(tmp_path: Path) -> None:
    """One row of a model of four billion parameters on a T4."""
    subject = {"model": {"family": "llama", "d_model": 3072, "n_layers": 36}, "max_seq_length": 512}
    with pytest.raises(RecipeError, match="B102: even one row of 512 tokens at a time needs") as error:
        made(tmp_path, subject)
    assert "method: lora" in error.value.fix


def test_a_plan_for_nothing_is_an_error(tmp_path: Path) -> None:
    """No train step after it."""
    with pytest.raises(RecipeError, match="B103"):
        made(tmp_path, {})


def test_rows_of_fine_tuning_are_as_long_as_the_longest_document(tmp_path: Path, stories: Path) -> None:
    """Not written, the length follows the corpus: nothing that split_long left is too long."""
    pytest.importorskip("sentencepiece")
    from steps.text.tokenizers import open_tokenizer
    from tests.steps.export import small_models

    texts = small_models.stories(stories)[:40]
    folder = small_models.tokenizer(tmp_path / "t", texts)
    corpus = small_models.corpus(tmp_path / "c", texts)
    context = FakeContext(tmp_path)
    subject = {"model": SMALL["model"], "objective": "sft"}
    found = plan(PlanParams(subject=subject, skip_dry_run=True), TOKENIZER.at(folder), None, [corpus], None, context)
    longest = max(len(open_tokenizer(folder).encode(text)) for text in texts) + 1
    assert longest <= found.settings["max_seq_length"] < longest + 64


def test_needs_follow_the_train_step() -> None:
    """A bin for pretraining, a corpus for fine-tuning, the base model's checkpoint."""
    asked = plan.needs_function
    assert asked is not None
    sft = {"model": {"base": {"recipe": "quickstart", "step": "train"}}, "objective": "sft"}
    assert asked(PlanParams(subject=SMALL)) == {"tokenizer": "auto", "bins": "auto"}
    assert asked(PlanParams(subject=sft)) == {
        "tokenizer": "auto",
        "corpus": "auto",
        "checkpoint": {"recipe": "quickstart", "step": "train"},
    }


def test_a_dry_run_takes_the_longest_rows_of_the_data(tmp_path: Path, stories: Path) -> None:
    """Real documents, the longest first, none above the planned length."""
    pytest.importorskip("sentencepiece")
    from steps.sizing.lengths import longest_rows
    from steps.text.tokenizers import open_tokenizer
    from tests.steps.export import small_models

    texts = small_models.stories(stories)[:40]
    folder = small_models.tokenizer(tmp_path / "t", texts)
    corpus = small_models.corpus(tmp_path / "c", texts)
    rows = longest_rows(None, [corpus], folder, 64, 3)
    longest = sorted(texts, key=len, reverse=True)[:3]
    assert rows == [open_tokenizer(folder).encode(text)[:65] for text in longest]
    assert longest_rows(None, [], folder, 64, 3) == []


def test_an_allocation_that_fails_in_the_child_harms_nobody() -> None:
    """A process that may allocate 40 MB more, and a step that needs hundreds: a real failure, and an answer."""
    pytest.importorskip("torch")
    from steps.sizing.dryrun import _ask

    question = {
        "model": {"family": "llama", "vocab_size": 8000, "d_model": 128, "n_layers": 2}, "method": "full", "lora": {}, "batch_size": 16,
        "length": 256, "precision": "fp32", "steps": 1, "limit_s": 20, "limit_bytes": 40_000_000, "rows": [[5, 6, 7] * 100],
    }  # fmt: skip
    answer, said = _ask(question)
    assert answer is not None, said
    assert answer["out_of_memory"] is True


def test_a_quantised_base_is_planned_by_the_model_alone(tmp_path: Path) -> None:
    """A new network in full precision would be no trial of it."""
    from steps.sizing.candidates import candidates
    from steps.sizing.dryrun import dry_run
    from steps.sizing.subject import read_subject

    subject = read_subject({"method": "qlora", "model": {"base": {"path": "x"}}, "max_seq_length": 64})
    sized = ModelConfig(family="llama", vocab_size=500, d_model=64, n_layers=2)
    machine = FakeContext(tmp_path).target
    (best, *_) = candidates(subject, sized, machine, 64, margin=0.8, most=1)
    found = dry_run(best, subject, sized, machine, 1)
    assert (found.told, found.verdict) == (False, "")


def test_layers_are_computed_again_only_where_nothing_else_fits(tmp_path: Path) -> None:
    """The same llama: as it is on 48 GB, with activation checkpointing on 8 GB; what is written stays."""
    subject = {"model": {"family": "llama", "d_model": 512, "n_layers": 24, "vocab_size": 500}, "batch_size": 8, "max_seq_length": 1024}
    large, _ = made(tmp_path / "a", subject, target="a6000")
    small, _ = made(tmp_path / "b", subject, target="rtx4060")
    assert (large.settings["activation_checkpointing"], small.settings["activation_checkpointing"]) == (False, True)
    written, context = made(tmp_path / "c", {**subject, "activation_checkpointing": False}, target="rtx4060")
    assert "activation_checkpointing" not in written.settings
    assert [code for code, _ in context.warnings] == ["B101"]


def test_packing_is_planned_where_rows_would_be_filled_up(tmp_path: Path) -> None:
    """A Mamba on a card, without a written batch; by hand wins; what attends lies end to end, and a written batch counts documents."""
    from steps.sizing.planned import with_plan
    from steps.train import Train

    mamba, llama = SMALL["model"], {"family": "llama", "d_model": 64, "n_layers": 2}
    cases: list[tuple[dict[str, Any], str, str | None]] = [
        ({"model": mamba, "objective": "sft", "max_seq_length": 64}, "t4", "documents"),
        ({"model": mamba, "objective": "sft", "max_seq_length": 64}, "here", "none"),
        ({"model": mamba, "objective": "sft", "max_seq_length": 64, "total_batch_size": 8}, "t4", "none"),
        ({"model": mamba, "objective": "sft", "max_seq_length": 64, "packing": "none"}, "t4", None),
        ({"model": llama, "objective": "sft", "max_seq_length": 64}, "t4", "none"),
        ({"model": llama, "max_seq_length": 64}, "t4", "stream"),
    ]
    for number, (subject, target, wanted) in enumerate(cases):
        found, _ = made(tmp_path / str(number), subject, target=target, skip_dry_run=True)
        if target == "t4" or wanted is None:
            assert found.settings.get("packing") == wanted
        assert sorted(found.because) == sorted(found.settings)
        planned = with_plan(Train.model_validate(subject), found).packing
        assert planned == subject.get("packing", "documents" if wanted == "documents" else None) or target == "here"


def test_the_attention_is_planned_and_workers_are_not(tmp_path: Path) -> None:
    """For what attends: sdpa, with its kernel and what eager would take; by hand wins. A Mamba has none, and train no workers."""
    from steps.sizing.planned import with_plan
    from steps.train import Train

    llama = {"model": {"family": "llama", "d_model": 512, "n_layers": 8, "vocab_size": 500}, "max_seq_length": 1024, "total_batch_size": 16}
    old, _ = made(tmp_path / "a", llama)
    new, _ = made(tmp_path / "b", llama, target="a100-80")
    flash, efficient = ("by its flash kernel", "by its memory-efficient kernel (flash needs half precision and 8.0)")
    for found, kernel in ((old, efficient), (new, flash)):
        assert found.settings["attn_implementation"] == "sdpa"
        assert found.because["attn_implementation"].startswith(f"scaled_dot_product_attention, {kernel}; eager computes the same in ")
        assert with_plan(Train.model_validate(llama), found).attn_implementation == "sdpa"
    written, context = made(tmp_path / "c", {**llama, "attn_implementation": "eager"})
    assert "attn_implementation" not in written.settings
    assert with_plan(Train.model_validate({**llama, "attn_implementation": "eager"}), written).attn_implementation == "eager"
    assert [code for code, _ in context.warnings] == ["B106"]
    assert context.warnings[0][1].startswith("attn_implementation: eager, as written, needs ")
    assert context.warnings[0][1].endswith(" by sdpa, which computes the same")
    mamba, _ = made(tmp_path / "d", SMALL)
    assert "attn_implementation" not in mamba.settings
    notes = [json.loads((found.path / "plan.json").read_text())["notes"] for found in (old, mamba)]
    assert [sorted(each) for each in notes] == [["workers"], ["attention", "workers"]]
    assert notes[0]["workers"].startswith("train has none: rows are read from a mapped file of ids, faster than any network takes them")


def test_eager_attention_takes_a_smaller_batch(tmp_path: Path) -> None:
    """The plan counts its scores; what fits only without them is kept when it is written, with a warning."""
    large = {
        "model": {"family": "llama", "d_model": 1024, "n_layers": 12, "vocab_size": 500},
        "max_seq_length": 2048,
        "total_batch_size": 32,
    }
    sdpa, _ = made(tmp_path / "a", large)
    eager, _ = made(tmp_path / "b", {**large, "attn_implementation": "eager", "activation_checkpointing": False})
    assert eager.settings["batch_size"] < sdpa.settings["batch_size"]
    longest = {**large, "max_seq_length": 4096, "attn_implementation": "eager", "activation_checkpointing": False}
    _, context = made(tmp_path / "c", longest)
    assert [code for code, _ in context.warnings][:1] == ["B101"]
    assert context.warnings[0][1].startswith("attn_implementation: eager, as written: one row of 4096 tokens needs ")


def test_a_base_without_sdpa_is_planned_with_eager(tmp_path: Path) -> None:
    """Its config.json says what it is; transformers has nothing else for it, and the forecast of a check knows it, too."""
    config = {"model_type": "gemma2", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96,
              "vocab_size": 500, "head_dim": 16}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    subject = {"model": {"base": {"path": str(tmp_path)}}, "objective": "sft", "max_seq_length": 64}
    found, context = made(tmp_path / "a", subject)
    assert found.settings["attn_implementation"] == "eager"
    assert found.because["attn_implementation"] == "transformers has no other for this base"
    assert context.warnings == []
