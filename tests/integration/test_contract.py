"""The contract: every call is described, every answer is as the document says, no request breaks it."""

from support import Site

from service.app import whole_document
from service.contract.call import Call
from service.routes import ROUTES


def test_every_route_of_the_api_is_described() -> None:
    plain = [
        (method, path)
        for method, path, handler in ROUTES
        if path.startswith("/api/") and not isinstance(handler, Call)
    ]
    assert plain == []
    operations = [
        one["operationId"] for each in whole_document()["paths"].values() for one in each.values()
    ]
    assert len(operations) == len(set(operations)) > 60


async def test_the_document_and_its_page_are_served(site: Site) -> None:
    status, document = await site.ask("GET", "/api/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    async with site.session.get("/api/docs") as answer:
        text = await answer.text()
    assert answer.status == 200
    assert f"curl -X POST {site.url}/api/check-ins" in text
