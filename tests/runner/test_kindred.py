"""Keys of other trainers that no table names one by one: told by the words in their names, and never in place of a slip of the pen."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

from cases import LM, SFT, Case, findings
from peer_keys import PLACES, unknown

from runner import kindred

RATE = "    learning_rate: 2e-4\n"


def told(folder: Path, line: str, where: str = RATE, text: str = SFT) -> list[tuple[str, str]]:
    """Code and fix of what is said at one line more."""
    case = Case("", "", text, {where: f"{where}{line}\n"})
    number = case.text().split("\n").index(line) + 1
    return [(f.code, f.fix) for f in findings(case, folder / "p") if f.place is not None and f.place.line == number]


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("    galore_rank: 64", kindred.OPTIMIZERS),
        ("    dpo_loss_type: sigmoid", kindred.NOT_TRAINED),
        ("    parallelism: {dp: 4, tp: 2}", kindred.ONE_DEVICE),
        ("    swanlab_project: x", kindred.TRACKERS),
        ("    excess_length_strategy: drop", kindred.EVERY_ROW),
        ("    truncation_strategy: left", kindred.EVERY_ROW),
        ("    resize_vocab: true", kindred.MORE_TOKENS),
        ("    video_fps: 2", kindred.OF_TEXT),
        ("    peft_use_rank: 3", kindred.LORA_KEYS),
        ("    type_of_model: LlamaForCausalLM", kindred.OWN_CODE),
    ],
)
def test_a_key_of_a_family_is_told_where_its_matter_is_settled(tmp_path: Path, line: str, fix: str):
    """Not what train has, and not the nearest word of ours."""
    assert told(tmp_path, line) == [("K010", fix)]


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("    eval_stps: 5", "write eval_steps"),
        ("    save_stepz: 5", "write save_steps"),
        ("    learning_rat: 1e-3", "write learning_rate"),
        ("    warm_up_steps: 5", "write warmup_steps"),
    ],
)
def test_a_slip_of_the_pen_stays_one(tmp_path: Path, line: str, fix: str):
    """Though its name has the words of a family."""
    assert told(tmp_path, line) == [("K001", fix)]


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ('    tokens: ["<|pain|>"]', "write add_tokens: ['<|pain|>']"),
        ("    tokens: 1000000", "the run's length is max_steps, each of total_batch_tokens: write max_steps"),
        ("    torch_dtype: torch.bfloat16", "write precision: bf16"),
        ("    early_stopping_threshold: 0.01", "write early_stopping: {min_delta: 0.01}"),
        ("    mlflow_tracking_uri: http://x:5000", "write tracking: {mlflow: {uri: 'http://x:5000'}}"),
        ("    use_mlflow: true", "write tracking: mlflow"),
        ("    lora_parameters: {rank: 8, scale: 20.0}", "write r: 8, lora_alpha: 160 in lora, and delete the line"),
        ("    loraplus_lr_ratio: 16", "all weights have one rate; stages says which of them are trained when"),
        ("    loss_watchdog_threshold: 5.0", "on_spike: stop ends a run whose gradient jumps; expect: with on_expect: stop one whose "
                                             "loss leaves a band"),
    ],
)  # fmt: skip
def test_a_key_that_we_have_by_another_name(tmp_path: Path, line: str, fix: str):
    """Its value comes along, and settings that would be lost are not just deleted."""
    assert told(tmp_path, line) == [("K010", fix)]


def test_keys_of_sources_tokenizers_and_exports(tmp_path: Path):
    """Each in the words of its step."""
    source, name = "      - path: data/chat.jsonl\n", "    name: tuned\n"
    assert told(tmp_path / "a", "        train_on_split: train", source) == [("K010", "write split:")]
    assert told(tmp_path / "b", "    save_method: merged_16bit", name) == [("K010", "delete the line")]
    parameters = f"{name}    parameters:\n      top_k: 3\n"
    text = SFT.replace(name, parameters)
    expected = "temperature: 0 always takes the likeliest token; above 0 it is drawn"
    assert told(tmp_path / "c", "      do_sample: false", "      top_k: 3\n", text) == [("K010", expected)]
    pieces = "    vocab_size: 1000\n"
    assert told(tmp_path / "d", "    enable_differential_privacy: true", pieces, LM)[0][0] == "K010"


@pytest.mark.parametrize(("key", "value", "fix"), [
    ("method", "dora", "write method: lora, with lora: {use_dora: true}"),
    ("method", "freeze", "write method: full, with stages: [{train: [layers.3]}], which says what is trained"),
    ("scheduler", "reduce_lr_on_plateau", "no scheduler follows the validation: write scheduler: cosine, and early_stopping: "
                                          "{patience: 3} to end when it no longer improves"),
    ("precision", "amp_bf16", "write precision: bf16"), ("precision", "bfloat16-mixed", "write precision: bf16"),
    ("precision", "fp64", "write precision: fp32"), ("attn_implementation", "sage", "write attn_implementation: sdpa"),
    ("packing", "bfd_split", "write packing: documents"), ("method", "pissa", "write method: lora"),
    ("method", "rslora", "write method: lora, with lora: {use_rslora: true}"),
    ("warmup_ratio", "5", "write warmup_steps: 5, or warmup_ratio: 0.05 for 5 % of all steps"),
])  # fmt: skip
def test_values_that_no_word_of_ours_replaces_alone(tmp_path: Path, key: str, value: str, fix: str):
    """The fix names all that is to be written."""
    changes = {"    method: lora\n": f"    method: {value}\n"} if key == "method" else {RATE: f"{RATE}    {key}: {value}\n"}
    found = [f for f in findings(Case("", "", SFT, changes), tmp_path / "p") if f.code in ("K003", "K004")]
    assert [f.fix for f in found] == [fix]


def test_the_keys_of_other_trainers_are_known():
    """Of all keys that their configurations take, one in twenty at most is only called unknown."""
    keys = json.loads((Path(__file__).parents[2] / "benchmarks" / "check" / "peer_keys.json").read_text("utf-8"))
    part = {place: {trainer: names[::15] for trainer, names in keys[place].items()} for place in PLACES}
    asked = sum(len(names) for trainers in part.values() for names in trainers.values())
    lost = sum(len(unknown(place, names)) for place, trainers in part.items() for names in trainers.values())
    assert lost < 0.05 * asked
