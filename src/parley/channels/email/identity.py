"""How we know our own mails again: a signature in the Message-ID and in the address for answers.

Both hold the ticket's code and an HMAC over account and code, so that nobody can make one for a ticket
he has never had a mail from. Message-ID: CODE.GROUP.SIGNATURE@host; address: NAME+CODE.SIGNATURE@host.
"""

import re

from parley.kernel import secrets
from parley.kernel.tenancy import current_account_id

LONGEST_LOCAL_PART = 64  # RFC 5321 section 4.5.3.1.1
#: Stands for a sender who gave no address. Nobody can be answered there, and it takes part in no ticket.
NOBODY = "unknown@invalid"
# ASCII alone: a Kelvin sign is no K, and the digits of other scripts are none of ours.
_CODE = r"([b-z]{3}-[b-z]{5}-[0-9]{3})"
_OURS = re.compile(rf"{_CODE}\.([a-z0-9]{{8}})\.([a-z2-7]+)@", re.IGNORECASE | re.ASCII)
_PLUS = re.compile(rf"[^+@]+\+{_CODE}\.([a-z2-7]+)@", re.IGNORECASE | re.ASCII)


def message_id(code: str, group_public_id: str, host: str) -> str:
    """A new one, without the angle brackets, for the account in scope."""
    code = code.lower()
    signature = secrets.sign("message-id", current_account_id(), code, group_public_id)
    return f"{code}.{group_public_id}.{signature}@{host}"


def code_of_message_id(value: str) -> str | None:
    """The ticket's code if we have signed this Message-ID for the account in scope."""
    if found := _OURS.match(value.strip("<> ")):
        code, group, signature = (each.lower() for each in found.groups())
        if secrets.verify(signature, "message-id", current_account_id(), code, group):
            return code.upper()
    return None


def answer_address(mail_name: str, code: str, host: str) -> str:
    """Where the answer to a mail about this ticket goes: it comes back to the ticket by itself."""
    code = code.lower()
    tail = f"+{code}.{secrets.sign('answer-address', current_account_id(), code)}"
    local = mail_name if len(mail_name + tail) <= LONGEST_LOCAL_PART else "reply"
    return f"{local}{tail}@{host}"


def code_of_address(address: str) -> str | None:
    """The ticket's code if we have signed this address for the account in scope."""
    if found := _PLUS.match(address):
        code, signature = (each.lower() for each in found.groups())
        if secrets.verify(signature, "answer-address", current_account_id(), code):
            return code.upper()
    return None
