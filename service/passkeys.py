"""Passkeys (WebAuthn): made by who is signed in, used to sign in, by fingerprint or screen lock.

What is to be signed is kept here, once and for minutes, so that no answer is good twice. A passkey
belongs to the host of the public address; only what is public of it is stored.
"""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from service import people
from service.failures import PasskeyRefused
from service.sign_in import Person
from service.sql import stored

GOOD_FOR = timedelta(minutes=5)
"""How long somebody may take over it."""
CHALLENGE_BYTES = 32
_WANTED = AuthenticatorSelectionCriteria(
    resident_key=ResidentKeyRequirement.REQUIRED,
    user_verification=UserVerificationRequirement.REQUIRED,
)
_ADD_CHALLENGE = stored("add_challenge")
_TAKE_CHALLENGE = stored("take_challenge")
_ADD = stored("add_passkey")
_READ = stored("read_passkey")
_READ_OF = stored("read_passkeys_of")
_COUNT = stored("count_passkey_use")
# What a made-up answer of a device may bring about in the library, or in what it reads with.
_BAD = (WebAuthnException, ValueError, TypeError, KeyError, RecursionError)


class Site(NamedTuple):
    """Whose passkeys they are: the host of the public address, and its origin."""

    host: str
    origin: str


def site_of(public_url: str) -> Site:
    """The site at a public address."""
    parts = urlsplit(public_url)
    return Site(parts.hostname or "", f"{parts.scheme}://{parts.netloc}")


async def ask_new(pool: asyncpg.Pool, site: Site, person: UUID, name: str, now: datetime) -> str:
    """What a device needs to make a passkey, as JSON (PublicKeyCredentialCreationOptions)."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name="Meguri",
        user_id=person.bytes,
        user_name=name,
        challenge=await _challenge(pool, person, now),
        authenticator_selection=_WANTED,
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=row["id"])
            for row in await pool.fetch(_READ_OF, person)
        ],
    )
    return options_to_json(options)


async def keep(pool: asyncpg.Pool, site: Site, person: UUID, answer: str, now: datetime) -> None:
    """Keep the passkey that somebody's device has made (RegistrationResponseJSON). Raises
    PasskeyRefused."""
    try:
        credential = parse_registration_credential_json(answer)
        made = verify_registration_response(
            credential=credential,
            expected_challenge=await _taken(
                pool, credential.response.client_data_json, person, now
            ),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _BAD as error:
        raise PasskeyRefused(str(error)) from error
    kept = (made.credential_id, person, made.credential_public_key, made.sign_count, now)
    if await pool.fetchval(_ADD, *kept) is None:
        raise PasskeyRefused("this passkey is known already")


async def ask(pool: asyncpg.Pool, site: Site, now: datetime) -> str:
    """What a device needs to sign in with a passkey of its choice, as JSON
    (PublicKeyCredentialRequestOptions)."""
    challenge = await _challenge(pool, None, now)
    options = generate_authentication_options(
        rp_id=site.host,
        challenge=challenge,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


async def known(pool: asyncpg.Pool, site: Site, answer: str, now: datetime) -> Person:
    """Who signs in by what the device has answered (AuthenticationResponseJSON). Raises
    PasskeyRefused, also for who is revoked."""
    try:
        credential = parse_authentication_credential_json(answer)
        challenge = await _taken(pool, credential.response.client_data_json, None, now)
        row = await pool.fetchrow(_READ, credential.raw_id)
        if row is None or row["revoked_at"] is not None:
            raise PasskeyRefused("there is no such passkey here (any more)")
        used = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=row["public_key"],
            credential_current_sign_count=row["sign_count"],
            require_user_verification=True,
        )
    except _BAD as error:
        raise PasskeyRefused(str(error)) from error
    await pool.execute(_COUNT, used.credential_id, used.new_sign_count)
    return people.person_of(row)


async def _challenge(pool: asyncpg.Pool, person: UUID | None, now: datetime) -> bytes:
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    await pool.execute(_ADD_CHALLENGE, challenge, person, now + GOOD_FOR, now)
    return challenge


async def _taken(
    pool: asyncpg.Pool, client_data: bytes, person: UUID | None, now: datetime
) -> bytes:
    """The challenge that a device says it has signed, if it is one of ours and still good."""
    challenge = parse_client_data_json(client_data).challenge
    if await pool.fetchval(_TAKE_CHALLENGE, challenge, person, now) is None:
        raise PasskeyRefused("this challenge is not good (any more)")
    return challenge
