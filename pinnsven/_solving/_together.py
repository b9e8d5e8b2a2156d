"""A run of several processes: what the first one's callbacks ask for, all of them hear of."""

from .._basics._processes import agreed, is_first, number_of_processes
from .._output._callbacks import Callback, CallbackFailed, StopRun, tell, tell_the_end
from .._output._progress import displays

OTHERS = "the first process has ended it"
GOES_ON, STOP, LIMIT, FAILED = range(4)


class Heard(Callback):
    """A callback of the first process: what it raises is kept until all processes ask for it."""

    def __init__(self, hook: Callback):
        self.hook = hook
        self.raised: Exception | None = None

    def _tell(self, name: str, *given) -> None:
        try:
            tell((self.hook,), name, *given)
        except (StopRun, CallbackFailed) as error:
            self.raised = self.raised or error

    def on_start(self, info):
        self._tell("on_start", info)

    def on_stage(self, what):
        self._tell("on_stage", what)

    def on_compile(self, what):
        self._tell("on_compile", what)

    def on_compiled(self, what, seconds):
        self._tell("on_compiled", what, seconds)

    def on_memory(self, predicted):
        self._tell("on_memory", predicted)

    def on_step(self, record):
        self._tell("on_step", record)

    def on_estimate(self, estimate):
        self._tell("on_estimate", estimate)

    def on_end(self, solution):
        tell_the_end((self.hook,), solution)


def heard_by_all(hooks: tuple[Callback, ...]) -> tuple[Callback, ...]:
    """The callbacks of this process: all of them where there is no other, none but in the first."""
    if number_of_processes() == 1:
        return hooks
    shown = displays(hooks)  # these raise nothing
    return tuple(h if h in shown else Heard(h) for h in hooks) if is_first() else ()


def heed(hooks: tuple[Callback, ...]) -> None:
    """Raises in every process what a callback of the first one has raised."""
    if number_of_processes() == 1:
        return
    mine = next((hook.raised for hook in hooks if isinstance(hook, Heard)), None)
    code = GOES_ON
    if isinstance(mine, StopRun):
        code = LIMIT if mine.as_limit else STOP
    elif mine is not None:
        code = FAILED
    code = int(agreed(code))
    if code == GOES_ON:
        return
    if mine is not None:
        raise mine
    raise CallbackFailed(OTHERS) if code == FAILED else StopRun(OTHERS, as_limit=code == LIMIT)


def lost(error: Exception, steps: int, checkpoint: object) -> str:
    """What is said where another process has ended, or cannot be reached."""
    what = str(error).strip().splitlines()[0][:200]
    kept = "No checkpoint was asked for: all is lost."
    if checkpoint is not None:
        kept = f"The checkpoint {checkpoint} holds {steps} steps."
    return f"a process that computes with this one has ended, or cannot be reached ({what}). {kept}"
