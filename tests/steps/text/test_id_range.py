"""Ids in token files of others, found out of range before a GPU reads past its table."""

import numpy as np
import pytest

from steps.text.binfile import write_index
from steps.text.binwriter import BinWriter
from steps.text.id_range import HEADER_BYTES, STRETCH, Unknown, look, token_files
from tests.steps.text.made import opened, stories


def nanogpt(path, ids, dtype=np.uint16):
    """As nanoGPT's prepare.py writes it: an array to a flat file."""
    np.array(ids, dtype=dtype).tofile(path)
    return path


def story_ids():
    """Every story's ids, each followed by eos, as one list; and where the documents begin."""
    tokens, ids, starts = opened(), [], []
    for row in stories().rows():
        starts.append(len(ids))
        ids += [*tokens.encode(row["text"]), tokens.eos_id]
    return ids, starts


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_a_real_file_and_a_small_model(tmp_path, dtype):
    """The first id beyond the model's rows: which, where, in which document. The type of the ids is seen by itself."""
    ids, starts = story_ids()
    file = nanogpt(tmp_path / "train.bin", ids, dtype)
    rows = 900
    at = next(i for i, token in enumerate(ids) if token >= rows)
    found = look(file, rows, end_id=3)
    assert (found.dtype, found.tokens, found.looked_at, found.largest) == (dtype, len(ids), len(ids), max(ids))
    assert (found.bad, found.at, found.document) == (ids[at], at, sum(start <= at for start in starts))
    assert found.place() == f"in train.bin, token {at:,}, in document {found.document:,}"
    assert look(file, 1000, end_id=3).bad is None


def test_the_guides_mistake(tmp_path):
    """Tokenizer 50257, model 32000: id 50256 stands in the third stretch, and its position is right."""
    step = STRETCH // 2
    ids = np.full(2 * step + 5, 31_999, dtype=np.uint16)
    ids[2 * step + 3] = 50_256
    found = look(nanogpt(tmp_path / "val.bin", ids), 32_000)
    assert (found.bad, found.at, found.document, found.largest) == (50_256, 2 * step + 3, None, 50_256)


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_big_endian_ids_are_told_as_such(tmp_path, dtype):
    """As Java and older tools write them: with the bytes the other way round every id fits, and the fix makes a file that does."""
    ids, _ = story_ids()
    file = nanogpt(tmp_path / "train.bin", ids, np.dtype(dtype).newbyteorder(">"))
    with pytest.raises(Unknown, match=r"is written in big-endian: .* every id has a row") as error:
        look(file, 1000)
    np.fromfile(file, f">u{np.dtype(dtype).itemsize}").astype(dtype).tofile(file)
    assert f"'>u{np.dtype(dtype).itemsize}'" in error.value.fix
    assert look(file, 1000).bad is None


def test_ids_of_eight_bytes_are_told_as_such(tmp_path):
    """numpy's own integers, which all fit: read as uint16, three of four tokens would be padding."""
    ids, _ = story_ids()
    with pytest.raises(Unknown, match="is written as int64"):
        look(nanogpt(tmp_path / "train.bin", ids, np.int64), 1000)


def test_a_file_that_is_mostly_padding_is_none_of_eight_bytes(tmp_path):
    """uint16 ids, 39 of 40 of them pad."""
    ids = np.zeros(4000, np.uint16)
    ids[::40] = 7
    assert look(nanogpt(tmp_path / "train.bin", ids), 1000).dtype == "uint16"


def test_a_glance_is_bounded(tmp_path):
    """Of a file of 96 MB, 12 MB are looked at, from its beginning to its end."""
    ids = np.zeros(48_000_000, dtype=np.uint16)
    ids[-2_000_000:] = 900
    found = look(nanogpt(tmp_path / "train.bin", ids), 500, dtype="uint16", most_bytes=3 * STRETCH)
    assert found.looked_at == 3 * STRETCH // 2
    assert (found.tokens, found.bad, found.largest) == (48_000_000, 900, 900)


def test_our_own_bins(tmp_path):
    """The index says the type, the offsets the document; bos counts no document."""
    for shard_tokens, name, at in ((100, "train.bin", 7), (6, "train-00001.bin", 1)):
        folder = tmp_path / str(shard_tokens)
        folder.mkdir()
        with BinWriter(folder, "train", "uint32", shard_tokens=shard_tokens) as out:
            for ids in ([2, 5, 3], [2, 7, 3], [2, 99, 3]):
                out.add(np.array(ids, dtype=np.uint32), lang="", source="", size=1)
        if name == "train.bin":  # as tokenize_bin leaves a single shard
            (folder / "train-00000.bin").rename(folder / name)
        write_index(folder, dtype="uint32", vocab_size=100, tokenizer_digest="", splits={"train": out.facts()})
        found = look(folder / name, 50)
        assert (found.dtype, found.bad, found.at, found.document) == ("uint32", 99, at, 3)


def test_llm_c_headers_are_no_tokens(tmp_path):
    """The 256 numbers before the tokens are stepped over, and say the type."""
    header = np.zeros(256, dtype=np.int32)
    header[:3] = 20240520, 1, 4
    (tmp_path / "a.bin").write_bytes(header.tobytes() + np.array([1, 2, 40_000, 3], dtype=np.uint16).tobytes())
    found = look(tmp_path / "a.bin", 32_000)
    assert (found.tokens, found.bad, found.at, HEADER_BYTES) == (4, 40_000, 2, 1024)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.bin", b"abc", "a.bin has 3 bytes, which is no whole number of uint16 ids"),
        (
            "a.npy",
            b"\x93NUMPY\x01\x00" + b"0" * 90,
            "a.npy is no flat file of ids: it is an array that numpy.save wrote, with a header before its ids",
        ),
        ("a.bin", b"PK\x03\x04" + b"0" * 90, "it is a packed archive, as numpy.savez and torch.save write it"),
    ],
)
def test_files_that_are_none(tmp_path, name, data, why):
    """Said in words, and not read as ids."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Unknown, match=why):
        look(tmp_path / name, 10)


def test_a_folder_of_files(tmp_path):
    """train.bin and val.bin of a folder, sorted; a folder without any says so; an empty file holds no bad id."""
    with pytest.raises(Unknown, match="there is no token file in"):
        token_files(tmp_path)
    for name in ("val.bin", "train.bin"):
        nanogpt(tmp_path / name, [])
    assert [file.name for file in token_files(tmp_path)] == ["train.bin", "val.bin"]
    assert look(tmp_path / "val.bin", 10).bad is None
    with pytest.raises(Unknown, match=r"there is no file none\.bin"):
        token_files(tmp_path / "none.bin")
