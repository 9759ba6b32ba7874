# SPDX-License-Identifier: Apache-2.0
"""Fjordvik kommune: places, people, meters and gateways, made from a seed and a size."""

from avlest.simulate.world.make import make_world

__all__ = ["make_world"]
