"""Token bins: there and back."""

import json

import numpy as np
import pytest

from steps.text.binfile import BinReader, dtype_for, write_index
from steps.text.binwriter import BinWriter

DOCUMENTS = [[2, 10, 11, 3], [2, 3], [2, 65535, 7, 8, 3]]


def written(folder, documents=DOCUMENTS, dtype="uint16"):
    with BinWriter(folder, "train", dtype) as train, BinWriter(folder, "val", dtype) as val:
        for i, ids in enumerate(documents):
            train.add(np.array(ids, dtype=np.uint32), lang="tr" if i else "en", source=f"{i}.txt", size=10 + i)
    for name, path in {**train.files(), **val.files()}.items():
        path.rename(folder / name)
    splits = {"train": train.facts(), "val": val.facts()}
    write_index(folder, dtype=dtype, vocab_size=65536, tokenizer_digest="", splits=splits)
    return train


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_documents_come_back(tmp_path, dtype):
    """Ids, borders and what is known of each document."""
    train = written(tmp_path, dtype=dtype)
    reader = BinReader(tmp_path, "train")
    assert [reader.document(i).tolist() for i in range(len(reader))] == DOCUMENTS
    assert reader.meta[2] == {"lang": "tr", "source": "2.txt", "bytes": 12}
    assert (train.tokens, train.bytes, train.largest_id) == (11, 33, 65535)
    assert reader.tokens.dtype == np.dtype(dtype)


def test_a_bin_is_a_flat_little_endian_file(tmp_path):
    """nanoGPT's way of reading works: np.memmap of uint16."""
    written(tmp_path)
    assert np.fromfile(tmp_path / "train.bin", dtype="<u2").tolist() == [i for ids in DOCUMENTS for i in ids]
    assert np.fromfile(tmp_path / "train.idx", dtype="<u8").tolist() == [0, 4, 6, 11]


def test_an_empty_split_reads(tmp_path):
    """No documents, no error."""
    written(tmp_path)
    reader = BinReader(tmp_path, "val")
    assert (len(reader), len(reader.tokens)) == (0, 0)


def test_a_cut_file_is_refused(tmp_path):
    """A bin shorter than its index says is a ValueError, not a short epoch."""
    written(tmp_path)
    (tmp_path / "train.bin").write_bytes((tmp_path / "train.bin").read_bytes()[:-2])
    with pytest.raises(ValueError, match="22 bytes"):
        BinReader(tmp_path, "train")


def test_an_index_of_a_newer_format_is_refused(tmp_path):
    """The format number is looked at."""
    written(tmp_path)
    data = json.loads((tmp_path / "index.json").read_text())
    (tmp_path / "index.json").write_text(json.dumps({**data, "format": 3}))
    with pytest.raises(ValueError, match="format 3"):
        BinReader(tmp_path, "train")


def test_the_smaller_type_is_taken():
    """uint16 up to 65536 ids."""
    assert [dtype_for(n) for n in (1750, 65536, 65537)] == ["uint16", "uint16", "uint32"]
