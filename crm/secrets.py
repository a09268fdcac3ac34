"""Keys and what they seal: values that nobody can read in the database file or a backup of it.

A ring holds one or more keys. The first key seals and all keys open, so that values sealed by an older key stay
readable while they are sealed again. Each column or journal has its own key, derived with HKDF: a sealed value that
is copied elsewhere cannot be opened there.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crm.errors import UnavailableError

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
FILE_BLOCK = 1 << 20  # bytes of a file that are sealed together
INDEX_LENGTH = 22  # characters of a blind index: 128 bits
ID_LENGTH = 8
MARK = "sealed:"  # before a whole text that is sealed
FILE_NAME = "encryption_keys"
RELOAD_SECONDS = 1.0  # after which a process knows a key that another one made


@dataclass(frozen=True)
class Key:
    """One key of a ring; its id says which one sealed a value, and nothing about the key."""

    secret: bytes

    @property
    def id(self) -> str:
        """Return the key's name, as it is stored with what it sealed."""
        return hashlib.sha256(b"koine key id" + self.secret).hexdigest()[:ID_LENGTH]


def seal(text: str, place: str) -> str:
    """Return a text sealed for a place, by the first key: `<key id>.<nonce and ciphertext>`.

    Errors: UnavailableError when there is no key.
    """
    key, nonce = current_keys()[0], os.urandom(NONCE_BYTES)
    sealed = _cipher(key.secret, place).encrypt(nonce, text.encode(), place.encode())
    return f"{key.id}.{_as_text(nonce + sealed)}"


def unseal(token: str, place: str) -> str:
    """Return the text of a token that was sealed for this place.

    Errors: UnavailableError when its key is not in the ring, or it was changed or moved here.
    """
    key_id, _dot, body = token.partition(".")
    key = next((key for key in current_keys() if key.id == key_id), None) or _find_again(key_id)
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return (
            _cipher(key.secret, place).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode()).decode()
        )
    except (InvalidTag, ValueError) as error:
        raise UnavailableError("secrets.not_ours") from error


def reseal(token: str, place: str) -> str:
    """Return a token sealed by the first key; one that already is comes back unchanged.

    Errors: UnavailableError, as `unseal`.
    """
    return token if token.startswith(current_keys()[0].id + ".") else seal(unseal(token, place), place)


def blind_index(text: str, place: str, key: Key | None = None) -> str:
    """Return the blind index of a text (HMAC): equal for equal texts of one place, and revealing nothing else."""
    secret = _derived((key or current_keys()[0]).secret, f"index {place}")
    return _as_text(hmac.digest(secret, text.encode(), "sha256"))[:INDEX_LENGTH]


def blind_indexes(text: str, place: str) -> list[str]:
    """Return the blind index by every key of the ring: values of older keys are found as well."""
    return [blind_index(text, place, key) for key in current_keys()]


def seal_text(text: str, place: str) -> str:
    """Return a whole text sealed for a place, marked so that `open_text` knows it from a plain one."""
    return f"{MARK}{seal(text, place)}"


def open_text(stored: str, place: str) -> str:
    """Return a text that may have been sealed for a place.

    Errors: UnavailableError, as `unseal`.
    """
    return unseal(stored.removeprefix(MARK), place) if is_sealed(stored) else stored


def is_sealed(stored: str) -> bool:
    """Return whether a text is marked as sealed."""
    return stored.startswith(MARK)


def _as_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@lru_cache(maxsize=1_000)
def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"koine {purpose}".encode()).derive(secret)


@lru_cache(maxsize=1_000)
def _cipher(secret: bytes, place: str) -> AESGCM:
    return AESGCM(_derived(secret, f"seal {place}"))


# Files


def new_secret() -> bytes:
    """Return a secret by which some files are sealed; it is kept sealed itself."""
    return os.urandom(KEY_BYTES)


class SealedSource:
    """A stream that gives another stream's bytes sealed by a secret, block by block; `name` is used once only.

    Shape:  `digest` is the fingerprint of the plain bytes, `size` their number.
    """

    def __init__(self, source: BinaryIO, secret: bytes, name: str) -> None:
        self.source, self.cipher = source, AESGCM(_derived(secret, f"file {name}"))
        self.digest, self.size, self.number = hashlib.sha256(), 0, 0
        self.waiting: bytes | None = source.read(FILE_BLOCK)

    def read(self, _size: int = -1) -> bytes:
        """Return the next sealed block; nothing at the end. The last one says that it is the last."""
        if self.waiting is None:
            return b""
        block, following = self.waiting, self.source.read(FILE_BLOCK)
        self.waiting = following or None
        self.digest.update(block)
        self.size += len(block)
        self.number += 1
        return self.cipher.encrypt(_nonce(self.number, not following), block, None)


def open_blocks(source: BinaryIO, secret: bytes, name: str) -> Iterator[bytes]:
    """Yield the bytes of a sealed stream.

    Errors: UnavailableError when it was cut, changed or sealed by another secret.
    """
    cipher, number = AESGCM(_derived(secret, f"file {name}")), 0
    block = source.read(FILE_BLOCK + TAG_BYTES)
    while block or not number:
        following, number = source.read(FILE_BLOCK + TAG_BYTES), number + 1
        try:
            yield cipher.decrypt(_nonce(number, not following), block, None)
        except (InvalidTag, ValueError) as error:
            raise UnavailableError("secrets.not_ours") from error
        block = following


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1, "big") + bytes([is_last])


# Where the ring comes from


class Ring:
    """This process's keys; their source is asked again now and then, for a key that came meanwhile."""

    def __init__(self) -> None:
        self.source: Callable[[], tuple[Key, ...]] = tuple
        self.keys: tuple[Key, ...] = ()
        self.read_at = -RELOAD_SECONDS

    def read(self) -> tuple[Key, ...]:
        """Return the keys, the sealing one first."""
        if time.monotonic() - self.read_at >= RELOAD_SECONDS:
            self.keys, self.read_at = self.source(), time.monotonic()
        return self.keys

    def forget(self) -> None:
        """Ask the source again at the next use."""
        self.read_at = -RELOAD_SECONDS


RING = Ring()


def use_keys(source: Callable[[], tuple[Key, ...]]) -> None:
    """Take keys from this source from now on; it is asked when the first one is needed."""
    RING.source = source
    RING.forget()


def has_keys() -> bool:
    """Return whether there is a key."""
    return bool(RING.read())


def current_keys() -> tuple[Key, ...]:
    """Return this process's ring, the sealing key first.

    Errors: UnavailableError when there is none.
    """
    if not RING.read():
        raise UnavailableError("secrets.no_keys")
    return RING.read()


def _find_again(key_id: str) -> Key:
    """Return a key that came into the ring after we looked at it."""
    RING.forget()
    for key in current_keys():
        if key.id == key_id:
            return key
    raise UnavailableError("secrets.unknown_key", key=key_id[:ID_LENGTH])


def parse_keys(text: str) -> tuple[Key, ...]:
    """Return the keys in a text: 64 hexadecimal digits each, parted by commas, blanks or lines.

    Errors: ValueError.
    """
    keys = tuple(Key(bytes.fromhex(word)) for word in text.replace(",", " ").split())
    if any(len(key.secret) != KEY_BYTES for key in keys):
        raise ValueError("a key has 64 hexadecimal digits")
    return keys


def read_keys(given: str, folder: Path, may_make: bool) -> tuple[Key, ...]:
    """Return the ring: the given one, else the file in the instance folder, made once where it may be."""
    if given:
        return parse_keys(given)
    file = folder / FILE_NAME
    if not file.exists():
        if not may_make:
            return ()
        write_keys(file, [Key(os.urandom(KEY_BYTES))])
    return parse_keys(file.read_text())


def write_keys(file: Path, keys: Iterable[Key]) -> None:
    """Write a ring into a file that only its owner can read; it appears whole, and the first one wins."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as target:
        target.write("\n".join(key.secret.hex() for key in keys) + "\n")
    try:
        os.link(draft, file)
    except FileExistsError:
        pass  # another process was faster; its keys are the ones
    finally:
        draft.unlink()


def add_key(folder: Path) -> Key:
    """Put a new key in front of the ring in the instance folder, and return it; of two at once none is lost."""
    file, key = folder / FILE_NAME, Key(os.urandom(KEY_BYTES))
    with (folder / f"{FILE_NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keys = parse_keys(file.read_text()) if file.exists() else ()
        fresh = file.with_name(FILE_NAME + ".new")
        fresh.unlink(missing_ok=True)
        write_keys(fresh, [key, *keys])
        fresh.replace(file)
    RING.forget()
    return key
