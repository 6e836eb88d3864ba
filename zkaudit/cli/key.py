"""`zkaudit key`: new keys, what a key file holds, and the keys that one trusts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zkaudit.cli.keys import passphrase_option, read_passphrase, unlock
from zkaudit.cli.options import FILE, force_option, guard_output, json_option
from zkaudit.cli.outcome import Outcome, table
from zkaudit.errors import InvalidInput

if TYPE_CHECKING:
    from zkaudit.signing import PublicKey

SECRET_SUFFIX = ".zkk"
"""How the name of a secret key file ends."""

PUBLIC_SUFFIX = ".pub.json"
"""How the name of a public key file ends."""


@click.group()
def key() -> None:
    """Make, show and trust keys."""


@key.command()
@click.argument("secret", type=FILE, metavar="KEY.zkk")
@click.option("--name", required=True, metavar="NAME", help="Who signs with it; part of the public key file.")
@click.option("--public", type=FILE, metavar="KEY.pub.json", help="The public half; beside the secret one by default.")
@passphrase_option
@force_option
@json_option
@click.pass_obj
def new(
    known: dict[str, object], secret: Path, name: str, public: Path | None, passphrase_file: Path | None, force: bool
) -> Outcome:
    """Make a key: a secret file under a passphrase, and its public half."""
    from zkaudit.signing import generate_key, save_public_key, save_secret_key
    from zkaudit.signing.keys import read_name

    beside = secret.name.removesuffix(SECRET_SUFFIX) + PUBLIC_SUFFIX
    shared = secret.with_name(beside) if public is None else public
    read_name(name, "--name")
    _require_free(secret, shared, force)
    passphrase = read_passphrase(passphrase_file, f"New passphrase for {secret}", new=True)
    made = generate_key(name)
    # The public half comes first: a secret key that nobody can check a signature of is no use.
    save_public_key(shared, made.public, overwrite=force)
    try:
        save_secret_key(secret, made, passphrase, overwrite=force)
    except BaseException:
        shared.unlink(missing_ok=True)
        raise
    fields = {"secret": str(secret), "public": str(shared), **_fields(made.public)}
    rows = {
        "name": name,
        "fingerprint": made.public.short,
        "public": f"{shared} (give it to those who shall trust you)",
        "secret": f"{secret} (keep it; without the passphrase it is lost)",
    }
    return Outcome(status="made", fields=fields, lines=("made a key", *table(rows.items())))


def _require_free(secret: Path, public: Path, force: bool) -> None:
    """Both files can be written and are no others' that would be lost."""
    if secret.absolute() == public.absolute():
        raise InvalidInput("both halves in one file", where=str(secret), next_step="choose another name for one")
    for path in (secret, public):
        guard_output(path, inputs=(), force=force)
        if path.exists() and not force:
            raise InvalidInput(
                "exists already", where=str(path), next_step="choose another name, or --force to lose it"
            )


@key.command()
@click.argument("file", type=FILE, metavar="FILE")
@click.option("--public", type=FILE, metavar="KEY.pub.json", help="Write the public half of a secret key again.")
@passphrase_option
@json_option
@click.pass_obj
def show(known: dict[str, object], file: Path, public: Path | None, passphrase_file: Path | None) -> Outcome:
    """Show the name and fingerprint of a public, secret or trusted key; its proof of possession is checked."""
    from zkaudit.documents import DOCUMENT_LIMIT
    from zkaudit.signing import save_public_key
    from zkaudit.signing.key_files import AGE_MAGIC, parse_public_key
    from zkaudit.signing.keyring import is_keyring, parse_keyring
    from zkaudit.signing.keys import verify_possession
    from zkaudit.wire import read_bounded

    data = read_bounded(file, DOCUMENT_LIMIT, "key")
    where = f"key {file}"
    keys: tuple[PublicKey, ...]
    if data.startswith(AGE_MAGIC):
        kind, keys = "secret key", (unlock(file, passphrase_file).public,)
    elif is_keyring(data, where):
        kind, keys = "keyring", parse_keyring(data, where)
    else:
        stranger = parse_public_key(data, where)
        known.update(_fields(stranger), kind="public key", possession=False)
        kind, keys = "public key", (verify_possession(stranger),)
    if public is not None:
        if kind != "secret key":
            raise click.UsageError("--public is for a secret key")
        save_public_key(public, keys[0])
    fields: dict[str, object] = {"kind": kind, "possession": True}
    fields |= {"keys": [_fields(one) for one in keys]} if kind == "keyring" else _fields(keys[0])
    rows = [(one.short, one.name) for one in keys]
    how = "was checked when they were added" if kind == "keyring" else "holds"
    return Outcome(status="shown", fields=fields, lines=(f"{kind}, whose proof of possession {how}", *table(rows)))


@key.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="KEY.pub.json...")
@click.option("--keyring", type=FILE, required=True, metavar="TRUSTED.json", help="Your keyring; made if missing.")
@json_option
@click.pass_obj
def trust(known: dict[str, object], files: tuple[Path, ...], keyring: Path) -> Outcome:
    """Add public keys to a keyring, after a check of their proofs of possession."""
    from zkaudit.signing import load_keyring, load_public_key, save_keyring
    from zkaudit.signing.keyring import find_key

    guard_output(keyring, inputs=files, force=False)
    before = load_keyring(keyring) if keyring.exists() else ()
    keys, added = list(before), []
    for file in files:
        one = load_public_key(file)
        if find_key(keys, one) is None:
            keys.append(one)
            added.append(one)
    save_keyring(keyring, keys)
    fields = {"keyring": str(keyring), "added": [_fields(one) for one in added], "keys": len(keys)}
    rows = [(one.short, one.name) for one in added]
    title = f"added {len(added)} to {keyring}, which holds {len(keys)}; compare each fingerprint with its owner"
    return Outcome(status="trusted", fields=fields, lines=(title, *table(rows)))


def _fields(one: PublicKey) -> dict[str, object]:
    return {"name": one.name, "key": one.key.hex(), "fingerprint": one.fingerprint()}
