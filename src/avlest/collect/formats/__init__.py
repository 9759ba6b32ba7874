# SPDX-License-Identifier: Apache-2.0
"""What gateways, receivers and files send, turned into `Heard`: pure parsers."""
