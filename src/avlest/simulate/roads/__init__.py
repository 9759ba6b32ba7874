# SPDX-License-Identifier: Apache-2.0
"""Where simulated telegrams go: a file, a broker, or straight into the inbox.  Thin edges."""
