"""The CycloneDX bill of materials of an audited model: its model card with the metrics that are proved.

The component has no hash: a hash of the weights would confirm a guess of them, and the commitment stands for them.
Source: CycloneDX 1.6, "modelCard"; every field is held against its schema in the tests.
"""

from __future__ import annotations

import uuid
from typing import Any

from zkaudit.documents import time_text
from zkaudit.publishing.json_files import parse_map
from zkaudit.publishing.metrics import Metric, metrics_of
from zkaudit.publishing.record import FileDigest, Record
from zkaudit.publishing.statement import require_same

SPEC_VERSION = "1.6"
"""The oldest version of CycloneDX that has every field used here, so that the most tools read it."""

_LIMITS = (
    "The metrics hold for the held-out set of the given digest and for the model of the given commitment.",
    "A limit is what is proved, not a measured value; an interval is the one-sided 95 % Clopper-Pearson bound for the "
    "population, if the samples were drawn from it independently and unknown to the owner before the commitment.",
)


def bill_of_materials(record: Record, attestation: FileDigest) -> dict[str, Any]:
    """The document for a record and the envelope that attests it."""
    model = f"model-{record.commitment[:16]}"
    data = f"data-{record.data[:16]}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'sha256:{attestation.sha256}')}",
        "version": 1,
        "metadata": {
            "timestamp": time_text(record.verified),
            "tools": {"components": [{"type": "application", "name": "zkaudit", "version": record.release}]},
        },
        "components": [
            {
                "type": "machine-learning-model",
                "bom-ref": model,
                "name": record.name,
                "description": record.words,
                "externalReferences": [_reference("attestation", attestation), *_evidence(record)],
                "modelCard": {
                    "modelParameters": {"task": "classification", "datasets": [{"ref": data}]},
                    "quantitativeAnalysis": {
                        "performanceMetrics": [_metric(metric, record) for metric in metrics_of(record)]
                    },
                    "considerations": {"technicalLimitations": list(_LIMITS)},
                },
                "properties": [
                    {"name": f"zkaudit:{name}", "value": value} for name, value in _properties(record).items()
                ],
            },
            {
                "type": "data",
                "bom-ref": data,
                "name": f"held-out set {record.data[:16]}",
                "data": [{"type": "dataset", "name": f"held-out set, {record.samples} samples"}],
                "properties": [{"name": "zkaudit:dataDigest", "value": f"sha256:{record.data}"}],
            },
        ],
    }


def check_bill_of_materials(data: bytes, record: Record, attestation: FileDigest, where: str) -> None:
    """A bill of materials says what the verification and its attestation show, in every field and with no field more.

    `InvalidInput` for bytes that are no JSON, Rejected with the first field that says something else.
    """
    require_same(bill_of_materials(record, attestation), parse_map(data, where), where)


def _metric(metric: Metric, record: Record) -> dict[str, Any]:
    bound = metric.finding.lower_bound
    interval = {} if bound is None else {"confidenceInterval": {"lowerBound": f"{bound:.6f}"}}
    return {
        "type": metric.title,
        "value": metric.value_text,
        "slice": f"held-out set sha256:{record.data}, {record.samples} samples",
        **interval,
    }


def _properties(record: Record) -> dict[str, str]:
    facts = {
        "claim": record.claim,
        "commitmentDigest": f"sha256:{record.commitment}",
        "architectureDigest": f"sha256:{record.architecture}",
        "challengeDigest": f"sha256:{record.challenge}" if record.challenge else "",
        "protocol": record.protocol,
        "profile": record.profile,
        "securityBits": str(record.security_bits),
        "lowerBound": "" if record.lower_bound is None else f"{record.lower_bound:.6f}",
    }
    return {name: fact for name, fact in facts.items() if fact}


def _evidence(record: Record) -> list[dict[str, Any]]:
    return [_reference("evidence", file) for file in record.files]


def _reference(kind: str, file: FileDigest) -> dict[str, Any]:
    return {"type": kind, "url": file.name, "hashes": [{"alg": "SHA-256", "content": file.sha256}]}
