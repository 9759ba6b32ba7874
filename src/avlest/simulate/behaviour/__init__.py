# SPDX-License-Identifier: Apache-2.0
"""How people, farms and buildings use water, heat and electricity, and what their meters say of it."""

from avlest.simulate.behaviour.emissions import Emitter, iterate_emissions

__all__ = ["Emitter", "iterate_emissions"]
