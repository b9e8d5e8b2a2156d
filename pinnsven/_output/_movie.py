"""Movies: pictures one after the other in one file."""

import io
import os
import shutil

import numpy as np
from jaxtyping import UInt8

from .._basics._numbers import whole_number
from ._data import SolutionData
from ._panels import SIGNED, is_signed, span
from ._plot import plot_solution

SUFFIXES = (".gif", ".mp4")
PIXELS = 100  # an inch
HOLD = 10  # times the last picture is shown


class Frames:
    """The pictures of a movie.

    - `path`: of the file, whose suffix says its kind.
    - `speed`: pictures a second.

    Raises `ValueError` for a suffix that no movie has, and for an `.mp4` where ffmpeg is missing.
    """

    def __init__(self, path: str | os.PathLike[str], speed: float):
        self.path, self.speed = os.fspath(path), speed
        suffix = os.path.splitext(self.path)[1].lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"{self.path}: a movie ends in {' or '.join(SUFFIXES)}")
        if suffix == ".mp4" and shutil.which("ffmpeg") is None:
            raise ValueError(f"{self.path}: an .mp4 needs ffmpeg, which is not installed; write a .gif")
        if not speed > 0:
            raise ValueError(f"frames_per_second={speed!r}: must be positive")
        if not os.path.isdir(os.path.dirname(os.path.abspath(self.path))):
            raise ValueError(f"{self.path}: the folder does not exist")
        self._made: list[UInt8[np.ndarray, "height width 4"]] = []

    def add(self, figure, caption: str = "") -> None:
        """Adds a picture of a figure."""
        if caption:
            figure.suptitle(caption, fontsize=9)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="rgba", dpi=PIXELS)
        width = int(figure.bbox.width / figure.dpi * PIXELS)
        self._made.append(np.frombuffer(buffer.getvalue(), np.uint8).reshape(-1, width, 4))

    def write(self) -> None:
        """Writes the movie; raises `OSError` where that cannot be done."""
        from matplotlib.animation import FFMpegWriter, PillowWriter
        from matplotlib.figure import Figure

        height, width = self._made[0].shape[:2]
        figure = Figure(figsize=(width / PIXELS, height / PIXELS), dpi=PIXELS)
        image = figure.add_axes((0, 0, 1, 1)).imshow(self._made[0])
        figure.axes[0].axis("off")
        kind = FFMpegWriter if self.path.lower().endswith(".mp4") else PillowWriter
        writer = kind(fps=self.speed)  # type: ignore[arg-type]
        with writer.saving(figure, self.path, PIXELS):
            for picture in [*self._made, *[self._made[-1]] * HOLD]:
                image.set_data(picture)
                writer.grab_frame()


def animate_solution(
    solution: SolutionData, path, field, frames: int, speed: float, options: dict
) -> None:
    """The solution as time goes on; see `Solution.animate`."""
    time = solution.domain.time
    if time is None or solution.domain.space is None:
        raise ValueError("animate: there is a movie only of a solution over space and time")
    whole_number("frames", frames, 2, "give a whole number of at least two pictures")
    movie = Frames(path, speed)
    name = time.coordinate.name
    along = options.pop("along", None)
    if along is None:
        along = tuple(n for n in solution.domain.component_names() if n != name)[:2]
    moments = np.linspace(time.start, time.stop, frames)
    held = options.pop("at", None) or {}
    figures = [
        plot_solution(
            solution,
            field=field,
            show="solution",
            along=along,
            at={**held, name: float(moment)},
            **options,
        )
        for moment in moments
    ]
    for axes in zip(*(figure.axes for figure in figures), strict=True):
        _share_range(axes)
    for figure, moment in zip(figures, moments, strict=True):
        movie.add(figure, f"{name} = {moment:.3g}")
    movie.write()


def _share_range(axes) -> None:
    """Gives the same axes of all pictures one range: of colors in a map, of values beside a curve."""
    maps = [axis.collections[0] for axis in axes if axis.collections and not axis.lines]
    if maps:
        low, high = np.transpose([mesh.get_clim() for mesh in maps])
        limits = span(np.array([low.min(), high.max()]))
        for mesh in maps:
            mesh.set(clim=limits, cmap=SIGNED if is_signed(*limits) else mesh.get_cmap())
    else:
        low, high = np.transpose([axis.get_ylim() for axis in axes])
        for axis in axes:
            axis.set_ylim(low.min(), high.max())
