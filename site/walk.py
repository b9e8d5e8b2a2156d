"""Walks the ten minutes of docs/start.md: every command and every block of the page, in their order.

    python site/walk.py

In a new folder, with the pinnsven of this environment, for which `pip install .` has been done.
Prints the seconds of each part, fails where a part fails, and says when the first picture was there.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs/start.md"
BLOCK = re.compile(r"```python\n(.*?)```|((?:^    \S[^\n]*\n)+)", re.DOTALL | re.MULTILINE)


def parts(page: str) -> tuple[list[str], str]:
    """The commands of a page, and its blocks of Python as one script."""
    commands, script = [], []
    for block in BLOCK.finditer(page):
        if block[1]:
            script.append(block[1])
        else:
            commands += [line.strip() for line in block[2].splitlines()]
    return commands, "\n".join(script)


def main() -> None:
    commands, script = parts(PAGE.read_text())
    assert commands[0] == "pip install ." and len(commands) > 2 and script
    folder = Path(tempfile.mkdtemp())
    (folder / "start.py").write_text(script)
    begun, pictured = time.perf_counter(), None
    for command in (*commands[1:], "python start.py"):
        program, *arguments = command.split()
        here = str(Path(sys.executable).parent / program)
        start = time.perf_counter()
        subprocess.run([here, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        print(f"{time.perf_counter() - start:6.1f} s  {command}", flush=True)
        if pictured is None and list(folder.glob("*.png")):
            pictured = time.perf_counter() - begun
    assert pictured is not None and (folder / "rod.png").stat().st_size > 10_000
    print(f"{pictured:6.1f} s  to the first picture")


if __name__ == "__main__":
    main()
