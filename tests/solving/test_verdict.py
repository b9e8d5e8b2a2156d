"""The verdict: what is said of which evidence."""

import dataclasses
import math

import numpy as np
import pytest

from pinnsven._basics._results import RESULTS
from pinnsven._output._records import Estimate, FieldErrors
from pinnsven._solving._verdict import Evidence, judge

TOLERANCE = 1e-6


def residuals(relative=1e-8, gap=1.0):
    return Estimate(("pde",), np.array([relative / gap]), np.array([relative]), relative, gap)


GOOD = Evidence(estimate=residuals(), errors=FieldErrors(u=1e-7), bound=1e-6)

# what differs from good evidence, what ended the run: the status and a phrase
VERDICTS = {
    "good": ({}, None, "converged", "tolerance 1e-06"),
    "good, at a limit": ({}, RESULTS.time_limit, "converged", "It ended because"),
    "not resolved": ({"estimate": residuals(5e-7, 3.0)}, None, "unresolved", "3.0 times the training"),
    "not resolved, but far below": ({"estimate": residuals(1e-8, 9.0)}, None, "converged", "1.0e-08"),
    "not confirmed": ({"confirmed": False}, None, "unresolved", "nothing confirms"),
    "open": ({"left_open": "b may change."}, None, "undetermined", "leave the answer open: b may"),
    "open and not resolved": (
        {"left_open": "b may change.", "estimate": residuals(5e-7, 3.0)},
        None,
        "undetermined",
        "b may change.",
    ),
    "open, at a limit": (
        {"left_open": "b may change.", "estimate": residuals(1e-3)},
        RESULTS.max_steps,
        "max_steps",
        "The conditions leave the answer open: b may change.",
    ),
    "a jump": ({"jump": "the factor of u_xx jumps."}, None, "unresolved", "but the factor of u_xx"),
    "a jump, at a limit": (
        {"jump": "the factor of u_xx jumps.", "estimate": residuals(1e-3)},
        RESULTS.time_limit,
        "time_limit",
        "The factor of u_xx jumps.",
    ),
    "missed": ({"missed": "a feature."}, None, "unresolved", "but a feature."),
    "a large error": ({"errors": FieldErrors(u=2e-3)}, None, "unresolved", "estimated error"),
    "an unknown error": ({"errors": FieldErrors(u=math.nan)}, None, "unresolved", "estimated error"),
    "one unknown error of two": (
        {"errors": FieldErrors(u=1e-9, v=math.nan)},
        None,
        "unresolved",
        "estimated error",
    ),
    "far with the same residual": ({"bound": 2e-3}, None, "unresolved", "may be off by 2.0e-03"),
    "amplified": (
        {"bound": 2e-3, "amplified": "the equations multiply it."},
        None,
        "unresolved",
        "the equations multiply it.",
    ),
    "no estimate wanted": ({"errors": None, "bound": None}, None, "converged", "tolerance"),
    "readings are the limit": (
        {"errors": FieldErrors(u=0.03), "bound": 0.03, "scatter": 0.03},
        None,
        "converged",
        "leaves an error of 3.0e-02",
    ),
    "worse than the readings": (
        {"errors": FieldErrors(u=0.3), "scatter": 0.03},
        None,
        "unresolved",
        "estimated error",
    ),
    "above the tolerance": ({"estimate": residuals(1e-3)}, None, "stalled", "1.0e-03 of its size"),
    "stopped": ({}, RESULTS.stopped, "stopped", "Stopped"),
    "diverged": ({}, RESULTS.diverged, "diverged", "look at"),
    "not finite": ({"estimate": residuals(math.nan)}, None, "diverged", "look at"),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_evidence_has_its_verdict(name):
    changes, cause, status, phrase = VERDICTS[name]
    found, message = judge(cause, "it ended", dataclasses.replace(GOOD, **changes), TOLERANCE)
    assert found == status and phrase in message
    assert message[0].isupper() and message.endswith(".")
