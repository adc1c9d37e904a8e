"""Organisations that run campaigns, their staff, and the roles of staff."""

from organizations.models.entry import (
    Invitation,
    SeenNetwork,
    StaffMail,
    StaffMailPurpose,
)
from organizations.models.lost_factors import FactorRemoval
from organizations.models.organization import (
    COLOUR_PROBLEM,
    LONGEST_IMPRINT,
    Description,
    FormerOrganizationSlug,
    Organization,
    site_name,
    validate_colour,
)
from organizations.models.staff import (
    Membership,
    Role,
    User,
    UserManager,
)

__all__ = [
    "COLOUR_PROBLEM",
    "LONGEST_IMPRINT",
    "Description",
    "FactorRemoval",
    "FormerOrganizationSlug",
    "Invitation",
    "Membership",
    "Organization",
    "Role",
    "SeenNetwork",
    "StaffMail",
    "StaffMailPurpose",
    "User",
    "UserManager",
    "site_name",
    "validate_colour",
]
