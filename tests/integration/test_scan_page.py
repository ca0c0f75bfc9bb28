"""What comes with the page of a code, before anything is stamped."""

import gzip

import aiohttp
from support import Site

from service.pages.render import STATIC
from service.sign_in import VISITOR_COOKIE

SPOT = "miyagi-yurakucho"


async def test_who_has_no_card_gets_a_token_along_and_is_not_known_by_it(site: Site) -> None:
    """The token is good for the check-in, and the log learns of it only then."""
    address = f"/s/{site.code(SPOT)}"
    async with site.session.get(address) as page:
        token = page.cookies[VISITOR_COOKIE].value
    assert await site.facts() == 0
    assert (await site.scan(token, SPOT))[0] == 201
    async with site.session.get(address, cookies={VISITOR_COOKIE: token}) as page:
        assert VISITOR_COOKIE not in page.cookies


async def test_a_code_that_is_not_ours_brings_no_token(site: Site) -> None:
    """There is nothing to stamp with it."""
    async with site.session.get("/s/NOTACODE") as page:
        assert (page.status, len(page.cookies)) == (404, 0)


async def test_files_are_sent_packed_to_whoever_can_unpack_them(site: Site) -> None:
    """And are the same as unpacked ones."""
    style = (STATIC / "meguri.css").read_bytes()
    for accepted, unpacked in (("gzip", gzip.decompress), ("identity", bytes)):
        headers = {"Accept-Encoding": accepted}
        async with (
            aiohttp.ClientSession(site.url, auto_decompress=False) as phone,
            phone.get("/static/meguri.css", headers=headers) as answer,
        ):
            assert answer.headers.get("Content-Encoding", "identity") == accepted
            assert answer.content_type == "text/css"
            assert unpacked(await answer.read()) == style
