"""Subjects of answers: one "Re:", the words, the ticket's code once."""

# ruff: noqa: RUF001  (letters of other scripts are the subject matter)

import re

_CODE = re.compile(r"(?<![A-Za-z0-9-])([A-Z]{3}-[A-Z]{5}-[0-9]{3})(?![A-Za-z0-9-])")
_CODE_IN_BRACKETS = re.compile(rf"\s*[\[(]\s*(?:#|Ticket\s*#?:?\s*)?{_CODE.pattern}\s*[\])]\s*")
_PREFIX = re.compile(
    r"\s*(?:re|aw|antw|antwort|sv|vs|svar|odp|odpověď|odpoveď|res|rép|réf|ref|rif|ynt|cvp|yan|bls"
    r"|haan|σχετ|απ|отв|отг|ответ|на|回复|回覆"
    r"|答复|答覆|返信|回信|답장|회신|תשובה|رد|fw|fwd|wg|wtr|vl|vb|vid|vidb|vidarebef|tr|enc|rv|rvn|doorst|pd|i"
    r"|r|il|ilt|továbbítás"
    r"|prep|prepošli|prepos|posr|πρθ|пер|пр|转发|轉寄|転送|전달|הועבר|إعادة توجيه)"
    r"\s*(?:[\[(^*]\s*\d{1,4}\s*[\])]?)?\s*[:：]\s*",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s+")


def bare_subject(subject: str) -> str:
    """The subject without prefixes of answers and forwards in any language and without ticket
    codes in brackets."""
    text = _BLANKS.sub(" ", _CODE_IN_BRACKETS.sub(" ", _BLANKS.sub(" ", subject))).strip()
    while matched := _PREFIX.match(text):
        text = text[matched.end() :]
    return text


def reply_subject(subject: str, code: str) -> str:
    """`Re: Subject [ABC-DEFGH-123]`; without the brackets where `code` is ""."""
    parts = ("Re:", bare_subject(subject), f"[{code}]" if code else "")
    return " ".join(part for part in parts if part)


def code_in(subject: str) -> str | None:
    """The ticket code in a subject, in capitals; one in brackets comes before one in the words."""
    words = _BLANKS.sub(" ", subject).upper()
    found = _CODE_IN_BRACKETS.search(words) or _CODE.search(words)
    return found[1] if found else None
