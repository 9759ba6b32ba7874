# SPDX-License-Identifier: Apache-2.0
"""What keeps a simulation from going on, in one sentence for people."""

from __future__ import annotations


class SimulationError(RuntimeError):
    """A simulation that cannot go on."""


class FillingError(SimulationError):
    """The registry refused rows of the world; the first of them are named."""


class IntakeError(SimulationError):
    """A worker ended although messages were waiting."""


class PlanError(SimulationError):
    """A `demo.json` that cannot be read, or a folder that holds something else."""
