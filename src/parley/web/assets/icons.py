"""An icon as a template writes it: a reference into the sprite, hidden from listeners unless named."""

import re

from markupsafe import Markup

from parley.web.assets.manifest import UnknownAsset, manifest

SIZES = {16: "icon", 20: "icon icon--large"}
FOLLOW_READING = re.compile(
    r"(arrow|chevron)-(left|right)|arrow-up-right|corner-down-left|panel-right|log-(in|out)|reply(-all)?"
    r"|forward|send|undo-2"
)


def icon(name: str, size: int = 16, label: str | None = None) -> Markup:
    """The icon in 16 or 20 px. Those that point along the line are mirrored where one reads from the
    right. Raises UnknownAsset for a name that is not in the sprite, ValueError for another size."""
    sprite = manifest()
    if name not in sprite.icons:
        raise UnknownAsset(f"there is no icon {name}")
    if size not in SIZES:
        raise ValueError(f"icons are drawn for 16 and 20 px, not for {size}")
    classes = SIZES[size] + (" icon--forward" if FOLLOW_READING.fullmatch(name) else "")
    reference = f"{sprite.url('icons.svg')}#{name}"
    if label is None:
        return Markup('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>').format(
            classes, reference
        )
    return Markup('<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>').format(
        classes, label, reference
    )
