"""Files that are damaged, foreign or made to harm: a `ValueError` that names them, in little memory."""

import copy
import dataclasses
import io
import json
import os
import pickle
import resource
import struct
import sys
import tracemalloc
import zipfile
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._output._archive import read_archive, write_archive
from pinnsven._output._evaluate import SlabEvaluator
from pinnsven._solving._run_file import load_run

OLDER = Path(__file__).parent / "data"
FLIPS = 1200
BOUND = 1.5e8  # bytes that reading a file of some kilobytes may take
HOLDS_NONE = {"equal_nan": True}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small solution, saved, and the file's content."""
    path = tmp_path_factory.mktemp("saved") / "solution.pv"
    pv.load(OLDER / "older.pv").save(path)
    return path.read_bytes()


def parts(content: bytes):
    """The header and the arrays of a file."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return json.loads(str(arrays.pop("header"))), arrays


def joined(header: dict | str, arrays: dict) -> bytes:
    text = header if isinstance(header, str) else json.dumps(header)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, header=np.array(text), **arrays)
    return buffer.getvalue()


def same(one: pv.Solution, other: pv.Solution) -> bool:
    """Whether two solutions are the same in all that a file holds."""
    return (
        str(one) == str(other)
        and one.to_json() == other.to_json()
        and np.array_equal(one.evaluator.parameters(), other.evaluator.parameters())  # type: ignore
        and np.array_equal(one.spectrum, other.spectrum)
        and all(np.array_equal(one.history[n], other.history[n], **HOLDS_NONE) for n in one.history)
    )


# What was written before


def test_a_solution_of_an_older_pinnsven_is_read_as_it_was():
    found = pv.load(OLDER / "older.pv")
    x, u, v = np.loadtxt(OLDER / "older.csv").T
    np.testing.assert_allclose(found.u(x=x, t=x), u, rtol=1e-13)
    np.testing.assert_allclose(found.v(x=x, t=x), v, rtol=1e-13)
    assert found.status == "max_steps" and found.steps == 3
    assert found.unknowns["k"].standard_error > 0


def test_a_checkpoint_of_an_older_pinnsven_is_refused_in_a_sentence():
    with pytest.raises(
        ValueError, match=r"older\.pvc: a checkpoint of an older pinnsven.*another file"
    ):
        load_run(OLDER / "older.pvc", {"the domain": "0"})


# Bits and lengths


def test_a_flipped_bit_is_refused_or_changes_nothing(saved, tmp_path):
    """One flipped bit is refused, or the file holds what it held: checksums cover the numbers."""
    path, whole = tmp_path / "flipped.pv", pv.load(OLDER / "older.pv")
    rng, loaded = np.random.default_rng(0), 0
    for bit in rng.choice(8 * len(saved), FLIPS, replace=False).tolist():
        content = bytearray(saved)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        try:
            found = pv.load(path)
        except ValueError as error:
            assert "flipped.pv" in str(error)
        else:
            assert same(found, whole), bit
            loaded += 1
    assert loaded < FLIPS / 4  # times, attributes, and names that zip keeps twice


def test_a_flipped_bit_of_an_older_file_is_refused_or_changes_nothing(tmp_path):
    content, path = (OLDER / "older.pv").read_bytes(), tmp_path / "flipped.pv"
    whole = pv.load(OLDER / "older.pv")
    for bit in np.random.default_rng(1).choice(8 * len(content), 300, replace=False).tolist():
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        try:
            assert same(pv.load(path), whole), bit
        except ValueError as error:
            assert "flipped.pv" in str(error)


def test_a_file_cut_anywhere_is_refused(saved, tmp_path):
    path = tmp_path / "cut.pv"
    for length in np.linspace(0, len(saved) - 1, 200).astype(int).tolist():
        path.write_bytes(saved[:length])
        with pytest.raises(ValueError, match=r"cut\.pv"):
            pv.load(path)


# What a stranger may have written


def changed(change):
    """A file with its header and arrays changed by a function."""

    def make(content: bytes) -> bytes:
        header, arrays = parts(content)
        change(header, arrays)
        header["arrays"] = sorted(arrays)
        return joined(header, arrays)

    return make


def meta(**facts):
    return changed(lambda h, a: h["meta"].update(facts))


def arrays(**values):
    return changed(lambda h, a: a.update(values))


def network(**settings):
    return changed(lambda h, a: h["meta"]["network"]["arguments"].update(settings))


def with_text(make):
    """A file whose header is any text."""
    return lambda content: joined(make(parts(content)[0]), parts(content)[1])


def with_member(name: str, member: bytes, method=zipfile.ZIP_DEFLATED):
    """A file with one member of any bytes."""

    def make(content: bytes) -> bytes:
        buffer = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(content)) as given,
            zipfile.ZipFile(buffer, "w", method) as archive,
        ):
            for info in given.infolist():
                if info.filename != name:
                    archive.writestr(info.filename, given.read(info))
            archive.writestr(name, member)
        return buffer.getvalue()

    return make


def array_of_shape(shape: str, content=bytes(64), descr="<f8") -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + content


def encrypted(content: bytes) -> bytes:
    """The flag of encryption set for the first member, in both places where zip keeps it."""
    changed = bytearray(content)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[changed.index(signature) + place] |= 1
    return bytes(changed)


def packed_otherwise(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[changed.index(b"PK\x01\x02") + 10] = 99
    return bytes(changed)


DEEP = '{"format": 1, "kind": "solution", "meta": ' + "[" * 100_000 + "]" * 100_000 + "}"
LARGE = with_member("theta.npy", array_of_shape("37500000,", bytes(300_000_000)))

HARMFUL = {
    "encrypted": encrypted,
    "packed by another method": packed_otherwise,
    "packed as bzip2": lambda c: with_member("more.npy", array_of_shape("8,"), zipfile.ZIP_BZIP2)(c),
    "two members of one name": lambda c: twice(c),
    "a member that is no array": with_member("theta.txt", b"1, 2, 3"),
    "deep JSON": with_text(lambda h: DEEP),
    "deep facts": with_text(lambda h: json.dumps(h).replace('"u"', "[" * 5000 + "]" * 5000, 1)),
    "JSON that is a number": with_text(lambda h: "3"),
    "an array that is not listed": lambda c: joined(parts(c)[0], parts(c)[1] | {"more": np.ones(1)}),
    "an array that is listed and missing": lambda c: joined(parts(c)[0], {}),
    "format infinite": changed(lambda h, a: h.update(format=float("inf"))),
    "format true": changed(lambda h, a: h.update(format=True)),
    "kind a list": changed(lambda h, a: h.update(kind=[])),
    "steps infinite": meta(steps=float("inf")),
    "steps 1e999": with_text(lambda h: json.dumps(h).replace('"steps": 3', '"steps": 1e999')),
    "steps negative": meta(steps=-3),
    "rank no number": meta(rank=float("nan")),
    "seconds infinite": meta(seconds=float("inf")),
    "memory infinite": meta(memory={"predicted": float("inf"), "peak": None}),
    "floor no number": meta(reference_floor=float("nan")),
    "rows infinite": meta(
        conditions={"a": {"rows": float("inf"), "weight": 1, "training": 0, "held_out": 0}}
    ),
    "unknown of text": meta(unknowns={"k": ["1", "2"]}),
    "unknowns a list": meta(unknowns=[1, 2]),
    "error of another field": meta(error={"w": 1e-9}),
    "error of text": meta(error={"u": "small"}),
    "fields a text": meta(fields="uv"),
    "name a number": meta(name=3),
    "end of time infinite": meta(domain={"space": None, "time": [0, float("inf"), "t"]}),
    "box infinite": meta(domain={"space": {"box": [{"name": "x", "lower": [0], "upper": [1e999]}]}}),
    "coordinate of text": meta(domain={"space": None, "time": [0, 1, "import os"]}),
    "width of 60,000": network(width=60_000),
    "width of 10^18": network(width=10**18),
    "depth of 10^18": network(depth=10**18),
    "width infinite": network(width=float("inf")),
    "width of text": network(width="5"),
    "scale infinite": network(scale=float("inf")),
    "as many features as fit nowhere": changed(
        lambda h, a: h["meta"].update(
            network={"class": "FourierMLP", "arguments": {"width": 5, "depth": 2, "features": 10**12}}
        )
    ),
    "parameters that are none": arrays(theta=np.full(57, np.nan)),
    "one infinite parameter": arrays(theta=np.r_[np.zeros(56), np.inf]),
    "complex parameters": arrays(theta=np.zeros(57, complex)),
    "parameters in half precision": arrays(theta=np.zeros(57, np.float16)),
    "parameters of another precision": arrays(theta=np.zeros(57, np.float32)),
    "parameters of text": arrays(theta=np.array(["0.0"] * 57)),
    "parameters in a square": arrays(theta=np.zeros((57, 57))),
    "history too short": arrays(**{"history.loss": np.zeros(2)}),
    "history of text": arrays(**{"history.loss": np.array(["a"] * 3)}),
    "history complex": arrays(**{"history.loss": np.zeros(3, complex)}),
    "steps as floats": arrays(**{"history.step": np.ones(3)}),
    "spectrum too long": arrays(spectrum=np.ones(1000)),
    "spectrum complex": arrays(spectrum=np.ones(58, complex)),
    "spectrum in a square": arrays(spectrum=np.ones((3, 3))),
    "correlation of two": arrays(correlation=np.eye(2)),
    "correlation a line": arrays(correlation=np.ones(1)),
    "a shape beyond its bytes": with_member("theta.npy", array_of_shape("100000000000000,")),
    "a shape that overflows": with_member("theta.npy", array_of_shape("4294967296, 4294967296, 2")),
    "a shape below its bytes": with_member("theta.npy", array_of_shape("3,")),
    "a negative shape": with_member("theta.npy", array_of_shape("-8,")),
    "a description that is code": with_member("theta.npy", array_of_shape("8,", descr="'+exit()+'")),
    "a description of objects": with_member("theta.npy", array_of_shape("8,", descr="|O")),
    "a description cut short": with_member("theta.npy", array_of_shape("8,")[:40]),
    "known values too short": changed(
        lambda h, a: (
            h["meta"].update(known=["u"], reference_floor=0.0),
            a.update({"known.value.u": np.zeros(3), "known.point.x": np.zeros(2)}),
        )
    ),
    "known values of another field": meta(known=["w"], reference_floor=0.0),
    "300 MB packed into 300 kB": LARGE,
    "a header of 40 MB": with_text(lambda h: " " * 10_000_000 + json.dumps(h)),
}


def twice(content: bytes) -> bytes:
    buffer = io.BytesIO(content)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("theta.npy", array_of_shape("8,"))
    return buffer.getvalue()


@pytest.mark.parametrize("make", HARMFUL.values(), ids=HARMFUL)
def test_a_harmful_file_is_refused_by_name_in_little_memory(make, saved, tmp_path):
    path = tmp_path / "harmful.pv"
    path.write_bytes(make(saved))
    del make
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"harmful\.pv"):
            pv.load(path)
        assert tracemalloc.get_traced_memory()[1] < BOUND
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of address space is Linux's")
def test_a_bomb_is_refused_where_there_is_no_room_for_what_it_holds(saved, tmp_path):
    path = tmp_path / "bomb.pv"
    path.write_bytes(LARGE(saved))
    assert path.stat().st_size < 500_000
    with open("/proc/self/statm", encoding="ascii") as file:
        held = int(file.read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (held + 2 * 10**8, hard))
    try:
        with pytest.raises(ValueError, match=r"bomb\.pv.* at most \d+ are read"):
            pv.load(path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def test_a_run_that_diverged_keeps_parameters_that_are_none(saved, tmp_path):
    header, values = parts(saved)
    header["meta"]["status"] = "diverged"
    path = tmp_path / "diverged.pv"
    path.write_bytes(joined(header, values | {"theta": np.full(57, np.nan)}))
    assert np.isnan(pv.load(path).u(x=0.5, t=0.5))


# A run's file


def decay(**options):
    conditions = {"pde": pv.PDE(lambda u, u_t: u_t + u), "start": pv.Initial(u=1.0)}
    problem = pv.Problem(pv.Time(0, 1), "u", conditions)
    options = {"network": pv.MLP(5, 1), "points": 16, "max_steps": 5, "estimate_error": False} | options
    return pv.solve(problem, **options)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, quick_compilation):
    path = tmp_path_factory.mktemp("run") / "run.pvc"
    decay(checkpoint=path)
    return path.read_bytes()


RUNS = {
    "history too short": lambda h, a: a.update({"history.loss": np.zeros(2)}),
    "parameters that are none": lambda h, a: a.update(theta=np.full(16, np.nan)),
    "parameters in single precision": lambda h, a: a.update(theta=a["theta"].astype("f4")),
    "a state of another kind": lambda h, a: a.update(state0=a["state0"].astype(complex)),
    "a state that is missing": lambda h, a: a.pop("state0"),
    "more leaves than there are": lambda h, a: h["meta"].update(leaves=10**9),
    "weights of text": lambda h, a: h["meta"].update(weights={"pde": "a", "start": "b"}),
    "weights of another condition": lambda h, a: h["meta"]["weights"].update(other=1.0),
    "sizes too long": lambda h, a: a.update(sizes=np.ones(5)),
    "points in space": lambda h, a: a.update({"points.pde.points": np.zeros((16, 3))}),
    "points that are none": lambda h, a: a.update({"points.pde.points": np.full((16, 1), np.nan)}),
    "no points": lambda h, a: a.update({"points.pde.points": np.zeros((0, 1))}),
    "normals of other points": lambda h, a: a.update({"points.pde.normals": np.zeros((9, 0))}),
    "random numbers of another kind": lambda h, a: h["meta"]["points"].update(bit_generator="MT19937"),
    "random numbers without a state": lambda h, a: h["meta"]["points"].pop("state"),
    "an estimate of another length": lambda h, a: h["meta"]["estimate"].update(training=[1.0]),
    "seconds infinite": lambda h, a: h["meta"].update(seconds=float("inf")),
    "no identity": lambda h, a: h["meta"].pop("identity"),
    "an identity of numbers": lambda h, a: h["meta"].update(identity=[1]),
}


@pytest.mark.parametrize("change", RUNS.values(), ids=RUNS)
def test_a_damaged_checkpoint_is_refused_by_name(change, checkpoint, tmp_path):
    path = tmp_path / "damaged.pvc"
    path.write_bytes(changed(change)(checkpoint))
    with pytest.raises(ValueError, match=r"damaged\.pvc"):
        decay(checkpoint=path, resume=True)


def test_a_flipped_bit_of_a_checkpoint_is_refused_or_changes_nothing(checkpoint, tmp_path):
    path = tmp_path / "flipped.pvc"
    path.write_bytes(checkpoint)
    facts, values = read_archive(path, "checkpoint")
    for bit in np.random.default_rng(2).choice(8 * len(checkpoint), 500, replace=False).tolist():
        content = bytearray(checkpoint)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        try:
            found, others = read_archive(path, "checkpoint")
        except ValueError as error:
            assert "flipped.pvc" in str(error)
        else:
            assert found == facts and others.keys() == values.keys()
            assert all(np.array_equal(others[n], values[n], equal_nan=True) for n in values)


# JSON


def refuse(token):
    raise AssertionError(f"{token} is no JSON")


def test_numbers_that_are_not_finite_are_valid_json_and_come_back(saved, tmp_path):
    """In a file as texts, from which they come back; in the record as null."""
    header, values = parts(saved)
    given = {"conditions": {"a": {"rows": 1, "weight": 1.0, "training": np.nan, "held_out": np.inf}}}
    given |= {"unknowns": {"k": [np.nan, np.inf]}, "error": {"u": -np.inf, "v": 1.0}}
    first = tmp_path / "first.pv"
    # As an older pinnsven wrote them, in tokens that are no JSON.
    first.write_bytes(joined(json.dumps(header | {"meta": header["meta"] | given}), values))
    solution = pv.load(first)
    solution.save(tmp_path / "second.pv")
    text = str(np.load(tmp_path / "second.pv")["header"])
    json.loads(text, parse_constant=refuse)
    found = pv.load(tmp_path / "second.pv")
    assert np.isnan(found.conditions["a"].training) and found.conditions["a"].held_out == np.inf
    assert np.isnan(found.unknowns["k"]) and found.unknowns["k"].standard_error == np.inf
    assert found.error is not None and found.error["u"] == -np.inf
    record = json.loads(json.dumps(found.to_json()), parse_constant=refuse)
    assert record["residual"]["a"] == {"training": None, "held_out": None}
    assert record["unknowns"] == {"k": {"value": None, "standard_error": None}} and record[
        "standard_errors"
    ] == {"k": None}


# Where files go


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_file_has_the_permissions_of_any_other(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_archive(tmp_path / "ours", "checkpoint", {}, {"a": np.zeros(1)})
        (tmp_path / "any").write_bytes(b"")
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("ours", "any")]
    assert modes[0] == modes[1] == 0o666 & ~umask


def test_a_file_that_is_written_again_keeps_its_permissions(tmp_path):
    path = tmp_path / "private"
    path.write_bytes(b"")
    path.chmod(0o600)
    write_archive(path, "checkpoint", {}, {"a": np.zeros(1)})
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "disk").mkdir()
    link, target = tmp_path / "run.pvc", tmp_path / "disk" / "run.pvc"
    link.symlink_to(target)
    for number in (1, 2):  # a link to nothing yet, and to a file
        write_archive(link, "checkpoint", {"number": number}, {"a": np.zeros(1)})
        assert link.is_symlink() and not target.is_symlink()
        assert read_archive(target, "checkpoint")[0] == {"number": number}
    assert os.listdir(target.parent) == ["run.pvc"]


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_archive(pipe, "checkpoint", {}, {"a": np.zeros(1)})
        assert os.read(reader, 4) == b"PK\x03\x04"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


# Copies


COPIES = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda solution: pickle.loads(pickle.dumps(solution)),
}


@pytest.mark.parametrize("activation", ["tanh", jnp.sin])
def test_a_copy_of_a_solution_is_the_solution(activation, quick_compilation):
    network = pv.MLP(5, 1, activation=activation)
    solution = decay(network=network, estimate_error=activation == "tanh", max_steps=1)
    t = np.linspace(0, 1, 5)
    copies = [make(solution) for make in COPIES.values()]  # before anything is compiled
    values = solution.u(t=t)
    for make, first in zip(COPIES.values(), copies, strict=True):
        for found in (first, make(first), make(solution)):
            np.testing.assert_array_equal(found.u(t=t), values)
            assert str(found) == str(solution) and found.to_json() == solution.to_json()


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)
def test_a_copy_of_a_loaded_solution_keeps_its_unknowns(make):
    solution = pv.load(OLDER / "older.pv")
    found = make(solution)
    assert same(found, solution)
    assert found.unknowns["k"].standard_error == solution.unknowns["k"].standard_error
    np.testing.assert_array_equal(found.unknowns.correlation, solution.unknowns.correlation)


def test_a_solution_of_several_slabs_is_copied():
    solution = pv.load(OLDER / "older.pv")
    slabs = SlabEvaluator([0, 0.5, 1], [solution.evaluator, copy.copy(solution.evaluator)])  # type: ignore
    solution = dataclasses.replace(solution, evaluator=slabs)
    t = np.linspace(0, 1, 5)
    for make in COPIES.values():
        np.testing.assert_array_equal(make(solution).u(x=0.5, t=t), solution.u(x=0.5, t=t))
