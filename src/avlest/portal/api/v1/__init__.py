# SPDX-License-Identifier: Apache-2.0
"""Version 1 of the API: each module is one part of it."""
