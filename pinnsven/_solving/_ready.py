"""What the verdict needs compiled, before it is needed."""

from ._error_estimate import linear, questions


def prepare_verdict(run, ahead: bool = False) -> None:
    """Compiles what the estimate of the error will be made with.

    - `ahead`: only begins to, in a thread beside.
    """
    compiling = run.compiler.ahead if ahead else run.compiler.function
    run.prepared = []
    for name, given in questions(run.system, run.theta, run.points):
        run.prepared.append((name, given))
        compiling(name, linear, *given)


def verdict_is_ready(run) -> bool:
    """Whether that is compiled."""
    asked = run.prepared
    return bool(asked) and all(run.compiler.is_ready(name, *given) for name, given in asked)
