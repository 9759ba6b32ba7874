# SPDX-License-Identifier: Apache-2.0
"""How telegrams arrive and are kept: sources, inbox, and the pipeline from inbox to readings."""
