"""Organisations that run campaigns, their staff, and the roles of staff."""

from organizations.models.entry import (
    Invitation,
    SeenNetwork,
    StaffMail,
    StaffMailPurpose,
)
from organizations.models.organization import (
    COLOUR_PROBLEM,
    LONGEST_IMPRINT,
    Description,
    FormerOrganizationSlug,
    Organization,
    OrganizationQuerySet,
    site_name,
    validate_colour,
)
from organizations.models.staff import (
    EDITING_ROLES,
    Membership,
    Role,
    User,
    UserManager,
)

__all__ = [
    "COLOUR_PROBLEM",
    "EDITING_ROLES",
    "LONGEST_IMPRINT",
    "Description",
    "FormerOrganizationSlug",
    "Invitation",
    "Membership",
    "Organization",
    "OrganizationQuerySet",
    "Role",
    "SeenNetwork",
    "StaffMail",
    "StaffMailPurpose",
    "User",
    "UserManager",
    "site_name",
    "validate_colour",
]
