"""What the environment of this machine has to do with a recipe that is meant for it."""

import os
from pathlib import Path

import pytest

from runner import surroundings
from runner.rules import SETTINGS
from runner.rules.settings import READERS
from tests.runner.judged import meant

SECOND = "  - {type: train, id: two, model: {family: llama}, max_steps: 1000}"
HERE = ("target: t4", "target: here")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No login, no mode, and every tracker installed."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "MLFLOW_TRACKING_URI", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(surroundings, "find_spec", lambda name: object())


def told(folder: Path, tracking: str, *more: tuple[str, str]) -> list[str]:
    changes = (HERE, ("max_steps: 1000", f"max_steps: 1000\n    tracking: {tracking}"), *more)
    return [f"{f.code}: {f.message}" for f in meant(folder, *changes).findings if f.code in ("S120", "S121")]


def test_a_tracker_that_is_not_installed_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each of those asked for, with what installs it; for another machine it is only told."""
    monkeypatch.setattr(surroundings, "find_spec", lambda name: None if name == "mlflow" else object())
    assert told(tmp_path, "[tensorboard, mlflow]") == ["S120: mlflow is not installed here: nothing is told to it"]
    changed = meant(tmp_path, ("max_steps: 1000", "max_steps: 1000\n    tracking: mlflow"))
    assert [(f.code, f.severity) for f in changed.findings if f.code == "S120"] == [("S120", "info")]


def test_wandb_without_a_login_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By a key, the file of `wandb login`, or the mode."""
    assert told(tmp_path, "wandb") == ["S121: wandb writes to the run's folder alone: nobody is logged in"]
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password abc\n")
    os.chmod(tmp_path / ".netrc", 0o600)
    assert told(tmp_path, "wandb") == []
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert told(tmp_path, "wandb") == ["S121: wandb writes to the run's folder alone: WANDB_MODE is offline"]
    monkeypatch.setenv("WANDB_MODE", "online")
    assert told(tmp_path, "wandb") == []


def test_a_folder_that_mlflow_cannot_write_is_told(tmp_path: Path):
    """A file stands where the folder would be."""
    (tmp_path / "taken").write_text("")
    assert told(tmp_path, f"{{mlflow: {{uri: 'file://{tmp_path}/new'}}}}") == []
    assert told(tmp_path, f"{{mlflow: {{uri: 'file://{tmp_path}/taken'}}}}") == [f"S120: mlflow cannot write to {tmp_path}/taken"]


@pytest.mark.parametrize(
    ("project", "fixes"),
    [
        ("runs/small", ["write project: runs-small"]),
        ("'a: b?'", ["write project: a-b"]),
        ("x" * 129, ["write project: " + "x" * 128]),
        ("small run.1", []),
        ("çay-süt", []),
    ],
)
@pytest.mark.parametrize("target", ["t4", "here"])
def test_a_project_that_wandb_refuses_is_told(tmp_path: Path, project: str, fixes: list[str], target: str):
    """Whatever machine the recipe is for; of the whole recipe too, once."""
    tracking = f"tracking: {{wandb: {{project: {project}}}}}"
    in_step = (("target: t4", f"target: {target}"), ("max_steps: 1000", f"max_steps: 1000\n    {tracking}"))
    of_all = (("target: t4", f"target: {target}\n{tracking}"), ("max_steps: 1000", f"max_steps: 1000\n{SECOND}"))
    for changes in (in_step, of_all):
        assert [f.fix for f in meant(tmp_path, *changes).findings if f.code == "S025"] == fixes


def test_trackers_of_the_whole_recipe_are_looked_at_once(tmp_path: Path):
    """The finding stands at the recipe's own line."""
    second = "max_steps: 1000\n  - {type: train, id: two, model: {family: llama}, max_steps: 1000}"
    found = meant(tmp_path, ("target: t4", "target: here\ntracking: wandb"), ("max_steps: 1000", second)).findings
    assert [f.place.line for f in found if f.code == "S121" and f.place is not None] == [3]


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb=128", "export PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:128"),
        ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True,roundup_power2_divisions:[256:1,512:2]", None),
        ("PYTORCH_CUDA_ALLOC_CONF", "expandable_segment:True", "export PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True"),
        ("PYTORCH_ALLOC_CONF", "some_new_option:4", None),
        ("HF_ENDPOINT", "hf-mirror.com/", "export HF_ENDPOINT=https://hf-mirror.com"),
        ("HF_ENDPOINT", "https://hf-mirror.com", None),
        ("HF_HOME", __file__, "unset HF_HOME, or name a folder that can be written"),
        ("HF_HOME", "", None),
        ("CUDA_VISIBLE_DEVICES", "cuda:1", "export CUDA_VISIBLE_DEVICES=1"),
        ("CUDA_VISIBLE_DEVICES", "0,1", None),
        ("CUDA_VISIBLE_DEVICES", "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", None),
        ("CUDA_VISIBLE_DEVICES", "-1", None),
        ("OMP_NUM_THREADS", "0", f"export OMP_NUM_THREADS={os.cpu_count()}"),
        ("OMP_NUM_THREADS", "4,2", None),
        ("TMPDIR", "/no/such/folder", "unset TMPDIR, or name a folder that can be written"),
    ],
)
def test_values_that_nobody_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, fix: str | None):
    """By the form that their reader takes; for another machine it is only told."""
    for other in SETTINGS:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    assert [f.fix for f in meant(tmp_path, HERE).findings if f.code == "H033"] == ([fix] if fix else [])
    assert {f.severity for f in meant(tmp_path).findings if f.code == "H033"} == ({"info"} if fix else set())


def test_every_setting_has_a_reader():
    """The list that decides whether the rule is loaded is the rule's own."""
    assert set(READERS) == {*SETTINGS, "SSL_CERT_FILE"}  # whose value alone decides whether it is looked at


@pytest.mark.parametrize("name", ["CUDA__VISIBLE_DEVICES", "HF_HUB_OFFLNE", "HF_HOEM", "NCCL_DEBG"])
def test_a_slip_in_a_name_is_one_on_any_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    """A warning, whatever the target is."""
    monkeypatch.setenv(name, "1")
    assert [f.severity for f in meant(tmp_path).findings if f.code == "H030"] == ["warning"]


@pytest.mark.parametrize(("line", "codes"), [("optimizer: adamw_8bit", ["H031"]), ("optimizer: adamw", [])])
def test_bitsandbytes_takes_a_cuda_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, codes: list[str]):
    """Wherever the recipe wants it: for the optimizer as for four bits."""
    monkeypatch.setenv("BNB_CUDA_VERSION", "118")
    assert [f.code for f in meant(tmp_path, ("max_steps: 1000", f"max_steps: 1000\n    {line}")).findings if f.code == "H031"] == codes


@pytest.mark.parametrize(
    ("entity", "codes"), [("your_entity", ["S123"]), ("<team>", ["S123"]), ("wandb-username", ["S123"]), ("my-lab", []), ("anna", [])]
)
def test_a_team_of_the_manual_is_told(tmp_path: Path, entity: str, codes: list[str]):
    """Whatever machine the recipe is for; without it the login's own is taken."""
    changed = meant(tmp_path, ("max_steps: 1000", f"max_steps: 1000\n    tracking: {{wandb: {{project: p, entity: '{entity}'}}}}"))
    assert [f.code for f in changed.findings if f.code == "S123"] == codes


@pytest.mark.parametrize(
    ("key", "severities"), [("your_key", ["warning"]), ("a" * 40, []), ("local-" + "a" * 40, []), ("a.b.c", []), ("a" * 86, [])]
)
def test_a_key_of_wandb_that_is_too_short_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, severities: list[str]):
    """Its length, and never the key."""
    monkeypatch.setenv("WANDB_API_KEY", key)
    found = meant(tmp_path, HERE, ("max_steps: 1000", "max_steps: 1000\n    tracking: wandb")).findings
    assert [f.severity for f in found if f.code == "S123"] == severities
    assert not any(key in f.message for f in found)


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1080", "pip install socksio"),
        ("https_proxy", "socks://127.0.0.1:1080", "export https_proxy=socks5://127.0.0.1:1080"),
        ("HTTPS_PROXY", "127.0.0.1:7890", None),
        ("HTTPS_PROXY", "http://127.0.0.1:7890", None),
        ("SSL_CERT_FILE", "/nowhere/company.pem", "unset SSL_CERT_FILE, or name a file that is there"),
        ("HF_TOKEN", "hf_xxxxxxxxxxxx", "unset HF_TOKEN; hf auth login"),
        ("HF_TOKEN", "<your token>", "unset HF_TOKEN; hf auth login"),
        ("HF_TOKEN", "hf_QwErTyUiOpAsDfGhJkLzXcVb", None),
    ],
)
def test_what_the_client_of_the_hub_cannot_take_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, fix: str | None
):
    """H033, where something is fetched; a token is not shown."""
    monkeypatch.setattr(surroundings, "find_spec", lambda library: None if library == "socksio" else object())
    monkeypatch.setenv(name, value)
    found = [f for f in meant(tmp_path, HERE).findings if f.code == "H033"]
    assert [f.fix for f in found] == ([fix] if fix else [])
    assert "TOKEN" not in name or not any(value in f.message for f in found)


@pytest.mark.parametrize(
    ("mode", "fix"), [("none", "export WANDB_MODE=disabled"), ("local", "export WANDB_MODE=offline"), ("online", None)]
)
def test_a_mode_that_wandb_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, fix: str | None):
    """Only where wandb is told something."""
    monkeypatch.setenv("WANDB_MODE", mode)
    found = meant(tmp_path, HERE, ("max_steps: 1000", "max_steps: 1000\n    tracking: wandb")).findings
    assert [f.fix for f in found if f.code == "H033"] == ([fix] if fix else [])
    assert not any(f.code == "H033" for f in meant(tmp_path, HERE).findings)
