# SPDX-License-Identifier: Apache-2.0
"""Readers for payloads of manufacturers' own make; see `avlest.catalogue.payload_reader`."""
