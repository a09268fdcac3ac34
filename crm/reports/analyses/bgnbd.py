"""The BG/NBD model of repeat purchases and the Gamma-Gamma model of their value.

Source: Fader, Hardie and Lee, "Counting Your Customers the Easy Way", Marketing Science 24 (2005), equations 6, 7 and
        10; the same, "RFM and CLV", Journal of Marketing Research 42 (2005), and Fader and Hardie's note on the
        Gamma-Gamma model of monetary value (2013), for the spending.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

Numbers = NDArray[np.float64]
STARTS = ((0.5, 5.0, 1.0, 2.5), (1.0, 1.0, 1.0, 1.0), (0.3, 20.0, 0.5, 5.0))
SPEND_STARTS = ((6.0, 4.0, 15.0), (1.0, 2.0, 1.0), (2.0, 3.0, 100.0))
LARGEST_LOG = 12.0  # of a parameter; beyond it a fit runs away


@dataclass(frozen=True)
class Buying:
    """How customers buy: the fitted BG/NBD model.

    Shape:  `is_sure` says whether the search came to an end.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    is_sure: bool

    def alive(self, repeats: Numbers, last: Numbers, age: Numbers) -> Numbers:
        """Return the probability that each customer still buys."""
        drop = self.a / np.maximum(self.b + repeats - 1, 1e-12)
        gone = drop * ((self.alpha + age) / (self.alpha + last)) ** (self.r + repeats)
        return 1 / (1 + np.where(repeats > 0, gone, 0))

    def expected(self, repeats: Numbers, last: Numbers, age: Numbers, ahead: float) -> Numbers:
        """Return how often each customer is expected to buy in the time ahead."""
        if ahead <= 0:
            return np.zeros_like(repeats)
        rx, bx, abx = self.r + repeats, self.b + repeats, self.a + self.b + repeats - 1
        share = (self.alpha + age) / (self.alpha + age + ahead)
        many = hyp2f1(rx, bx, abx, ahead / (self.alpha + age + ahead))
        return abx / (self.a - 1) * (1 - share**rx * many) * self.alive(repeats, last, age)


@dataclass(frozen=True)
class Spending:
    """What customers spend per purchase: the fitted Gamma-Gamma model."""

    p: float
    q: float
    v: float
    is_sure: bool

    def expected(self, repeats: Numbers, mean: Numbers) -> Numbers:
        """Return what each customer is expected to spend per purchase; who never came back, what all do."""
        weight = self.p * repeats / (self.p * repeats + self.q - 1)
        return (1 - weight) * self.v * self.p / (self.q - 1) + weight * mean


def fit_buying(repeats: Numbers, last: Numbers, age: Numbers) -> Buying:
    """Return the model most likely for what was seen.

    Unit:   `last` and `age` are the time from a customer's first purchase to the last one and to now.
    """
    known, many = np.unique(np.column_stack((repeats, last, age)), axis=0, return_counts=True)
    x, t_x, t = known.T

    def loss(logs: Numbers) -> float:
        r, alpha, a, b = np.exp(np.clip(logs, -LARGEST_LOG, LARGEST_LOG))
        first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        second = betaln(a, b + x) - betaln(a, b)
        stays = -(r + x) * np.log(alpha + t)
        leaves = np.log(a) - np.log(np.maximum(b + x - 1, 1e-12)) - (r + x) * np.log(alpha + t_x)
        both = np.where(x > 0, np.logaddexp(stays, leaves), stays)
        return -float(np.sum(many * (first + second + both))) / many.sum()

    logs, value, is_sure = _smallest(loss, STARTS)
    return Buying(*map(float, np.exp(logs)), -value * float(many.sum()), is_sure)


def fit_spending(repeats: Numbers, mean: Numbers) -> Spending:
    """Return the model most likely for the mean spending of customers who came back."""

    def loss(logs: Numbers) -> float:
        p, q, v = np.exp(np.clip(logs, -LARGEST_LOG, LARGEST_LOG))
        px = p * repeats
        told = -betaln(px, q) + q * np.log(v) + (px - 1) * np.log(mean) + px * np.log(repeats)
        return -float(np.mean(told - (px + q) * np.log(repeats * mean + v)))

    logs, _value, is_sure = _smallest(loss, SPEND_STARTS)
    return Spending(*map(float, np.exp(logs)), is_sure)


def _smallest(loss: object, starts: tuple[tuple[float, ...], ...]) -> tuple[Numbers, float, bool]:
    """Return where a function of logarithms is smallest, from several starts."""
    options = {"maxiter": 10_000, "maxfev": 20_000, "xatol": 1e-7, "fatol": 1e-11}
    found = [minimize(loss, np.log(start), method="Nelder-Mead", options=options) for start in starts]
    best = min(found, key=lambda one: one.fun)
    return best.x, float(best.fun), bool(best.success) and bool(np.all(np.abs(best.x) < LARGEST_LOG))
