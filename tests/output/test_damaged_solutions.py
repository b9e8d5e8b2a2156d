"""Files of solutions that are damaged or harmful are refused, by name and in little memory."""

import io
import json
import resource
import struct
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest

import pinnsven as pv
from archives import OLDER, arrays, changed, joined, network, parts, same
from pinnsven._solving._run_file import load_run

FLIPS = 1200
BOUND = 1.5e8  # bytes that reading a file of some kilobytes may take


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


def meta(**facts):
    return changed(lambda h, a: h["meta"].update(facts))


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
