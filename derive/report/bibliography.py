"""The documents that are examined and the papers from which they and the rules come."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reference:
    """A document or a paper. ``mention``: a regular expression for what running text calls it."""

    key: str
    mention: str
    authors: str
    title: str
    published: str
    address: str = ""


def _document(name: str, authors: str, title: str, published: str) -> Reference:
    # The texts of claims say 000 and 1,000 of numbers too: only what a rule's source names is meant here.
    return Reference(f"document-{name}", rf"(?<![\w.,]){name}(?![\w.])", authors, title, published)


#: The documents, by the names that the claims' ids begin with.
DOCUMENTS = (
    _document(
        "000",
        "J. Vega",
        "Is PyTorch's Nesterov momentum implementation incorrect?",
        "Towards Data Science, September 2023",
    ),
    _document("001", "", "Fixes for Nesterov momentum in ML", "Web article, no author given"),
    _document(
        "002",
        "",
        "SGD implementation in PyTorch: the subtle difference can affect your hyper-parameter schedule",
        "Web article, no author given",
    ),
    _document(
        "003", "", "From ZeRO to hero: creating momentum-based optimizers from scratch", "Web article, no author given"
    ),
    _document(
        "004",
        "D. McAllester",
        "SGD with momentum",
        "Lecture slides, TTIC 31230, Fundamentals of Deep Learning, Autumn 2020",
    ),
)

#: The papers, in the order of their authors' names.
PAPERS = (
    Reference(
        "bengio",
        r"Bengio(?: et al\.|, Boulanger-Lewandowski and Pascanu) 2012",
        "Y. Bengio, N. Boulanger-Lewandowski and R. Pascanu",
        "Advances in optimizing recurrent networks",
        "IEEE International Conference on Acoustics, Speech and Signal Processing, 2013, pages 8624–8628",
        "arXiv:1212.0901",
    ),
    Reference(
        "danihelka", r"Danihelka 2012", "I. Danihelka", "Nesterov's momentum made simple", "Note, 25 August 2012"
    ),
    Reference(
        "dozat",
        r"Dozat 2016",
        "T. Dozat",
        "Incorporating Nesterov momentum into Adam",
        "International Conference on Learning Representations, workshop track, 2016",
    ),
    Reference(
        "jordan",
        r"Jordan et al\. 2024",
        "K. Jordan, Y. Jin, V. Boza, J. You, F. Cesista, L. Newhouse and J. Bernstein",
        "Muon: an optimizer for hidden layers in neural networks",
        "2024",
        "https://kellerjordan.github.io/posts/muon/",
    ),
    Reference(
        "kingma",
        r"Kingma and Ba 2015",
        "D. P. Kingma and J. Ba",
        "Adam: a method for stochastic optimization",
        "International Conference on Learning Representations, 2015",
        "arXiv:1412.6980",
    ),
    Reference(
        "loshchilov",
        r"Loshchilov and Hutter 2019",
        "I. Loshchilov and F. Hutter",
        "Decoupled weight decay regularization",
        "International Conference on Learning Representations, 2019",
        "arXiv:1711.05101",
    ),
    Reference(
        "ma",
        r"Ma and Yarats 2019|[Qq]uasi-hyperbolic momentum",
        "J. Ma and D. Yarats",
        "Quasi-hyperbolic momentum and Adam for deep learning",
        "International Conference on Learning Representations, 2019",
        "arXiv:1810.06801",
    ),
    Reference(
        "nesterov",
        r"Nesterov 1983",
        "Yu. E. Nesterov",
        "A method for solving the convex programming problem with convergence rate O(1/k²)",
        "Doklady Akademii Nauk SSSR 269(3), 1983, pages 543–547",
    ),
    Reference(
        "paszke",
        r"torch\.optim(?:\.\w+)?",
        "A. Paszke et al.",
        "PyTorch: an imperative style, high-performance deep learning library",
        "Advances in Neural Information Processing Systems 32, 2019, pages 8024–8035",
        "arXiv:1912.01703",
    ),
    Reference(
        "polyak",
        r"Polyak 1964",
        "B. T. Polyak",
        "Some methods of speeding up the convergence of iteration methods",
        "USSR Computational Mathematics and Mathematical Physics 4(5), 1964, pages 1–17",
    ),
    Reference(
        "smith",
        r"Smith et al\.,? 2018",
        "S. L. Smith, P.-J. Kindermans, C. Ying and Q. V. Le",
        "Don't decay the learning rate, increase the batch size",
        "International Conference on Learning Representations, 2018",
        "arXiv:1711.00489",
    ),
    Reference(
        "sutskever",
        r"Sutskever et al\. 2013",
        "I. Sutskever, J. Martens, G. Dahl and G. Hinton",
        "On the importance of initialization and momentum in deep learning",
        "International Conference on Machine Learning, 2013, pages 1139–1147",
    ),
    Reference(
        "zhang",
        r"Zhang and Mitliagkas 2017",
        "J. Zhang and I. Mitliagkas",
        "YellowFin and the art of momentum tuning",
        "2017",
        "arXiv:1706.03471",
    ),
    Reference(
        "ziyin",
        r"Ziyin et al\. 2020",
        "L. Ziyin, Z. T. Wang and M. Ueda",
        "LaProp: separating momentum and adaptivity in Adam",
        "2020",
        "arXiv:2002.04839",
    ),
)

_BY_KEY = {reference.key: reference for reference in (*DOCUMENTS, *PAPERS)}
_MENTIONS = re.compile("|".join(f"(?P<{r.key.replace('-', '_')}>{r.mention})" for r in _BY_KEY.values()))


def parted(text: str) -> Iterator[tuple[str, Reference | None]]:
    """The text in stretches, each with what it mentions; joined they are the text."""
    end = 0
    for found in _MENTIONS.finditer(text):
        if end < found.start():
            yield text[end : found.start()], None
        yield found.group(), _BY_KEY[str(found.lastgroup).replace("_", "-")]
        end = found.end()
    if end < len(text):
        yield text[end:], None


def mentioned(texts: Iterable[str], documents: Iterable[str]) -> tuple[Reference, ...]:
    """The references that these texts mention, and those of the documents of these names, in the order of the lists."""
    found = {reference.key for text in texts for _, reference in parted(text) if reference}
    found |= {f"document-{name}" for name in documents}
    return tuple(reference for key, reference in _BY_KEY.items() if key in found)
