"""What happens to agents and departments."""

from dataclasses import dataclass

from parley.kernel.events import event


@event("agent.added")
@dataclass(frozen=True)
class AgentAdded:
    """Somebody new may answer tickets."""

    agent: int


@event("agent.changed")
@dataclass(frozen=True)
class AgentChanged:
    """Name or alias are different."""

    agent: int


@event("agent.deleted")
@dataclass(frozen=True)
class AgentDeleted:
    """Somebody no longer answers tickets; those assigned to him are nobody's."""

    agent: int


@event("department.added")
@dataclass(frozen=True)
class DepartmentAdded:
    """There is a new place for tickets."""

    department: int


@event("department.changed")
@dataclass(frozen=True)
class DepartmentChanged:
    """Name, address or order are different."""

    department: int


@event("department.members_changed")
@dataclass(frozen=True)
class MembersChanged:
    """Somebody works there as something else now; `role` is null when no longer at all."""

    department: int
    agent: int
    role: str | None
