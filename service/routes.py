"""The whole URL table."""

from aiohttp import web

from service import check_in, health
from service.api import batch, footfall, rallies, visitors
from service.pages import card, home, organiser, posters, scan, shop, sign_in
from service.pages.render import STATIC

ROUTES: list[web.AbstractRouteDef] = [
    # for programs
    web.post("/api/visitors", visitors.create),
    web.post("/api/check-ins", check_in.check_in),
    web.post("/api/check-ins/batch", batch.check_in_batch),
    web.get("/api/rallies/{rally}", rallies.show),
    web.put("/api/rallies/{rally}", rallies.put),
    web.post("/api/rallies/{rally}/open", rallies.open_),
    web.post("/api/rallies/{rally}/close", rallies.close),
    web.post("/api/rallies/{rally}/cancel", rallies.cancel),
    web.get("/api/rallies/{rally}/card", rallies.card),
    web.get("/api/rallies/{rally}/footfall", footfall.show),
    # for visitors
    web.get("/", home.show),
    web.get("/s/{code}", scan.show),
    web.post("/s/{code}", scan.stamp),
    web.get("/r/{rally}", card.show),
    # for staff and organisers
    web.get("/sign-in", sign_in.show),
    web.post("/sign-in", sign_in.enter),
    web.post("/sign-out", visitors.forget_staff),
    web.get("/r/{rally}/spots/{spot}", shop.show),
    web.get("/r/{rally}/spots/{spot}/live", shop.live),
    web.get("/r/{rally}/spots/{spot}/code.png", posters.picture),
    web.get("/r/{rally}/organiser", organiser.show),
    web.post("/r/{rally}/organiser", organiser.change),
    web.get("/r/{rally}/organiser/live", organiser.live),
    web.get("/r/{rally}/posters", posters.show),
    # for operators
    web.get("/healthz", health.healthz),
    web.get("/readyz", health.readyz),
    web.get("/metrics", health.show_metrics),
    web.static("/static", STATIC),
]
