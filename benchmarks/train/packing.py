"""Packing 100,000 sequences into rows of 2,048: `python benchmarks/train/packing.py`. CPU seconds, and how full the rows are.

Peer: TRL's best-fit (trl.data_utils.pack_dataset, strategy bfd) where trl is installed. Lengths as chat data has them: log-normal.
"""

import time

import numpy as np

from steps.lm.pack import pack

SEQUENCES, ROW = 100_000, 2048


def main() -> None:
    """Print one line for each."""
    lengths = np.clip(np.random.default_rng(0).lognormal(5.5, 0.8, SEQUENCES), 8, ROW).astype(np.int64)
    best, rows = 1e9, []
    for _ in range(5):
        begun = time.process_time()
        rows = pack(lengths, ROW)
        best = min(best, time.process_time() - begun)
    assert sorted(i for row in rows for i in row) == list(range(SEQUENCES))
    assert max(int(lengths[row].sum()) for row in rows) <= ROW
    print(f"pack: {best:.3f} s, {len(rows)} rows, {lengths.sum() / (len(rows) * ROW):.3%} full (asked: 0.25 s, 99.9 %)")
    try:
        import datasets
        from trl.data_utils import pack_dataset
    except ImportError:
        print("trl is not installed: no peer")
        return
    made = datasets.Dataset.from_dict({"input_ids": [[0] * int(n) for n in lengths]})
    begun = time.process_time()
    packed = pack_dataset(made, seq_length=ROW, strategy="bfd")
    spent = time.process_time() - begun
    print(f"trl:  {spent:.3f} s, {len(packed)} rows, {lengths.sum() / (len(packed) * ROW):.3%} full; ratio {spent / best:.1f}")


if __name__ == "__main__":
    main()
