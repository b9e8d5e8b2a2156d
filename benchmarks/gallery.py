"""A picture of each problem of the gallery, as a call of some seconds leaves it.

    python benchmarks/gallery.py [--seconds 30] [--only burgers] [--core 0]

Each call is a process of its own. Writes `results/gallery/NAME.png`, which the site shows; how far the
pictures are off is not told with them, for `at_once.py` and `accuracy.py` measure that.
"""

import argparse
import sys

from PIL import Image

from _records import FOLDER, GALLERY, find_source_tree, gallery_problem, output_of

DPI, COLORS = 70, 64


def child(name: str, seconds: float) -> None:
    find_source_tree()
    import pinnsven as pv

    problem = gallery_problem(name)
    solution = pv.solve(problem, time_limit=seconds, progress=False)
    path = FOLDER / "gallery" / f"{name}.png"
    solution.plot(path, show="solution", dpi=DPI)
    Image.open(path).convert("RGB").quantize(COLORS).save(path, optimize=True)
    print(name, solution.status)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--only", action="append", choices=GALLERY)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child, options.seconds)
    (FOLDER / "gallery").mkdir(exist_ok=True)
    for name in options.only or GALLERY:
        command = [sys.executable, __file__, "--child", name, "--seconds", str(options.seconds)]
        print(*output_of(command, options.core), sep="\n", flush=True)


if __name__ == "__main__":
    main()
