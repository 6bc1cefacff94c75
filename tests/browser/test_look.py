"""Every page at three sizes, light and dark: axe finds nothing, nothing runs off the screen, and a
picture is kept for people to look at (PARLEY_SCREENSHOTS names the folder)."""

import os
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe

SIZES = {"wide": (1440, 900), "laptop": (1024, 768), "phone": (390, 844)}
PAGES = {
    "tickets": "/agent/tickets/?view=all",
    "ticket": "/agent/tickets/{code}/?view=all",
    "settings-agents": "/agent/settings/agents/",
    "settings-departments": "/agent/settings/departments/",
    "profile": "/agent/profile/",
}
OPEN = {
    "sign-in": "/agent/sign-in/",
    "forgotten": "/agent/password/forgotten/",
    "expired": "/agent/password/reset/old/",
    "portal": "/",
}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def busy(desk):
    """A list with long words in several scripts."""
    desk.mail(
        "Sehr geehrte Damen und Herren, trotz meiner Widerrufserklärung …",
        subject="Rückerstattung der Versandkostenpauschale für die Bestellung 0987",
        sender="juergen@kunde.example",
        name="Jürgen Großmann-Hülsenbeck",
        html="<p>Sehr geehrte <b>Damen und Herren</b>, trotz meiner Widerrufserklärung …</p>",
    )
    desk.mail(
        "طلبت دراجة يوم الأحد",
        subject="هل يمكنني تغيير عنوان التسليم؟",
        name="يوسف الخطيب",
        sender="y@c.example",
    )
    return desk


def look(page, name):
    page.wait_for_load_state("load")
    found = Axe().run(page, options=RULES)["violations"]
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
    if folder := os.environ.get("PARLEY_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_accessible_and_fits(busy, agents, size, scheme):
    width, height = SIZES[size]
    page = agents.visitor(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})
    for name, path in OPEN.items():
        page.goto(busy.url(path))
        look(page, f"{name}-{size}-{scheme}")
    for name, path in {"home": "/", "outbox": "/outbox"}.items():
        page.goto(f"http://localhost:{busy.http}{path}")
        look(page, f"{name}-{size}-{scheme}")
    page.goto(busy.url("/", name="nobody"))
    look(page, f"no-account-{size}-{scheme}")
    agents.sign_in(page)
    for name, path in PAGES.items():
        page.goto(busy.url(path.format(code=busy.one["code"])))
        look(page, f"{name}-{size}-{scheme}")


def test_right_to_left_fits_too(busy, agents):
    page = agents.at()
    page.goto(busy.url(f"/agent/tickets/{busy.one['code']}/?view=all"))
    page.evaluate("document.documentElement.dir = 'rtl'")
    look(page, "ticket-rtl")
