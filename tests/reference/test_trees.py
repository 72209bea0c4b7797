"""Trees: leaves in order, rebuilt as they were, and where two differ."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import pytest

from derive.errors import DeriveError
from derive.reference.trees import leaves_like, map_tree, place, rebuilt, walk_tree

Pair = namedtuple("Pair", "left right")
TREE = {"b": [1, (2, 3)], "a": Pair(4, {"x": 5}), "empty": []}


def test_leaves_come_in_order_with_their_place() -> None:
    assert [leaf for _, leaf in walk_tree(TREE)] == [1, 2, 3, 4, 5]
    paths = [place("p", path) for path, _ in walk_tree(TREE)]
    assert paths == ["p['b'][0]", "p['b'][1][0]", "p['b'][1][1]", "p['a'][0]", "p['a'][1]['x']"]
    assert list(walk_tree(7)) == [((), 7)]


def test_trees_are_rebuilt_as_they_were() -> None:
    doubled = map_tree(lambda x: 2 * x, TREE)
    assert doubled == {"b": [2, (4, 6)], "a": Pair(8, {"x": 10}), "empty": []}
    assert isinstance(doubled["a"], Pair)
    assert rebuilt(TREE, [leaf for _, leaf in walk_tree(TREE)]) == TREE


def test_order_of_keys_does_not_matter_for_what_belongs_together() -> None:
    assert leaves_like(TREE, OrderedDict(reversed(list(TREE.items()))), "grads") == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"b": [1, (2, 3)], "a": Pair(4, {"x": 5})}, "grads is a dictionary with 'b', 'a'\n  expected a dictionary"),
        ({**TREE, "b": [1]}, r"grads\['b'\] is a list of 1\n  expected a list of 2"),
        ({**TREE, "b": [1, 2]}, r"grads\['b'\]\[1\] is a int\n  expected a tuple of 2"),
        ({**TREE, "b": [[1], (2, 3)]}, r"grads\['b'\]\[0\] is a list\n  expected an array"),
        ({**TREE, "b": {0: 1, 1: (2, 3)}}, r"grads\['b'\] is a dictionary with 0, 1\n  expected a list of 2"),
    ],
)
def test_where_trees_differ(other: object, message: str) -> None:
    with pytest.raises(DeriveError, match=message):
        leaves_like(TREE, other, "grads")
