# SPDX-License-Identifier: Apache-2.0
"""Metering values as Elhub writes and reads them: statuses, the CSV of "Min side", the Energy Data API.  Pure."""
