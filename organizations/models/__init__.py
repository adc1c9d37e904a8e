"""Who runs campaigns: organisations, their staff, and who may do what."""

from organizations.models.entry import Invitation, Purpose, SeenNetwork, StaffMail
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
    "Purpose",
    "Role",
    "SeenNetwork",
    "StaffMail",
    "User",
    "UserManager",
    "site_name",
    "validate_colour",
]
