"""Operation counts of a rule under every convention, what its step moves through memory, and claims about both."""

from derive.proof.counts.convention import CONVENTIONS, Convention, describe
from derive.proof.counts.decide import count_table, decide_operations, relevant
from derive.proof.counts.tally import OperationCount, count, counts, fewest
from derive.proof.counts.traffic import Pass, Traffic, traffic

__all__ = [
    "CONVENTIONS",
    "Convention",
    "OperationCount",
    "Pass",
    "Traffic",
    "count",
    "count_table",
    "counts",
    "decide_operations",
    "describe",
    "fewest",
    "relevant",
    "traffic",
]
