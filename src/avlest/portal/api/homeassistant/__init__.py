# SPDX-License-Identifier: Apache-2.0
"""A resident's own values in their Home Assistant: over their own MQTT broker, or as a file that asks the API."""
