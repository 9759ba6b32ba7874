# SPDX-License-Identifier: Apache-2.0
"""LoRaWAN in the service: folders of codecs, the process that runs them, uplinks in batches."""
