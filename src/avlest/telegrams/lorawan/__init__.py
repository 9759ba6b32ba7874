# SPDX-License-Identifier: Apache-2.0
"""LoRaWAN payloads: the makers' JavaScript codecs in a sandbox, and payloads that are M-Bus records."""
