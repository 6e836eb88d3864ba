"""The published folder is one that the signing tool of the model registries takes, offline and with a plain key."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import signing, verifying


def test_signed_and_verified(published: Path, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    secret, public, signature = (tmp_path / name for name in ("key.pem", "key.pub.pem", "model.sig"))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    signing.Config().use_elliptic_key_signer(private_key=secret).sign(published, signature)
    verifying.Config().use_elliptic_key_verifier(public_key=public).verify(published, signature)
    (published / "model-index.yml").write_text("model-index: []\n")
    with pytest.raises(ValueError, match=r"Hash mismatch for .*model-index\.yml"):
        verifying.Config().use_elliptic_key_verifier(public_key=public).verify(published, signature)
