"""What stands around every page of the workspace: who works here, where one can go, what waits there."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """One square of the rail. `count` is shown when it is not zero and says what it counts by `counted`
    ("2 waiting"), a whole sentence for those who listen."""

    url: str
    icon: str
    label: str
    is_current: bool = False
    count: int = 0
    counted: str = ""
    on_phones: bool = True
    key: str = ""  # a single key that goes there, shown in the tooltip


@dataclass(frozen=True)
class View:
    """One line of the sidebar: an icon, or a department's square when `hue_of` is given."""

    url: str
    label: str
    icon: str = ""
    hue_of: int | None = None  # what the department's colour is made from: its position
    is_current: bool = False
    count: int | None = None
    is_alarming: bool = False


@dataclass(frozen=True)
class ViewGroup:
    """Lines of the sidebar that belong together; the first group usually has no title."""

    views: tuple[View, ...]
    title: str = ""
    add_url: str = ""
    add_label: str = ""


@dataclass(frozen=True)
class Frame:
    """The variable `frame` of every page that extends shell/workspace.html or shell/settings.html."""

    account_name: str
    agent_name: str
    agent_key: str  # what the avatar's colour is made from: the agent's public id
    agent_url: str  # the agent's own page
    home_url: str
    sign_in_url: str  # for a session that ends while the page is open
    places: tuple[Place, ...]  # upper part of the rail
    tools: tuple[Place, ...] = ()  # lower part: search, settings
    groups: tuple[ViewGroup, ...] = ()
    presence: str = "online"  # or "busy", "offline"
    presence_label: str = ""  # the same in words, for the avatar's tooltip
    here: str = ""  # the sidebar's last line: how many colleagues are here
    new_ticket_url: str = ""
    live_seq: int | None = None  # the event number the page was rendered at; None: it does not listen
    accent_url: str = ""  # the account's style sheet with its two numbers
    theme: str = ""  # "light", "dark", or what the system says
    single_keys: bool = True  # WCAG 2.1.4: one can switch them off

    @property
    def current_view(self) -> View | None:
        """The line of the sidebar one is at."""
        views = (view for group in self.groups for view in group.views)
        return next((view for view in views if view.is_current), None)
