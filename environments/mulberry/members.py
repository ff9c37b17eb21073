"""The visitor's account, and how a sandbox begins signed in."""

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.sessions.backends.db import SessionStore

from mulberry.content import VISITOR


def sign_in() -> str:
    """Open a session of the visitor's account in the current sandbox; return its key.

    The key is random and stands on no page; sessions are no part of a sandbox's state.
    """
    member = get_user_model().objects.get(username=VISITOR)
    session = SessionStore()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    session.create()
    key: str = session.session_key
    return key
