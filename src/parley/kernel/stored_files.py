"""A file of an account: a row that says what it is; its bytes lie in `files` under their digest."""

from dataclasses import dataclass
from typing import BinaryIO

from django.db import models

from . import clock, files
from .numbers import PublicIdField, public_id
from .policies import Policy
from .tenancy import AccountModel, current_account_id, current_cell


class StoredFile(AccountModel):
    public_id = PublicIdField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()  # bytes
    content_type = models.CharField(max_length=120)
    name = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=clock.now)

    data_policy = Policy(personal=("name",), erased="row")

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "public_id"], name="stored_file_public_id")
        ]
        indexes = [models.Index(fields=["account", "sha256"], name="stored_file_sha256")]

    def open(self) -> BinaryIO:
        """Its bytes. Raises files.FileMissing."""
        return files.storage().open(current_cell(), self.account_id, self.sha256)


@dataclass(frozen=True)
class Kept:
    """Bytes that are safe on disk and wait for their row, whose name is known already: HTML may point to it."""

    public_id: str
    sha256: str
    size: int
    content_type: str
    name: str


def keep(content: bytes | BinaryIO, *, name: str, content_type: str) -> Kept:
    """Store bytes, synced to disk, before the transaction that makes the row: disks and buckets are slow."""
    stored = files.storage().put(current_cell(), current_account_id(), content)
    return Kept(public_id(), stored.sha256, stored.size, content_type[:120], files.safe_name(name))


def add_row(kept: Kept) -> StoredFile:
    """Inside an action: the row for bytes that `keep()` has stored."""
    row = StoredFile(
        public_id=kept.public_id,
        sha256=kept.sha256,
        size=kept.size,
        content_type=kept.content_type,
        name=kept.name[:255],
    )
    row.save()
    return row
