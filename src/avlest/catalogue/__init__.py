# SPDX-License-Identifier: Apache-2.0
"""What a meter model means: one TOML file per meter family, bound to the records of a telegram."""
