"""The command `pinnsven`: solve a problem file, list problems, show what this machine offers."""

import argparse
import json

from ._basics._messages import listing
from ._basics._processes import is_first, join_processes
from ._basics._results import RESULTS
from ._basics._version import __version__
from ._command._compare import comparison
from ._command._completion import SHELLS, completion_script
from ._command._outputs import check_outputs, default_picture, write_outputs
from ._command._problem_files import catalog, load_problem
from ._command._process import Signals, Watch, end, open_standard_streams, say
from ._command._reference import check_columns, regenerated
from ._command._template import write_template
from ._output._tables import versions
from ._solving._cost import predict_cost
from ._solving._limits import TOLERANCE
from ._solving._loop import INTERRUPTED
from ._solving._march import march
from ._solving._whole import solve

CHOSEN = "chosen"  # for slabs that `march` chooses
STATUSES = """exit status:
  0    converged
  1    diverged, failed, or a file that was asked for could not be written
  2    a mistake in what was asked
  3    ended in another way, with a solution
  130  interrupted (Ctrl-C, SIGTERM), with the best solution so far if there was one

examples:
  pinnsven new my_problem.py
  pinnsven solve my_problem.py --time-limit 60 --report my_problem.html
  pinnsven solve burgers --save a.pv --no-plot
  pinnsven solve my_problem.py --set k=0.5 --json b.json
  pinnsven compare a.pv b.json

environment:
  JAX_PLATFORMS      the device: cpu, cuda
  XDG_CACHE_HOME     where compiled programs are kept (--no-cache keeps none)
  OMP_NUM_THREADS, OPENBLAS_NUM_THREADS   threads of the linear algebra"""

signals = Signals()


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit status that `--help` promises."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    try:
        return options.run(options)
    except BrokenPipeError:  # `| head` has seen enough
        return 0
    except (ValueError, OSError) as error:
        say(str(error))
        return 2
    except MemoryError as error:
        say(f"out of memory: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted before there was a solution")
        return 130


def run() -> None:
    """The installed command: `main` with its result as the exit status."""
    open_standard_streams()
    status: object = 130
    try:
        signals.catch()
        status = main()
    except SystemExit as wanted:  # of argparse
        status = wanted.code
    except KeyboardInterrupt:
        pass
    end(status if isinstance(status, int) else 0 if status is None else 1)


def _parser() -> argparse.ArgumentParser:
    """The command's arguments; each subcommand leaves the function that runs it in `run`."""
    parser = argparse.ArgumentParser(
        prog="pinnsven",
        description="Solves differential equations with small neural networks.",
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(
        dest="command", metavar="{solve,new,list,info,reference,compare,completion}"
    )
    _add_solve(commands)
    problems = commands.add_parser("list", help="list the problem files of a folder, or the gallery")
    problems.add_argument(
        "folder", nargs="?", help="default: problems, or the gallery if there is none"
    )
    problems.set_defaults(run=_list)
    new = commands.add_parser("new", help="write a problem file that runs, to be changed")
    new.add_argument("file", metavar="FILE", help="such as my_problem.py")
    new.set_defaults(run=_new)
    compare = commands.add_parser("compare", help="show two results side by side")
    for name in ("first", "second"):
        compare.add_argument(name, metavar="RESULT", help="a file of --save or of --json")
    compare.set_defaults(run=_compare)
    completion = commands.add_parser("completion", help="print what completes this command in a shell")
    completion.add_argument("shell", choices=SHELLS)
    completion.set_defaults(run=_completion)
    _add_info(commands)
    _add_reference(commands)
    return parser


def _add_solve(commands) -> None:
    """The command `solve` and its options."""
    solve = commands.add_parser(
        "solve",
        help="solve a problem file",
        description="Solves a problem file: Python that defines make_problem(**parameters). The file\n"
        "is code and is executed; checkpoints are data and are not. A bare name that is no file\n"
        "here is that of a problem of the gallery, which `pinnsven list` shows.",
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    solve.add_argument(
        "problem", metavar="FILE", help="a path such as problems/mine.py, or a name of `pinnsven list`"
    )
    solve.add_argument(
        "--time-limit",
        type=float,
        metavar="S",
        help="seconds of the whole call, compilation and verdict included",
    )
    solve.add_argument("--max-steps", type=int, metavar="N", help="steps at most")
    solve.add_argument("--tolerance", type=float, metavar="T", help="relative held-out residual")
    solve.add_argument("--seed", type=int, default=0, metavar="N")
    _add_size(solve)
    solve.add_argument(
        "--slabs",
        type=_slabs,
        metavar="N",
        help="time in so many slabs, one by one; 'chosen' for slabs as long as they are solved at once",
    )
    pictures = solve.add_mutually_exclusive_group()
    pictures.add_argument(
        "--plot",
        metavar="FILE",
        help="write the picture there; by default beside the problem",
    )
    pictures.add_argument("--no-plot", action="store_true", help="write no picture")
    solve.add_argument("--report", metavar="FILE", help="write an HTML page")
    solve.add_argument("--json", metavar="FILE", help="write the figures")
    solve.add_argument("--save", metavar="FILE", help="write the solution, for pinnsven.load")
    solve.add_argument("--checkpoint", metavar="FILE", help="write and update a checkpoint")
    solve.add_argument("--resume", action="store_true", help="go on from the checkpoint if it exists")
    solve.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of make_problem",
    )
    solve.add_argument(
        "--no-cache", action="store_true", help="keep no compiled programs in the user's cache folder"
    )
    solve.add_argument("--quiet", action="store_true", help="no progress display")
    solve.add_argument(
        "--processes",
        action="store_true",
        help="with the other processes of mpirun, srun or the like; the first one writes the files",
    )
    solve.set_defaults(run=_solve)


def _add_size(command) -> None:
    """What decides how much there is to compute, and on what."""
    command.add_argument("--points", type=int, metavar="N", help="interior points to start with")
    command.add_argument("--precision", choices=("float64", "float32"), default="float64")
    command.add_argument(
        "--devices",
        type=int,
        metavar="N",
        help="rows over so many; default: all that have enough to do",
    )


def _add_info(commands) -> None:
    """The command `info` and its options."""
    info = commands.add_parser(
        "info", help="versions and devices; of a problem, what a step will cost here"
    )
    info.add_argument("problem", nargs="?", metavar="FILE", help="as for solve")
    _add_size(info)
    info.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as for solve")
    info.set_defaults(run=_info)


def _add_reference(commands) -> None:
    """The command `reference` and its options."""
    reference = commands.add_parser(
        "reference", help="work out what a problem knows of its answer, with the error of that"
    )
    reference.add_argument("problem", metavar="FILE", help="as for solve")
    reference.add_argument(
        "--save", metavar="OUT", help="write its columns, as .npz or .csv, which pv.Data.read reads"
    )
    reference.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="as for solve"
    )
    reference.set_defaults(run=_reference)


def _slabs(text: str) -> int | str:
    try:
        return text if text == CHOSEN else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"give a whole number, or {CHOSEN}: {text!r}") from None


class _Version(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        del namespace, values, option_string
        print(f"pinnsven {__version__}")
        parser.exit()


def _solve(options) -> int:
    """Solves what was asked for and writes its files; the exit status."""
    if options.slabs is not None and options.checkpoint is not None:
        raise ValueError("--slabs keeps no checkpoint: leave out --checkpoint")
    if options.resume and options.checkpoint is None:
        raise ValueError("--resume needs --checkpoint FILE")
    if options.processes:
        join_processes()
        if not is_first():
            options.quiet = options.no_plot = True
            options.plot = options.report = options.json = options.save = None
    unasked = options.plot is None and not options.no_plot
    if unasked:
        options.plot = default_picture(options.problem)
    check_outputs(options)
    parameters = dict(_parameter(text) for text in options.set)
    problem = load_problem(options.problem, parameters)
    watch = Watch(signals)
    settings = {
        "points": options.points,
        "tolerance": options.tolerance,
        "max_steps": options.max_steps,
        "time_limit": options.time_limit,
        "seed": options.seed,
        "callbacks": (watch,),
        "progress": not options.quiet,
        "precision": options.precision,
        "checkpoint": options.checkpoint,
        "resume": options.resume,
        "cache": not options.no_cache,
        "devices": options.devices,
    }
    if options.slabs is not None:
        slabs = None if options.slabs == CHOSEN else options.slabs
        solution = march(problem, slabs, **settings)
    else:
        solution = solve(problem, **settings)
    if unasked and solution.stopped:  # who interrupts a run waits for no picture of it
        options.plot = None
    written = write_outputs(solution, options, _facts(options, parameters))
    if signals.received or solution.stopped == INTERRUPTED:
        return 130
    if solution.status is RESULTS.diverged or not written:
        return 1
    return 0 if solution.status is RESULTS.converged else 3


def _facts(options, parameters: dict[str, object]) -> dict:
    """What the record says of the run beside the solution: what was asked for."""
    return {
        "file": options.problem,
        "parameters": parameters,
        "seed": options.seed,
        "limits": {"max_steps": options.max_steps, "time_limit": options.time_limit},
        "tolerance": TOLERANCE if options.tolerance is None else options.tolerance,
        "points": options.points,
        "precision": options.precision,
        "slabs": options.slabs,
    }


def _parameter(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ValueError(f"--set {text}: write NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _list(options) -> int:
    for line in catalog(options.folder):
        print(line)
    return 0


def _new(options) -> int:
    write_template(options.file)
    print(f"{options.file} is written; solve it by: pinnsven solve {options.file}")
    return 0


def _compare(options) -> int:
    print(comparison(options.first, options.second))
    return 0


def _reference(options) -> int:
    if options.save is not None:
        check_columns(options.save)
    problem = load_problem(options.problem, dict(_parameter(text) for text in options.set))
    print(regenerated(problem, options.save))
    if options.save is not None:
        print(f"written to {options.save}")
    return 0


def _completion(options) -> int:
    print(completion_script(options.shell, _parser()))
    return 0


def _info(options) -> int:
    import jax

    if options.problem is not None:
        parameters = dict(_parameter(text) for text in options.set)
        problem = load_problem(options.problem, parameters)
        asked = {"points": options.points, "precision": options.precision}
        print(predict_cost(problem, devices=options.devices, **asked))
        return 0

    for name, version in versions().items():
        print(f"{name:<10} {version}")
    print(f"{'devices':<10} {listing(str(device) for device in jax.devices())}")
    return 0
