"""Parameters as users hold them: an array, or dictionaries, lists and tuples of such, nested as they like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from derive.errors import DeriveError

#: An array or tensor, or a dictionary, list or tuple of trees.
Tree: TypeAlias = Any
#: The keys that lead from a tree to one of its leaves.
Path: TypeAlias = tuple[Any, ...]


def walk_tree(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The leaves in order, each with the keys that lead to it."""
    for key, child in _children(tree):
        yield from walk_tree(child, (*path, key))
    if not _is_node(tree):
        yield path, tree


def map_tree(function: Callable[[Any], Any], tree: Tree) -> Tree:
    """The tree with every leaf replaced by what ``function`` gives for it."""
    children = [map_tree(function, child) for _, child in _children(tree)]
    if isinstance(tree, Mapping):
        return dict(zip(tree, children, strict=True))
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*children)
    return type(tree)(children) if _is_node(tree) else function(tree)


def leaves_like(like: Tree, tree: Tree, what: str, path: Path = ()) -> list[Any]:
    """The leaves of ``tree``, in the order of those of ``like``.

    Raises DeriveError, naming ``what`` and the place, where the two are not nested alike.
    """
    if not _is_node(like):
        if _is_node(tree):
            raise DeriveError(
                f"{place(what, path)} is a {type(tree).__name__}\n  expected an array, as in the parameters"
            )
        return [tree]
    theirs = dict(_children(tree))
    ours = dict(_children(like))
    if isinstance(tree, Mapping) is not isinstance(like, Mapping) or not _is_node(tree) or set(theirs) != set(ours):
        raise DeriveError(f"{place(what, path)} is {_shape(tree)}\n  expected {_shape(like)}, as in the parameters")
    return [leaf for key, child in ours.items() for leaf in leaves_like(child, theirs[key], what, (*path, key))]


def place(what: str, path: Path) -> str:
    """A place in a tree as a person would write it: ``grads['layer'][0]``."""
    return what + "".join(f"[{key!r}]" for key in path)


def _is_node(tree: Tree) -> bool:
    return isinstance(tree, Mapping | list | tuple)


def _children(tree: Tree) -> list[tuple[Any, Tree]]:
    if isinstance(tree, Mapping):
        return list(tree.items())
    return list(enumerate(tree)) if isinstance(tree, list | tuple) else []


def _shape(tree: Tree) -> str:
    keys = [repr(key) for key, _ in _children(tree)]
    if isinstance(tree, Mapping):
        return f"a dictionary with {', '.join(keys) or 'no keys'}"
    return f"a {type(tree).__name__}" + (f" of {len(keys)}" if _is_node(tree) else "")


def rebuilt(like: Tree, leaves: Sequence[Any]) -> Tree:
    """The tree that is nested as ``like`` is, with these leaves."""
    following = iter(leaves)
    return map_tree(lambda _: next(following), like)
