"""`python -m pinnsven` is the command `pinnsven`."""

from ._cli import run

if __name__ == "__main__":
    run()
