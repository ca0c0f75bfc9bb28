"""The whole URL table: method (a GET takes HEAD too), path, handler."""

from service import check_in, health
from service.answers import Handler, nowhere
from service.api import badges, batch, cards, figures, footfall, moves, rallies, screens, visitors
from service.pages import badges as badges_page
from service.pages import (
    card,
    home,
    offline,
    organiser,
    posters,
    privacy,
    scan,
    screen,
    shop,
    sign_in,
    signals,
    static,
)
from service.pages import moves as moves_page

ROUTES: list[tuple[str, str, Handler]] = [
    # for programs
    ("POST", "/api/visitors", visitors.create),
    ("POST", "/api/check-ins", check_in.check_in),
    ("POST", "/api/check-ins/batch", batch.check_in_batch),
    ("POST", "/api/badge-check-ins", badges.check_in),
    ("GET", "/api/plan.schema.json", rallies.schema),
    ("GET", "/api/rallies/{rally}", rallies.show),
    ("PUT", "/api/rallies/{rally}", rallies.put),
    ("POST", "/api/rallies/{rally}/preview", rallies.show_preview),
    ("POST", "/api/rallies/{rally}/open", rallies.open_),
    ("POST", "/api/rallies/{rally}/close", rallies.close),
    ("POST", "/api/rallies/{rally}/cancel", rallies.cancel),
    ("GET", "/api/rallies/{rally}/card", rallies.card),
    ("DELETE", "/api/rallies/{rally}/card", cards.erase),
    ("POST", "/api/card-moves", moves.begin),
    ("POST", "/api/card-moves/claims", moves.claim),
    ("GET", "/api/rallies/{rally}/footfall", footfall.show),
    ("POST", "/api/rallies/{rally}/spots/{spot}/headcounts", footfall.count_heads),
    ("GET", "/api/rallies/{rally}/spots/{spot}/screen", screens.show),
    ("GET", "/api/rallies/{rally}/completion", figures.completion),
    ("GET", "/api/rallies/{rally}/flow", figures.flow),
    ("GET", "/api/rallies/{rally}/refusals", figures.refusals),
    ("GET", "/api/rallies/{rally}/prizes", figures.prizes),
    ("GET", "/api/rallies/{rally}/signals", figures.signals),
    ("POST", "/api/rallies/{rally}/prizes/{prize}/entries", cards.enter),
    ("POST", "/api/rallies/{rally}/voids", cards.void),
    ("POST", "/api/hand-overs", cards.hand_over),
    # for visitors
    ("GET", "/", home.show),
    ("GET", "/s/{code}", scan.show),
    ("POST", "/s/{code}", scan.stamp),
    ("GET", "/r/{rally}", card.show),
    ("GET", "/r/{rally}/move", moves_page.show),
    ("POST", "/r/{rally}/move", moves_page.begin),
    ("GET", "/move", moves_page.ask),
    ("GET", "/move/{code}", moves_page.ask),
    ("POST", "/move", moves_page.take),
    ("GET", "/r/{rally}/my-data", privacy.show),
    ("POST", "/r/{rally}/my-data", privacy.forget),
    ("GET", "/r/{rally}/badge", badges_page.show),
    ("POST", "/r/{rally}/badge", badges_page.make),
    # for staff and organisers
    ("GET", "/sign-in", sign_in.show),
    ("POST", "/sign-in", sign_in.enter),
    ("POST", "/sign-out", visitors.forget_staff),
    ("GET", "/r/{rally}/spots/{spot}", shop.show),
    ("GET", "/r/{rally}/spots/{spot}/live", shop.live),
    ("GET", "/r/{rally}/spots/{spot}/code.png", posters.picture),
    ("GET", "/r/{rally}/spots/{spot}/screen", screen.show),
    ("GET", "/r/{rally}/organiser", organiser.show),
    ("POST", "/r/{rally}/organiser", organiser.change),
    ("GET", "/r/{rally}/organiser/live", organiser.live),
    ("GET", "/r/{rally}/signals", signals.show),
    ("POST", "/r/{rally}/signals", signals.void),
    ("GET", "/r/{rally}/posters", posters.show),
    # for operators
    ("GET", "/healthz", health.healthz),
    ("GET", "/readyz", health.readyz),
    ("GET", "/metrics", health.show_metrics),
    # for browsers, and for whoever is lost
    ("GET", "/static/{name}", static.show),
    ("GET", "/offline", offline.show),
    ("GET", "/sw.js", offline.worker),
    ("*", "/{anything:.*}", nowhere),
]
