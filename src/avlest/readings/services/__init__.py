# SPDX-License-Identifier: Apache-2.0
"""What changes readings and series: each in one transaction, with who did it."""
