"""`zkaudit sign` and `zkaudit verify-signature`: one key's signature over one artefact, in a file beside it."""

from __future__ import annotations

from pathlib import Path

import click

from zkaudit.cli.keys import key_option, passphrase_option, trusted_option, unlock
from zkaudit.cli.options import FILE, guard_output, json_option
from zkaudit.cli.outcome import Outcome, table

artefact_argument = click.argument("file", type=FILE, metavar="FILE")


@click.command()
@artefact_argument
@key_option
@click.option("-o", "--output", type=FILE, required=True, metavar="FILE.sig.json", help="Public; publish it with FILE.")
@passphrase_option
@json_option
@click.pass_obj
def sign(known: dict[str, object], file: Path, key: Path, output: Path, passphrase_file: Path | None) -> Outcome:
    """Sign a commitment, a challenge or a dataset commitment."""
    from zkaudit.signing import save_signature, sign_digest
    from zkaudit.signing.artefacts import load_artefact

    guard_output(output, inputs=(file, key), force=False)
    domain, digest = load_artefact(file)
    signer = unlock(key, passphrase_file)
    save_signature(output, sign_digest(signer, domain, digest))
    fields = {
        "signature": str(output),
        "domain": domain.value,
        "digest": digest.hex(),
        "signer": signer.public.name,
        "fingerprint": signer.public.fingerprint(),
    }
    rows = {
        domain.value: digest.hex(),
        "signer": f"{signer.public.name}, {signer.public.short}",
        "signature": f"{output} (publish it with {file})",
    }
    return Outcome(status="signed", fields=fields, lines=(f"signed {file}", *table(rows.items())))


@click.command("verify-signature")
@artefact_argument
@click.option("--signature", type=FILE, required=True, metavar="FILE.sig.json", help="The signature over FILE.")
@trusted_option
@json_option
@click.pass_obj
def verify_signature(known: dict[str, object], file: Path, signature: Path, trusted: tuple[Path, ...]) -> Outcome:
    """Verify that a key that you trust signed an artefact."""
    if not trusted:
        raise click.UsageError("give at least one --trusted-key")
    from zkaudit.signing import load_signature, load_trusted_keys, verify_signed
    from zkaudit.signing.artefacts import load_artefact

    domain, digest = load_artefact(file)
    known.update(domain=domain.value, digest=digest.hex())
    signer = verify_signed(load_signature(signature), domain, digest, load_trusted_keys(trusted))
    fields = {**known, "signer": signer.name, "fingerprint": signer.fingerprint()}
    rows = {domain.value: digest.hex(), "signer": f"{signer.name}, {signer.short}"}
    return Outcome(
        status="verified", fields=fields, lines=(f"SIGNED: {file}, by a key that you trust", *table(rows.items()))
    )
