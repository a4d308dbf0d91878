"""What check knows of a hub data set that lies in a folder of the project."""

import json
from pathlib import Path

import pytest

from runner.judge import judge
from tests.runner.judged import meant, said
from tests.runner.test_rules_data import corpus


@pytest.mark.parametrize("layout", ["plain", "listed", "parquet"])
def test_a_missing_column_of_a_data_set_in_a_folder_is_told(tmp_path: Path, layout: str):
    """By the first rows of its split's files, whether README.md lists them, their names say the split, or they are parquet."""
    (tmp_path / "set" / "data").mkdir(parents=True)
    rows = [{"id": 1, "text": "bir"}, {"id": 2, "text": "iki"}]
    if layout == "parquet":
        arrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "set" / "data" / "train-00000-of-00001.parquet")
    else:
        name = "rows.jsonl" if layout == "listed" else "train.jsonl"
        (tmp_path / "set" / "data" / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    if layout == "listed":
        head = "configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/rows.jsonl\n"
        (tmp_path / "set" / "README.md").write_text(f"---\n{head}---\n# set\n")
    (told,) = judge(meant(tmp_path, base=corpus("{hub: set, columns: {text: metin}}")))
    assert (told.code, told.message, told.fix) == ("D106", "set has no column 'metin'; it has id, text", "write text: text")
    assert said(tmp_path, base=corpus("{hub: set, columns: {text: '{id}: {text}'}}")) == []
