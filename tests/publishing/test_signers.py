"""Envelopes signed by the project's keys."""

from __future__ import annotations

import json

import pytest
from securesystemslib import dsse

from tests.publishing.conftest import Audit
from zkaudit.errors import Reason, Rejected
from zkaudit.publishing.envelope import Envelope, sealed, verified_signers
from zkaudit.publishing.signers import KeySigner, checks_of
from zkaudit.signing import Domain, verify_signature


def test_a_signature_is_over_type_and_payload(audit: Audit) -> None:
    owner, auditor = audit.owner, audit.auditor
    envelope = sealed(b"{}", [KeySigner(key=owner)])
    message = dsse.Envelope.from_dict(json.loads(envelope.encode())).pae()
    verify_signature(owner.public, Domain.ATTESTATION, message, envelope.signatures[0].value)
    assert verified_signers(envelope, checks_of([auditor.public, owner.public])) == (owner.public.fingerprint(),)
    other = Envelope(payload=b"{ }", signatures=envelope.signatures)
    with pytest.raises(Rejected) as caught:
        verified_signers(other, checks_of([owner.public]))
    assert caught.value.reason == Reason.BAD_SIGNATURE


def test_a_signature_of_another_domain_is_none(audit: Audit) -> None:
    envelope = sealed(b"{}", [KeySigner(key=audit.owner)])
    wrong = audit.owner.sign(Domain.COMMITMENT, envelope.message())
    with pytest.raises(Rejected):
        checks_of([audit.owner.public])[audit.owner.public.fingerprint()](envelope.message(), wrong)
