"""Pairs of rules whose steps are linear in their states and in the oracles' answers: what relates them, if anything.

``system`` takes the matrices of a step, ``relation`` finds what the questions of both rules tie together,
``induction`` proves that it holds for ever, ``no_start`` proves that nothing does.
"""
