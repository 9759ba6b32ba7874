# SPDX-License-Identifier: Apache-2.0
"""What a resident sees: overview, use, alarms, settlements, meters, moving, consents."""
