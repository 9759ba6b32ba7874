# SPDX-License-Identifier: Apache-2.0
"""What the areas of the portal want done again and again."""

from __future__ import annotations

from avlest.portal.areas import load_from_areas
from avlest.project.jobs import Job

JOBS: tuple[Job, ...] = tuple(job for _, jobs in load_from_areas("jobs", "JOBS") for job in jobs)
