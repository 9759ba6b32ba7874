# SPDX-License-Identifier: Apache-2.0
"""The registry's tables; ORM rows stay inside this app."""

from avlest.registry.models.audit import AuditEntry, Version
from avlest.registry.models.base import Owned, OwnedQuerySet
from avlest.registry.models.meters import (
    Installation,
    InstallationValue,
    Meter,
    MeterKey,
    Register,
)
from avlest.registry.models.organisation import Membership, Organisation, User
from avlest.registry.models.people import Party, Tenancy
from avlest.registry.models.places import MeteringPoint, Property, Unit, Zone, ZoneMeter
from avlest.registry.models.series import Series
from avlest.registry.models.things import Document, Gateway

__all__ = [
    "AuditEntry",
    "Document",
    "Gateway",
    "Installation",
    "InstallationValue",
    "Membership",
    "Meter",
    "MeterKey",
    "MeteringPoint",
    "Organisation",
    "Owned",
    "OwnedQuerySet",
    "Party",
    "Property",
    "Register",
    "Series",
    "Tenancy",
    "Unit",
    "User",
    "Version",
    "Zone",
    "ZoneMeter",
]
