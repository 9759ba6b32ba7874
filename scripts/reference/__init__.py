# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/reference that are written from the code, one function a page."""
