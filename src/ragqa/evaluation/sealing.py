"""Case sets that are kept encrypted, so that nobody who mends ragqa reads by accident what it will be measured by.

The key lies beside the set. It keeps out a glance, a search and whatever gathers texts to learn from; whoever wants to read the
cases can, and each opening by ``ragqa eval --sealed`` is written down beside them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.errors import InvalidRecord, RagqaError
from ragqa.files import read_bytes, write_atomic

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


def new_key() -> bytes:
    """A key for ``sealed``, as text."""
    return _fernet().generate_key()


def sealed(data: bytes, key: bytes) -> bytes:
    """The data encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return _fernet()(key).encrypt(data)


def opened(file: Path, key_file: Path) -> bytes:
    """What was sealed in a file.

    Raises:
        InvalidRecord: the file cannot be read, or was not sealed with this key.
    """
    fernet = _fernet()
    from cryptography.fernet import InvalidToken

    try:
        return fernet(read_bytes(key_file).strip()).decrypt(read_bytes(file))
    except InvalidToken as error:
        raise InvalidRecord(file, None, f"is damaged, or was not sealed with {key_file}") from error
    except ValueError as error:
        raise InvalidRecord(key_file, None, f"is no key: {error}") from error


def seal(file: Path, data: bytes, key_file: Path) -> None:
    """Write data sealed; a key is made where there is none yet."""
    if not key_file.exists():
        write_atomic(key_file, [new_key() + b"\n"])
    write_atomic(file, [sealed(data, read_bytes(key_file).strip())])


def _fernet() -> type[Fernet]:
    try:
        from cryptography.fernet import Fernet
    except ImportError as error:
        raise RagqaError("sealed cases need the package cryptography: pip install 'ragqa[dev]'") from error
    return Fernet
