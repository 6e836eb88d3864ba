"""What is fuzzed: each target makes an input of any bytes and reads it, and nothing escapes unless zkaudit is at fault.

Some take the bytes as they are, others as choices that change a true artefact.
Containers are sealed again after a change, so that it gets past their digests.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.forgery import POLICY
from tests.fuzz import changes, documents, seeds
from tests.fuzz.archives import lying_archive
from tests.fuzz.changes import mended
from tests.fuzz.choices import Choices
from zkaudit.claim import parse_claim
from zkaudit.commitment.formats import opening_bytes, parse_commitment, parse_opening
from zkaudit.dataset import parse_dataset, quantise_inputs
from zkaudit.errors import InvalidInput, Rejected
from zkaudit.inspection import inspect_file
from zkaudit.model.architecture import Architecture
from zkaudit.model.bounds import check_bounds
from zkaudit.model.model import model_bytes, parse_model
from zkaudit.proof import decode
from zkaudit.verifier import verify

MEBIBYTE = 1 << 20

LONGEST_ERROR = 4000
"""Characters of an error message, which may quote a name of the input but not the input."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Makes an input and reads it, which allocates at most `multiple` bytes for each of the input's, and `constant`.

    `seeds` are bytes to start from: true artefacts where `changes_seeds`, else choices.
    """

    make: Callable[[bytes], bytes]
    read: Callable[[bytes], None]
    seeds: Callable[[], tuple[bytes, ...]]
    multiple: int
    constant: int

    @property
    def changes_seeds(self) -> bool:
        """Whether the bytes are a file and not choices."""
        return self.seeds is not _choices


def refused(error: Exception) -> None:
    """What every refusal has to be: one short line that says something."""
    line = str(error)
    assert line
    assert len(line) < LONGEST_ERROR, line


def read_proof(data: bytes) -> None:
    """A proof that is accepted has one encoding."""
    try:
        assert decode(data).encode() == data
    except (InvalidInput, Rejected) as error:
        refused(error)


def verify_proof(data: bytes) -> None:
    """The verifier accepts the true proof and nothing else."""
    try:
        verify(seeds.case().statement, data, POLICY)
    except (InvalidInput, Rejected) as error:
        refused(error)
        assert data != seeds.proof()
    else:
        assert data == seeds.proof(), "a changed proof was accepted"


def read_commitment(data: bytes) -> None:
    """A commitment that is accepted is that of its digest."""
    try:
        commitment = parse_commitment(data)
    except InvalidInput as error:
        refused(error)
    else:
        assert json.loads(data)["digest"] == commitment.digest().hex()


def read_model(data: bytes) -> None:
    """A model that is accepted has one encoding."""
    try:
        assert model_bytes(parse_model(data)) == data
    except InvalidInput as error:
        refused(error)


def read_opening(data: bytes) -> None:
    """An opening that is accepted has one encoding."""
    try:
        assert opening_bytes(parse_opening(data)) == data
    except InvalidInput as error:
        refused(error)


def read_architecture(data: bytes) -> None:
    """An architecture that is accepted has one form, and a bound on its integers or none."""
    try:
        architecture = Architecture.from_canonical(changes.unpacked(data))
        assert Architecture.from_canonical(architecture.canonical()) == architecture
        check_bounds(architecture)
    except InvalidInput as error:
        refused(error)


def read_dataset(data: bytes) -> None:
    """A held-out set that is accepted is one that the input rule takes or refuses."""
    try:
        quantise_inputs(seeds.case().model.architecture, parse_dataset(data))
    except InvalidInput as error:
        refused(error)


def read_claim(data: bytes) -> None:
    """A claim that is accepted has one text, which means the same."""
    for text in (data.decode("utf-8", "replace"), data.decode("latin-1")):
        try:
            claim = parse_claim(text)
            assert parse_claim(claim.text) == claim
            assert claim.implies(claim)
            assert all(line.isprintable() for line in claim.reveals())
        except InvalidInput as error:
            refused(error)


def read_document(data: bytes) -> None:
    """Each reader of a public document, a key or a signature takes the bytes or refuses them; two never take them."""
    taken = 0
    for read in documents.READERS.values():
        try:
            read(data)
            taken += 1
        except InvalidInput as error:
            refused(error)
    assert taken <= 1


def read_file(data: bytes) -> None:
    """What `inspect` accounts for is every byte."""
    with _file(data) as path:
        try:
            assert sum(part.size for part in inspect_file(path).parts) == len(data)
        except InvalidInput as error:
            refused(error)


def read_onnx(data: bytes) -> None:
    """An ONNX network is imported or refused."""
    from zkaudit.model.onnx_import import import_onnx

    with _file(data) as path, suppress(InvalidInput):
        import_onnx(path)


@contextmanager
def _file(data: bytes) -> Iterator[Path]:
    """A file of these bytes for as long as it is read."""
    with tempfile.NamedTemporaryFile(prefix="zkaudit-fuzz-", buffering=0) as file:
        file.write(data)
        yield Path(file.name)


def _choices() -> tuple[bytes, ...]:
    return (bytes(range(64)),)


def _target(
    read: Callable[[bytes], None],
    make: Callable[[bytes], bytes] = bytes,
    seeds: Callable[[], tuple[bytes, ...]] = _choices,
    *,
    multiple: int = 16,
    constant: int = MEBIBYTE,
) -> Target:
    return Target(make=make, read=read, seeds=seeds, multiple=multiple, constant=constant)


TARGETS: Mapping[str, Target] = {
    "proof": _target(read_proof, seeds=lambda: (seeds.proof(),)),
    "proof-sealed": _target(read_proof, mended, lambda: (seeds.proof(),)),
    # Verifying this small proof takes about eleven mebibytes, whatever the proof says.
    "verify": _target(verify_proof, changes.proof, constant=16 * MEBIBYTE),
    "verify-messages": _target(verify_proof, changes.messages, constant=16 * MEBIBYTE),
    "commitment": _target(read_commitment, seeds=seeds.commitments),
    "commitment-value": _target(read_commitment, changes.commitment),
    "model": _target(read_model, mended, seeds.models),
    "model-value": _target(read_model, changes.model),
    "opening": _target(read_opening, mended, lambda: (seeds.opening(),)),
    # A list of one byte an entry becomes a tuple of eight, and every layer a few objects.
    "architecture": _target(read_architecture, changes.architecture, multiple=64),
    # Deflate makes at most 1032 bytes of one; an array is held packed, as read and as 64-bit integers.
    "dataset": _target(read_dataset, seeds=lambda: (seeds.dataset(),), multiple=16 * 1032),
    "dataset-headers": _target(read_dataset, lambda data: lying_archive(Choices(data)), multiple=16 * 1032),
    "claim": _target(
        read_claim, seeds=lambda: (b"accuracy >= 0.95", b"accuracy >= 19/20", b"correct == 351", b"recall[3] >= 0.9")
    ),
    "document": _target(read_document, seeds=documents.true_documents),
    "document-value": _target(read_document, documents.document),
    "inspect": _target(read_file, changes.any_artefact, constant=2 * MEBIBYTE),
    "onnx": _target(read_onnx, seeds=seeds.onnx_files, multiple=512, constant=64 * MEBIBYTE),
    "onnx-fields": _target(read_onnx, changes.onnx_file, multiple=512, constant=64 * MEBIBYTE),
}
"""Every decoder of bytes from strangers, and the verifier."""
