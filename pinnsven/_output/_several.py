"""Several solutions that belong together."""

from ._solution import Solution


class SeveralSolutions:
    """What can be counted, looped over and asked for by number as its `solutions`."""

    solutions: tuple[Solution, ...]

    def __len__(self) -> int:
        return len(self.solutions)

    def __iter__(self):
        return iter(self.solutions)

    def __getitem__(self, number: int) -> Solution:
        return self.solutions[number]
