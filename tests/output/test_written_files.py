"""What is written: valid JSON, where files go and with which permissions, copies."""

import copy
import dataclasses
import json
import os
import pickle

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from archives import OLDER, decay, joined, parts, same
from pinnsven._output._archive import read_archive, write_archive
from pinnsven._output._evaluate import SlabEvaluator

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


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["tanh", jnp.sin])
def test_a_copy_of_a_solution_is_the_solution(activation, quick_compilation):
    network = pv.MLP(5, 1, activation=activation)
    solution = decay(network=network, estimate_error=activation == "tanh", max_steps=1)
    t = np.linspace(0, 1, 5)
    copies = [make(solution) for make in COPIES.values()]  # before anything is compiled
    values = solution.u(t=t)
    for make, copied in zip(COPIES.values(), copies, strict=True):
        for found in (copied, make(copied), make(solution)):
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
