# SPDX-License-Identifier: Apache-2.0
"""How uplinks of LoRaWAN devices are read: profiles that name records or a codec, and what their values mean."""
