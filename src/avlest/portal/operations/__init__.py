# SPDX-License-Identifier: Apache-2.0
"""What those who run meters, gateways and the service see."""
