# SPDX-License-Identifier: Apache-2.0
"""The project as an app: it brings the checks of the configuration."""

from __future__ import annotations

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Configuration checks for `manage check` and every start."""

    name = "avlest.project"
    label = "avlest_project"
    verbose_name = "Avlest"

    def ready(self) -> None:
        """Register the system checks."""
        from avlest.project import checks  # noqa: F401
