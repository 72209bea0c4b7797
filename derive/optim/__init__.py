"""Optimizers for torch whose every step is a proven rule's; each names the claim that it stands on."""

from derive.optim.adaptive import Adam, AdamLookahead, LaProp
from derive.optim.base import ProvenOptimizer
from derive.optim.momentum import HeavyBall, Nesterov

__all__ = ["Adam", "AdamLookahead", "HeavyBall", "LaProp", "Nesterov", "ProvenOptimizer"]
