"""Whether tensors share memory: yes where they do, and no only where the spans are apart."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from derive.kernels.memory import apart


@given(pieces=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6), st.integers(1, 3)), max_size=6))
def test_views_of_one_storage(pieces: list[tuple[int, int, int]]) -> None:
    """Against the sets of elements that they touch; strided views count with the span from first to last."""
    base = torch.zeros(64)
    views = [torch.as_strided(base, (n,), (step,), begin) for begin, n, step in pieces]
    spans = [set(range(begin, begin + (n - 1) * step + 1)) for begin, n, step in pieces if n]
    expected = sum(map(len, spans)) == len(set().union(*spans))
    assert apart([views]) == expected
    assert apart([[v] for v in views] or [[]]) == expected


def test_tensors_of_their_own() -> None:
    x = torch.zeros(3, 4)
    assert apart([[x, torch.zeros(3, 4)], [torch.zeros(5), torch.zeros(())]])
    assert not apart([[x], [x.T]])
    assert not apart([[x[:, 0]], [x[:, 1]]])
    assert apart([[x[:1]], [x[1:]]])
    assert not apart([[x], [torch.from_numpy(x.numpy())]])
    assert not apart([[torch.empty(3, device="meta")]])
    assert apart([[torch.zeros(0), torch.zeros(0)]])
