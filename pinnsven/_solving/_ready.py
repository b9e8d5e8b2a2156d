"""What the verdict needs compiled, before it is needed."""

from ._error_estimate import questions
from ._uncertainty import scatter_questions


def prepare_verdict(run, ahead: bool = False, first: bool = False) -> None:
    """Compiles what the estimate of the error will be made with.

    - `ahead`: only begins to, in a thread beside.
    - `first`: only what is needed first.
    """
    compiling = run.compiler.ahead if ahead else run.compiler.function
    run.prepared = []
    most = 1 if first else 2
    for name, function, given, brief in questions(run.system, run.theta, run.points, most):
        run.prepared.append((name, given, brief))
        compiling(name, function, *given, brief=brief)
    for name, function, given in () if first else scatter_questions(run):
        run.prepared.append((name, given, False))
        compiling(name, function, *given)


def verdict_is_ready(run) -> bool:
    """Whether that is compiled."""
    asked = run.prepared
    return bool(asked) and all(
        run.compiler.is_ready(name, *given, brief=brief) for name, given, brief in asked
    )
