"""Passwords of the tests: the product's algorithm at the least cost it can have."""

from typing import ClassVar

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """Counts its work, so that a test can say that two paths do the same."""

    done: ClassVar[list[str]] = []
    time_cost = 1
    memory_cost = 8
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        self.done.append("encode")
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        self.done.append("verify")
        return super().verify(password, encoded)
