# SPDX-License-Identifier: Apache-2.0
"""VEE: validate, estimate and edit: registers in, trusted hourly and daily series out.  Pure, over many series."""
