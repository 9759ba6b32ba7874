# SPDX-License-Identifier: Apache-2.0
"""The running service: processes under one supervisor, health, backup and restore."""
