# SPDX-License-Identifier: Apache-2.0
"""Settlement as pure functions over columns: no framework, file, clock or chance."""
