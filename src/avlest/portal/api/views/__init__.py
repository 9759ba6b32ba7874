# SPDX-License-Identifier: Apache-2.0
"""The area's pages: tokens, webhooks, a resident's own broker, the API's document."""
