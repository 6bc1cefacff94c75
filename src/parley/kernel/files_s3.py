"""One bucket of an S3-compatible object store, as keys and bytes. Needs boto3, the extra `s3`."""

import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

_IN_MEMORY = 8 << 20


class NoSuchKey(KeyError):
    """The bucket holds nothing under this key."""


class Bucket:
    """Keys lie under `prefix`. Credentials come from the environment, as boto3 looks for them.

    An object appears whole or not at all; boto3's own errors (ClientError and its like) pass through.
    """

    def __init__(self, name: str, prefix: str = "", *, endpoint: str = "", region: str = "") -> None:
        import boto3  # optional: only an installation that stores files in a bucket has it
        from botocore.config import Config
        from botocore.exceptions import ClientError

        self.name, self.prefix, self._refused = name, f"{prefix}/" if prefix else "", ClientError
        timeouts = Config(
            connect_timeout=5, read_timeout=30, retries={"max_attempts": 4, "mode": "standard"}
        )
        self._client: Any = boto3.client(
            "s3", endpoint_url=endpoint or None, region_name=region or None, config=timeouts
        )

    def put(self, key: str, content: BinaryIO) -> None:
        """Store what `content` holds from here on, in parts when it is large."""
        self._client.upload_fileobj(content, self.name, self.prefix + key)

    def open(self, key: str) -> BinaryIO:
        """A local copy, at its start; in memory while small. Raises NoSuchKey."""
        copy = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller closes it
        try:
            self._client.download_fileobj(self.name, self.prefix + key, copy)
        except self._refused as error:
            copy.close()
            raise self._missing(error, key) from None
        copy.seek(0)
        return cast(BinaryIO, copy)

    def size(self, key: str) -> int | None:
        """Bytes of an object; None if there is none."""
        try:
            return self._client.head_object(Bucket=self.name, Key=self.prefix + key)["ContentLength"]
        except self._refused as error:
            self._missing(error, key)
            return None

    def delete(self, key: str) -> None:
        """No error if there is none."""
        self._client.delete_object(Bucket=self.name, Key=self.prefix + key)

    def list(self, under: str) -> Iterator[tuple[str, int]]:
        """Keys, in order and without the prefix, with their sizes."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=self.prefix + under
        )
        for page in pages:
            for found in page.get("Contents", ()):
                yield found["Key"].removeprefix(self.prefix), found["Size"]

    def _missing(self, error: Any, key: str) -> NoSuchKey:
        """Other refusals (no permission, no bucket) are not "missing": they rise."""
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
            raise error
        return NoSuchKey(key)
