# SPDX-License-Identifier: Apache-2.0
"""What developers run besides the tests: `python -m scripts.NAME`."""
