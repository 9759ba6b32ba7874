# SPDX-License-Identifier: Apache-2.0
"""The Django project: settings read from one `avlest.toml` and the environment."""
