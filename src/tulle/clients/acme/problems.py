"""Why there is no certificate, in a sentence, and what that means for the next try."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import StrEnum

PREFIX = "urn:ietf:params:acme:error:"
LIMITED = frozenset(("rateLimited",))
STRANGE = frozenset(("accountDoesNotExist", "unauthorizedAccount"))
PASSING = frozenset(("badNonce", "serverInternal"))


class Trouble(StrEnum):
    """What kind of failure it was."""

    AWAY = "away"
    """The authority does not answer, or not sensibly: soon again."""
    REFUSED = "refused"
    """It does not want to, or found that a name is not ours: that may cost tries of which there are few."""
    LIMITED = "limited"
    """It was asked too often."""
    STRANGER = "stranger"
    """It does not know the account."""
    UNSOLVED = "unsolved"
    """What it wants to see could not be put there; it was not asked to look."""


class CannotObtain(Exception):
    """There is no certificate; the message says why, as the rest of a sentence."""

    def __init__(self, reason: str, trouble: Trouble = Trouble.REFUSED) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.pause: float | None = None
        """Seconds after which the authority wants to be asked again, if it said so."""


@contextlib.contextmanager
def explained(directory: str) -> Iterator[None]:
    """Raise `CannotObtain` for everything that a call may end with."""
    import requests
    from acme import errors, messages
    from josepy.errors import Error as JoseError

    try:
        yield
    except messages.Error as error:
        raise problem(error) from error
    except requests.RequestException as error:
        raise CannotObtain(f"{directory} cannot be reached: {_innermost(error)}", Trouble.AWAY) from error
    except errors.ClientError as error:
        raise CannotObtain(f"{directory} does not answer as an ACME server: {_unexpected(error)}", Trouble.AWAY) from (
            error
        )
    except (errors.Error, JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        # Whatever an answer that is not of the protocol makes the library stumble over.
        reason = str(error) or type(error).__name__
        raise CannotObtain(f"{directory} does not answer as an ACME server: {reason}", Trouble.AWAY) from error


def problem(error: object) -> CannotObtain:
    """A problem document (RFC 7807) of the authority, an `acme.messages.Error`."""
    code = str(getattr(error, "typ", "") or "").removeprefix(PREFIX)
    trouble = Trouble.REFUSED
    if code in LIMITED:
        trouble = Trouble.LIMITED
    elif code in STRANGE:
        trouble = Trouble.STRANGER
    elif code in PASSING:
        trouble = Trouble.AWAY
    return CannotObtain(sentence(error), trouble)


def sentence(error: object) -> str:
    """What a problem document says, those of single names included."""
    parts = []
    for each in (error, *(getattr(error, "subproblems", None) or ())):
        code = str(getattr(each, "typ", "") or "").removeprefix(PREFIX)
        said = str(getattr(each, "detail", None) or getattr(each, "title", None) or "it gives no reason")
        name = getattr(getattr(each, "identifier", None), "value", "")
        parts.append(f"{name}: {said} ({code})" if name else f"{said} ({code})")
    return "; ".join(parts)


def _unexpected(error: Exception) -> str:
    """The library hands over the whole answer."""
    status = getattr(error.args[0] if error.args else None, "status_code", None)
    return f"its answer has status {status}" if status is not None else str(error) or type(error).__name__


def _innermost(error: BaseException) -> str:
    """Libraries wrap what the system said, several times."""
    causes = [error]
    while True:
        inner = causes[-1].__cause__ or causes[-1].__context__ or getattr(causes[-1], "reason", None)
        if not isinstance(inner, BaseException) or inner in causes:
            break
        causes.append(inner)
    for each in reversed(causes):
        if isinstance(each, OSError) and each.strerror:
            return each.strerror.lower()
    return str(causes[-1]) or type(causes[-1]).__name__
